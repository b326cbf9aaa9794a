# SPDX-License-Identifier: Apache-2.0
"""The virtual meter against the unit's side of the line: no I/O, both framings, with faults."""

import random

import pytest

from firmware.errors import FormatError
from firmware.neighbours import jtt905, meter, meter_bf, meter_jtt905
from sim.meter import FAULTS, Meter, fare_jiao

COMMANDS = (0, 1, 4, 5, 6, 0xE0, 0xE1, 0xE3, 0xE4, 0xE7, 0xE8, 0xE9, 0xF1, 0xF2, 0xFF)
LINKS = {"jtt905": meter_jtt905, "bf": meter_bf}


class Pair:
    """A meter and a unit that says yes to everything; `events` of both, in order."""

    def __init__(self, kind):
        self.meter = Meter(kind)
        self.unit = LINKS[kind].make(kind)
        self.events = []
        self.now_ms = 0

    def run(self, turns=60):
        for _ in range(turns):
            self.now_ms += 100
            for word, value in self.unit.feed(self.meter.outgoing(self.now_ms), self.now_ms):
                self.events.append((word, value))
                if word in ("sign_in", "sign_out"):
                    self.unit.permit(word, True)
                elif word in ("signed_in", "shift"):
                    self.unit.stored(word, True)
                elif word in ("trip", "trip_again"):
                    payment = meter.Payment(jtt905.CPU_CARD, b"card")
                    self.unit.settle(value, meter.SETTLED, payment)
            self.events += self.meter.feed(self.unit.outgoing(self.now_ms), self.now_ms)
        words, self.events = [word for word, _ in self.events if word != "state"], []
        return words


@pytest.mark.parametrize("kind", sorted(LINKS))
def test_day_of_a_meter(kind):
    """TD-052, TD-054: both framings go through sign-in, trip, resend and sign-out."""
    pair = Pair(kind)
    pair.meter.do("in")
    assert "signed_in" in pair.run() and pair.meter.signed_in
    for text in ("hire", "drive 5.2", "wait 3", "stop"):
        pair.meter.do(text)
    words = pair.run()
    assert [one for one in words if one in ("hired", "trip", "paid")] == ["hired", "trip", "paid"]
    trip = pair.meter.trips[0]
    assert trip.amount_jiao == fare_jiao(52, 3) == 100 + 50 + 15
    pair.meter.do("resend")
    assert "paid" in pair.run()
    pair.meter.do("out")
    assert "signed_out" in pair.run() and not pair.meter.signed_in
    if kind == "jtt905":
        assert (trip.paid_by, trip.card) == (jtt905.CPU_CARD, b"card")
        assert pair.meter.totals() == (1, 165, 1, 165)


@pytest.mark.parametrize("kind", sorted(LINKS))
@pytest.mark.parametrize("fault", FAULTS)
def test_trip_should_come_through_every_fault(kind, fault):
    """TD-052, TD-053: a spoiled frame is said again, a doubled one is one trip to the device."""
    pair = Pair(kind)
    pair.meter.do("in")
    pair.run()
    pair.meter.do("hire")
    pair.run()
    pair.meter.do("fault " + fault)
    pair.meter.do("fault " + fault)
    pair.meter.do("stop")
    words = pair.run(120)
    assert words.count("paid") == 1 and "trip" in words


def test_silent_meter_should_neither_hear_nor_speak():
    """TD-055"""
    pair = Pair("jtt905")
    pair.run()
    pair.meter.do("silent on")
    assert pair.run(160) == ["silent"]
    pair.meter.do("silent off")
    assert "heard" in pair.run()


def test_totals_of_both_sides_should_be_one_layout():
    """TD-054"""
    pair = Pair("jtt905")
    pair.meter.signed_in = True
    totals = []
    pair.meter.do("hire")
    pair.run()
    pair.meter.do("stop")
    pair.run()
    frame = jtt905.FrameReader().feed(pair.meter.line.shift(pair.meter), 0)[0]
    totals = meter_jtt905.totals_of(frame.data)
    assert totals == meter.Totals(1, 1000, 1, 1000)


@pytest.mark.parametrize(
    "text",
    ["", "fly", "out", "stop", "resend", "drive far", "drive 0", "wait x", "fault x", "silent"],
)
def test_command_at_the_wrong_moment_should_be_said(text):
    with pytest.raises(FormatError):
        Meter().do(text)


def test_meter_should_not_let_itself_be_written():
    """TD-051"""
    line = Meter().line
    frame = jtt905.Frame(jtt905.ISU, 0, jtt905.TARIFF_SET, bytes(20))
    assert line.answer(Meter(), frame) == b""


@pytest.mark.parametrize("kind", sorted(LINKS))
def test_hostile_line_should_never_stop_the_unit(kind):
    """TD-052: random bytes, and frames with random bodies for every command: events or nothing."""
    dice = random.Random(5)
    unit = LINKS[kind].make(kind)
    for turn in range(1500):
        body = dice.randbytes(dice.choice((0, 1, 7, 36, 60, 66, 100)))
        frames = (
            jtt905.encode(dice.choice(COMMANDS), body, kind=jtt905.METER),
            meter_bf.encode(dice.choice((0x30, 0x32, 0x34, 0x36, 0x3A, 0x3C, 0x7F)), body[:60]),
            dice.randbytes(dice.randrange(512)),
        )
        for word, value in unit.feed(dice.choice(frames), turn * dice.choice((1, 10))):
            assert isinstance(word, str)
            if word == "trip":
                assert 0 <= value.amount_fen <= 9_999_990
        assert len(unit.outgoing(turn)) <= meter.MAX_QUEUED
