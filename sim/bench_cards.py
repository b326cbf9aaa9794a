# SPDX-License-Identifier: Apache-2.0
"""Cards for the bench whose answers have the lengths of the timing model's profiles: small,
typical, large (pn532.md, 6), with a chain and a signature that hold.

    authority, issuer, card = make("typical")       # test keys, a sim.card.Card in memory

Keys are chosen so that each certificate fits its record; what is left is filled by private tags. A
card is asked once and its lengths are held against the profile: a ValueError if they differ.
"""

from typing import NamedTuple

from firmware.kernel import apdu
from sim import coding
from sim.card import BUSY_MS, Card
from sim.coding import tlv
from sim.issuer import Authority, Profile
from sim.personalise import key_records, plain_records
from sim.recording import Told, ca_key, record
from sim.rsa_keys import RsaKey

SFI = 3
FIRST_FILLER = 0xDF01
IAD = "07010103000000"
MOST_BUILDS = 4
# FSC 256, no speed above 106 kbit/s, FWI 10 (309 ms): the GPO needs no S(WTX) in either engine
ATS = "057880A002"
PDOL = "9F66049F02069F03069F1A0295055F2A029A03{}9C019F3704"


class Shape(NamedTuple):
    """Bits of CA, issuer and card; `pdol`: what the usual 33 bytes lack; lengths of R-APDUs of
    PPSE, AID, GPO; (parts, length) of each record, the first of which is signed; the record, from
    1, that takes 9F4B, 0: the GPO answer.
    """

    bits: tuple
    pdol: str
    answers: tuple
    records: tuple
    sdad_in: int = 0
    track2_in: str = "gpo"


SHAPES = {
    "small": Shape(
        (1104, 816, 512), "DF6901", (60, 75, 72),
        (("signed issuer", 180), ("icc objects", 220), ("rest", 110)), 2,
    ),
    "typical": Shape(
        (1792, 1280, 1024), "9F2103", (70, 95, 200),
        (("signed objects", 62), ("icc", 182), ("issuer", 250), ("rest", 150)), 0, "",
    ),
    "large": Shape(
        (1984, 1952, 1408), "9F2103", (90, 120, 80),
        (("signed objects", 100), ("icc", 256), ("issuer", 256), ("", 200), ("rest", 180)), 4,
    ),
}  # fmt: skip
# Of the profiles: whole card time, so that READ RECORD takes 10..12 (pn532.md, 6)
CARD_MS = {"small": 97, "typical": 184, "large": 312}


def make(name, pan="6228000100000012", authority=None, issuer=None):
    """(Authority, Issuer, Card) of a profile; a card of the same issuer where it is given."""
    shape = SHAPES[name]
    authority = authority or Authority.generate(bits=shape.bits[0])
    issuer = issuer or authority.issue_issuer(bits=shape.bits[1])
    profile = profile_of(shape)
    image = issuer.personalise(pan, profile)
    image["busy_ms"] = busy_ms(name)
    missing = [0] * len(wanted(shape))
    for _ in range(MOST_BUILDS):
        lay(image, shape, issuer, profile, missing)
        found = lengths(authority, Card(image))
        if found == wanted(shape):
            return authority, issuer, Card(image)
        missing = [
            fill + want - got
            for fill, want, got in zip(missing, wanted(shape), found, strict=True)
        ]
    raise ValueError(f"a {name} card of {found}, not {wanted(shape)}")


def wanted(shape):
    """Lengths of all R-APDUs in their order."""
    return [*shape.answers, *(length for _, length in shape.records)]


def busy_ms(name):
    """{command: ms} that add up to the card time of the profile."""
    usual = dict(BUSY_MS)
    reads = len(SHAPES[name].records)
    left = CARD_MS[name] - usual["PPSE"] - usual["SELECT"] - reads * usual["READ RECORD"]
    return {**usual, "GPO": left}


def lengths(authority, card):
    """Lengths of the R-APDUs of one tap that is approved."""
    told = Told(name="bench", note="", cas=[ca_key(authority)], amount_fen=100)
    session, (sold,) = record(told, card)
    if sold.outcome.outcome != "approved":
        raise ValueError(f"not approved: {sold.outcome.reason} {sold.outcome.detail}")
    (exchanges,) = session.presentations
    return [len(one.answer) for one in exchanges if one.command[1] != apdu.INS_GET_DATA]


def profile_of(shape):
    """The Profile of a shape, its lists without logs."""
    pdol = PDOL.format(shape.pdol) if shape.pdol[:2] == "9F" else PDOL.format("") + shape.pdol
    return Profile(
        bits=shape.bits[2],
        pdol=pdol,
        track2_in=shape.track2_in,
        idd="",
        ats=ATS,
        balance_fen=90_000_000,
        ceiling_fen=None,
        log=False,
        load_log=False,
    )


def lay(image, shape, issuer, profile, missing):
    """Lay the records as the shape says, `missing` bytes more in each answer than it has so."""
    key = RsaKey.from_json(image["icc_rsa"])
    parts = {name: bodies[0] for name, bodies in plain_records(image["pan"], profile).items()}
    parts["issuer"], parts["objects"], *_ = key_records(image["pan"], profile, key, issuer, b"")
    names = [part for part, _ in shape.records]
    tags = iter(range(FIRST_FILLER, FIRST_FILLER + 99))
    signed = joined(parts, names[0]) + filler(tags, missing[3])
    static = signed + bytes.fromhex(profile.aip)
    _, _, parts["icc"], *_ = key_records(image["pan"], profile, key, issuer, static)
    bodies = [
        joined(parts, name) + filler(tags, more)
        for name, more in zip(names[1:], missing[4:], strict=True)
    ]
    image["records"] = {
        record_name(at): tlv(0x70, body).hex().upper()
        for at, body in enumerate([signed, *bodies], 1)
    }
    image["profiles"]["qpboc"].update(
        afl=f"{SFI << 3:02X}01{len(names):02X}01",
        sdad_record=record_name(shape.sdad_in) if shape.sdad_in else "",
        available_record="",
    )
    static = bytes(max(missing[2] - 1, 0))  # issuer's, not one of the kinds with a MAC
    image["iad_template"] = IAD + (bytes((len(static),)) + static).hex() * (missing[2] > 1)
    ppse, fci = (bytes.fromhex(image[name]) for name in ("ppse", "fci_contactless"))
    image.setdefault("bench", [ppse.hex(), fci.hex()])
    ppse, fci = (bytes.fromhex(one) for one in image["bench"])
    image["ppse"] = stretched(ppse, filler(tags, missing[0])).hex().upper()
    image["fci_contactless"] = stretched(fci, filler(tags, missing[1])).hex().upper()


def record_name(number):
    """SFI and number as an image has them."""
    return f"{SFI:02X}{number:02X}"


def joined(parts, names):
    return b"".join(parts[name] for name in names.split())


def filler(tags, count):
    """Objects of private tags, `count` bytes in all; nothing for less than three."""
    if count < 3:
        return b""
    if count == 131:  # 3 + 127 is one less, 4 + 128 one more
        return filler(tags, 3) + filler(tags, 128)
    return tlv(next(tags), bytes(count - (3 if count < 131 else 4)))


def stretched(template, more):
    """A template 6F with `more` at the end of its A5, in a BF0C of its own where there is none."""
    name, own = coding.find(template, 0x6F, 0x84), coding.find(template, 0x6F, 0xA5)
    return tlv(0x6F, tlv(0x84, name) + tlv(0xA5, own + more))
