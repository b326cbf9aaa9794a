# SPDX-License-Identifier: Apache-2.0
"""RSA keys of a test CA, an issuer and a card: what they sign (JR/T 0025.7 tables 6, 7, 12, 15).

sm2_keys.py offers the same for SM2; issuer.py and the card know no suite. Raw RSA over blocks
6A .. BC with SHA-1 (qpboc.md 2.8). Test keys only: nothing here guards a secret against timing.
"""

import hashlib
import secrets

from cryptography.hazmat.primitives.asymmetric import rsa

EXPONENTS = (3, 65537)
LEAST_BITS, MOST_BITS = 512, 1984
# format byte of a certificate, and the bytes of it that hold no modulus
CERTIFICATES = {"issuer": (0x02, 36), "icc": (0x04, 42)}
SHORT_PRIMES = (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)
SHA_1, RSA = 0x01, 0x01


class RsaKey:
    """A private key; `length` is its modulus in bytes, `exponent` the public one as 9F32."""

    suite = "rsa"
    PARTS = ("n", "e", "p", "q", "dp", "dq", "qinv")

    def __init__(self, n, e, p, q, dp, dq, qinv):
        self.n, self.e, self.p, self.q = n, e, p, q
        self.dp, self.dq, self.qinv = dp, dq, qinv
        self.length = (n.bit_length() + 7) // 8

    @classmethod
    def generate(cls, bits, exponent):
        """Make a new key of 512 to 1984 bits; exponent 3 or 65537."""
        if not LEAST_BITS <= bits <= MOST_BITS or bits % 16:
            raise ValueError(f"{LEAST_BITS} to {MOST_BITS} bits, a multiple of 16")
        if exponent not in EXPONENTS:
            raise ValueError("the exponent is 3 or 65537")
        if bits < 1024:  # the library makes none so short
            p, q = (_prime(bits // 2, exponent) for _ in range(2))
        else:
            key = rsa.generate_private_key(public_exponent=exponent, key_size=bits)
            p, q = key.private_numbers().p, key.private_numbers().q
        return cls.of_primes(p, q, exponent)

    @classmethod
    def of_primes(cls, p, q, e):
        d = pow(e, -1, (p - 1) * (q - 1))
        return cls(p * q, e, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))

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

    @property
    def public_words(self):
        """What a `ca` line says behind the index: exponent and modulus."""
        return [self.exponent.hex().upper(), self.modulus.hex().upper()]

    def sign(self, block):
        """Return block^d mod n, of the key's length; `block` starts 6A, so it is below n."""
        m = int.from_bytes(block, "big")
        high, low = pow(m, self.dp, self.p), pow(m, self.dq, self.q)
        signed = low + self.q * (self.qinv * (high - low) % self.p)
        return signed.to_bytes(self.length, "big")

    def _seal(self, fields, also_hashed):
        """Sign 6A, `fields`, SHA-1(fields, also_hashed), BC (JR/T 0025.7, 12.2)."""
        digest = hashlib.sha1(fields + also_hashed).digest()
        return self.sign(b"\x6a" + fields + digest + b"\xbc")

    def certify(self, kind, owner, expiry, serial, key, static=b""):
        """Return (certificate, remainder of the modulus) of `key`, another RsaKey.

        kind "issuer" (90) or "icc" (9F46); owner 4 or 10 bytes; expiry MMYY, 2 bytes; serial int;
        static: the static data an ICC certificate covers, AIP included.
        """
        form, taken = CERTIFICATES[kind]
        room = self.length - taken
        inside, remainder = key.modulus[:room].ljust(room, b"\xbb"), key.modulus[room:]
        head = bytes([form]) + owner + expiry + serial.to_bytes(3, "big")
        fields = head + bytes([SHA_1, RSA, key.length, len(key.exponent)]) + inside
        return self._seal(fields, remainder + key.exponent + static), remainder

    def sign_static(self, dac, static):
        """Return 93 over the data authentication code, 2 bytes, and the static data."""
        fields = bytes([0x03, SHA_1]) + dac + b"\xbb" * (self.length - 26)
        return self._seal(fields, static)

    def sign_dynamic(self, atc, terminal_dynamic_data):
        """Return 9F4B; the dynamic data are 02 and the ATC (JR/T 0025.12 table B.2)."""
        head = bytes([0x05, SHA_1, 0x03, 0x02]) + atc
        return self._seal(head + b"\xbb" * (self.length - 22 - len(head)), terminal_dynamic_data)

    @staticmethod
    def spoilt(sdad):
        """A 9F4B in which one bit is wrong, so that it does not open."""
        return sdad[:-1] + bytes([sdad[-1] ^ 1])


def _prime(bits, exponent):
    """A prime of exactly `bits`, its two top bits set, one less no multiple of `exponent`."""
    while True:
        candidate = secrets.randbits(bits) | 3 << (bits - 2) | 1
        if candidate % exponent != 1 and _is_prime(candidate):
            return candidate


def _is_prime(n):
    """Miller-Rabin with 40 random bases: good enough for a test key."""
    if any(n % prime == 0 for prime in SHORT_PRIMES):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(40):
        x = pow(secrets.randbelow(n - 3) + 2, odd, n)
        if x in (1, n - 1):
            continue
        if not any((x := x * x % n) == n - 1 for _ in range(twos - 1)):
            return False
    return True
