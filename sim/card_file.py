# SPDX-License-Identifier: Apache-2.0
"""Card files: a card's image and state as JSON, and images of the published test card."""

import json
import os
from pathlib import Path

from firmware.errors import FormatError
from sim.coding import n12

FORMAT = 2


def load(kind, path, random):
    """Make a `kind` (sim.card.Card) of the file `path`; FormatError when it is no card."""
    try:
        stored = json.loads(Path(path).read_text(encoding="utf-8"))
        if stored["format"] != FORMAT:
            raise FormatError(f"{path}: card format {stored['format']} is not known")
        return kind(stored["image"], stored["state"], Path(path), stored["rollback"], random)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as wrong:
        raise FormatError(f"{path}: not a card: {wrong!r}") from wrong


def save(path, rollback, state, image):
    """Write a card's file anew: durable before the name changes (MP-6)."""
    stored = {"format": FORMAT, "rollback": rollback, "state": state, "image": image}
    path = Path(path)
    new = path.with_suffix(".new")
    with open(new, "w", encoding="utf-8") as file:
        json.dump(stored, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    sync_folder(path.parent)


def sync_folder(folder):
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def published(kind, source, image, balance_fen, atc, options):
    """Make a `kind` of an image of the published test card; `source` is its JSON or path.

    FormatError when the file is not one or has no such image.
    """
    try:
        if not isinstance(source, dict):
            source = json.loads(Path(source).read_text(encoding="utf-8"))
        chosen = dict(source["images"][image], ppse=source["ppse"], ats="0578807002")
        chosen["uid"] = "04" + os.urandom(6).hex()
        own = {"9F79": n12(balance_fen).hex(), "9F36": f"{atc:04X}"}
        chosen["internal_data"] = dict(chosen["internal_data"], **own)
        return kind(chosen, **options)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as wrong:
        raise FormatError(f"no published test card with image {image}: {wrong!r}") from wrong
