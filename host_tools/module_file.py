# SPDX-License-Identifier: Apache-2.0
"""Sealed files of software modules: made, opened and described. The format is the terminal's own
(firmware/module/sealed.py), the sealing that of the library `cryptography`.

No function of this file gives a key as text: what is shown of one is its check value, 3 bytes.
"""

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from firmware.errors import FormatError
from firmware.module import sealed
from firmware.module.blocks import IV_SIDES
from firmware.module.keyed import KEY_BYTES

CHECK_BYTES = 3
LEAST_SECRET = 12  # letters of a passphrase


def new_secret() -> str:
    """256 random bits as text, for a file that only the terminal reads."""
    return os.urandom(32).hex()


def seal(trade: str, keys: list[sealed.Key], secret: str) -> str:
    """The text of a sealed file; FormatError for a secret that is too short, or no trade."""
    if len(secret) < LEAST_SECRET:
        raise FormatError(f"the secret has {len(secret)} letters: use {LEAST_SECRET} or more")
    salt, nonce = os.urandom(sealed.SALT_BYTES), os.urandom(sealed.NONCE_BYTES)
    made = sealed.Sealed(sealed.trade_word(trade, "module"), salt, nonce, b"")
    body = sealed.write_rows(keys)
    made.body = AESGCM(_sealing_key(secret, salt)).encrypt(nonce, body, made.bound())
    return made.text()


def unseal(text: str, secret: str, name: str = "module file") -> tuple[str, list[sealed.Key]]:
    """(trade, keys) of a sealed file; FormatError for another secret or changed bytes."""
    found = sealed.parse(text, name)
    cipher = AESGCM(_sealing_key(secret, found.salt))
    try:
        body = cipher.decrypt(found.nonce, found.body, found.bound())
    except (InvalidTag, ValueError) as error:
        raise FormatError(f"{name}: another secret, or bytes that were changed") from error
    return found.trade, sealed.read_rows(body, name)


def write(path: Path, text: str) -> None:
    """Write for its owner alone; FileExistsError rather than lose another one."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def check_value(key: sealed.Key) -> bytes:
    """First bytes of zeros under the key: tells keys apart, gives none away."""
    algorithm = SM4(key.value) if key.kind == "sm4" else TripleDES(key.value + key.value[:8])
    engine = Cipher(algorithm, modes.ECB()).encryptor()
    block = bytes(16 if key.kind == "sm4" else 8)
    return (engine.update(block) + engine.finalize())[:CHECK_BYTES]


def read_plain(text: str, name: str) -> list[sealed.Key]:
    """Keys of a text with one row a key: `28/01 3des 00112233...`, `28/02 sm4 ... left`."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) not in (3, 4) or words[1] not in sealed.KINDS:
            raise FormatError(f"{name}:{number}: a row is USE/VERSION 3des|sm4 KEY [left]")
        found.append(_key(words, f"{name}:{number}"))
    return found


def _key(words: list[str], name: str) -> sealed.Key:
    """A row's Key. What is wrong with it is said without the row: it may hold a key."""
    use, _, version = words[0].partition("/")
    side = words[3] if len(words) == 4 else IV_SIDES[0]
    try:
        key_use, key_version = int(use, 16), int(version, 16)
        value = bytes.fromhex(words[2])
    except ValueError as error:
        raise FormatError(f"{name}: no hex") from error.__cause__
    if key_use not in range(256) or key_version not in range(256):
        raise FormatError(f"{name}: USE and VERSION are 00..FF")
    if len(value) != KEY_BYTES or side not in IV_SIDES:
        raise FormatError(f"{name}: a key has {KEY_BYTES} bytes, left or right behind it")
    return sealed.Key(key_use, key_version, words[1], side, value)


def drawn(names: list[tuple[int, int]], kind: str) -> list[sealed.Key]:
    """New random keys."""
    return [
        sealed.Key(key_use, version, kind, IV_SIDES[0], os.urandom(KEY_BYTES))
        for key_use, version in names
    ]


def _sealing_key(secret: str, salt: bytes) -> bytes:
    cost, block, lanes = sealed.SCRYPT
    return Scrypt(salt, 32, cost, block, lanes).derive(secret.encode())
