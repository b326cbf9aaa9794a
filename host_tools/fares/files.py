# SPDX-License-Identifier: Apache-2.0
"""Files of fare tables: the source, and the signed file of terminals (formats/signed.py)."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from firmware.fares import layout
from firmware.formats import signed
from host_tools import signing
from host_tools.fares.build import build
from host_tools.fares.lint import Finding
from host_tools.fares.model import FareTable
from host_tools.fares.places import line_of
from host_tools.fares.source import load

__all__ = ["built", "load", "located", "write"]


def built(table: FareTable, key: Path | None, password: bytes = b"") -> bytes:
    """The bytes of a terminal's file, signed where a key is given."""
    data = build(table)
    if key is None:
        return data
    signer = signing.load_signer(key, password)
    effective = table.effective.strftime("%Y%m%d%H%M%S")
    return signing.sign_payload(
        data, signed.FARES, layout.LAYOUT, table.version, effective, signer
    )


def write(path: Path, data: bytes) -> None:
    """A whole file or the one that was there: written beside it, then renamed."""
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(data)
    beside.replace(path)


def located(found: Iterable[Finding], path: Path) -> Iterator[str]:
    """Each finding as one line that begins with file and line."""
    text = path.read_text(encoding="utf-8-sig")
    for one in found:
        line = line_of(text, one.key)
        yield "%s: %s" % ("%s:%d" % (path.name, line) if line else path.name, one)
