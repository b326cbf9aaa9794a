# SPDX-License-Identifier: Apache-2.0
"""Seals of parameter texts: make the authority's key, seal a text. The check is the terminal's own
(firmware/formats/seal.py), the signature that of the library `cryptography`.
"""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from firmware.errors import FormatError
from firmware.formats import parameters, seal

BITS = 2048


def make_key(path: Path, password: bytes) -> rsa.RSAPrivateKey:
    """A new key in the PEM file `path`, for its owner alone; FileExistsError rather than lose one.

    password: b"" leaves the key unencrypted.
    """
    key = rsa.generate_private_key(seal.EXPONENT, BITS)
    locked = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    return key


def load_key(path: Path, password: bytes) -> rsa.RSAPrivateKey:
    """The key of a PEM file; FormatError when it is none, or the password is wrong."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password or None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as wrong:
        raise FormatError(f"{path}: {wrong}") from wrong
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < BITS:
        raise FormatError(f"{path}: not an RSA key of {BITS} bits or more")
    return key


def modulus_of(key: rsa.RSAPrivateKey) -> bytes:
    """What `authority` of the settings wants."""
    return key.public_key().public_numbers().n.to_bytes(key.key_size // 8, "big")


def sealed(text: str, key: rsa.RSAPrivateKey) -> str:
    """The text with its seal behind it; FormatError where no terminal could use it."""
    body = text.rstrip("\n") + "\n"
    if seal.MARK in "\n" + body:
        raise FormatError("this text has a seal already")
    parameters.parse(body)
    seal.version(body)
    signature = key.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256())
    return body + seal.MARK[1:] + signature.hex().upper() + "\n"
