# SPDX-License-Identifier: Apache-2.0
"""Keys and MACs of the extended application on the card's side (JR/T 0025.14 8; capp.md 2.5, 2.6).

`cipher` is a class of ciphers.py. Keys are 16 bytes, a MAC is 4, an initial value is 8. Test
masters only: everybody can compute them, they guard nothing.

What the standard leaves open stands here and nowhere else: the MAC header has 5 bytes, the record
key is used directly, and with SM4 the initial value stands at the right end of its block.
"""

import hashlib

from sim.ciphers import Sm4, TripleDes, padded

CIPHERS = {"3des": TripleDes, "sm4": Sm4}
MAC_BYTES = 4
KEY_BYTES = 16
OPENING_USE = 0x27  # of the masters that APPEND RECORD is protected by


def known_master(key_use, version, cipher="3des"):
    """The master key of a trade: `key_use` and `version` are 0 to 255, as a module names them."""
    words = f"faretap test master {cipher} {key_use:02X} {version:02X}"
    return hashlib.sha256(words.encode()).digest()[:KEY_BYTES]


def factor_of(pan, psn):
    """The card's factor, 8 bytes: the right 16 digits of PAN and sequence number."""
    return bytes.fromhex((pan + psn)[-16:].rjust(16, "0"))


def record_key(cipher, master, factor):
    """The key of one card; 8 bytes of `factor` are one level, 16 are two (uncertain: each trade
    has a rule of its own, this is the issuer's of JR/T 0025.7 11.1.4).
    """
    key = master
    for at in range(0, len(factor), 8):
        level = factor[at : at + 8]
        both = level + bytes(byte ^ 0xFF for byte in level)
        blocks = range(0, KEY_BYTES, cipher.block)
        key = b"".join(cipher.encrypt(key, both[n : n + cipher.block]) for n in blocks)
    return key


def mac(cipher, key, initial_value, data):
    """4 bytes over `data`, which is padded here; `initial_value` is what the chain begins with."""
    blocks = padded(data, cipher.block)
    start = initial_value.rjust(cipher.block, b"\0")
    first = bytes(a ^ b for a, b in zip(start, blocks, strict=False))
    return cipher.mac(key, first + blocks[cipher.block :])[:MAC_BYTES]


def command_mac(cipher, key, atc, header, body):
    """MAC of UPDATE CAPP DATA CACHE and APPEND RECORD; `header` CLA to Lc, `atc` an int."""
    return mac(cipher, key, atc.to_bytes(8, "big"), header + body)


def read_mac(cipher, key, random, record):
    """R-MAC of READ CAPP DATA: `random` are the terminal's 8 bytes."""
    return mac(cipher, key, random, record)


def update_mac(cipher, key, sent_mac, status=b"\x90\x00"):
    """R-MAC of an answer to UPDATE CAPP DATA CACHE: `sent_mac` came with the command."""
    return mac(cipher, key, bytes(4) + sent_mac, status)


def wrapped(cipher, key, plain):
    """A record key under the opening key, block by block, as APPEND RECORD brings it."""
    return b"".join(
        cipher.encrypt(key, plain[at : at + cipher.block])
        for at in range(0, KEY_BYTES, cipher.block)
    )


def unwrapped(cipher, key, hidden):
    """The record key that wrapped() hid."""
    return b"".join(
        cipher.decrypt(key, hidden[at : at + cipher.block])
        for at in range(0, KEY_BYTES, cipher.block)
    )
