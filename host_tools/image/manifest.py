# SPDX-License-Identifier: Apache-2.0
"""What is in an image, as JSON: versions, places, sizes, hashes of sources and of results.

No date, no folder and no name of a machine is in it: the same sources give the same manifest.
"""

import hashlib
from importlib import metadata

from host_tools.image.build import Image
from host_tools.image.modules import ROOT, needed

FORMAT = 1


def sha256(data: bytes) -> str:
    """As 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def make(image: Image, version: str, compiler: str) -> dict:
    """The manifest of an image. `compiler`: what mpy-cross says of itself."""
    maker = image.maker
    found = {
        "format": FORMAT,
        "board": maker.word,
        "board_name": maker.name,
        "version": version,
        "devices": list(image.devices),
        "march": maker.march,
        "compiler": image.compiler or compiler,
        "littlefs_python": metadata.version("littlefs-python"),
        "files": [_file(name, data) for name, data in sorted(image.files.items())],
        "parts": [
            {
                "name": part.name,
                "place": part.place,
                "size": len(part.data),
                "room": part.room,
                "sha256": sha256(part.data),
            }
            for part in image.parts
        ],
        "firmware": _firmware(image),
        "flash": image.flash,
    }
    if image.sources:
        found["sources"] = image.sources
    if image.unit:
        found["terminal"] = image.unit.terminal
        found["unit"] = [_file(name, data) for name, data in sorted(image.unit.files.items())]
    return found


def _file(name: str, data: bytes) -> dict:
    return {"name": name, "size": len(data), "sha256": sha256(data)}


def _firmware(image: Image) -> list[dict]:
    if image.compiled:
        return [
            {**_file(one.name, one.data), "source_sha256": sha256(one.source)}
            for one in sorted(image.compiled)
        ]
    return [
        {"name": path.relative_to(ROOT).as_posix(), "source_sha256": sha256(path.read_bytes())}
        for path in needed()
    ]
