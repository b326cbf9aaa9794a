# SPDX-License-Identifier: Apache-2.0
"""Signed messages: each comes back, none comes back changed, none is taken for another's."""

from firmware.errors import FormatError
from firmware.formats import batch, fields, messages, session_key
from firmware.formats.session_key import Key
from sim.flash import Dice

KEY = Key(bytes(range(32)))
SESSION = (1795305600000).to_bytes(6, "big") + bytes(range(0xA0, 0xB0))
HEAD = {"terminal_id": 7, "session": SESSION, "turn": 1}
ANSWER = {"terminal_id": 7, "request": bytes(range(16))}


def refuses(call):
    try:
        call()
    except FormatError:
        return True
    return False


def blank(kind):
    """Values of a message that say little."""
    table = batch.table_of(messages.TABLES, kind)
    values = fields.blank(table)
    for name, value in list(HEAD.items()) + list(ANSWER.items()):
        if name in values:
            values[name] = value
    for name, kind_of_field in table:
        if isinstance(kind_of_field, fields.Rows):
            values[name] = []
    return values


KINDS = [kind for kind, _ in messages.TABLES]


def test_every_message_comes_back():
    for kind in KINDS:
        values = blank(kind)
        frame = messages.seal(kind, values, KEY)
        assert messages.unseal(frame, KEY) == (kind, values)
        assert batch.FrameReader().feed(frame) == [frame]


def test_hello_is_these_bytes():
    # Made apart from this code, with OpenSSL and zlib.
    key = session_key.hello_key(KEY, 7)
    values = {"terminal_id": 7, "nonce": bytes(range(0xA0, 0xB0))}
    assert messages.seal(messages.HELLO, values, key).hex().upper() == (
        "465402060024" + "00000007" + "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF"
        "A2EAFF04B01B40180F2DEF92E00EC057" + "C8AF23BD"
    )


def test_status_and_offer_keep_their_rows():
    values = blank(messages.STATUS)
    values["status"] = b"packed by status.py"
    assert messages.unseal(messages.seal(messages.STATUS, values, KEY), KEY)[1] == values
    values = blank(messages.STANDING)
    values["gaps"] = [(3, 4)]
    values["files"] = [(2, 9, 100000, bytes(32))]
    assert messages.unseal(messages.seal(messages.STANDING, values, KEY), KEY)[1] == values


def test_no_byte_of_a_frame_can_be_changed():
    """Whoever sets the CRC right again still has no tag."""
    frame = messages.seal(messages.HELLO, blank(messages.HELLO), KEY)
    for at in range(len(frame) - batch.CRC_BYTES):
        wrong = frame[:at] + bytes([frame[at] ^ 0x10]) + frame[at + 1 : -batch.CRC_BYTES]
        wrong += batch._crc(wrong).to_bytes(4, "big")
        assert refuses(lambda: messages.unseal(wrong, KEY)), at  # noqa: B023
    assert refuses(lambda: messages.unseal(frame, Key(bytes(32))))


def test_what_is_no_frame_of_this_version_is_refused():
    good = messages.seal(messages.HELLO, blank(messages.HELLO), KEY)
    for wrong in (b"", good[:-1], good + b"\x00", batch.pack_ack(7, 1, 1)):
        assert refuses(lambda: messages.addressed(wrong))  # noqa: B023
        assert refuses(lambda: messages.unseal(wrong, KEY))  # noqa: B023
    for kind in KINDS + [0, 12, 255]:
        for count in range(60):
            head = batch.header(messages.VERSION, kind, count, batch.FRAME_LIMIT)
            frame = messages.closed(head + bytes(max(0, count - 16)), bytes(min(16, count)))
            assert refuses(lambda: messages.unseal(frame, KEY))  # noqa: B023


def test_the_sender_is_read_before_anything_is_believed():
    for kind in KINDS:
        frame = messages.seal(kind, blank(kind), KEY)
        named, terminal, session = messages.addressed(frame)
        in_session = kind in (batch.BATCH, batch.ASK_TIME, messages.STATUS, messages.FETCH)
        assert (named, terminal) == (kind, 7) and session == (SESSION if in_session else b"")


def test_fields_that_break_their_table_are_refused_though_signed():
    head = batch.header(messages.VERSION, messages.FETCH, 50 + 16, batch.FRAME_LIMIT)
    signed = head + bytes(50)
    assert refuses(lambda: messages.unseal(messages.closed(signed, KEY.tag(signed)), KEY))


def test_an_answer_is_one_to_its_own_request_alone():
    for kind, answer in messages.ANSWERS:
        request = messages.seal(kind, blank(kind), KEY)
        values = blank(answer)
        assert not messages.answers(request, answer, values)
        values["request"] = messages.tag_of(request)
        assert messages.answers(request, answer, values)
        assert messages.answers(request, batch.REJECT, values)
        for other in KINDS:
            assert messages.answers(request, other, values) == (other in (answer, batch.REJECT))
        assert not messages.answers(request, kind, blank(kind))


def test_two_turns_are_never_the_same_request():
    values = blank(batch.BATCH)
    one = messages.seal(batch.BATCH, values, KEY)
    values["turn"] = 2
    assert messages.tag_of(one) != messages.tag_of(messages.seal(batch.BATCH, values, KEY))


def test_a_large_frame_is_for_those_who_ask_for_it():
    values = blank(batch.BATCH)
    values["items"] = [(number, b"x" * 600) for number in range(1, 21)]
    assert refuses(lambda: messages.seal(batch.BATCH, values, KEY))
    frame = messages.seal(batch.BATCH, values, KEY, batch.FRAME_MOST)
    assert messages.unseal(frame, KEY) == (batch.BATCH, values)
    assert batch.FrameReader(batch.FRAME_MOST).feed(frame) == [frame]
    small = batch.FrameReader()
    assert frame not in small.feed(frame) and small.held() <= batch.FRAME_LIMIT


def test_random_bytes_are_refused_by_name_alone():
    dice = Dice(5)
    for kind in KINDS:
        good = messages.seal(kind, blank(kind), KEY)
        for _ in range(40):
            signed = bytearray(messages.signed_part(good))
            for _ in range(1 + dice.below(5)):
                signed[dice.below(len(signed))] = dice.below(256)
            signed[4:6] = (len(signed) + 10).to_bytes(2, "big")
            frame = messages.closed(bytes(signed), KEY.tag(bytes(signed)))
            try:
                messages.unseal(frame, KEY)  # well signed: what is left is to parse
            except FormatError:
                pass
