# SPDX-License-Identifier: Apache-2.0
"""A toll lane whose journeys lie on the card: classes, U-turns, times, the loop, to the fen."""

from firmware.capp import layouts
from firmware.devices import toll_rules
from firmware.devices.card_trade import EVERY, Keys
from firmware.devices.toll_card import TollCard
from firmware.errors import FormatError
from firmware.formats import extension
from firmware.kernel import apdu, tags, tlv
from sim.flash import Flash
from tests.capp_card import CappCard, HashModule
from tests.devices.toll_stand import DEAREST, Lane, tariff

TOLL = layouts.OWN["toll"][0]
HELD = 10000


def trade(here, parameters, booth, clock):
    keys = Keys({EVERY: (0x28, 4)}, lambda page, pan: b"12345678")
    return TollCard(here, parameters, tariff(), booth, clock, keys)


class CardLane(Lane):
    """A lane with a module; the card's records outlive it."""

    flash, limits = Flash(9, 2560), (1200, 950)

    def __init__(self, lane, station, minute, **more):
        self.module = HashModule()
        super().__init__(lane, station, minute, trade, **more)


def new_card(**more):
    card = CappCard(**more)
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])  # tells its number freely
    card.pages[(TOLL, 0)] = layouts.issued("own", "toll")
    return card


def fields(card):
    return layouts.read(layouts.TRIP, card.pages[(TOLL, 0)])


def entered(station=1, minute=0, **more):
    card = new_card()
    assert CardLane("entry", station, minute, **more).tap(card)["message"] == "entered"
    return card


def leaves(message, fen, minute=30, station=3, card=None, **more):
    """An exit ends in this message, costs so much, and opens the barrier unless it is refused."""
    card = card or entered()
    gpos, lane = card.asked(apdu.INS_GPO), CardLane("exit", station, minute, **more)
    said = lane.tap(card)["message"]
    case = (message, said, HELD - card.balance_fen, more)
    assert said == message and card.balance_fen == HELD - fen, case
    passed = message in ("ok", "free_exit")
    assert lane.barrier.pulses == passed and card.asked(apdu.INS_GPO) == gpos + passed, case
    return lane, card


def test_entry_should_stamp_station_lane_and_class():
    """QX-044, QX-047: nothing is taken, the barrier behind the verdict (QX-033)."""
    lane, card = CardLane("entry", 2, 0, vehicle_class="2"), new_card(df61=0x81)
    assert (lane.tap(card)["message"], card.balance_fen) == ("entered", HELD)
    assert lane.kinds() == ["stamped"] and lane.barrier.pulses == 1
    stamp = fields(card)
    assert (stamp["state"], stamp["entry_place"], stamp["vehicle_class"]) == (1, 2, 2)
    assert (stamp["entry_line"], stamp["entry_gate"]) == (6, 1501)
    assert lane.records()[0][1]["reference"] == 2


def test_exit_should_be_priced_by_stations_and_class():
    """QX-045, QX-046, QX-047: the matrix of the class; both images stand in the record."""
    lane, card = leaves("ok", 2000)
    (change,) = extension.of(lane.records()[0][1])["changes"]
    before, after = (layouts.read(layouts.TRIP, change[at]) for at in (2, 3))
    assert (before["entry_place"], after["exit_place"], after["amount_fen"]) == (1, 3, 2000)
    assert (before["state"], after["state"]) == (1, 2)
    leaves("ok", 1000, station=2)
    leaves("ok", 4000, card=entered(vehicle_class="2"), vehicle_class="2")


def test_other_class_should_go_by_the_rule():
    for was, seen in (("1", "2"), ("2", "1")):
        for rule, message, fen in (("dearer", "ok", 4000), ("refuse", "class_differs", 0),
                                   ("exit", "ok", 2000 * int(seen))):  # fmt: skip
            card = entered(vehicle_class=was)
            lane, _ = leaves(message, fen, card=card, vehicle_class=seen, class_differs=rule)
            if fen:
                said = lane.records()[0][1]["rule"]
                assert said == ("class_differs" if rule == "dearer" else "matrix"), said
                assert fields(card)["vehicle_class"] == int(seen)
    leaves("ok", 4000, card=entered(vehicle_class="2"), vehicle_class="0")


def test_class_without_a_price_should_never_be_charged():
    leaves("no_tariff", 0, card=entered(vehicle_class="7"), vehicle_class="7")
    leaves("no_tariff", 0, card=entered(vehicle_class="7"), vehicle_class="1")


def test_u_turn_should_go_by_the_rule():
    leaves("free_exit", 0, minute=10, station=1)
    leaves("ok", 500, minute=10, station=1, same_station="fare")
    for rule, message, fen in (("maximum", "ok", DEAREST), ("fare", "ok", 500),
                               ("refuse", "u_turn", 0), ("free", "free_exit", 0)):  # fmt: skip
        leaves(message, fen, minute=11, station=1, u_turn=rule)
    lane, _ = leaves("ok", DEAREST, minute=11, station=1)
    assert lane.records()[0][1]["rule"] == "u_turn"


def test_too_fast_and_too_long_should_go_by_the_rule():
    for rule, message, fen in (("refuse", "too_fast", 0), ("maximum", "ok", DEAREST),
                               ("fare", "ok", 2000)):  # fmt: skip
        leaves(message, fen, minute=7, least_min="1=8", too_fast=rule)
    leaves("ok", 2000, minute=8, least_min="1=8")
    leaves("ok", 2000, minute=7, least_min="2=8")
    leaves("too_fast", 0, minute=7, least_min="8 2=1")
    for rule, message, fen in (("maximum", "ok", DEAREST), ("refuse", "overtime", 0),
                               ("fare", "ok", 2000)):  # fmt: skip
        leaves(message, fen, minute=1, hour=12, longest_min="120", overtime=rule)
    leaves("ok", 2000, minute=0, hour=12, longest_min="120")


def test_too_fast_should_not_be_said_by_a_clock_in_doubt():
    """TD-008: by as much as the clock may be slow."""
    for doubt_s, message in ((59, "too_fast"), (60, "ok")):
        card, lane = entered(), CardLane("exit", 3, 7, least_min="1=8")
        lane.trade.house.stamp.doubt_s = lambda: doubt_s  # noqa: B023
        assert lane.tap(card)["message"] == message


def test_missing_entries_should_go_by_the_rule():
    """QX-045: a lost card is one without an entry."""
    leaves("ok", DEAREST, card=new_card())
    leaves("ok", 2 * DEAREST, card=new_card(), vehicle_class="2")
    leaves("entry_missing", 0, card=new_card(), missing_entry="refuse")
    leaves("free_exit", 0, card=new_card(), degraded="entry_free")
    leaves("free_exit", 0, degraded="exit_free")


def test_two_open_journeys_should_go_by_the_rule():
    """QX-043: behind the grace of a re-tap."""
    assert CardLane("entry", 2, 5).tap(entered())["message"] == "exit_missing"
    card = entered()
    assert CardLane("entry", 2, 5, missing_exit="replace").tap(card)["message"] == "entered"
    assert fields(card)["entry_place"] == 2


def test_bad_records_should_be_refused_before_the_gpo():
    """QX-012, QX-016: flags, kind, times, another network, too short: nothing is asked for."""
    inside = {"state": 1, "entry_place": 1, "vehicle_class": 1}
    cases = (
        ({"valid": 0}, "record_invalid"), ({"locked": 1}, "record_locked"),
        ({"entry_time": (2026, 11, 21, 11, 0, 0)}, "stamp_ahead"),
        ({"entry_time": (2026, 13, 1, 0, 0, 0)}, "stamp_bad"), ({}, "stamp_bad"),
        ({"city": 4400, "entry_time": (2026, 11, 21, 10, 0, 0)}, "record_foreign"),
    )  # fmt: skip
    for changed, message in cases:
        card = new_card()
        page = layouts.write(layouts.TRIP, card.pages[(TOLL, 0)], dict(inside, **changed))
        card.pages[(TOLL, 0)] = page
        leaves(message, 0, card=card)
        assert card.pages[(TOLL, 0)] == page
    card = new_card()
    card.pages[(TOLL, 0)] = b"\x02\x23\x0a\x01\x01\x00" + bytes(7)
    leaves("stamp_bad", 0, card=card)


def test_foreign_places_should_cost_the_dearest_toll():
    """A station that the table does not know is an unknown one."""
    leaves("ok", DEAREST, card=entered(station=77))


def test_second_tap_should_open_until_the_vehicle_has_gone():
    """QX-042: within the grace; the loop ends it."""
    card, lane = new_card(), CardLane("entry", 1, 0)
    assert lane.tap(card)["message"] == "entered"
    assert lane.tap(card)["message"] == "re_entry" and lane.barrier.pulses == 2
    lane.drive_over()
    assert lane.tap(card)["message"] == "exit_missing" and lane.barrier.pulses == 2
    lane, _ = leaves("ok", 2000, card=card)
    assert lane.tap(card)["message"] == "re_entry"
    lane.drive_over()
    lane.tap(card)
    assert card.balance_fen == HELD - 2000 - DEAREST and lane.reasons().count("run_through") == 0


def test_loop_should_tell_of_who_breaks_through():
    lane = CardLane("entry", 1, 0)
    lane.drive_over()
    assert lane.reasons() == ["run_through"] and lane.barrier.pulses == 0
    lane.loop.gone = True
    lane.drive_over()
    lane.loop.gone = False
    lane.drive_over()
    assert lane.reasons() == ["run_through"] * 2


def test_trailer_should_be_no_second_vehicle():
    card, lane = new_card(), CardLane("entry", 1, 0)
    lane.tap(card)
    lane.drive_over()
    lane.clock.ms += 1500
    lane.loop.level = 1
    lane.trade.turn()
    assert "run_through" not in lane.reasons()


def test_collector_should_key_the_class_of_one_vehicle():
    lane, card = CardLane("entry", 1, 0, collector=True), new_card()
    assert not lane.trade.offer().sells and lane.trade.offer().message == "class_wanted"
    assert "error" in lane.key("class 0") and "error" in lane.key("class")
    assert "ok class 2" in lane.key("2") and lane.trade.offer().sells
    assert lane.tap(card)["message"] == "entered" and fields(card)["vehicle_class"] == 2
    assert lane.tap(card)["message"] == "re_entry"  # the class is this vehicle's until it goes
    lane.drive_over()
    assert lane.trade.offer().message == "class_wanted"


def test_collector_should_open_by_hand():
    lane = CardLane("entry", 1, 0, collector=True)
    assert "ok" in lane.key("open")
    assert lane.reasons() == ["opened_by_hand"] and lane.barrier.pulses == 1
    lane.drive_over()
    assert lane.reasons() == ["opened_by_hand"]


def test_settings_that_mean_nothing_should_be_named():
    for more in (
        {"u_turn": "perhaps"}, {"least_min": "1=x"}, {"least_min": "=3"},
        {"class_differs": "cheaper"}, {"too_fast": "free"}, {"longest_min": "0"},
    ):  # fmt: skip
        assert "`" in fault_of(toll_rules.rules_from, more)
    for product in ("", "a-word-too-long"):
        assert "product" in fault_of(toll_rules.product_fits, product)


def fault_of(read, told):
    """What a FormatError says."""
    try:
        read(told)
    except FormatError as wrong:
        return str(wrong)
    raise AssertionError(told)
