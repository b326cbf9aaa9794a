# SPDX-License-Identifier: Apache-2.0
"""MACs and derived keys over a block cipher that is handed in (JR/T 0025.14 §8.2, .7 §11.1.2).

cipher: `block`, 8 for 3DES and 16 for SM4, encrypt(key, block) and decrypt(key, block); with 8
bytes of key the former is DES. Keys have 16 bytes. What the book leaves open for SM4 is said at
the line.
"""

from firmware.module import blocks

MAC_BYTES = 4
KEY_BYTES = 16


def mac(cipher, key, initial_value, data, side="right"):
    """The leftmost 4 bytes of a CBC chain.

    3DES: the chain under the left half of the key, its last block D(right) E(left). SM4: the chain
    alone; that nothing follows it is uncertain, §8.2 speaks of 3DES.
    """
    block = cipher.block
    left = key[:8] if block == 8 else key
    chained = blocks.whole_iv(initial_value, block, side)
    filled = blocks.padded(data, block)
    for at in range(0, len(filled), block):
        mixed = bytes([a ^ b for a, b in zip(chained, filled[at : at + block])])
        chained = cipher.encrypt(left, mixed)
    if block == 8:
        chained = cipher.encrypt(left, cipher.decrypt(key[8:], chained))
    return chained[:MAC_BYTES]


def derived(cipher, master, factor):
    """The key of one card; each 8 bytes of its factor are one level.

    A trade has its own rule (capp.md 2.6). This is the issuer's: the factor and its complement
    under the key above (JR/T 0025.7 §11.1.4, .17 §8.1.4).
    """
    key = master
    for at in range(0, len(factor), 8):
        level = bytes(factor[at : at + 8])
        both = level + bytes([one ^ 0xFF for one in level])
        steps = range(0, KEY_BYTES, cipher.block)
        key = b"".join([cipher.encrypt(key, both[n : n + cipher.block]) for n in steps])
    return key
