# SPDX-License-Identifier: Apache-2.0
"""SM2 keys of a test CA, an issuer and a card: what they sign (JR/T 0025.17 tables 4, 5, 8, 11).

The same methods as rsa_keys.py. A certificate is clear text and a signature r, s over SM3(ZA,
text) with the user id 31..38 twice; there is no recovery, so no remainder and no exponent
(qpboc.md 2.9). The curve arithmetic is gmssl's.
"""

import secrets

from gmssl import sm2

CERTIFICATES = {"issuer": 0x12, "icc": 0x14}
# signature algorithm SM2 with SM3, no encryption, curve SM2, length of a point (qpboc.md 2.11)
ALGORITHM = bytes([0x04, 0x00, 0x11, 0x40])
ORDER = int(sm2.default_ecc_table["n"], 16)


class Sm2Key:
    """A private key; `point` is its public half, X and Y in 64 bytes."""

    suite = "sm2"
    length = 64
    exponent = b""

    def __init__(self, d):
        self.d = d
        self._engine = sm2.CryptSM2(f"{d:064X}", "")
        # Set afterwards: the constructor strips every leading 0 and 4 of a key that begins "04".
        self._engine.public_key = self._engine._kg(d, self._engine.ecc_table["g"])
        self.point = bytes.fromhex(self._engine.public_key)

    @classmethod
    def generate(cls, bits=256, exponent=0):
        """Make a new key; a curve has one size and no exponent, the arguments are RsaKey's."""
        return cls(secrets.randbelow(ORDER - 2) + 1)

    @classmethod
    def from_json(cls, parts):
        return cls(int(parts["d"], 16))

    def to_json(self):
        return {"d": f"{self.d:064X}"}

    @property
    def public_words(self):
        """What a `ca` line says behind the index: the point."""
        return [self.point.hex().upper()]

    def sign(self, text):
        """Return r and s, 64 bytes."""
        while True:
            k = f"{secrets.randbelow(ORDER - 1) + 1:064X}"
            signature = self._engine.sign_with_sm3(text, k)
            if signature:  # None for the one k in 2^256 that gives no signature
                return bytes.fromhex(signature)

    def _seal(self, fields, also_signed):
        return fields + self.sign(fields + also_signed)

    def certify(self, kind, owner, expiry, serial, key, static=b""):
        """Return (certificate, b""), arguments as RsaKey.certify."""
        head = bytes([CERTIFICATES[kind]]) + owner + expiry + serial.to_bytes(3, "big")
        return self._seal(head + ALGORITHM + key.point, static), b""

    def sign_static(self, dac, static):
        """Return 93 over the data authentication code, 2 bytes, and the static data."""
        return self._seal(b"\x13" + dac, static)

    def sign_dynamic(self, atc, terminal_dynamic_data):
        """Return 9F4B; the dynamic data are 02 and the ATC."""
        return self._seal(bytes([0x15, 0x03, 0x02]) + atc, terminal_dynamic_data)

    @staticmethod
    def spoilt(sdad):
        """A 9F4B in which one bit of the clear part is wrong: seen without the last record."""
        return bytes([sdad[0] ^ 1]) + sdad[1:]
