# SPDX-License-Identifier: Apache-2.0
"""Block ciphers and the opening of sealed files by the library `cryptography`: what a software
module (firmware/module) needs of its machine. CPython, loaded only where settings name one.
"""

from firmware.errors import FormatError

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
except ImportError as error:
    raise FormatError(f"a software module needs cryptography: {error}") from error
try:
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
except ImportError:  # before 43, as Debian 12 has it
    TripleDES = algorithms.TripleDES  # type: ignore[misc]


class BlockCipher:
    """encrypt(key, block), decrypt(key, block) of one algorithm; `block` bytes at a time."""

    def __init__(self, algorithm, block):
        self._algorithm = algorithm
        self.block = block

    def encrypt(self, key, block):
        engine = Cipher(self._algorithm(key), modes.ECB()).encryptor()
        return engine.update(block) + engine.finalize()

    def decrypt(self, key, block):
        engine = Cipher(self._algorithm(key), modes.ECB()).decryptor()
        return engine.update(block) + engine.finalize()


def _des(key):
    """8 bytes: DES; 16: 3DES with two keys."""
    return TripleDES(key * 3 if len(key) == 8 else key + key[:8])


CIPHERS = {"3des": BlockCipher(_des, 8), "sm4": BlockCipher(algorithms.SM4, 16)}


def unseal(secret, salt, cost, nonce, bound, body):
    """What was sealed under AES-256-GCM with the key that scrypt makes of `secret` (text).

    cost: (N, r, p); bound: what was authenticated with it. FormatError.
    """
    key = Scrypt(salt, 32, *cost).derive(secret.encode())
    try:
        return AESGCM(key).decrypt(nonce, body, bound)
    except (InvalidTag, ValueError) as error:
        raise FormatError("another secret, or bytes that were changed") from error
