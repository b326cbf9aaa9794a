# SPDX-License-Identifier: Apache-2.0
"""Files of fare tables: the source, and the signed file of terminals (formats/signed.py)."""

from pathlib import Path

from firmware.fares import layout
from firmware.formats import signed
from host_tools import signing
from host_tools.fares.build import build
from host_tools.fares.model import FareTable
from host_tools.fares.source import load

__all__ = ["built", "load", "write"]


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
