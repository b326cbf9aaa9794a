# SPDX-License-Identifier: Apache-2.0
"""Fault knobs as text: a small script by exchange number, repeatable from a seed."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import FormatError
from sim import faults
from sim.fault_text import FIELDS, meanings, parse, takes
from sim.faults import REST, Fault, scatter
from tests.host.virtual_host import ACK, VERSION, VERSION_ANSWER, FakeCard, answer, command, listed

SCRIPT = """
# what happens to a tap
1: ack_delay_ms=16 status=27       # command 1
40.0..1: rf_lost=in rf_block=2; 40.3: card_lost=after
02.0: wrong_dcs
*: extra_preamble=2
refuse_speed 7 6
bad_dcs error
stop_at 500 wake
"""


def test_a_script_should_say_what_goes_wrong_and_when():
    """PS-19: by the number of the command, by code and number, for all others, for the chip."""
    table = parse(SCRIPT)
    lost = Fault(rf_lost="in", rf_block=2)
    assert table.at == {
        1: Fault(ack_delay_ms=16, status=0x27),
        (0x40, 0): lost,
        (0x40, 1): lost,
        (0x40, 3): Fault(card_lost="after"),
        (0x02, 0): Fault(wrong_dcs=True),
    }
    assert table.always == Fault(extra_preamble=2)
    assert (table.refuse_speed, table.bad_dcs) == ({6, 7}, "error")
    assert (table.stop_at, table.stop) == (500, "wake")


def test_a_script_should_bend_a_session():
    """PS-19: two commands bent, those between them with the rest."""
    table = parse("02.1: drop_ack; 40.0: status=01; *: noise=55")
    host = listed(FakeCard(), faults=table)
    bent = VERSION_ANSWER[:6] + b"\x55" + VERSION_ANSWER[6:]
    assert [host.ask(VERSION) for _ in range(3)] == [bent, VERSION_ANSWER[6:], bent]
    assert host.ask(command("40010005")) == answer("4101")
    assert host.ask(command("40010001")) == ACK + b"\x55" + answer("410000")[6:]


def test_a_seed_should_draw_the_same_table_and_lines_should_go_before_it():
    """PS-19: `seed` is scatter(); what a line says itself stands."""
    assert parse("seed 42 share=0.5 count=50").at == scatter(42, 50, 0.5).at
    assert parse("seed 42").at == parse("seed 42").at != parse("seed 43").at
    mixed = parse("seed 42 share=1 count=5; 3: mute").at
    assert mixed[3] == Fault(mute=True)
    assert mixed[2] == scatter(42, 5, 1).at[2]


VALUES = {"status": "27", "noise": "55ff", "noise_behind": "00", "wtx": "3x10"}


@pytest.mark.parametrize("name", FIELDS)
def test_every_knob_should_have_a_line_a_meaning_and_a_kind(name):
    """PS-19: no knob of the code is out of reach of a script."""
    value = VALUES.get(name) or (faults.CHOICES.get(name) or ("",))[0]
    rest = FIELDS[name].default
    if not value and not isinstance(rest, bool):
        value = "7"
    fault = parse(f"0: {name}" + (f"={value}" if value else "")).at[0]
    assert fault != REST
    assert dataclasses.replace(fault, **{name: rest}) == REST
    assert len(meanings()[name]) > 3 and takes(name)


WRONG = [
    ("3: wrong_dsc", "f:1: no knob 'wrong_dsc'"),
    ("\n\nx: mute", "f:3: 'x' is no command"),
    ("3:", "f:1: no knob behind '3':"),
    ("3: status=zz", "f:1: 'status=zz': status takes a status byte in hex"),
    ("3: status=100", "status takes"),
    ("3: rf_lost=up", "rf_lost takes out or in"),
    ("3: rf_lost", "rf_lost takes out or in"),
    ("3: wtx=3", "wtx takes count and multiplier"),
    ("3: ack_delay_ms", "ack_delay_ms takes milliseconds"),
    ("3: ack_delay_ms=nan", "takes milliseconds"),
    ("3: cut_at=-1", "takes a number"),
    ("3: mute=1", "mute takes nothing, or no"),
    ("40.5..2: mute", "a range of nothing"),
    ("refuse_speed", "see the lines"),
    ("refuse_speed 9", "see the lines"),
    ("bad_dcs loud", "see the lines"),
    ("stop_at 5 never", "see the lines"),
    ("seed x", "see the lines"),
    ("seed 1 share=2", "see the lines"),
    ("seed 1 luck=2", "see the lines"),
    ("wrong_dcs", "'wrong_dcs' says nothing"),
]


@pytest.mark.parametrize("text, words", WRONG)
def test_a_wrong_line_should_be_refused_with_what_would_be_right(text, words):
    with pytest.raises(FormatError) as refused:
        parse(text, "f")
    assert words in str(refused.value)


@given(st.text(alphabet="0123456789.:;= \nabcdefkmnorstuwx_*#-٣é", max_size=60))
def test_any_text_should_be_read_or_refused(text):
    try:
        parse(text)
    except FormatError:
        pass
