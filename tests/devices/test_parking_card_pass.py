# SPDX-License-Identifier: Apache-2.0
"""Passes of a car park in records of the card: in and out for nothing, to the fen where not."""

from firmware.capp import layouts
from firmware.devices.card_trade import EVERY, Keys
from firmware.devices.parking_pass import ParkingPass, hours_fault
from firmware.devices.parking_rules import NoBarrier
from firmware.formats import extension
from firmware.kernel import apdu
from firmware.neighbours.relay import Relay
from tests.capp_card import HashModule
from tests.devices import test_parking_card as plain
from tests.devices.parking_stand import Barrier, tariff
from tests.devices.test_parking_card import PARKING, At, Passes, new_card, stamp
from tests.stand import Stand

PASSES = 0x1B
MONTH = {"pass_kind": layouts.DAYS, "from_day": 20261101, "until_day": 20261130, "operator": 9}


class Lane(plain.Lane):
    """The same lane, of the operator 9."""

    def __init__(self, lane, minutes, passes=None, module=None, **more):
        self.module, self.barrier, self.passes = module or HashModule(), Barrier(), passes
        self.more = dict({"operator": "9"}, lane=lane, product="car", **more)
        Stand.__init__(self, "same_card_s: 0", self.make)
        self.clock.now = (2026, 11, 21, 10 + minutes // 60, minutes % 60, 0)

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        lane = self.more["lane"]
        relay = NoBarrier() if lane == "pay" else Relay(lambda: self.barrier, 500, clock)
        keys = Keys({EVERY: (0x28, 5)}, lambda page, pan: b"12345678")
        at = At(settings, lane)
        return ParkingPass(at, parameters, tariff(), self.passes, relay, clock, keys)


def holder(came=None, **fields):
    """A card with a pass; came: inside since then."""
    card = new_card()
    blank = layouts.issued("own", "parking_pass")
    card.pages[(PASSES, 0)] = layouts.write(layouts.PARKING_PASS, blank, dict(MONTH, **fields))
    if came:
        inside = dict(HERE, entry_time=came, entry_gate=71)
        page = layouts.write(layouts.TRIP, card.pages[(PARKING, 0)], inside)
        card.pages[(PARKING, 0)] = page
    return card


TEN = (2026, 11, 21, 10, 0, 0)
HERE = {"state": layouts.INSIDE, "operator": 9, "entry_line": 7}  # as the entry lane has stamped


def held(card):
    return layouts.read(layouts.PARKING_PASS, card.pages[(PASSES, 0)])


def goes(lane, card, minutes, message, fen, pulses=1, **more):
    """A tap ends in this message, costs so much and opens the barrier so often; the Lane."""
    stand, before_fen = Lane(lane, minutes, **more), card.balance_fen
    event = stand.tap(card)
    assert event["message"] == message, (lane, minutes, event)
    assert before_fen - card.balance_fen == fen, (lane, minutes)
    assert stand.barrier.pulses == pulses, (lane, minutes)
    return stand


def test_a_pass_of_days_should_let_in_and_out_for_nothing():
    """QX-029, QX-066: stamp and pass change in one tap; a second tap uses nothing more."""
    card = holder()
    goes("entry", card, 0, "entered", 0)
    lane = goes("exit", card, 200, "pass_valid", 0)
    kind, values = lane.records()[0]
    assert (kind, values["fare_class"], values["rule"]) == ("stamped", "pass", "pass_days")
    assert values["full_fare_fen"] == 900 and values["amount_fen"] == 0
    assert [one[0] for one in extension.of(values)["changes"]] == [PARKING, PASSES]
    assert (stamp(card)["state"], stamp(card)["amount_fen"]) == (layouts.CLOSED, 0)
    assert (held(card)["used"], held(card)["last_time"]) == (1, (2026, 11, 21, 13, 20, 0))
    goes("exit", card, 205, "re_entry", 0)
    assert held(card)["used"] == 1


def test_a_pass_should_cost_its_price_once_a_period():
    """QX-066: the price at the first use, and the stay's record says so; nothing then."""
    card = holder(TEN, period_days=30, price_fen=3000)
    goes("exit", card, 90, "pass_ride", 3000)
    assert stamp(card)["amount_fen"] == 3000
    goes("entry", card, 120, "entered", 0)
    goes("exit", card, 600, "pass_valid", 0)


def test_a_pass_of_rides_should_pay_its_share_each_stay():
    """QX-066: three stays for 10.00, the fourth one by the tariff; free minutes use none."""
    card = holder(pass_kind=layouts.RIDES, rides=3, price_fen=1000)
    for minutes, message, fen in (
        (14, "free_exit", 0), (90, "pass_ride", 333), (90, "pass_ride", 333),
        (90, "pass_ride", 334), (90, "ok", 500),
    ):  # fmt: skip
        inside = dict(HERE, entry_time=TEN)
        page = layouts.write(layouts.TRIP, card.pages[(PARKING, 0)], inside)
        card.pages[(PARKING, 0)] = page
        used = held(card)["used"]
        goes("exit", card, minutes, message, fen)
        assert held(card)["used"] - used == (message == "pass_ride")
        if used:  # the next stay is of a moment ago, its use of later: not of today's order
            before = dict(last_time=TEN)
            page = layouts.write(layouts.PARKING_PASS, card.pages[(PASSES, 0)], before)
            card.pages[(PASSES, 0)] = page


# fields of the pass, words of the entry's record and message, message and fen of the exit at 11:30
DAY = {"from_hhmm": 700, "until_hhmm": 2000}
CASES = (
    ({"until_day": 20261121}, "entry", "pass_valid", 0),
    ({"until_day": 20261120}, "pass_expired", "ok", 500),
    ({"from_day": 20261122}, "pass_early", "ok", 500),
    ({"pass_kind": 7}, "pass_unknown", "ok", 500),
    ({"pass_kind": layouts.RIDES, "rides": 0}, "pass_used_up", "ok", 500),
    (DAY, "entry", "pass_valid", 0),
    ({"from_hhmm": 1030, "until_hhmm": 2000}, "pass_hours", "ok", 500),
    ({"from_hhmm": 900, "until_hhmm": 1100}, "entry", "ok", 500),
    ({"from_hhmm": 2200, "until_hhmm": 1130}, "entry", "pass_valid", 0),
    ({"from_hhmm": 2575, "until_hhmm": 1130}, "pass_unknown", "ok", 500),
    ({"place": 7}, "entry", "pass_valid", 0),
    ({"place": 8}, "entry", "ok", 500),
    ({"city": 3100}, "entry", "ok", 500),
    ({"operator": 8}, "entry", "ok", 500),
    ({"pass_kind": 0}, "entry", "ok", 500),
    ({"valid": 0}, "entry", "ok", 500),
    ({"used": 1, "last_time": (2026, 11, 21, 12, 0, 0)}, "stamp_ahead", "ok", 500),
    ({"used": 1, "last_time": (2026, 13, 1, 1, 0, 0)}, "stamp_bad", "ok", 500),
)


def test_a_pass_that_does_not_hold_should_be_told_at_the_entry_and_pay_at_the_exit():
    """QX-067: expired, early, used up, out of its hours, of another place, operator or city, with
    stamps of the future or of no moment.
    """
    for fields, rule, message, fen in CASES:
        card = holder(**fields)
        says = "entered" if rule == "entry" else "entered_pays"
        lane = goes("entry", card, 0, says, 0)
        assert lane.records()[0][1]["rule"] == rule, fields
        goes("exit", card, 90, message, fen)
        assert held(card)["used"] == fields.get("used", 0) + (message == "pass_valid"), fields


def test_hostile_passes_should_refuse_the_card_before_the_gpo():
    """QX-012, QX-016: locked, of another kind, digits that are none; at all lanes."""
    for fields, message in (({"locked": 1}, "record_locked"), ({"kind": 2}, "record_foreign"),
                            (b"\xfb", "stamp_bad")):  # fmt: skip
        for lane in ("entry", "exit", "pay"):
            card = holder(None if lane == "entry" else TEN)
            page = card.pages[(PASSES, 0)]
            if isinstance(fields, bytes):
                page = page[:13] + fields + page[14:]  # of from_day
            else:
                page = layouts.write(layouts.PARKING_PASS, page, fields)
            card.pages[(PASSES, 0)] = page
            goes(lane, card, 90, message, 0, 0)
            assert card.asked(apdu.INS_GPO) == 0 and card.pages[(PASSES, 0)] == page
    card = holder(TEN)
    card.pages[(PASSES, 0)] = card.pages[(PASSES, 0)][:40]
    assert Lane("exit", 90).tap(card)["message"] in ("stamp_bad", "record_unread")
    assert card.asked(apdu.INS_GPO) == 0


def test_a_pass_needs_an_entry_and_goes_behind_what_is_free_anyway():
    """QX-045: nobody leaves on a pass who never came; the list and what was paid go first."""
    card = holder()
    goes("exit", card, 90, "ok", 5000)
    assert held(card)["used"] == 0
    card = holder(TEN)
    goes("exit", card, 90, "pass_valid", 0, passes=Passes("6228000100000010"))
    assert held(card)["used"] == 0
    card = holder(TEN, until_day=20261120)
    goes("pay", card, 90, "ok", 500, 0)
    goes("exit", card, 100, "prepaid", 0)


def test_a_pay_station_should_send_a_pass_to_the_exit():
    """No GPO, nothing written; behind the time to leave a pass that came late covers the rest."""
    card = holder(TEN)
    goes("pay", card, 90, "pass_valid", 0, 0)
    assert card.asked(apdu.INS_GPO) == 0 and stamp(card)["state"] == layouts.INSIDE
    goes("exit", card, 91, "pass_valid", 0)
    paid = {"state": layouts.PAID, "exit_time": TEN, "amount_fen": 300}
    card = holder((2026, 11, 21, 9, 30, 0))
    page = layouts.write(layouts.TRIP, card.pages[(PARKING, 0)], paid)
    card.pages[(PARKING, 0)] = page
    goes("exit", card, 120, "pass_valid", 0)
    assert stamp(card)["amount_fen"] == 300  # of the whole stay


def test_the_entry_should_ask_a_pass_for_no_balance():
    """QX-007: unless its price is due."""
    for fields, message in (({}, "entered"), ({"price_fen": 5000}, "balance_low"),
                            ({"until_day": 20261120}, "balance_low")):  # fmt: skip
        card = holder(**fields)
        card.balance_fen = 400
        goes("entry", card, 0, message, 0, message == "entered", least_fen="500")


def test_a_module_that_fails_should_change_neither_record():
    """QX-073: at the second MAC, before the last record."""
    card = holder(TEN)
    module = HashModule()
    module.left = 1
    before = dict(card.pages)
    goes("exit", card, 90, "module_failed", 0, 0, module=module)
    assert card.pages == before


def test_hours_should_be_one_run():
    """A stay within one run of the hours, over midnight too; both edges belong to it."""
    night = {"from_day": 20261101, "from_hhmm": 2000, "until_hhmm": 800}
    day = {"from_day": 20261101, "from_hhmm": 800, "until_hhmm": 2000}
    late = {"from_day": 20261101, "from_hhmm": 1800, "until_hhmm": 2400}
    table = (
        (night, (20, 20, 0), (21, 8, 0), ""), (night, (20, 20, 0), (21, 8, 1), "pass_hours"),
        (night, (21, 1, 0), (21, 8, 0), ""), (night, (21, 1, 0), (21, 20, 0), "pass_hours"),
        (night, (20, 19, 59), (21, 1, 0), "pass_hours"), (day, (20, 8, 0), (20, 20, 0), ""),
        (day, (20, 8, 0), (21, 9, 0), "pass_hours"), (day, (20, 20, 0), (20, 20, 1), "pass_hours"),
        (day, (20, 7, 59), (20, 9, 0), "pass_hours"), (late, (20, 18, 0), (21, 0, 0), ""),
        (late, (20, 18, 0), (21, 0, 1), "pass_hours"),
    )  # fmt: skip
    for held_, came, now, word in table:
        moments = [(2026, 11, one[0], one[1], one[2], 0) for one in (came, now)]
        assert hours_fault(held_, *moments) == word, (held_, came, now)
    assert hours_fault(dict(day, from_day=20261121), (2026, 11, 20, 9, 0, 0), TEN) == "pass_early"
    assert hours_fault(day, (2026, 13, 1, 9, 0, 0), TEN) == "stamp_bad"
