# SPDX-License-Identifier: Apache-2.0
"""Targets without a dialogue: TLV, DOL, texts, stored bytes.

A target takes any bytes and returns None; an AssertionError, or any other exception, is a finding.
FormatError is the only thing a parser may raise, and it is caught at each call alone.
"""

from firmware import settings
from firmware.devices import entries
from firmware.errors import FormatError
from firmware.formats import parameters, pending, record, session
from firmware.kernel import bcd, card_number, dol, oda, selection, tags, tap, tlv
from tests.fuzz import reference
from tests.fuzz.choices import Choices

REFUSED = object()  # what parsed() returns for a FormatError


def parsed(parse, *arguments):
    """What a parser returns, REFUSED for a FormatError that says something."""
    try:
        return parse(*arguments)
    except FormatError as wrong:
        assert str(wrong)
        return REFUSED


# --- TLV and DOL --------------------------------------------------------------------------------


def read_tlv(data):
    """parse, parse_template and build against reference.py, both ways."""
    found = parsed(tlv.parse, data)
    try:
        expected = reference.tree(data)
    except reference.Broken:
        expected = REFUSED
    if found is REFUSED:
        assert expected is REFUSED or _depth(expected) > tlv.MAX_DEPTH
    else:
        assert _plain(found) == expected, data.hex()
        written = b"".join([tlv.build(one.tag, one.value) for one in found])
        assert tlv.parse(written) == found and len(written) <= len(data)
    _read_template(data, found)


def _read_template(data, found):
    if data[:1] == b"\x00":
        assert parsed(tlv.parse_template, data, 0x70) is REFUSED
        return
    tag = tlv.read_tag(data, 0)[0] if parsed(tlv.read_tag, data, 0) is not REFUSED else 0x70
    children = parsed(tlv.parse_template, data, tag)
    assert parsed(tlv.parse_template, data, tag ^ 1) is REFUSED
    if children is not REFUSED:
        ((_, value),) = reference.objects(data)
        assert _plain(children) == reference.tree(value)
    elif found is not REFUSED and len(found) == 1 and found[0].children is not None:
        assert data[-1] == 0  # padding behind it


def _plain(found):
    return [
        [tlv.encode_tag(one.tag), one.value if one.children is None else _plain(one.children)]
        for one in found
    ]


def _depth(nodes):
    inner = [_depth(value) + 1 for _, value in nodes if isinstance(value, list)]
    return max(inner, default=0)


def read_dol(data):
    """A DOL of the first half filled with values of the second; taken() gives back what fitted."""
    choices = Choices(data)
    text = choices.take(min(choices.byte(), max(0, len(data) - 1)))
    listed = parsed(dol.parse, text)
    try:
        expected = reference.dol(text)
    except reference.Broken:
        expected = REFUSED
    assert (listed is REFUSED) == (expected is REFUSED), text.hex()
    if listed is REFUSED:
        return
    assert list(listed) == expected
    values = {tag: choices.take(choices.below(14)) for tag, _ in listed}
    filled = parsed(dol.fill, listed, values)
    total = sum(length for _, length in listed)
    assert (filled is REFUSED) == (total > dol.MAX_DATA)
    if filled is REFUSED:
        return
    assert len(filled) == total
    at = 0
    for tag, length in listed:
        assert filled[at : at + length] == _fitted(tag, values[tag], length)
        first = [place for place, one in enumerate(listed) if one[0] == tag][0]
        start = sum(length for _, length in listed[:first])
        assert dol.taken(listed, filled, tag) == filled[start : start + listed[first][1]]
        at += length
    absent = [tag for tag in (0xDF7F, 0xDF7E) if tag not in values]
    assert not absent or dol.taken(listed, filled, absent[0]) is None


def _fitted(tag, value, length):
    """The rule of JR/T 0025.4 §5.3 once more: numbers to the right, the rest to the left."""
    constructed = bytes([tag >> 8 * max(0, (tag.bit_length() - 1) // 8)])[0] & 0x20
    if constructed or not value:
        return bytes(length)
    if tag in tags.NUMERIC:
        return (bytes(length) + value)[len(value) :]
    fill = b"\xff" if tag in tags.COMPRESSED_NUMERIC else b"\x00"
    return (value + fill * length)[:length]


def read_answers(data):
    """Answers of a card, each to the function that reads it alone."""
    choices = Choices(data)
    kind, body = choices.below(7), choices.rest()
    if kind == 0:
        found = parsed(selection.directory_entries, body)
        assert found is REFUSED or len(found) <= selection.MAX_CANDIDATES
    elif kind == 1:
        parsed(selection.parse_fci, b"\xa0\x00\x00\x03\x33\x01\x01\x01", body)
    elif kind == 2:
        _read_afl(body)
    elif kind == 3:
        _read_number(body)
    elif kind == 4:
        steps = card_number.read_card_number()
        next(steps)
        try:
            steps.send(body)
        except StopIteration as end:
            assert end.value == "" or 11 <= len(end.value) <= 19 and end.value.isdecimal()
    elif kind == 5:
        parsed(bcd.to_date, body)
        parsed(bcd.to_month, body)
        parsed(bcd.pan_of_57, body)
    else:
        _rebuild(body)


def _read_afl(body):
    found = parsed(tap.parse_afl, body)
    if found is not REFUSED:
        named = [(sfi, n) for sfi, first, last, _ in found for n in range(first, last + 1)]
        assert 0 < len(named) <= tap.MAX_RECORDS
        assert named[-1] not in named[:-1], "the record that commits is named twice"
        assert all(1 <= sfi <= 30 and 1 <= n <= 255 for sfi, n in named)


def _read_number(body):
    number = parsed(bcd.to_int, body)
    if number is not REFUSED and body:
        assert bcd.from_int(number, len(body)) == body
    pan = parsed(bcd.pan_of_5a, body)
    assert pan is REFUSED or (11 <= len(pan) <= 19 and pan.isdecimal())
    if pan is not REFUSED:
        assert entries.pan_text(record.pan_bytes(pan)) == pan


def _rebuild(body):
    """A pending entry's pieces: GPO answer and records, each behind its length."""
    choices = Choices(body)
    pieces = []
    while choices.left() > 0:
        pieces.append(choices.take(choices.byte()))
    records = [(2, number, piece) for number, piece in enumerate(pieces[3:], 1)]
    pieces += [b""] * 3
    aid = b"\xa0\x00\x00\x03\x33\x01\x01\x01"
    found = parsed(tap.rebuilt, aid, pieces[0], pieces[1], pieces[2], records)
    if found is not REFUSED:
        assert found.decision in ("TC", "AAC", "ARQC")
        for value in (found.pan, found.psn, found.balance_fen):
            parsed(value)
        try:
            found.static_data()
        except oda.OdaFailed as failed:
            assert str(failed)


# --- texts and stored bytes ---------------------------------------------------------------------


def read_text(data):
    """Session files, parameters and settings; a session that is read is written the same."""
    choices = Choices(data)
    kind = choices.below(3)
    text = choices.rest().decode("utf-8", "replace")
    parse = (session.parse, parameters.parse, settings.parse)[kind]
    try:
        found = parse(text, "some.txt")
    except FormatError as wrong:
        assert str(wrong).startswith("some.txt:"), wrong
        return
    if kind == 0:
        written = session.format_session(found)
        again = session.parse(written, "again.txt")
        assert session.format_session(again) == written
        assert again.presentations == found.presentations
    elif kind == 1:
        assert 1 <= found.fare_fen <= found.ceiling_fen
        assert all(1 <= one.percent <= 100 for one in found.classes)


def read_stored(data):
    """Fare records and pending entries; what is read packs to the same bytes."""
    choices = Choices(data)
    kind, body = choices.below(2), choices.rest()
    if kind == 0:
        values = parsed(record.unpack, body)
        if values is not REFUSED:
            assert record.pack(values) == body
            assert record.kind_name(values["kind"])
            record.business_key(values)
            assert len(record.mask_pan(values["pan"]).replace("*", "")) <= 10
        return
    values = parsed(pending.unpack, body)
    if values is REFUSED:
        return
    assert pending.pack(values) == body
    if parsed(entries.tap_of, values) is not REFUSED:
        settled = parsed(entries.pack_settled, values, record.PENDING, None, "rehearsal")
        assert settled is REFUSED or record.unpack(settled)["amount_fen"] == values["amount_fen"]
