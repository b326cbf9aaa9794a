# SPDX-License-Identifier: Apache-2.0
"""What card and issuer share: the application cryptogram 9F26 and the MAC of the issuer data.

qpboc.md 2.4, 2.17; JR/T 0025.5 and .12 annexes D and E. `cipher` is a class of ciphers.py, keys
are 16 bytes, the ATC is 2.
"""

from sim.ciphers import padded

# The terminal data of cryptogram version 01, in their order (JR/T 0025.5 annex E)
CVN_01 = (0x9F02, 0x9F03, 0x9F1A, 0x95, 0x5F2A, 0x9A, 0x9C, 0x9F37)
CVN_17 = (0x9F02, 0x9F37)
CVN_17_CODES = (0x11, 0x17)  # uncertain point 6: "17" is seen as either byte
LENGTHS = {0x9F02: 6, 0x9F03: 6, 0x9F1A: 2, 0x95: 5, 0x5F2A: 2, 0x9A: 3, 0x9C: 1, 0x9F37: 4}


def application_cryptogram(cipher, key, terminal, aip, atc, iad):
    """Return 9F26 under the version that 9F10 byte 3 names.

    `terminal` maps tags to the values sent in the GPO; what the PDOL does not ask for is zero.
    """
    if iad[2] in CVN_17_CODES:
        order, own = list(CVN_17), atc + iad[4:5]
    else:
        order, own = list(CVN_01), aip + atc + iad[3:7]
    data = b"".join(terminal.get(tag, bytes(LENGTHS[tag])) for tag in order) + own
    return cipher.mac(cipher.session_key(key, atc), padded(data, cipher.block))


def issuer_discretionary_data(cipher, key, atc, kind, amounts_fen):
    """Return 9F10 from byte 9: length, id, amounts of 5 bytes each, MAC (JR/T 0025.12 D.5).

    The MAC input is filled with zeros to whole blocks, without an 80 (uncertain point 8; so do the
    published cards, whose MACs the tests compare).
    """
    amounts = b"".join(bytes.fromhex(f"{amount:010d}"[-10:]) for amount in amounts_fen)
    data = atc + amounts
    sealed = cipher.mac(cipher.session_key(key, atc), data + bytes(-len(data) % cipher.block))[:4]
    body = bytes([kind]) + amounts + sealed
    return bytes([len(body)]) + body
