# SPDX-License-Identifier: Apache-2.0
"""The two ciphers of a card and its issuer: keys of one transaction and MACs (qpboc.md 2.17).

Both classes offer card_key(), session_key(), mac() and the size of their blocks, so that
cryptogram.py knows neither. Keys are 16 bytes, the ATC is 2, `code` is 9F10 byte 8.
"""

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4


def padded(data, block):
    """Append 80 00 .. up to a whole block (ISO 9797-1 padding 2)."""
    data += b"\x80"
    return data + bytes(-len(data) % block)


def _ecb(algorithm, block, decrypt=False):
    cipher = Cipher(algorithm, modes.ECB())
    engine = cipher.decryptor() if decrypt else cipher.encryptor()
    return engine.update(block) + engine.finalize()


def _xor(left, right):
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _complement(data):
    return bytes(byte ^ 0xFF for byte in data)


def _derivation(pan, psn):
    """The right 16 digits of PAN and sequence number; JR/T 0025.7, 11.1.4.

    `pan` as digits, `psn` as two digits ("00" if the card has none).
    """
    return bytes.fromhex((pan + psn)[-16:].rjust(16, "0"))


class TripleDes:
    """3DES, keys of double length; MAC of ISO 9797-1 algorithm 3 (JR/T 0025.7, 11.1.2, 11.1.3)."""

    code, block = 0x01, 8

    @staticmethod
    def encrypt(key, block):
        return _ecb(TripleDES(key + key[:8]), block)

    @staticmethod
    def decrypt(key, block):
        return _ecb(TripleDES(key + key[:8]), block, decrypt=True)

    @classmethod
    def card_key(cls, master_key, pan, psn):
        """Derive a card key from the issuer's master key."""
        block = _derivation(pan, psn)
        return cls.encrypt(master_key, block) + cls.encrypt(master_key, _complement(block))

    @classmethod
    def session_key(cls, key, atc):
        """Return the key of one transaction."""
        left = cls.encrypt(key, bytes(6) + atc)
        return left + cls.encrypt(key, bytes(6) + _complement(atc))

    @staticmethod
    def mac(key, blocks):
        """Return 8 bytes over whole blocks, padding done by the caller."""
        left, right = TripleDES(key[:8] * 3), TripleDES(key[8:] * 3)
        chained = bytes(8)
        for at in range(0, len(blocks), 8):
            chained = _ecb(left, _xor(chained, blocks[at : at + 8]))
        return _ecb(left, _ecb(right, chained, decrypt=True))


class Sm4:
    """SM4; CBC-MAC, its leftmost 8 bytes (JR/T 0025.17, 8.1.2, 8.1.3; uncertain point 7)."""

    code, block = 0x04, 16

    @staticmethod
    def encrypt(key, block):
        return _ecb(SM4(key), block)

    @staticmethod
    def decrypt(key, block):
        return _ecb(SM4(key), block, decrypt=True)

    @classmethod
    def card_key(cls, master_key, pan, psn):
        """Derive a card key: one block of the digits and their complement."""
        block = _derivation(pan, psn)
        return cls.encrypt(master_key, block + _complement(block))

    @classmethod
    def session_key(cls, key, atc):
        """Return the key of one transaction."""
        return cls.encrypt(key, bytes(6) + atc + bytes(6) + _complement(atc))

    @classmethod
    def mac(cls, key, blocks):
        """Return 8 bytes over whole blocks, padding done by the caller."""
        chained = bytes(16)
        for at in range(0, len(blocks), 16):
            chained = cls.encrypt(key, _xor(chained, blocks[at : at + 16]))
        return chained[:8]
