# SPDX-License-Identifier: Apache-2.0
"""Bends: a good answer of a card changed in one way, by its objects or by its bytes.

A fuzzer that had to invent a certificate would never see what lies behind it. So it starts from a
card that works and says what to change: six bytes are one Bend.

| byte | meaning |
|---|---|
| 0 | bits 8-7: which presentation; the rest: which answer (SLOTS) |
| 1 | how (HOWS) |
| 2 | place: which object of the answer, counted through all templates, or which byte |
| 3-5 | what the way needs |
"""

from collections import namedtuple

from firmware.kernel import tags
from tests.fuzz import reference

SLOTS = (
    "PPSE", "SELECT", "GPO", "READ 1.1", "READ 2.1", "READ 2.2", "READ 3.1", "READ 3.2",
    "READ 3.3", "READ", "DATA 9F36", "DATA 9F79", "DATA 9F51", "DATA", "any",
    # what is bent before the card signs or sends anything
    "signed", "issuer", "icc", "sdad", "move", "afl",
    # answers that came later: the place in this table is part of the corpora
    "PROVE", "LOG", "DATA 9F4F",
)  # fmt: skip
BEFORE = SLOTS[15:21]
BYTES = 6
Bend = namedtuple("Bend", ("presentation", "slot", "how", "place", "a", "b", "c"))

TAGS = sorted(
    {value for name, value in vars(tags).items() if isinstance(value, int)}
    | {0x5F20, 0x5F28, 0x9F07, 0x9F33, 0x9F0B, 0xDF60, 0xDFDF01, 0x80, 0x71, 0xFF8101}
)
COUNTS = (
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    15,
    16,
    17,
    31,
    32,
    33,
    63,
    64,
    100,
    127,
    128,
    200,
    253,
)
WORDS = (0x9000, 0x6283, 0x6300, 0x6985, 0x6A81, 0x6A82, 0x6A83, 0x6A88, 0x6986, 0x6D00, 0x0000)


def read(choices):
    """List of Bend: all that is left of the Choices."""
    found = []
    while choices.left() > 0:
        where, how, place, a, b, c = choices.take(BYTES)
        slot = SLOTS[(where & 63) % len(SLOTS)]
        found.append(Bend(where >> 6, slot, HOWS[how % len(HOWS)], place, a, b, c))
    return found


def bent(answer, bend):
    """The answer (data and status word) changed; as it was where the change does not fit."""
    if bend.how in OF_BYTES:
        return OF_BYTES[bend.how](answer, bend)
    try:
        nodes = reference.tree(answer[:-2])
    except reference.Broken:
        return answer
    return _of_objects(nodes, bend) + answer[-2:]


def bent_objects(data, bend):
    """The same for a list of objects without a status word."""
    return bent(data + b"\x90\x00", bend)[:-2]


def value_of(bend, old=b""):
    """A value of a wanted length: a pattern, or the old one cut or stretched."""
    count = COUNTS[bend.a % len(COUNTS)]
    pattern = (b"\x00", b"\xff", b"\xbb", b"\x01", bytes([bend.c]), bytes(range(256)), old)
    body = pattern[bend.b % len(pattern)] or b"\x00"
    return (body * (count // len(body) + 1))[:count]


# --- by objects ---------------------------------------------------------------------------------


def _of_objects(nodes, bend):
    places = _places(nodes)
    if not places:
        return reference.written(nodes)
    siblings, at = places[bend.place % len(places)]
    node = siblings[at]
    if bend.how == "without":
        siblings.pop(at)
    elif bend.how == "twice":
        siblings.insert(at, node)
    elif bend.how == "value":
        node[1] = value_of(bend, _value(node))
    elif bend.how == "bytes":
        value = _value(node)
        start = bend.a % (len(value) + 1)
        node[1] = value[:start] + bytes([bend.b, bend.c]) + value[start + 2 :]
    elif bend.how == "bit":
        value = bytearray(_value(node))
        if value:
            value[bend.a % len(value)] ^= 1 << bend.b % 8
        node[1] = bytes(value)
    elif bend.how == "tag":
        node[0] = _tag(bend)
    elif bend.how == "insert":
        siblings.insert(at, [TAG_BYTES[bend.c % len(TAGS)], value_of(bend)])
    elif bend.how == "nest":
        siblings[at] = [_tag(bend), [node]]
    elif bend.how == "doubled":
        node[1] = _value(node) * 2
    elif bend.how == "last":
        siblings.append(siblings.pop(at))
    return reference.written(nodes)


def _places(nodes):
    """[(list, index)] of every object, outer before inner."""
    found = []
    for at, (_, value) in enumerate(nodes):
        found.append((nodes, at))
        if isinstance(value, list):
            found += _places(value)
    return found


def _value(node):
    return reference.written(node[1]) if isinstance(node[1], list) else node[1]


def _tag(bend):
    return TAG_BYTES[bend.a % len(TAGS)]


TAG_BYTES = [tag.to_bytes((tag.bit_length() + 7) // 8) for tag in TAGS]

# --- by bytes -----------------------------------------------------------------------------------


def _start(answer, bend):
    return (bend.place | (bend.a & 1) << 8) % (len(answer) + 1)


def _word(answer, bend):
    return answer[:-2] + WORDS[bend.a % len(WORDS)].to_bytes(2)


def _alone(answer, bend):
    return WORDS[bend.a % len(WORDS)].to_bytes(2)


def _set(answer, bend):
    start = _start(answer, bend)
    return answer[:start] + bytes([bend.b]) + answer[start + 1 :]


def _cut(answer, bend):
    start = _start(answer, bend)
    return answer[:start] + answer[start + 1 + bend.b :]


def _insert(answer, bend):
    start = _start(answer, bend)
    return answer[:start] + value_of(bend) + answer[start:]


def _repeat(answer, bend):
    start = _start(answer, bend)
    return answer[: start + 1 + bend.b] + answer[start:]


def _noise(answer, bend):
    return value_of(bend) + bytes([bend.place, bend.c])


OF_BYTES = {
    "word": _word,
    "alone": _alone,
    "set": _set,
    "cut": _cut,
    "put": _insert,
    "repeat": _repeat,
    "noise": _noise,
}
LOST = ("lose", "lose answer")  # the link goes before the command, or before its answer
HOWS = (
    "without", "twice", "value", "bytes", "bit", "tag", "insert", "nest", "doubled", "last",
    *OF_BYTES, *LOST,
)  # fmt: skip
