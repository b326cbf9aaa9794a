# SPDX-License-Identifier: Apache-2.0
"""Cards that no issuer would make, as a table: each field wrong in each way.

    for row in rows(authority, issuer):
        card = Hostile(Card(issuer.personalise(pan)), row.bend)

A Row has a `name` ("gpo 9F36 missing"), a `bend`, the numbers of the terminal's requirements it
`breaks` (qpboc.md 1), and `spared`: True when a terminal may accept the card all the same, because
what is wrong is none of its business or cannot be seen by it. All other rows must never end in an
approval. bend(card, command, answer) returns the answer that the terminal gets.
"""

from collections import namedtuple

from sim import hostile_answers, hostile_blocks
from sim.coding import objects, tlv

Row = namedtuple("Row", "name bend breaks spared")
Field = namedtuple("Field", "place tag breaks spared")

OTHER_TAG = 0xDF7E
PPSE, SELECT, GPO, RECORD, GET_DATA = "ppse", "select", "gpo", "record", "get_data"
PLACES = (PPSE, SELECT, GPO, RECORD, GET_DATA)


class Hostile:
    """A card seen through a bend; `hits` counts the answers that it changed."""

    def __init__(self, card, bend):
        self.card, self.bend, self.hits = card, bend, 0
        self.uid, self.ats, self.kind, self.busy_ms = card.uid, card.ats, card.kind, 0

    def power_up(self):
        """As the card."""
        self.card.power_up()

    def exchange(self, c_apdu, spare=None):
        """The card's answer, bent."""
        answer = self.card.exchange(c_apdu)
        self.busy_ms = self.card.busy_ms
        bent = self.bend(self.card, bytes(c_apdu), answer)
        self.hits += bent != answer
        return bent


def place_of(command):
    """Which answer a command asks for; "" for none of ours."""
    if command[1] == 0xA4:
        return PPSE if command[5:].startswith(b"2PAY") else SELECT
    return {0xA8: GPO, 0xB2: RECORD, 0xCA: GET_DATA}.get(command[1], "")


# --- the ways, each (data, tag) -> data, of one answer without its status word -------------------


def edited(data, tag, change):
    """`data` with change(tag, value) -> bytes in place of every object `tag`, at any depth."""
    out = b""
    for one, value in objects(data):
        if one == tag:
            out += change(one, value)
        elif one >> (one.bit_length() - 1) // 8 * 8 & 0x20:
            out += tlv(one, edited(value, tag, change))
        else:
            out += tlv(one, value)
    return out


def _of_value(change):
    return lambda data, tag: edited(data, tag, lambda one, value: tlv(one, change(value)))


def _of_object(change):
    return lambda data, tag: edited(data, tag, change)


def _outside(data, tag):
    """The object behind the template instead of in it."""
    taken = []

    def take(one, value):
        taken.append(tlv(one, value))
        return b""

    return edited(data, tag, take) + b"".join(taken)


def _name(tag):
    return tag.to_bytes((tag.bit_length() + 7) // 8, "big")


def _flip(value, at, mask):
    changed = bytearray(value)
    if changed:
        changed[at] ^= mask
    return bytes(changed)


WAYS = {
    "missing": _of_object(lambda tag, value: b""),
    "empty": _of_value(lambda value: b""),
    "a byte short": _of_value(lambda value: value[:-1]),
    "a byte long": _of_value(lambda value: value + b"\0"),
    "first bit flipped": _of_value(lambda value: _flip(value, 0, 0x80)),
    "last bit flipped": _of_value(lambda value: _flip(value, -1, 0x01)),
    "all zeros": _of_value(lambda value: bytes(len(value))),
    "all ones": _of_value(lambda value: b"\xff" * len(value)),
    "twice": _of_object(lambda tag, value: tlv(tag, value) * 2),
    "twice and differing": _of_object(
        lambda tag, value: tlv(tag, value) + tlv(tag, _flip(value, -1, 1))
    ),
    "under another tag": _of_object(lambda tag, value: tlv(OTHER_TAG, value)),
    "behind its template": _outside,
    "wrapped in a template": _of_object(lambda tag, value: tlv(0x73, tlv(tag, value))),
    "claiming a byte more": _of_object(
        lambda tag, value: _name(tag) + tlv(0x01, value + b"\0")[1:-1]
    ),
    "claiming a byte less": _of_object(
        lambda tag, value: _name(tag) + tlv(0x01, value[:-1])[1:] + value[-1:]
    ),
    "of indefinite length": _of_object(lambda tag, value: _name(tag) + b"\x80" + value + b"\0\0"),
    "with a length of five bytes": _of_object(
        lambda tag, value: _name(tag) + b"\x85" + len(value).to_bytes(5, "big") + value
    ),
    "overlong": _of_value(lambda value: value + bytes(max(0, 200 - len(value)))),
}

# What a terminal may let pass. A field it does not need, or one that only the issuer can check,
# may be anything that is well-formed; one that stands twice may not.
WELL_FORMED = (
    "missing", "empty", "a byte short", "a byte long", "first bit flipped", "last bit flipped",
    "all zeros", "all ones", "under another tag", "wrapped in a template", "overlong",
)  # fmt: skip
OF_ITS_LENGTH = ("first bit flipped", "last bit flipped", "all zeros", "all ones")
EMPTY = ("empty", "a byte short")
AT_ITS_END = ("a byte short", "a byte long", "last bit flipped")
ABSENT = ("missing", "under another tag", "wrapped in a template")
# A PPSE is read for its AIDs: what else is wrong in it may pass as long as one can be read
ANY = tuple(WAYS)

# Zeros between objects are no objects (JR/T 0025.5 B.1): a template may be filled up with them
FILLED = ("a byte long", "overlong")
# A template may also come again where the first that can be read counts; a bit of what is in it is
# the business of the field
AGAIN = (*FILLED, "twice", "twice and differing", "first bit flipped", "last bit flipped")
# A length that lies by one eats or leaves a byte that may be well-formed by chance
LYING = (*WELL_FORMED, "claiming a byte more", "claiming a byte less")
TOP = (0x6F, 0x70, 0x77)

FIELDS = (
    Field(PPSE, 0x6F, (77,), (*FILLED, "first bit flipped", "last bit flipped")),
    Field(PPSE, 0x84, (77, 79), ANY),
    Field(PPSE, 0xA5, (77, 79), AGAIN),
    Field(PPSE, 0xBF0C, (77, 79), AGAIN),
    Field(PPSE, 0x61, (77, 79), ANY),
    Field(PPSE, 0x4F, (79, 81, 85), ("a byte short", "twice", "twice and differing")),
    Field(PPSE, 0x50, (79,), ANY),
    Field(PPSE, 0x87, (79, 82), ANY),
    Field(SELECT, 0x6F, (87,), (*FILLED, "first bit flipped", "last bit flipped")),
    Field(SELECT, 0x84, (87,), ANY),
    Field(SELECT, 0xA5, (87, 88), AGAIN),
    Field(SELECT, 0x50, (87, 90), ANY),
    Field(SELECT, 0x87, (87,), ANY),
    Field(SELECT, 0x9F38, (88, 91), ("twice", "twice and differing", "overlong")),
    Field(SELECT, 0x5F2D, (87, 90), ANY),
    Field(SELECT, 0xBF0C, (87, 90), ANY),
    Field(SELECT, 0x9F4D, (87, 90), ANY),
    Field(GPO, 0x77, (104, 108), (*FILLED, "last bit flipped")),
    Field(GPO, 0x82, (109, 145), ()),
    Field(GPO, 0x94, (109, 118), ()),
    Field(GPO, 0x9F36, (109, 149, 205), ()),
    Field(GPO, 0x57, (109, 116, 137), (*ABSENT, *AT_ITS_END)),
    # the byte left over is a filling zero once in 256 cards
    Field(GPO, 0x9F10, (109, 111, 112), (*AT_ITS_END, "claiming a byte less")),
    Field(GPO, 0x9F26, (109, 144), OF_ITS_LENGTH),
    Field(GPO, 0x9F4B, (109, 144, 149, 203), ()),
    Field(GPO, 0x5F34, (109, 137), (*ABSENT, *EMPTY, *OF_ITS_LENGTH)),
    Field(GPO, 0x9F6C, (211,), LYING),
    Field(GPO, 0x9F5D, (119,), LYING),
    Field(RECORD, 0x70, (126, 139), FILLED),
    Field(RECORD, 0x90, (144, 147, 186, 189), ()),
    Field(RECORD, 0x8F, (144, 146, 187), ()),
    Field(RECORD, 0x9F32, (144, 186, 191), ()),
    Field(RECORD, 0x9F46, (144, 148, 186, 197), ()),
    Field(RECORD, 0x9F47, (144, 186, 199), ()),
    Field(RECORD, 0x5A, (132, 137, 144, 199, 200), ()),
    Field(RECORD, 0x5F24, (130, 144, 152, 199), ()),
    Field(RECORD, 0x5F25, (134, 199), ()),
    Field(RECORD, 0x9F08, (150, 199, 210), ()),
    Field(RECORD, 0x9F4A, (140, 199), ()),
    Field(RECORD, 0x5F28, (126, 127), LYING),
    Field(RECORD, 0x9F07, (126, 127, 135), LYING),
    Field(RECORD, 0x5F20, (126, 127, 129), LYING),
    Field(RECORD, 0x9F63, (126, 127), LYING),
    Field(RECORD, 0x9F74, (126, 127, 260), WELL_FORMED),
    Field(RECORD, 0x9F69, (206, 208, 211), ()),
    Field(GET_DATA, 0x9F79, (175, 245), ANY),
)
# Of keys as long as those that certify them
REMAINDER_FIELDS = (
    Field(RECORD, 0x92, (144, 186, 196), ()),
    Field(RECORD, 0x9F48, (144, 186, 202), ()),
)
SIGNED = (0x90, 0x9F46, 0x9F4B, 0x9F10, 0x9F69, 0x5A, 0x8F)


def field_rows(fields=FIELDS):
    """One Row for each field and way."""
    for place, tag, breaks, spared in fields:
        for way, change in WAYS.items():
            if (tag in TOP or place == GET_DATA) and way == "behind its template":
                continue  # there is none around it
            yield Row(f"{place} {tag:X} {way}", _at(place, change, tag), breaks, way in spared)


def _at(place, change, tag):
    def bend(card, command, answer):
        if place_of(command) != place or answer[-2:] != b"\x90\x00":
            return answer
        return change(answer[:-2], tag) + answer[-2:]

    return bend


def groups(authority, issuer):
    """(words, [Row]) for cards of these keys (sim/issuer.py) and the default Profile.

    All fields and answers for usual RSA keys; for keys that leave remainders and for those of SM2
    only what differs there: the rest is the same card.
    """
    if issuer.key.suite == "sm2":
        signed = [one for one in FIELDS if one.tag in SIGNED]
        yield "fields of SM2 cards that are signed, in each way", list(field_rows(signed))
    elif issuer.remainder:
        yield "remainders, in each way", list(field_rows(REMAINDER_FIELDS))
    else:
        yield "fields, in each way", list(field_rows())
        for words, found in hostile_answers.groups():
            yield words, [Row(*one) for one in found]
    blocks = hostile_blocks.rows(authority, issuer)
    yield "certificates and signatures with one field wrong", [Row(*one) for one in blocks]


def rows(authority, issuer):
    """Every Row of groups(); names are distinct."""
    return [row for _, found in groups(authority, issuer) for row in found]
