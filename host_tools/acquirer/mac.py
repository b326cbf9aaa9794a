# SPDX-License-Identifier: Apache-2.0
"""Field 64: the four ways a message is authenticated (clearing.md 7). Pure.

| kind    | over blocks of 8 (sm4: 16) bytes, the last one filled with zeros                     |
|---------|--------------------------------------------------------------------------------------|
| ecb-cup | XOR of all -> 16 hex characters; E(first 8) XOR last 8 -> E -> hex, its first 8      |
| x9.9    | DES CBC from zeros under one key of 8 bytes                                          |
| x9.19   | the same under the left half; the last block D under the right, E under the left one |
| sm4     | as ecb-cup with blocks of 16 bytes: 32 hex characters, halves of 16; uncertain       |

form "hex" makes field 64 of the first 8 hex characters of the result, "binary" of its first 8
bytes. `whole_key`: in ecb-cup a MAC key of 16 bytes works as 3DES; without it its left half works
alone.
"""

import hmac
from collections.abc import Callable

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from firmware.errors import FormatError

KINDS = ("ecb-cup", "x9.9", "x9.19", "sm4")
FORMS = ("hex", "binary")
MAC_BYTES = 8


def encrypt(key: bytes, data: bytes, sm4: bool = False) -> bytes:
    """ECB over whole blocks: DES (key of 8 bytes), 3DES (16 or 24), or SM4 (16)."""
    return _run(key, data, sm4, lambda cipher: cipher.encryptor())


def decrypt(key: bytes, data: bytes, sm4: bool = False) -> bytes:
    """The reverse of encrypt()."""
    return _run(key, data, sm4, lambda cipher: cipher.decryptor())


def _run(key: bytes, data: bytes, sm4: bool, begun: Callable) -> bytes:
    if len(data) % (16 if sm4 else 8):
        raise FormatError("%d bytes are no whole blocks" % len(data))
    engine = begun(Cipher(_algorithm(key, sm4), modes.ECB()))
    return engine.update(data) + engine.finalize()


def _algorithm(key: bytes, sm4: bool):
    if sm4 and len(key) == 16:
        return SM4(key)
    if sm4 or len(key) not in (8, 16, 24):
        raise FormatError("a key of %d bytes is of no use here" % len(key))
    return TripleDES({8: key * 3, 16: key + key[:8], 24: key}[len(key)])


def check_value(key: bytes, sm4: bool = False) -> bytes:
    """First 4 bytes of encrypting zeros: tells keys apart, gives none away."""
    return encrypt(key, bytes(16 if sm4 else 8), sm4)[:4]


def field_64(
    kind: str, key: bytes, data: bytes, form: str = "hex", whole_key: bool = False
) -> bytes:
    """The 8 bytes of field 64 over `data` under the MAC key."""
    if kind in ("ecb-cup", "sm4"):
        return _hex_chained(key, data, kind == "sm4", whole_key)
    if kind not in KINDS:
        raise FormatError("%r is no kind of MAC: %s" % (kind, ", ".join(KINDS)))
    result = (cbc(key[:8], data) if kind == "x9.9" else x9_19(key, data))[:MAC_BYTES]
    return result if form == "binary" else _as_hex(result)[:MAC_BYTES]


def holds(found: bytes, expected: bytes) -> bool:
    """Whether two MACs are the same, in constant time."""
    return hmac.compare_digest(found, expected)


def _hex_chained(key: bytes, data: bytes, sm4: bool, whole_key: bool) -> bytes:
    size = 16 if sm4 else 8
    if not sm4 and not whole_key:
        key = key[:8]
    folded = bytes(size)
    for block in _blocks(data, size):
        folded = _xor(folded, block)
    text = _as_hex(folded)
    once = encrypt(key, text[:size], sm4)
    return _as_hex(encrypt(key, _xor(once, text[size:]), sm4))[:MAC_BYTES]


def cbc(key: bytes, data: bytes) -> bytes:
    """The last block of DES CBC from zeros (X9.9, ISO 9797-1 algorithm 1, padding 1)."""
    chained = bytes(8)
    for block in _blocks(data, 8):
        chained = encrypt(key, _xor(chained, block))
    return chained


def x9_19(key: bytes, data: bytes) -> bytes:
    """ISO 9797-1 algorithm 3, padding 1."""
    if len(key) != 16:
        raise FormatError("X9.19 takes a key of 16 bytes, not %d" % len(key))
    return encrypt(key[:8], decrypt(key[8:], cbc(key[:8], data)))


def _blocks(data: bytes, size: int) -> list[bytes]:
    filled = data + bytes(-len(data) % size)
    return [filled[at : at + size] for at in range(0, len(filled), size)]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _as_hex(data: bytes) -> bytes:
    return data.hex().upper().encode()
