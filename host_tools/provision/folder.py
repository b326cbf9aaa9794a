# SPDX-License-Identifier: Apache-2.0
"""Folders of units: read whole, written whole or not at all, for their owner alone."""

import json
import os
import shutil
from pathlib import Path

from firmware.errors import FormatError
from host_tools.provision.held import HELD, MOST_BYTES
from host_tools.provision.unit import CARD, SETTINGS, Unit, secrets_of, unit_of

OURS = {SETTINGS, CARD, *(one.name for one in HELD)}


def read(folder: Path) -> Unit:
    """The Unit in a folder. FormatError where it is none, or something in it was changed."""
    if not (folder / CARD).is_file():
        raise FormatError(f"{folder} has no {CARD}: `faretap provision` makes such a folder")
    files = {}
    for path in sorted(folder.iterdir()):
        if path.name in OURS and path.is_file():
            if path.stat().st_size > MOST_BYTES:
                raise FormatError(f"{path}: larger than {MOST_BYTES:,} bytes")
            files[path.name] = path.read_bytes()
    try:
        return unit_of(files)
    except FormatError as wrong:
        raise FormatError(f"{folder}: {wrong}") from wrong


def kept(folder: Path) -> dict[str, str]:
    """The keys of a unit that is there already; FormatError where its settings are none."""
    try:
        return secrets_of((folder / SETTINGS).read_text(encoding="utf-8"))
    except (FileNotFoundError, UnicodeError):
        return {}


def taken_beside(folder: Path) -> dict[int, Path]:
    """Numbers of the units that lie beside a folder, and where."""
    found = {}
    beside = sorted(folder.parent.iterdir()) if folder.parent.is_dir() else []
    for path in beside:
        if path == folder:
            continue
        try:
            found[int(json.loads((path / CARD).read_bytes())["terminal"])] = path
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue  # no unit
    return found


def refuse_taken(folder: Path, terminal: int, again: bool) -> None:
    """FormatError where the folder is there and not to be made again, or the number is taken."""
    if folder.exists():
        if not again:
            raise FormatError(f"{folder} is there: --again makes it anew and keeps its keys")
        strange = [one.name for one in folder.iterdir() if one.name not in OURS]
        if strange:
            raise FormatError(f"{folder}: {strange[0]} is no file of a unit, take it away first")
    other = taken_beside(folder).get(terminal)
    if other:
        raise FormatError(f"terminal {terminal} is taken: {other}")


def prepare(folder: Path, unit: Unit) -> Path:
    """All of it in a folder beside, durable; commit() gives it its name."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    for name, data in unit.files.items():
        # 0600 from its first byte on: the settings hold keys
        with os.fdopen(
            os.open(part / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
        ) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    return part


def commit(folder: Path, part: Path) -> None:
    """Give a prepared folder its name. A folder in its place is gone only when this one stands."""
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    part.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
