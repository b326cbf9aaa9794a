# SPDX-License-Identifier: Apache-2.0
"""Sign files for terminals (firmware/formats/signed.py): keys of the authority, RSA or SM2.

An RSA key is a PEM file as `faretap seal new` makes it (sealing.py). An SM2 key is a text file of
one line, `sm2: 64 hex digits`, because no common PEM reader knows the curve; its arithmetic is
gmssl's, while the check is the kernel's own.
"""

import hashlib
import mmap
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from gmssl import sm2

from firmware.errors import FormatError
from firmware.formats import signed
from host_tools import sealing

SM2_MARK = "sm2:"
ORDER = int(sm2.default_ecc_table["n"], 16)


class RsaSigner:
    """Signs with an RSA key."""

    scheme = signed.RSA

    def __init__(self, key: rsa.RSAPrivateKey):
        self.key = key
        self.signature_bytes = key.key_size // 8
        self.authority = signed.Authority(sealing.modulus_of(key), b"")
        self.setting = "authority: " + self.authority.rsa.hex().upper()

    def sign(self, head: bytes) -> bytes:
        return self.key.sign(head, padding.PKCS1v15(), hashes.SHA256())


class Sm2Signer:
    """Signs with an SM2 key and SM3, user id 31..38 twice, as the kernel checks it."""

    scheme = signed.SM2
    signature_bytes = 64

    def __init__(self, d: int):
        self.secret = d
        self.engine = sm2.CryptSM2(f"{d:064X}", "")
        # Set afterwards: the constructor strips each leading 0 and 4 of a key that begins "04".
        self.engine.public_key = self.engine._kg(d, self.engine.ecc_table["g"])
        self.authority = signed.Authority(b"", bytes.fromhex(self.engine.public_key))
        self.setting = "authority_sm2: " + self.authority.sm2.hex().upper()

    def sign(self, head: bytes) -> bytes:
        while True:
            text = self.engine.sign_with_sm3(head, f"{secrets.randbelow(ORDER - 1) + 1:064X}")
            if text:  # None for the one k in 2^256 that gives no signature
                return bytes.fromhex(text)


Signer = RsaSigner | Sm2Signer


def make_sm2_key(path: Path) -> Sm2Signer:
    """A new SM2 key in the file `path`, for its owner alone; FileExistsError rather than lose
    one.
    """
    d = secrets.randbelow(ORDER - 2) + 1
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{SM2_MARK} {d:064X}\n")
    return Sm2Signer(d)


def load_signer(path: Path, password: bytes = b"") -> Signer:
    """The key of a file, RSA in PEM or SM2; FormatError when it is none."""
    text = path.read_bytes()
    if not text.startswith(SM2_MARK.encode()):
        return RsaSigner(sealing.load_key(path, password))
    digits = text[len(SM2_MARK) :].decode("ascii", "replace").strip()
    try:
        d = int(digits, 16) if len(digits) == 64 else 0
    except ValueError:
        d = 0
    if not 1 <= d < ORDER - 1:
        raise FormatError(f"{path}: not `sm2:` and 64 hex digits of a private key")
    return Sm2Signer(d)


def sign_payload(
    payload: bytes, kind: int, layout: int, number: int, effective: str, signer: Signer
) -> bytes:
    """The whole signed file. FormatError where the head cannot say it.

    kind: signed.FARES and the others; layout: version of the payload's format; number: version of
    this table or list; effective: "YYYYMMDDHHMMSS" or "" for at once.
    """
    head = signed.pack_head(
        kind,
        layout,
        signer.scheme,
        number,
        effective,
        len(payload),
        hashlib.sha256(payload).digest(),
        signer.signature_bytes,
    )
    return head + signer.sign(head) + payload


class Bytes:
    """A file in memory, or mapped there, as a blob: `size`, `read(at, count)`."""

    def __init__(self, data: bytes | mmap.mmap):
        self.data = data
        self.size = len(data)

    def read(self, at: int, count: int) -> bytes:
        return self.data[at : at + count]
