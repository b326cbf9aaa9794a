# SPDX-License-Identifier: Apache-2.0
"""A bus of one tap a ride: transfers and passes on the card, to the fen."""

from firmware.capp import layouts
from firmware.devices import stage_rules
from firmware.errors import FormatError
from firmware.formats import extension
from firmware.kernel import apdu, tags, tlv
from tests.devices.stage_stand import Bus, new_card, put, read, rides
from tests.small_card import SmallCard

HOUR = {"transfer": "60 1 100"}


def paid(card, line, minute, **more):
    """(message, fen) of a tap; a fare of 2.00."""
    before_fen = card.balance_fen
    event = Bus(line, minute, **dict(HOUR, **more)).tap(card)
    return event["message"], before_fen - card.balance_fen


def test_a_transfer_should_cost_less_and_be_written_with_the_debit():
    """QX-029, QX-062, QX-063: by the newest ride of the ring; one UPDATE beside the debit."""
    card = new_card(df61=0x81)
    assert paid(card, 5, 0) == ("ok", 200)
    bus = Bus(6, 30, **HOUR)
    assert bus.tap(card)["message"] == "transfer" and card.balance_fen == 10000 - 300
    (kind, values), (newest, before) = bus.records()[0], rides(card)
    assert kind == "approved" and (values["rule"], values["full_fare_fen"]) == ("transfer", 200)
    (change,) = extension.of(values)["changes"]
    assert change[2:] == (card.newest[1], card.newest[0])  # pushed down, and what was written
    assert (newest["line"], newest["amount_fen"], newest["transfers"]) == (6, 100, 1)
    assert (before["line"], before["amount_fen"], before["transfers"]) == (5, 200, 0)
    assert newest["gate"] == 1501 and newest["time"] == (2026, 11, 21, 10, 30, 0)


def test_transfers_should_end_with_time_number_and_line():
    """QX-063: within the minutes, so many behind one fare, not on the same line."""
    for line, minute, fen in ((6, 60, 100), (6, 61, 200), (5, 30, 200)):
        card = new_card()
        paid(card, 5, 0)
        assert paid(card, line, minute)[1] == fen, (line, minute)
    for most, expected in ((1, (200, 100, 200, 100)), (2, (200, 100, 100, 200))):
        card, more = new_card(), {"transfer": "60 %d 100 3" % most}
        took = [paid(card, 5 + at, 20 * at, **more)[1] for at in range(4)]
        assert tuple(took) == expected, most


def test_look_back_should_be_as_far_as_the_rule_needs():
    """QX-063: one ride, or three of them: back on the line of the newest."""
    for back, fen in ((1, 200), (3, 100)):
        card, more = new_card(), {"transfer": "60 2 100 %d" % back}
        assert [paid(card, 5 + at, 10 * at, **more)[1] for at in (0, 1)] == [200, 100]
        assert paid(card, 6, 20, **more)[1] == fen, back


def test_discounts_should_be_fen_a_percentage_or_all_of_it():
    """QX-018, QX-062: rounded down; what costs nothing is written all the same."""
    for less, fen in (("50", 150), ("33%", 134), ("500", 0), ("free", 0)):
        card = new_card()
        paid(card, 5, 0)
        assert paid(card, 6, 30, transfer="60 1 " + less) == ("transfer", fen), less
        assert [one["amount_fen"] for one in rides(card)] == [fen, 200]


def test_metro_should_count_by_its_own_record():
    """QX-062: a trip that was ended, in time; once, as the bus ride behind it says."""
    both = {"transfer_from": "bus metro"}
    ended = {"state": layouts.CLOSED, "exit_time": (2026, 11, 21, 9, 50, 0), "exit_gate": 77}
    for fields, fen in ((ended, 100), (dict(ended, state=layouts.INSIDE), 200), ({}, 200),
                        (dict(ended, exit_time=(2026, 11, 21, 8, 50, 0)), 200),
                        (dict(ended, city=3100), 200), (dict(ended, locked=1), 200)):  # fmt: skip
        card = new_card(trades=("metro",))
        put(card, "metro", **fields)
        assert paid(card, 5, 0, **both)[1] == fen, fields
    card = new_card(trades=("metro",))
    put(card, "metro", **ended)
    assert paid(card, 5, 0)[1] == 200  # bus rides alone
    card = new_card(trades=("metro",))
    put(card, "metro", **ended)
    assert [paid(card, 5 + at, 5 * at, **both)[1] for at in (0, 1)] == [100, 200]
    assert paid(new_card(trades=()), 5, 0, **both)[1] == 200


def test_rings_of_rubbish_should_give_no_discount_and_keep_nobody_out():
    """QX-062: digits that are none, rides of the future, of another city, of another trade."""
    good = layouts.issued("own", "rides", trade=2, line=5, full_fen=200,
                          time=(2026, 11, 21, 9, 50, 0))  # fmt: skip
    for fields, fen in (({}, 100), ({"time": (2026, 11, 21, 11, 0, 0)}, 200), ({"city": 1}, 200),
                        ({"time": (2026, 2, 30, 9, 50, 0)}, 200), ({"trade": 9}, 200),
                        ({"transfers": 255}, 200), ({"time": None}, 200)):  # fmt: skip
        card = new_card()
        card.newest = [layouts.write(layouts.RIDE, good, fields)]
        assert paid(card, 6, 0)[1] == fen, fields
    for ring, fen in ((b"\xff" * 48, 200), (bytes(48), 200), (good + bytes(30), 100)):
        card = new_card()
        card.newest = [ring]
        assert paid(card, 6, 0)[1] == fen and len(card.newest[0]) == len(ring), ring
    card = new_card()
    card.newest = [bytes(20)]  # no ride fits: refused before the GPO
    assert paid(card, 6, 0) == ("stamp_bad", 0) and card.asked(apdu.INS_GPO) == 0


def test_same_reader_should_know_its_own_ride():
    """QX-042: after a restart too; not at another stop, not behind the time, no other reader."""
    for minute, stop, terminal, fen in ((1, 1, 1501, 0), (2, 1, 1501, 200), (1, 2, 1501, 200),
                                        (1, 1, 1502, 200)):  # fmt: skip
        card = new_card()
        paid(card, 5, 0)
        assert paid(card, 5, minute, stop=stop, terminal=terminal)[1] == fen, (minute, stop)
    card = new_card()
    paid(card, 5, 0)
    assert paid(card, 5, 1) == ("already_paid", 0) and card.asked(apdu.INS_GPO) == 1


PASS = {"from_day": 20261101, "until_day": 20261130, "price_fen": 1000}


def with_pass(**fields):
    card = new_card()
    put(card, "pass", **dict(PASS, **fields))
    return card


def test_a_limited_pass_should_pay_its_share_each_ride():
    """QX-066: together its price, the last one what is left; then it is used up."""
    card = with_pass(pass_kind=layouts.RIDES, rides=3)
    took = [paid(card, 5, 10 * at, passes="card") for at in range(4)]
    assert took[:3] == [("pass_ride", 333), ("pass_ride", 333), ("pass_ride", 334)]
    assert took[3] == ("pass_used_up", 0)
    values = read(card, "pass")
    assert (values["used"], values["first_time"][4], values["last_time"][4]) == (3, 0, 20)
    assert paid(card, 5, 50, passes="card", pass_over="fare") == ("ok", 200)
    assert paid(card, 5, 55) == ("ok", 200)  # a bus that takes none


def test_an_unlimited_pass_should_pay_once_a_period():
    """QX-066: the price at first, nothing then; a record of 0 fen that says pass."""
    card = with_pass(pass_kind=layouts.DAYS, period_days=1, price_fen=1000)
    bus = Bus(5, 0, passes="card")
    assert bus.tap(card)["message"] == "pass_ride" and card.balance_fen == 9000
    bus = Bus(6, 5, passes="card")
    bus.tap(card)
    kind, values = bus.records()[0]
    assert card.balance_fen == 9000 and kind == "stamped"
    assert (values["fare_class"], values["rule"], values["amount_fen"]) == ("pass", "pass_days", 0)
    changes = extension.of(values)["changes"]
    assert [one[0] for one in changes] == [0x1B, 0x1E] and len(card.newest) == 2  # QX-029


def test_passes_that_do_not_hold_should_be_refused_by_name():
    """QX-012, QX-067: before the GPO, or the fare by parameter; one of another city is none."""
    rides_of, used = dict(pass_kind=layouts.RIDES, rides=3), (2026, 11, 2, 8, 0, 0)
    cases = (
        (dict(rides_of, until_day=20261120), "pass_expired"),
        (dict(rides_of, from_day=20261122), "pass_early"),
        (dict(rides_of, used=3, last_time=used), "pass_used_up"),
        (dict(rides_of, used=1, last_time=(2026, 11, 21, 11, 0, 0)), "stamp_ahead"),
        (dict(rides_of, used=1, last_time=(2026, 13, 1, 1, 0, 0)), "stamp_bad"),
        (dict(rides_of, locked=1), "record_locked"), (dict(rides_of, kind=2), "record_foreign"),
        (dict(pass_kind=7), "pass_unknown"), (dict(rides_of, rides=0), "pass_used_up"),
        (dict(rides_of, city=3100), "ok"), (dict(rides_of, valid=0), "ok"), ({}, "ok"),
    )  # fmt: skip
    for fields, message in cases:
        card = with_pass(**fields)
        assert paid(card, 5, 0, passes="card") == (message, 200 * (message == "ok")), fields
        assert card.asked(apdu.INS_GPO) == (message == "ok")
    card = with_pass(**dict(rides_of, until_day=20261120))
    assert paid(card, 5, 0, passes="card", pass_over="fare") == ("ok", 200)
    for until, word in ((20261121, "pass_ride"), (20261120, "pass_expired")):
        card = with_pass(**dict(rides_of, until_day=until))  # its last day is a day of it
        assert paid(card, 5, 0, passes="card")[0] == word


def test_cards_without_records_should_pay_plain_or_not_at_all():
    """QX-001: `extended` of the parameters; the guard of the terminal knows them again."""
    bus, card = Bus(fleet="same_card_s: 60\nextended: plain", **HOUR), open_card()
    assert bus.tap(card)["message"] == "ok" and card.balance_fen == 9800
    assert bus.tap(card)["message"] == "already_paid" and bus.kinds() == ["approved"]
    card = open_card()
    assert Bus(**HOUR).tap(card)["message"] == "capp_absent" and card.balance_fen == 10000


def open_card():
    """Without records; tells its number freely."""
    card = SmallCard("6228000100000010")
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])
    return card


def test_a_module_that_fails_should_cost_nobody_anything():
    """QX-071, QX-073."""
    bus, card = Bus(**HOUR), new_card()
    bus.module.present = False
    assert bus.tap(card)["message"] == "module_failed" and card.asked(apdu.INS_GPO) == 0
    bus, card = Bus(**HOUR), new_card()
    bus.module.left = 0
    assert bus.tap(card)["message"] == "module_failed"
    assert card.newest == [] and bus.kinds() in ([], ["refused"])


def test_settings_that_mean_nothing_should_be_named():
    for text in ("60", "60 1", "0 1 100", "60 0 100", "60 1 0%", "60 1 101%", "60 1 -5",
                 "60 1 100 0", "60 1 100 10", "60 1 100 3 4", "an hour 1 100"):  # fmt: skip
        try:
            stage_rules.transfer_of({"transfer": text})
        except FormatError as wrong:
            assert "transfer" in str(wrong)
            continue
        raise AssertionError(text)
    assert stage_rules.transfer_of({"transfer": "90 2 50% 3"}) == (5400, 2, 50, 0, 3)
    assert stage_rules.transfer_of({}).most == 0
    for more in ({"transfer_from": "tram"}, {"layout": "mine"}, {"passes": "yes"},
                 {"layout": "t-union", "passes": "card"},
                 {"layout": "t-union", "transfer": "60 1 100"},
                 {"pass_over": "free"}):  # fmt: skip
        try:
            Bus(**more)
        except FormatError:
            continue
        raise AssertionError(more)
