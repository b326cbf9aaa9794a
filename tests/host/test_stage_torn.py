# SPDX-License-Identifier: Apache-2.0
"""A bus with rides on simulated cards: the link is cut at every exchange, before and after the
card acted. Whatever happens, who comes again has paid once, and each of his records says so once.
"""

import pytest

from firmware.capp import layouts
from firmware.devices.card_trade import Keys, factor_by
from firmware.devices.stage_bus import StageBus
from firmware.devices.stage_price import Place, Prices
from firmware.devices.stage_trip import StageTrip
from sim.capp_profile import KEY_USE, VERSIONS
from tests.devices.stage_stand import At, stages
from tests.host.record_torn import CASES, Crossing, Unit, cut_everywhere, never_back, new_card

SFIS = {0x1E: "rides", 0x16: "bus", 0x1B: "pass"}
SHARE_FEN, FARE_FEN = 250, 400
NOW = (2026, 11, 21, 10, 0, 0)


class Bus(Unit):
    """A reader of line 5; its rider is told by a green lamp."""

    key = (KEY_USE, VERSIONS["rides"])
    wanted = tuple((KEY_USE, VERSIONS[name]) for name in ("bus", "pass"))

    def __init__(self, stop=1, **more):
        self.stop, self.more = stop, more
        super().__init__()

    def _make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        here = At(settings, 1501, 5, self.stop)
        names = {sfi: (KEY_USE, VERSIONS[trade]) for sfi, trade in SFIS.items()}
        lane = "lane" in self.more
        prices = Prices(here, parameters, stages() if lane else None)
        kind, keys = StageTrip if lane else StageBus, Keys(names, factor_by("pan:01"))
        return kind(here, parameters, prices, Place(here, None), clock, keys)

    def opened(self):
        return sum(one[:2] == ("lamp", "green") for one in self.log)


def record_of(card, sfi):
    """Fields of a record of a simulated card."""
    found = [data for place, data, _ in card.state["extended"]["records"] if place == f"{sfi:02X}"]
    return layouts.read(layouts.OWN[SFIS[sfi]][3], bytes.fromhex(found[0]))


def ridden(card):
    ring = card.state["extended"]["ring"]["records"]
    return [layouts.read(layouts.RIDE, bytes.fromhex(one))["amount_fen"] for one in ring]


def with_pass(r_mac):
    """A card with a pass of four rides for 10.00."""
    card = new_card(r_mac, "bus", "pass", "rides")
    row = next(one for one in card.state["extended"]["records"] if one[0] == "1B")
    sold = {"pass_kind": layouts.RIDES, "rides": 4, "price_fen": 4 * SHARE_FEN}
    fields = {**sold, "from_day": 20261101, "until_day": 20261130}
    row[1] = layouts.write(layouts.PASS, bytes.fromhex(row[1]), fields).hex().upper()
    return card


def aboard(r_mac):
    card = new_card(r_mac, "bus", "pass", "rides")
    assert Bus(lane="entry").tap(card)["message"] == "boarded"
    return card


def ride_on_pass(r_mac):
    def used(card):
        return record_of(card, 0x1B)["used"] == 1 and ridden(card) == [SHARE_FEN]

    return Crossing(
        lambda: Bus(passes="card"), lambda: with_pass(r_mac), (SHARE_FEN,), "approved",
        ("pass_ride",), used,
    )  # fmt: skip


def leaving(r_mac):
    def left(card):
        stamp = record_of(card, 0x16)
        return stamp["state"] == layouts.CLOSED and ridden(card) == [FARE_FEN]

    return Crossing(
        lambda: Bus(3, lane="exit"), lambda: aboard(r_mac), (0, FARE_FEN), "approved", ("ok",),
        left,
    )  # fmt: skip


@pytest.mark.parametrize(("r_mac", "acted"), CASES)
def test_a_ride_on_a_pass_lost_anywhere_should_use_one(r_mac, acted):
    """QX-029, QX-035, QX-066: pass, ring and debit change together or not at all."""
    assert cut_everywhere(ride_on_pass(r_mac), acted) > 10


@pytest.mark.parametrize(("r_mac", "acted"), CASES)
def test_an_exit_lost_anywhere_should_be_paid_once(r_mac, acted):
    """QX-029, QX-035, QX-046: bus record, ring and debit."""
    assert cut_everywhere(leaving(r_mac), acted) > 10


@pytest.mark.parametrize("trades", (("bus",), ("bus", "rides")))
def test_a_ring_that_was_never_opened_should_be_said_at_each_tap(trades):
    """QX-027, QX-028: without the file, or with one whose opening key nobody has used (6A82,
    6A83). Read it looks empty; the card keeps its money and its rider hears where to go.
    """
    card = new_card(False, *trades)
    card.state["extended"]["ring"] = None
    bus, held_fen = Bus(), card.held_fen
    for _ in range(3):
        event = bus.tap(card)
        assert (event["message"], event["taken"]) == ("record_missing", False)
        assert ("show", "Not subscribed: service desk", 0) in bus.log
        assert bus.opened() == 0 and bus.shown() == "red"
    assert card.held_fen == held_fen and bus.kinds() == ["refused"] * 3
    assert bus.journal.pending() == []


@pytest.mark.parametrize("acted", (False, True))
def test_a_rider_who_never_comes_back_should_stay_pending(acted):
    """QX-036: unknown is neither paid nor unpaid, whatever the ring says."""
    _, card = never_back(ride_on_pass(False), acted)
    assert (ridden(card) == [SHARE_FEN]) is acted


@pytest.mark.parametrize(("r_mac", "verdict"), ((False, "debited-unproven"), (True, "pending")))
def test_own_ride_in_the_ring_should_tell_of_a_tap_that_was_lost(r_mac, verdict):
    """QX-038: the card was used elsewhere since, its ring shows the ride; with R-MAC a record that
    bears none proves nothing.
    """
    card, bus = new_card(r_mac, "bus", "rides"), Bus()
    event, fired = bus.lost(card, -1, True)
    assert fired and event["taken"] is None
    ring, state = card.state["extended"]["ring"]["records"], card.state
    assert ridden(card) == [200]
    ring.insert(0, ring[0][:2] + "FF" + ring[0][4:])  # another bus's ride on top of it
    state["atc"] += 1
    state["proof"] = None
    bus.tap(card)
    assert verdict in bus.kinds()
