# SPDX-License-Identifier: Apache-2.0
"""The attendant's keys at the exit of a car park: lost entries, moments that were agreed on."""

from firmware.devices.parking_attendant import COMMANDS, Attendant, moment_of
from firmware.neighbours.console import Console
from firmware.neighbours.line import Neighbour
from tests.devices.parking_stand import OTHER, Lane, open_card
from tests.devices.shop_stand import Keys


class Exit(Lane):
    """An exit at 10:00 with an attendant at its keys."""

    def __init__(self, **more):
        self.wire = Keys()
        super().__init__("exit", **more)
        self.at(10, 0)

    def make(self, settings, parameters, clock, report):
        trade = super().make(settings, parameters, clock, report)
        trade.attendant = Attendant(Neighbour(lambda: self.wire, Console(COMMANDS), clock), clock)
        return trade

    def key(self, text):
        """What the console says to a line."""
        self.wire.said = b""
        self.wire.typed += text.encode() + b"\r"
        for _ in range(12):
            self.stand.terminal.turn()
        return self.wire.said.decode()

    def last(self):
        return self.stand.records()[-1]


def test_lost_should_count_for_the_next_card_alone():
    """TD-068: keyed by whoever is signed on, whose number stands in the record."""
    lane = Exit(missing_entry="refuse")
    assert lane.tap(open_card()) == "no_entry"
    assert "sign on first" in lane.key("lost")
    lane.key("on 7")
    assert "next card: lost" in lane.key("lost")
    assert lane.tap(open_card()) == "ok" and lane.barrier.pulses == 1
    kind, values = lane.last()
    assert (kind, values["amount_fen"], values["rule"]) == ("approved", 5000, "lost")
    assert values["driver"] == 7
    assert lane.tap(open_card(OTHER)) == "no_entry"


def test_agreed_moment_should_price_the_stay_and_stand_in_the_record():
    """TD-068: bounded by a day, the record says which moment it was."""
    lane = Exit()
    lane.key("on 7")
    assert "entry 08:45" in lane.key("entry 0845")
    assert lane.tap(open_card()) == "ok"
    values = lane.last()[1]
    told = values["amount_fen"], values["rule"], values["reference"]
    assert told == (500, "keyed", 2611210845)
    assert "HHMM" in lane.key("entry 0860")
    lane.key("entry 0955")
    assert lane.tap(open_card(OTHER)) == "free_exit" and lane.barrier.pulses == 2


def test_keys_should_lapse_and_be_taken_back():
    """A key that nobody used is nobody's; no key changes what a card may have seen."""
    lane = Exit(missing_entry="refuse")
    lane.key("on 7")
    lane.key("lost")
    lane.key("cancel")
    assert lane.tap(open_card()) == "no_entry"
    lane.key("lost")
    lane.stand.clock.advance(121)
    assert lane.tap(open_card()) == "no_entry"
    report = lane.key("report")
    assert "7" in report and lane.barrier.pulses == 0


def test_moments_should_lie_within_a_day():
    now = (2026, 11, 21, 10, 0, 0)
    assert moment_of(1000, now) == (2026, 11, 21, 10, 0, 0)
    assert moment_of(1001, now) == (2026, 11, 20, 10, 1, 0)
    assert moment_of(1060, now) is None
