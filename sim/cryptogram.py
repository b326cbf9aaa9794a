# SPDX-License-Identifier: Apache-2.0
"""What a card and its issuer compute: application cryptogram, IDD MAC, signed dynamic data.

3DES only (9F10 byte 8 = 01) and raw RSA; qpboc.md 2.4, 2.7, 2.8, 2.17. Symmetric keys are 16
bytes, the ATC is 2. Test keys only: nothing here guards a secret against timing.
"""

import hashlib

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, modes

# The terminal data of cryptogram version 01, in their order (JR/T 0025.5 annex E)
CVN_01 = (0x9F02, 0x9F03, 0x9F1A, 0x95, 0x5F2A, 0x9A, 0x9C, 0x9F37)
CVN_17 = (0x9F02, 0x9F37)
CVN_17_CODES = (0x11, 0x17)  # uncertain point 6: "17" is seen as either byte


# --- RSA ----------------------------------------------------------------------------------------


class RsaKey:
    """A private key for raw signatures; `length` is its modulus in bytes."""

    PARTS = ("n", "e", "p", "q", "dp", "dq", "qinv")

    def __init__(self, n, e, p, q, dp, dq, qinv):
        self.n, self.e, self.p, self.q = n, e, p, q
        self.dp, self.dq, self.qinv = dp, dq, qinv
        self.length = (n.bit_length() + 7) // 8

    @classmethod
    def generate(cls, bits, exponent):
        """Make a new key; exponent 3 or 65537 (QT-020)."""
        key = rsa.generate_private_key(public_exponent=exponent, key_size=bits).private_numbers()
        public = key.public_numbers
        return cls(public.n, public.e, key.p, key.q, key.dmp1, key.dmq1, key.iqmp)

    @classmethod
    def from_json(cls, parts):
        return cls(*(int(parts[name], 16) for name in cls.PARTS))

    def to_json(self):
        return {name: f"{getattr(self, name):X}" for name in self.PARTS}

    @property
    def modulus(self):
        return self.n.to_bytes(self.length, "big")

    @property
    def exponent(self):
        return self.e.to_bytes(1 if self.e < 256 else 3, "big")

    def sign(self, block):
        """Return block^d mod n, of the key's length; `block` starts 6A, so it is below n."""
        m = int.from_bytes(block, "big")
        high, low = pow(m, self.dp, self.p), pow(m, self.dq, self.q)
        signed = low + self.q * (self.qinv * (high - low) % self.p)
        return signed.to_bytes(self.length, "big")


def signed_block(key, fields, also_hashed):
    """Sign 6A, `fields`, SHA-1(fields, also_hashed), BC (JR/T 0025.7, 12.2)."""
    digest = hashlib.sha1(fields + also_hashed).digest()
    return key.sign(b"\x6a" + fields + digest + b"\xbc")


def signed_dynamic_data(key, atc, terminal_dynamic_data, spoil_hash=False):
    """Return 9F4B; the dynamic data are 02 and the ATC (JR/T 0025.12 table B.2)."""
    head = bytes([0x05, 0x01, 0x03, 0x02]) + atc
    fields = head + b"\xbb" * (key.length - 22 - len(head))
    wrong = b"\x00" if spoil_hash else b""
    return signed_block(key, fields, terminal_dynamic_data + wrong)


# --- 3DES ---------------------------------------------------------------------------------------


def _ecb(key, block, decrypt=False):
    cipher = Cipher(TripleDES(key), modes.ECB())
    engine = cipher.decryptor() if decrypt else cipher.encryptor()
    return engine.update(block) + engine.finalize()


def encrypt(key, block):
    """Encrypt one 8-byte block with a double-length key."""
    return _ecb(key + key[:8], block)


def _xor(left, right):
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _complement(data):
    return bytes(byte ^ 0xFF for byte in data)


def card_key(master_key, pan, psn):
    """Derive a card key from the issuer's master key (JR/T 0025.7, 11.1.4).

    `pan` as digits, `psn` as two digits ("00" if the card has none).
    """
    block = bytes.fromhex((pan + psn)[-16:].rjust(16, "0"))
    return encrypt(master_key, block) + encrypt(master_key, _complement(block))


def session_key(key, atc):
    """Return the key of one transaction (JR/T 0025.7, 11.1.3.1)."""
    left = encrypt(key, bytes(6) + atc)
    return left + encrypt(key, bytes(6) + _complement(atc))


def mac(key, blocks):
    """Return 8 bytes: ISO 9797-1 algorithm 3 over whole blocks, padding done by the caller."""
    chained = bytes(8)
    for at in range(0, len(blocks), 8):
        chained = _ecb(key[:8] * 3, _xor(chained, blocks[at : at + 8]))
    return _ecb(key[:8] * 3, _ecb(key[8:] * 3, chained, decrypt=True))


def padded(data):
    """Append 80 00 .. up to a whole block (ISO 9797-1 padding 2)."""
    data += b"\x80"
    return data + bytes(-len(data) % 8)


def application_cryptogram(key, terminal, aip, atc, iad):
    """Return 9F26 under the version that 9F10 byte 3 names.

    `terminal` maps tags to the values sent in the GPO; what the PDOL does not ask for is zero.
    """
    lengths = {0x9F02: 6, 0x9F03: 6, 0x9F1A: 2, 0x95: 5, 0x5F2A: 2, 0x9A: 3, 0x9C: 1, 0x9F37: 4}
    if iad[2] in CVN_17_CODES:
        order, own = list(CVN_17), atc + iad[4:5]
    else:
        order, own = list(CVN_01), aip + atc + iad[3:7]
    data = b"".join(terminal.get(tag, bytes(lengths[tag])) for tag in order) + own
    return mac(session_key(key, atc), padded(data))


def issuer_discretionary_data(key, atc, kind, amounts_fen):
    """Return 9F10 from byte 9: length, id, amounts of 5 bytes each, MAC (JR/T 0025.12 D.5).

    The MAC input is filled with zeros to whole blocks, without an 80 (uncertain point 8; so do the
    published cards, whose MACs the tests compare).
    """
    amounts = b"".join(bytes.fromhex(f"{amount:010d}"[-10:]) for amount in amounts_fen)
    data = atc + amounts
    sealed = mac(session_key(key, atc), data + bytes(-len(data) % 8))[:4]
    body = bytes([kind]) + amounts + sealed
    return bytes([len(body)]) + body
