# SPDX-License-Identifier: Apache-2.0
"""A car park whose stays lie on the card: entry, pay station and exit, to the fen."""

from firmware.capp import layouts
from firmware.devices.card_trade import EVERY, Keys
from firmware.devices.parking_card import ParkingCard
from firmware.devices.parking_rules import NoBarrier
from firmware.formats import extension
from firmware.kernel import apdu, tags, tlv
from firmware.neighbours.relay import Relay
from sim.flash import Flash
from tests.capp_card import CappCard, HashModule
from tests.devices.parking_stand import Barrier, tariff
from tests.stand import Stand

PARKING = 0x18
FLASH = Flash(9, 2560)


class At:
    """Settings of a lane of the car park 7."""

    line = 7

    def __init__(self, settings, lane):
        self.more = settings.more
        self.terminal, self.stop = {"entry": (71, 1), "exit": (72, 2), "pay": (73, 3)}[lane]


class Lane(Stand):
    """One lane at a moment of the day; `card.pages` outlives it."""

    flash, limits = FLASH, (1200, 950)

    def __init__(self, lane, minutes, passes=None, **more):
        """minutes: since 10:00."""
        self.module, self.barrier, self.passes = HashModule(), Barrier(), passes
        self.more = dict(more, lane=lane, product="car")
        super().__init__("same_card_s: 0", self.make)
        self.clock.now = (2026, 11, 21, 10 + minutes // 60, minutes % 60, 0)

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        lane = self.more["lane"]
        relay = NoBarrier() if lane == "pay" else Relay(lambda: self.barrier, 500, clock)
        keys = Keys({EVERY: (0x28, 5)}, lambda page, pan: b"12345678")
        at = At(settings, lane)
        return ParkingCard(at, parameters, tariff(), self.passes, relay, clock, keys)


def new_card(**more):
    card = CappCard(**more)
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])  # tells its number freely
    card.pages = {(PARKING, 0): layouts.issued("own", "parking")}
    return card


def stamp(card):
    return layouts.read(layouts.TRIP, card.pages[(PARKING, 0)])


def inside():
    """A card that came in at 10:00."""
    card = new_card()
    assert Lane("entry", 0, vehicle_class="2").tap(card)["message"] == "entered"
    return card


def goes(lane, card, minutes, message, fen, pulses=1, **more):
    """A tap ends in this message, costs so much and opens the barrier so often; the Lane."""
    stand, before_fen = Lane(lane, minutes, **more), card.balance_fen
    assert stand.tap(card)["message"] == message, (lane, minutes)
    assert before_fen - card.balance_fen == fen, (lane, minutes)
    assert stand.barrier.pulses == pulses, (lane, minutes)
    return stand


def test_entry_should_stamp_lane_and_moment_and_take_nothing():
    """QX-044, QX-047."""
    card = inside()
    seen = stamp(card)
    assert (seen["state"], seen["entry_place"], seen["entry_gate"]) == (layouts.INSIDE, 1, 71)
    assert seen["entry_time"] == (2026, 11, 21, 10, 0, 0) and seen["vehicle_class"] == 2
    assert card.balance_fen == 10000
    goes("entry", card, 1, "re_entry", 0)
    goes("entry", card, 9, "exit_missing", 0, 0)
    goes("entry", card, 9, "entered", 0, missing_exit="replace")


def test_exit_should_be_priced_by_time():
    """QX-047: free minutes, the first hour, steps, the day's cap; the stamp says what it cost."""
    for minutes, message, fen in ((14, "free_exit", 0), (59, "ok", 300), (90, "ok", 500),
                                  (13 * 60, "ok", 2000)):  # fmt: skip
        card = inside()
        lane = goes("exit", card, minutes, message, fen)
        seen = stamp(card)
        assert (seen["state"], seen["amount_fen"], seen["exit_gate"]) == (layouts.CLOSED, fen, 72)
        kind, values = lane.records()[0]
        assert kind == ("approved" if fen else "stamped") and values["direction"] == 2
        assert extension.of(values)["changes"][0][3] == card.pages[(PARKING, 0)]
        goes("exit", card, minutes + 14, "re_entry", 0)


def test_exit_without_an_entry_should_go_by_the_rule():
    """QX-045: the price of a lost entry, or the attendant; likewise behind the time to leave."""
    goes("exit", new_card(), 0, "ok", 5000)
    goes("exit", new_card(), 0, "entry_missing", 0, 0, missing_entry="refuse")
    card = inside()
    goes("exit", card, 59, "ok", 300)
    goes("exit", card, 75, "ok", 5000)


def test_pay_station_should_be_paid_once_and_let_out_in_time():
    """TD-068, QX-047: paid inside, stamped out for nothing; the rest behind the time to leave."""
    card = inside()
    lane = goes("pay", card, 59, "ok", 300, 0)
    assert lane.records()[0][1]["direction"] == 0
    assert (stamp(card)["state"], stamp(card)["amount_fen"]) == (layouts.PAID, 300)
    goes("pay", card, 62, "re_entry", 0, 0)
    goes("entry", card, 63, "exit_missing", 0, 0)
    lane = goes("exit", card, 74, "prepaid", 0)
    assert lane.kinds() == ["stamped"]
    assert (stamp(card)["state"], stamp(card)["amount_fen"]) == (layouts.CLOSED, 300)
    late = inside()
    goes("pay", late, 59, "ok", 300, 0)
    goes("pay", late, 75, "ok", 200, 0)
    assert stamp(late)["amount_fen"] == 500
    goes("exit", late, 140, "ok", 200)
    assert (stamp(late)["state"], stamp(late)["amount_fen"]) == (layouts.CLOSED, 700)


def test_pay_station_should_take_nothing_where_nothing_is_due():
    """Free minutes, and a card that never came in: no GPO, no stamp."""
    card = inside()
    for minutes, message in ((14, "free_exit"),):
        goes("pay", card, minutes, message, 0, 0)
    assert stamp(card)["state"] == layouts.INSIDE
    other = new_card()
    goes("pay", other, 5, "no_entry", 0, 0)
    assert other.asked(apdu.INS_GPO) == 0


class Passes:
    """A list with one card, open at all hours."""

    def __init__(self, pan):
        self.pan = pan

    def zone_of(self, pan):
        return int(pan == self.pan)

    def is_open(self, zone, day, minute):
        return True


def test_stay_at_another_car_park_should_be_no_stay_here():
    """QX-045: nobody is charged for hours elsewhere, nor let out for what was paid elsewhere."""
    for state in (layouts.INSIDE, layouts.PAID):
        for other in ({"entry_line": 8}, {"operator": 2}, {"city": 1}):
            card = inside()
            fields = dict(other, state=state, exit_time=(2026, 11, 21, 10, 59, 0))
            page = layouts.write(layouts.TRIP, card.pages[(PARKING, 0)], fields)
            card.pages[(PARKING, 0)] = page
            for lane in ("exit", "pay"):
                goes(lane, card, 60, "record_foreign", 0, pulses=0)
            assert card.pages[(PARKING, 0)] == page
    goes("entry", card, 60, "record_foreign", 0, pulses=0, missing_exit="replace")


def test_month_card_should_be_stamped_out_for_nothing():
    """TD-068: a list of passes goes with cards that remember, too."""
    card = inside()
    goes("exit", card, 90, "pass_valid", 0, passes=Passes("6228000100000010"))
    assert stamp(card)["state"] == layouts.CLOSED
    goes("exit", inside(), 90, "ok", 500, passes=Passes("6228000100000028"))


def test_bad_records_should_be_refused_before_the_gpo():
    """QX-012, QX-016: stamps from the future or of no moment, at exit and pay station."""
    ahead, none = (2026, 11, 21, 12, 0, 0), (2026, 13, 1, 0, 0, 0)
    came = (2026, 11, 21, 10, 0, 0)
    for changed, message in (
        ({"state": layouts.INSIDE, "entry_time": ahead}, "stamp_ahead"),
        ({"state": layouts.INSIDE, "entry_time": none}, "stamp_bad"),
        ({"state": layouts.INSIDE}, "stamp_bad"),
        ({"state": layouts.PAID, "entry_time": came, "exit_time": ahead}, "stamp_ahead"),
        ({"state": layouts.PAID, "entry_time": came}, "stamp_bad"),
        ({"locked": 1}, "record_locked"),
    ):
        for lane in ("exit", "pay"):
            card = new_card()
            fields = dict(changed, entry_line=7)
            page = layouts.write(layouts.TRIP, card.pages[(PARKING, 0)], fields)
            card.pages[(PARKING, 0)] = page
            goes(lane, card, 30, message, 0, 0)
            assert card.asked(apdu.INS_GPO) == 0 and card.pages[(PARKING, 0)] == page
