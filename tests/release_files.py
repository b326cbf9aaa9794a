# SPDX-License-Identifier: Apache-2.0
"""Releases for tests on both interpreters, signed under the AUTHORITY of deny_lists.py."""

import hashlib

from firmware.formats import release, signed
from tests.deny_lists import signed_file

SIGNATURE = 256  # bytes of signatures of that AUTHORITY
ROMFS = b"\xd2\xcd\x31" + bytes([7 * at + (at >> 8) & 0xFF for at in range(5000)])
ZIP = b"PK\x03\x04" + bytes(600)


def manifest(number, content, changed):
    values = {
        "board": "pico", "number": number, "version": "1.%d" % number, "loader": 1,
        "body": release.ROMFS, "digest": hashlib.sha256(content).digest(),
    }  # fmt: skip
    values.update(changed)
    return values


def unsigned_release(number, content=ROMFS, **changed):
    """The same with zeros for a signature: what is refused before it is looked at."""
    payload = release.pack(manifest(number, content, changed), content, SIGNATURE)
    return unsigned_file(payload, number)


def unsigned_file(payload, number):
    """Any payload in a file of a release."""
    digest = hashlib.sha256(payload).digest()
    head = signed.pack_head(
        signed.FIRMWARE, 1, signed.RSA, number, "", len(payload), digest, SIGNATURE
    )
    return head + bytes(SIGNATURE) + payload


def signed_release(number, content=ROMFS, effective="", **changed):
    """The bytes of a whole signed file; changed: fields of the manifest."""
    payload = release.pack(manifest(number, content, changed), content, SIGNATURE)
    return signed_file(payload, signed.FIRMWARE, number, effective)
