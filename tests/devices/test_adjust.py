# SPDX-License-Identifier: Apache-2.0
"""Fare adjustment on cards that remember: what is wrong, what is taken, and that an exit gate then
takes nothing. To the fen, on both interpreters.
"""

from firmware.capp import layouts
from firmware.devices.adjust import Adjust
from firmware.devices.adjust_rules import COMMANDS
from firmware.devices.card_trade import EVERY, Keys
from firmware.neighbours.console import Console
from tests.capp_card import METRO, HashModule
from tests.devices.metro_card_stand import FLASH, Gate, entered, fields, new_card
from tests.devices.metro_stand import At, tariff
from tests.stand import Stand

CLOCK = (2026, 11, 21, 10, 30, 0)


class Typed:
    """The staff's line: what is typed is there at once, what is said is kept."""

    def __init__(self):
        self.protocol, self.typed = Console(COMMANDS), b""

    def turn(self):
        typed, self.typed = self.typed, b""
        return self.protocol.feed(typed, 0)

    def said(self):
        said, self.protocol.said = bytes(self.protocol.said), bytearray()
        return said.decode()

    def flush(self):
        pass

    def close(self):
        pass


class Kiosk(Stand):
    """A kiosk at a station, ten o'clock and so many minutes."""

    flash, limits = FLASH, (1200, 950)

    def __init__(self, station=3, minute=30, **more):
        self.module, self.keys, self.station = HashModule(), Typed(), station
        self.more = dict(more, product="metro")
        super().__init__("same_card_s: 0", self.make)
        self.clock.now = (2026, 11, 21, 10 + minute // 60, minute % 60, 0)

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        here = At(settings, self.station)
        keys = Keys({EVERY: (0x28, 2)}, lambda page, pan: b"12345678")
        self.trade = Adjust(here, parameters, tariff(), self.keys, clock, keys)
        return self.trade

    def key(self, text):
        """What the kiosk answers."""
        self.keys.typed = text.encode() + b"\n"
        self.terminal.turn()
        return self.keys.said()

    def says(self, card, *messages):
        """Taps of one card end in these messages, one each."""
        for message in messages:
            event = self.tap(card)
            assert event["message"] == message, (event["message"], message)
        return event


def marked(**changes):
    """A card whose record says so."""
    card = new_card()
    card.pages[(METRO, 0)] = layouts.write(layouts.TRIP, card.pages[(METRO, 0)], changes)
    return card


def leaves(card, minute, message="free_exit", station=3):
    """The exit gate of that station lets out, or not, and takes nothing from who has paid."""
    before_fen = card.balance_fen
    gate = Gate("exit", station, minute)
    assert gate.tap(card)["message"] == message
    return before_fen - card.balance_fen


def test_first_tap_should_say_what_is_due_and_touch_nothing():
    """QX-016: no GPO; the panel says it with the amount, the record why."""
    kiosk, card = Kiosk(), new_card()
    event = kiosk.says(card, "adjust_entry")
    assert event["amount_fen"] == 900 and card.balance_fen == 10000
    assert ("show", "No entry 9.00: tap again", 0) in kiosk.log and kiosk.shown() == "amber"
    ((kind, values),) = kiosk.records()
    assert (kind, values["reason"], values["amount_fen"]) == ("refused", "adjust_entry", 0)
    assert fields(card)["state"] == layouts.OUTSIDE


def test_second_tap_should_pay_once_and_the_gate_take_nothing():
    """QX-018, QX-044, QX-046: the debit and the new entry in one; out once, within the minutes."""
    kiosk, card = Kiosk(), new_card()
    kiosk.says(card, "adjust_entry", "adjusted", "adjust_done", "adjust_done")
    assert card.balance_fen == 10000 - 900 and kiosk.kinds().count("approved") == 1
    values = kiosk.records()[1][1]
    assert (values["rule"], values["amount_fen"], values["direction"]) == ("adjust_entry", 900, 1)
    stamp = fields(card)
    assert (stamp["state"], stamp["entry_place"], stamp["amount_fen"]) == (layouts.INSIDE, 3, 900)
    assert stamp["entry_number"] == stamp["exit_number"] == 2
    assert leaves(card, 50) == 0 and fields(card)["state"] == layouts.CLOSED
    assert leaves(card, 51, "re_entry") == 0  # QX-042: this very gate opens again for him


def test_mark_should_hold_for_one_exit_of_this_station_and_its_minutes():
    """Elsewhere, or later, the ride goes on from here and is priced so."""
    for minute, station, fen in ((51, 3, 200), (40, 1, 400)):
        card = new_card()
        Kiosk().says(card, "adjust_entry", "adjusted")
        assert leaves(card, minute, "ok", station) == fen


def test_what_keeps_a_rider_inside_should_be_told_and_taken():
    """QX-012, QX-045, QX-047: overtime, a stamp ahead, digits that are none, another city."""
    inside = {"state": 1, "entry_time": (2026, 11, 21, 10, 0, 0), "entry_place": 1}
    cases = (
        ("adjust_overtime", dict(inside, entry_time=(2026, 11, 21, 6, 0, 0))),
        ("adjust_time", dict(inside, entry_time=(2026, 11, 21, 11, 0, 0))),
        ("adjust_time", dict(inside, entry_time=(2026, 13, 1, 0, 0, 0))),
        ("adjust_foreign", dict(inside, city=1000)),
    )
    for message, changes in cases:
        card = marked(**changes)
        Kiosk().says(card, message, "adjusted")
        assert card.balance_fen == 10000 - 900 and leaves(card, 40) == 0, message
    card = marked()
    page = bytearray(card.pages[(METRO, 0)])
    page[11:18] = b"\xff" * 7
    card.pages[(METRO, 0)] = bytes(page)
    Kiosk().says(card, "adjust_time", "adjusted")
    assert leaves(card, 40) == 0
    card = marked(**dict(inside, city=1000))
    assert leaves(card, 40, "record_foreign") == 0


def test_who_is_not_stuck_should_be_sent_to_the_gate():
    """Nothing is due that the gate takes by itself; outside nobody owes who has left."""
    card = entered()
    Kiosk().says(card, "adjust_none", "adjust_none")
    assert leaves(card, 40, "ok") == 400
    Kiosk(area="unpaid").says(card, "adjust_none")
    Kiosk(minute=10).says(entered(3), "adjust_none")  # came in here, and turns round


def test_who_was_stamped_out_a_moment_ago_should_not_be_asked_to_pay_again():
    """QX-042: the gate may have charged him and not let him out; behind the grace it is staff's
    to tell.
    """
    left = {"state": layouts.CLOSED, "exit_time": (2026, 11, 21, 10, 29, 0), "amount_fen": 400}
    kiosk, card = Kiosk(), marked(**left)
    kiosk.says(card, "adjust_none", "adjust_none")
    assert card.balance_fen == 10000
    Kiosk(minute=32).says(card, "adjust_entry")


def test_who_never_left_should_enter_again_behind_it():
    """QX-043: the trip is closed for the dearest fare, or to where the rider says he left."""
    for keyed, fen in (((), 900), (("on 7", "station 2"), 300)):
        card, kiosk = entered(), Kiosk(area="unpaid")
        for text in keyed:
            assert "ok" in kiosk.key(text)
        event = kiosk.says(card, "adjust_exit", "adjusted_in")
        assert (event["amount_fen"], card.balance_fen) == (fen, 10000 - fen)
        assert fields(card)["state"] == layouts.CLOSED
        assert Gate("entry", 2, 35).tap(card)["message"] == "entered"
    card = entered(3, 28)  # tapped in here, and did not go
    Kiosk(area="unpaid").says(card, "adjusted_free")
    assert card.balance_fen == 10000


def test_staff_should_put_right_for_nothing_or_for_cash():
    """One card each key, within a minute; cash stands in the journal as the staff's."""
    kiosk, card = Kiosk(), new_card()
    assert "sign on first" in kiosk.key("free")
    kiosk.key("on 7")
    kiosk.key("free")
    kiosk.says(card, "adjusted_free", "adjust_done")
    assert card.balance_fen == 10000 and leaves(card, 40) == 0
    kiosk, card = Kiosk(), new_card()
    kiosk.key("on 7")
    kiosk.key("cash")
    kiosk.says(card, "adjusted_free")
    assert card.balance_fen == 10000
    (kind, stamp), cash = kiosk.records()[1:]
    assert (kind, stamp["rule"], stamp["full_fare_fen"]) == ("stamped", "adjust_cash", 900)
    assert (cash[1]["reason"], cash[1]["amount_fen"]) == ("paid_cash", 900)
    assert cash[1]["reference"] == 2 and "9.00" in kiosk.key("report")
    kiosk.restart()
    assert len(kiosk.records()) == 3  # noted once
    kiosk.key("free")
    kiosk.key("cancel")
    kiosk.says(new_card(), "adjust_entry")


def test_cash_should_be_noted_behind_a_power_cut():
    """The record is durable, its note was not written any more."""
    kiosk, card = Kiosk(), new_card()
    kiosk.key("on 7")
    kiosk.key("cash")
    kiosk.trade.shift.cash = lambda fen, sequence: 0  # the power fails here
    kiosk.says(card, "adjusted_free")
    kiosk.restart()
    assert [v["reference"] for _, v in kiosk.records() if v["reason"] == "paid_cash"] == [2]
    kiosk.restart()
    assert [v["reference"] for _, v in kiosk.records() if v["reason"] == "paid_cash"] == [2]


def test_consent_should_be_of_this_card_this_amount_and_a_minute():
    kiosk, card, other = Kiosk(), new_card(), new_card(pan="6228000100000028")
    kiosk.says(card, "adjust_entry")
    kiosk.says(other, "adjust_entry")
    kiosk.says(card, "adjust_entry")
    kiosk.clock.advance(61)
    kiosk.says(card, "adjust_entry")
    assert card.balance_fen == other.balance_fen == 10000


def test_records_that_must_not_be_used_should_be_refused():
    """QX-012: nothing is put right on a locked record, whatever staff keys."""
    kiosk = Kiosk()
    kiosk.key("on 7")
    for changes, message in (({"locked": 1}, "record_locked"), ({"valid": 0}, "record_invalid")):
        kiosk.key("free")
        card = marked(**changes)
        page = card.pages[(METRO, 0)]
        kiosk.says(card, message)
        assert card.pages[(METRO, 0)] == page
    kiosk.key("cancel")
    kiosk.says(marked(state=1, entry_time=(2026, 11, 21, 10, 0, 0), city=9), "adjust_foreign")
