# SPDX-License-Identifier: Apache-2.0
"""The small card with keys of SM2, on both interpreters (JR/T 0025.17; qpboc.md 2.9).

A signer whose k and k*G are constants needs no curve to sign: r = e + x1, s = (k - r d) / (1 + d).
That gives d away, and these keys protect nothing. Keys, k and points were made with gmssl:

    d, k = random.randrange(1, N - 1), random.randrange(1, N)
    CryptSM2("", "")._kg(d, G), CryptSM2("", "")._kg(k, G)[:64]

The hash is the kernel's own SM3; tests/host holds it against other people's.
"""

from firmware.kernel import capk, oda_sm2, sm2, tags, tlv
from firmware.kernel.sm3 import sm3
from tests.cards import SM_INDICATOR
from tests.small_card import PDOL, RID, SmallCard, objects_of, values

N = sm2.N


class SmSigner:
    """`point`: the public key, 64 bytes; sign() gives r and s."""

    def __init__(self, d, point, k, x1):
        self.d, self.k, self.x1 = int(d, 16), int(k, 16), int(x1, 16)
        self.point = bytes.fromhex(point)
        self.za = sm2.za(self.point)
        self.inverse = pow(self.d + 1, N - 2, N)  # MicroPython has no pow(x, -1, n)

    def sign(self, text):
        """r and s over SM3(ZA, text)."""
        r = (int.from_bytes(sm3(self.za + text), "big") + self.x1) % N
        s = (self.k - r * self.d) * self.inverse % N
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


CA = SmSigner(
    "F9A491B250D858C064AEA6E7AB516C55FBCB2DD8E7265DF93684F170CB630FC8",
    "2D70CDA7928AFACD31EBAF103C94C2CEF961636ADFD0A563DDAADC392AE22F43"
    "C9B72399EE8B7664E02E86107CFD665EEF30636EDEA16B7D2B7228D87774D77F",
    "BBB4E5E2A30EBE67CF65F16EF7F7B49A8C488B437C0713856129AABDB962B29B",
    "8E9FF9C65570D1379A58B1CE876CC5E6C68769A8B2CA84DA21C1D0D1D5C6BFBC",
)
ISSUER = SmSigner(
    "EE6D92A98B343838AF80A111DD67F520B3C51ECA4A4DF249391E6EFAC6A720C7",
    "14A78847DEE71842308CE8F023D6D6DDD5166A8A6A6C2AE16BD46C3BF5351F8C"
    "EA0FFAEC11BAAD650AAC352D8276338AF6C9B8446F18E94680EF85332866C4C6",
    "9A3954DD88BB3475F6775724835942E11CA297E3F01B512BABEB878CD5929D51",
    "1B9176D235DB0EB1F1CD36FE2A1058C4AC564E7EE524FA2BAD82FDFC83D55F52",
)
ICC = SmSigner(
    "D520B423F06FFCD6044E321881C196BF54460F456B895C2E782926416EB31DB4",
    "57932A2C5DA6DE790AB79A9330C6813DE28B93D02F5B312F9CD7B4F742DE686B"
    "CF3FB1C56CF4AB8B76CF3317EDDE1751C0332363EA49AE34FFC95FC94D363975",
    "E770DCD7EC4A07F961552EEF33CFCEA65B3F378B5AA48DCD1C891FE7F5BA5370",
    "2F956A190866461910C720A094DDB036428BD7DB8BC830A34FC4FCE69785840E",
)
CAPK = capk.new(RID, 0x57, oda_sm2, CA.point)


def issuer_fields(owner="622800ff", expiry="1249", ids="04001140", point=ISSUER.point):
    """Certificate 90 before its signature (JR/T 0025.17 table 4)."""
    return b"\x12" + bytes.fromhex(owner + expiry + "000001" + ids) + point


def icc_fields(pan, expiry="1235", ids="04001140", point=ICC.point):
    """Certificate 9F46 before its signature (JR/T 0025.17 table 8)."""
    owner = pan + "f" * (20 - len(pan))
    return b"\x14" + bytes.fromhex(owner + expiry + "000001" + ids) + point


def sealed(key, fields, also_signed=b""):
    """Fields and the signature over them and what does not travel with them."""
    return fields + key.sign(fields + also_signed)


ISSUER_CERTIFICATE = sealed(CA, issuer_fields())


class SmCard(SmallCard):
    """SmallCard on the SM path: SM2 certificates and signatures, SM4 in 9F10, DF69 in its PDOL."""

    symmetric = b"\x04"

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.fci = tlv.build(tags.PDOL, PDOL + b"\xdf\x69\x01")

    def key_records(self, static):
        """As of SmallCard; neither exponents nor remainders."""
        certificate = sealed(ISSUER, icc_fields(self.pan), static)
        issuer = objects_of((0x8F, bytes((CAPK.index,))), (0x90, ISSUER_CERTIFICATE))
        return issuer, objects_of((0x9F46, certificate))

    def signature(self, signed, atc=None):
        """9F4B over the ATC and `signed` (JR/T 0025.17 table 11)."""
        dynamic = b"\x02" + (self.atc if atc is None else atc).to_bytes(2, "big")
        return sealed(ICC, b"\x15\x03" + dynamic, signed)


def sm_values(amount_fen=200, **more):
    """What a terminal with an SM2 key sends."""
    sent = values(amount_fen, **more)
    sent[SM_INDICATOR] = b"\x01"
    return sent
