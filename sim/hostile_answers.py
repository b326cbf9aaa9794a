# SPDX-License-Identifier: Apache-2.0
"""Hostile rows of whole answers: status words, lengths, wrong places, AFL, depth, number.

A row is (name, bend, breaks, spared) as sim/hostile.py says.
"""

import copy

from sim import coding
from sim.coding import tlv

# Lengths that are tried where the terminal cannot have gone far: around the limits of TLV and APDU
EDGES = (*range(12), *range(125, 131), *range(250, 259))
INSTRUCTIONS = {"ppse": 0xA4, "select": 0xA4, "gpo": 0xA8, "record": 0xB2, "get_data": 0xCA}
WORDS = (
    "6283", "6300", "6581", "6700", "6981", "6985", "6A81", "6A82", "6A83", "6A88", "6C10", "6D00",
    "6E00", "6F00", "6110", "9001", "9100", "0000", "FFFF",
)  # fmt: skip
MOST_ANSWER = 258
# requirements by place: of a status word, of an answer that is no TLV
WORD_BREAKS = {
    "ppse": (77,),
    "select": (86,),
    "gpo": (103,),
    "record": (125, 166),
    "get_data": (267,),
}
NOISE_BREAKS = {
    "ppse": (77,),
    "select": (87,),
    "gpo": (104, 108),
    "record": (126, 139),
    "get_data": (267,),
}

# What stands in place of the card's own AFL, 1001030018010301; it is signed nowhere, so that
# another order of the same records may pass
SPARED_AFLS = ("the last record first",)
AFLS = (
    ("no entry", ""),
    ("a byte short", "10010300180103"),
    ("a byte long", "100103001801030100"),
    ("SFI 0", "0001030018010301"),
    ("SFI 31", "F801030018010301"),
    ("low bits set", "1101030018010301"),
    ("first record 0", "1000030018010301"),
    ("first behind last", "1003010018010301"),
    ("more signed than there are", "1001030418010301"),
    ("a file that is not there", "1001030028010301"),
    ("a record that is not there", "1001090018010301"),
    ("every record of a file", "1001FF0018010301"),
    ("one record", "18030300"),
    ("the last record first", "180303001001030018010201"),
    ("the last record twice", "1001030018010301" + "18030300"),
    ("the same file twice", "10010300" + "10010300" + "18010301"),
    ("sixty entries", "10010300" * 59 + "18010301"),
    ("thirty records", "10011E00" + "18010301"),
    ("the log", "58010A00" + "1001030018010301"),
    ("no signed record", "1001030018010300"),
    ("all signed", "1001030318010303"),
)


def groups():
    """(words, rows) of this file."""
    return (
        ("status words, alone and with data", _words()),
        ("answers of 0 to 258 bytes", _lengths()),
        ("file locators", _afls()),
        ("answers and objects in the wrong place", _misplaced()),
        ("templates without end", _shapes()),
    )


def place_is(place, command):
    """True when `command` asks for the answer of `place`."""
    if command[1] != INSTRUCTIONS[place]:
        return False
    ppse = command[5:].startswith(b"2PAY")
    return {"ppse": ppse, "select": not ppse}.get(place, True)


def _instead(place, change):
    """A bend of one place: change(card, answer) -> answer."""

    def bend(card, command, answer):
        return change(card, answer) if place_is(place, command) else answer

    return bend


def _words():
    for place in INSTRUCTIONS:
        for word in WORDS:
            sw = bytes.fromhex(word)
            spared = place == "get_data"
            alone = _instead(place, lambda card, answer, sw=sw: sw)
            yield f"{place} answers {word}", alone, WORD_BREAKS[place], spared
            with_data = _instead(place, lambda card, answer, sw=sw: answer[:-2] + sw)
            yield f"{place} answers {word} with data", with_data, WORD_BREAKS[place], spared


def _lengths():
    """Answers of 0 to 258 bytes: zeros, and the card's own cut off or filled up."""
    for place in INSTRUCTIONS:
        all_of_them = place in ("gpo", "record")
        for count in range(MOST_ANSWER + 1) if all_of_them else EDGES:
            noise = bytes(max(0, count - 2)) + b"\x90\x00"[: min(2, count)]
            bend = _instead(place, lambda card, answer, noise=noise: noise)
            spared = place == "get_data"
            yield f"{place} answers {count} bytes of nothing", bend, NOISE_BREAKS[place], spared

            def cut(card, answer, count=count):
                body = answer[:-2]
                return body[: count - 2].ljust(count - 2, b"\0") + b"\x90\x00"

            if count >= 2 and place != "get_data" and count in EDGES:
                bend = _instead(place, cut)
                # What is filled up with zeros may pass: they are no objects (JR/T 0025.5 B.1)
                yield f"{place} cut to {count} bytes", bend, NOISE_BREAKS[place], True


def _afls():
    for words, text in AFLS:
        afl = bytes.fromhex(text)

        def change(card, answer, afl=afl):
            body = coding.find(answer[:-2], 0x77)
            if body is None:
                return answer
            parts = [(tag, afl if tag == 0x94 else value) for tag, value in coding.objects(body)]
            return tlv(0x77, b"".join(tlv(*part) for part in parts)) + answer[-2:]

        spared = words in SPARED_AFLS
        yield f"afl: {words}", _instead("gpo", change), (118, 122, 138, 142, 161), spared


def _misplaced():
    """Answers that belong elsewhere."""
    for place in ("select", "gpo", "record"):
        last = []

        def previous(card, command, answer, last=last, place=place):
            given = last[-1] if last and place_is(place, command) else answer
            last[:] = [answer]
            return given

        yield f"{place} repeats the answer before it", previous, NOISE_BREAKS[place], False
    for words, place, command in (
        ("ppse answers with an application", "ppse", "00A4040008A00000033301010100"),
        ("select answers with the ppse", "select", "00A404000E325041592E5359532E444446303100"),
        ("gpo answers with a record", "gpo", "00B2031C00"),
        ("every record is the first", "record", "00B2011400"),
        ("every record is the last", "record", "00B2031C00"),
        ("every record is the log format", "record", "80CA9F4F00"),
    ):
        asked = bytes.fromhex(command)

        def other(card, answer, asked=asked):
            return _peek(card, asked)

        yield words, _instead(place, other), NOISE_BREAKS[place], False
    for tag, place in ((0x5A, "gpo"), (0x90, "gpo"), (0x9F69, "gpo"), (0x5F34, "record"),
                       (0x9F36, "record"), (0x9F10, "record"), (0x9F4B, "record")):  # fmt: skip

        def added(card, answer, tag=tag):
            if answer[-2:] != b"\x90\x00":
                return answer
            ((template, body),) = coding.objects(answer[:-2])
            return tlv(template, body + tlv(tag, b"\x01")) + answer[-2:]

        words = f"{tag:X} in the {place} answer too"
        yield words, _instead(place, added), (127,), False


def _peek(card, command):
    """What the card would answer; it stays as it was."""
    kept = copy.deepcopy(card.state), card.selected, card.opened
    answer = card.exchange(command)
    card.state, card.selected, card.opened = kept
    return answer


def _shapes():
    """Templates in templates, lists without end, objects by the dozen."""
    nested = b""
    for _ in range(40):
        nested = tlv(0x70, nested)
    deep = tlv(0x77, nested)
    entry = tlv(0x61, tlv(0x4F, bytes.fromhex("A000000003101000")) + tlv(0x50, b"X"))
    crowd = tlv(0x6F, tlv(0x84, b"2PAY.SYS.DDF01") + tlv(0xA5, tlv(0xBF0C, entry * 15)))
    many = b"".join(tlv(0xDF01 + number, b"") for number in range(60))
    no_ttq, huge = b"\x9a\x03" * 100, b"\x9f\x66\x04" + b"\x9f\x02\xff" * 60
    for words, place, answer, breaks in (
        ("gpo: templates forty deep", "gpo", deep, (108,)),
        ("record: templates forty deep", "record", nested, (126,)),
        ("ppse: fifteen strangers", "ppse", crowd, (79, 85)),
        ("gpo: sixty empty objects", "gpo", tlv(0x77, many), (109,)),
        ("record: sixty empty objects", "record", tlv(0x70, many), (126, 127)),
        ("select: a PDOL without 9F66", "select", _fci(no_ttq), (88,)),
        ("select: a PDOL of fifteen thousand bytes", "select", _fci(huge), (91,)),
    ):
        sent = answer + b"\x90\x00"
        bend = _instead(place, lambda card, answer, sent=sent: sent)
        yield words, bend, breaks, False


def _fci(pdol):
    name = tlv(0x84, bytes.fromhex("A000000333010101"))
    return tlv(0x6F, name + tlv(0xA5, tlv(0x9F38, pdol)))
