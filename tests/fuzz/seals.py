# SPDX-License-Identifier: Apache-2.0
"""How a BentCard signs: certificates and signatures of both suites, bent before they are signed.

A Bend of the slots `issuer`, `icc` and `sdad` sets the byte `place` to `a`; `b` says the rest: bit
1 = sign what it was before, bit 2 = another header, bit 3 = another trailer.
"""

import hashlib
from functools import lru_cache

from tests import sm_card
from tests.fuzz.bends import LOST
from tests.small_card import CA, ICC, ISSUER, SmallKey, icc_fields, issuer_fields

# 800 bits, of no terminal's CA: an approval of what it signs is a fault whatever else holds
STRANGER = SmallKey(
    3,
    "D0F217A0D78ED386B9B1E74C4FAFF31888FD4EB5655816B922E4F2184FE38F202D6F6D60FB91E0D28FC1DC3E01D9"
    "8F9FA31F6149487FEE17CA9E0CB8645FE88F2209401FE289A64D4C33782C7677179F322828355152B77EED847A1E"
    "F918F761A82D0377",
    "8B4C0FC08FB48D047BCBEF88351FF765B0A8DF2398E5647B6C98A1658A97B4C01E4A48EB5261408C5FD692D4013B"
    "B51517690C6D55247FE146BE431697D4DA8AF6954FF358BC652879A42C833F6F759D618FDAC2E208E0A5FEA4D87C"
    "855F0F765F78B36B",
)


class Rsa:
    """Blocks of JR/T 0025.7; `plan`: list of Bend; stranger: signed by a CA key nobody holds."""

    def __init__(self, plan, stranger):
        self.plan = plan
        self.ca = STRANGER if stranger else CA

    def issuer(self):
        """Value of 90."""
        rest = ISSUER.modulus[64:] + ISSUER.exponent
        return self._sealed(self.ca, issuer_fields(), rest, "issuer")

    def icc(self, pan, static):
        """Value of 9F46."""
        rest = ICC.modulus[38:] + ICC.exponent + static
        return self._sealed(ISSUER, icc_fields(pan), rest, "icc")

    def sdad(self, atc, signed):
        """Value of 9F4B."""
        head = b"\x05\x01\x03\x02" + atc.to_bytes(2)
        return self._sealed(ICC, head + b"\xbb" * (len(ICC.modulus) - 28), signed, "sdad")

    def _sealed(self, key, fields, also_hashed, slot):
        hashed, fields, flags = _bent(self.plan, fields, slot)
        head = b"\x6b" if flags & 2 else b"\x6a"
        trailer = b"\xbd" if flags & 4 else b"\xbc"
        digest = hashlib.sha1(hashed + also_hashed).digest()
        return _signed(key, head + fields + digest + trailer)


class Sm:
    """Certificates of JR/T 0025.17 in clear text; the signer of tests/sm_card.py."""

    def __init__(self, plan, stranger):
        self.plan = plan
        self.ca = sm_card.ICC if stranger else sm_card.CA

    def issuer(self):
        """Value of 90."""
        return self._sealed(self.ca, sm_card.issuer_fields(), b"", "issuer")

    def icc(self, pan, static):
        """Value of 9F46."""
        return self._sealed(sm_card.ISSUER, sm_card.icc_fields(pan), static, "icc")

    def sdad(self, atc, signed):
        """Value of 9F4B."""
        return self._sealed(sm_card.ICC, b"\x15\x03\x02" + atc.to_bytes(2), signed, "sdad")

    def _sealed(self, key, fields, also_signed, slot):
        hashed, fields, flags = _bent(self.plan, fields, slot)
        signature = _signed_sm(key, hashed + also_signed)
        if flags & 2:
            signature = bytes(32) + signature[32:]
        if flags & 4:
            signature = signature[:32] + b"\xff" * 32
        return fields + signature


def _bent(plan, fields, slot):
    """(what is hashed, what is sent, flags) of the fields."""
    hashed, flags = fields, 0
    for one in plan:
        if one.slot == slot and one.how not in LOST:
            at = one.place % len(fields)
            fields = fields[:at] + bytes([one.a]) + fields[at + 1 :]
            hashed = hashed if one.b & 1 else fields
            flags |= one.b
    return hashed, fields, flags


@lru_cache(maxsize=4096)
def _signed(key, block):
    return key.sign(block)


@lru_cache(maxsize=4096)
def _signed_sm(key, text):
    return key.sign(text)
