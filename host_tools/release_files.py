# SPDX-License-Identifier: Apache-2.0
"""Releases as files: made of sources or of a body that is there, signed, looked into.

zip_body()                  the package firmware as Python imports it
signed_release(body, ...)   a signed release file
opened(data, authority)     (Head, manifest) of one; FormatError
"""

import binascii
import hashlib
import io
import zipfile
from pathlib import Path

from firmware.errors import FormatError
from firmware.formats import release, signed, status
from host_tools import signing

ROOT = Path(__file__).resolve().parents[1]
LINUX = "linux"  # word of a Raspberry Pi or PC, as firmware/hal/cpython.py has it
EPOCH = (1980, 1, 1, 0, 0, 0)  # of each entry: the same sources make the same bytes


def zip_body(root: Path = ROOT) -> bytes:
    """`firmware/` of a checkout as a zip."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path in sorted((root / "firmware").rglob("*.py")):
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), EPOCH)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes(), compresslevel=9)
    return made.getvalue()


def kind_of(body: bytes) -> int:
    """Which of release.BODIES it is. FormatError."""
    for kind, mark in release.MARKS:
        if body.startswith(mark):
            return kind
    raise FormatError("neither a ROMFS image nor a zip")


def signed_release(
    body: bytes, board: str, number: int, version: str, effective: str, signer: signing.Signer,
    loader: int = release.LOADER,
) -> bytes:  # fmt: skip
    """The signed release file of a body. FormatError where a field cannot say it."""
    values = {
        "board": board, "number": number, "version": version, "loader": loader,
        "body": kind_of(body), "digest": hashlib.sha256(body).digest(),
    }  # fmt: skip
    payload = release.pack(values, body, signer.signature_bytes)
    return signing.sign_payload(
        payload, signed.FIRMWARE, release.FORMAT, number, effective, signer
    )


def opened(data: bytes, authority: signed.Authority | None = None) -> tuple[signed.Head, dict]:
    """Head and manifest (release.MANIFEST); verified where an authority is given. FormatError."""
    blob = signing.Bytes(data)
    head = signed.read_head(blob, (signed.FIRMWARE,))
    work = signed.verify(blob, head, authority) if authority else signed.hashed(blob, head)
    return head, whole(head, work.finish())


def whole(head: signed.Head, payload: signed.Part) -> dict:
    """The manifest of a payload; FormatError where its body is not what the manifest says."""
    found = release.read(head, payload)
    if hashlib.sha256(payload.read(found["start"], found["size"])).digest() != found["digest"]:
        raise FormatError("the body's hash is not that of the manifest")
    return found


def board_mark(board: str) -> int:
    """The number by which a ledger tells releases of one board from those of another."""
    return binascii.crc32(board.encode()) & 0x7FFFFFFF


def board_of(firmware: str) -> str:
    """Word of the board in what a terminal says of its firmware, "0.1.0+pico"."""
    return firmware.partition("+")[2]


def default_version() -> str:
    """What this checkout calls itself."""
    return status.FIRMWARE
