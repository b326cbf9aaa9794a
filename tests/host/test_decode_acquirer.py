# SPDX-License-Identifier: Apache-2.0
"""`decode` of messages to an acquirer: in words, masked, whatever they hold (CL-016)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import FormatError
from host_tools import decode
from host_tools.acquirer import keys, message, sale
from host_tools.acquirer.message import Message, pack
from host_tools.acquirer.profile import parse
from tests.host import acquirer_stand
from tests.host.test_acquirer_mac import FRAME

PROFILE = parse(acquirer_stand.PROFILE)
NORTH = PROFILE.merchants[0]


def sold():
    raw = acquirer_stand.sale(7)
    return pack(sale.sale_message(PROFILE, NORTH, raw, 1, 2))


def text_of(data):
    rows = list(decode.explain(data))
    return "\n".join(f"{one.code} {one.value.hex()} {one.name} {one.meaning}" for one in rows)


def test_a_sale_is_told_with_its_card_masked():
    data = sold() + FRAME
    assert decode.detect(data) == "acquirer"
    told = text_of(data)
    for words in ("offline chip sale, batch 000001", "622800******0007", "2.00 yuan", "9F26",
                  "TC, offline approved", "type 26"):  # fmt: skip
        assert words in told
    assert acquirer_stand.pan_of(7) not in told


def test_tracks_pin_blocks_and_wrapped_keys_are_not_shown():
    wrapped = keys.wrap(keys.Key(bytes(range(16))), [keys.Key(bytes([n]) * 16) for n in (1, 2)])
    track, chip = "6228000100000007D35122010", "5A086228000100000007"
    fields = {35: track, 52: "0123456789ABCDEF", 55: chip, 60: "00000001003"}
    fields[62] = wrapped.hex().upper()
    told = text_of(pack(Message("0810", fields)))
    assert "62280001000000" not in told and "0123456789abcdef" not in told.lower()
    assert wrapped[:16].hex() not in told and "MAK check value" in told


def test_settlement_is_told_in_words():
    told = text_of(pack(sale.settlement_message(PROFILE, NORTH, 3, 4, 2, 450)))
    assert "2 debits of 4.50 yuan" in told and "batch 000003" in told


def test_what_steers_a_screen_is_not_let_through():
    told = list(decode.explain(pack(Message("0210", {39: "05", 63: "\x1b[2J\u00d6\u00d0"}))))
    assert all("\x1b" not in one.meaning for one in told)
    assert told[-1].meaning == ".[2J中"


@given(st.data())
def test_bent_messages_are_rows_or_format_errors(data):
    frame = bytearray(sold())
    for _ in range(data.draw(st.integers(1, 3))):
        frame[data.draw(st.integers(2, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        told = list(decode.explain(bytes(frame), "acquirer"))
    except FormatError as wrong:
        assert str(wrong)
    else:
        assert told and message.unpack(bytes(frame))


def test_a_frame_that_is_cut_off_is_named():
    with pytest.raises(FormatError, match="cut off"):
        list(decode.explain(FRAME + FRAME[:40], "acquirer"))
