# SPDX-License-Identifier: Apache-2.0
"""A bus with a tap at each end of a ride: stamps, stage fares, missing taps, to the fen."""

from firmware.capp import layouts
from firmware.devices.stage_bus import charge_of
from firmware.fares.trip import Fare
from firmware.formats import extension
from firmware.kernel import apdu
from tests.devices.stage_stand import Bus, new_card, put, read, rides
from tests.devices.test_stage_bus import PASS


def tap(card, lane, minute, stop, line=5, **more):
    """(message, fen) of a tap at a reader; the exit's has another number than the entry's."""
    before_fen = card.balance_fen
    terminal = 1502 if lane == "exit" else 1501
    event = Bus(line, minute, stop, terminal, lane=lane, **more).tap(card)
    return event["message"], before_fen - card.balance_fen


def test_a_ride_should_be_priced_from_stop_to_stop():
    """QX-018, QX-029, QX-044, QX-046: a stamp of 0 fen, then stamp and ring with the debit."""
    for lanes in (("entry", "exit"), ("both", "both")):
        card = new_card(df61=0x81)
        assert tap(card, lanes[0], 0, 1) == ("boarded", 0)
        assert (read(card)["state"], read(card)["entry_place"], card.newest) == (1, 1, [])
        bus = Bus(5, 20, 3, 1501, lane=lanes[1])
        event = bus.tap(card)
        assert event["message"] == "ok" and card.balance_fen == 9600
        stamp, (ride,) = read(card), rides(card)
        assert (stamp["state"], stamp["exit_place"], stamp["amount_fen"]) == (2, 3, 400)
        assert (ride["place"], ride["amount_fen"], ride["line"]) == (3, 400, 5)
        changes = extension.of(bus.records()[0][1])["changes"]
        assert [one[0] for one in changes] == [0x16, 0x1E]


def test_t_union_cards_should_ride_as_well():
    """Their bus record and ring, 128 and 48 bytes; what nobody has told of them stays."""
    card = new_card("t-union", ("bus",))
    card.pages[(0x1A, 0)] = card.pages[(0x1A, 0)][:58] + b"\x5a" * 70
    union = {"layout": "t-union", "transfer": "60 1 100 2"}
    assert tap(card, "entry", 0, 1, **union) == ("boarded", 0)
    stamp = read(card, "bus", "t-union")
    assert (stamp["state"], stamp["entry_place"], stamp["entry_gate"]) == (1, 1, 1501)
    assert tap(card, "exit", 20, 3, **union) == ("ok", 400)
    assert tap(card, "exit", 21, 3, **union) == ("re_entry", 0)
    assert read(card, "bus", "t-union")["state"] == 2
    assert card.pages[(0x1A, 0)][58:] == b"\x5a" * 70
    (ride,) = rides(card, "t-union")
    assert (ride["gate"], ride["line"], ride["place"], ride["amount_fen"]) == (1502, 5, 3, 400)
    for line, minute, fen in ((6, 40, 200), (5, 60, 300), (6, 80, 200)):  # one transfer a fare
        tap(card, "entry", minute, 1, line, **dict(union, transfer="60 1 100 3"))
        took = tap(card, "exit", minute + 5, 2, line, **dict(union, transfer="60 1 100 3"))
        assert took[1] == fen, line


def test_transfers_should_count_from_where_one_left_to_where_one_boards():
    """QX-062, QX-063: on the exit's price; the ride itself may last as long as it likes."""
    for minute, fen in ((80, 200), (81, 300)):  # boards 60, 61 minutes behind the end at 10:20
        card, more = new_card(), {"transfer": "60 1 100"}
        tap(card, "entry", 0, 1, **more)
        tap(card, "exit", 20, 3, **more)
        tap(card, "entry", minute, 2, 6, **more)
        message, took = tap(card, "exit", minute + 30, 1, 6, **more)
        assert (message, took) == ("transfer" if fen == 200 else "ok", fen)


def test_a_pass_should_pay_at_the_exit():
    """QX-029, QX-066: three records change together."""
    card = new_card()
    put(card, "pass", **dict(PASS, pass_kind=layouts.RIDES, rides=4))
    tap(card, "entry", 0, 1, passes="card")
    bus = Bus(5, 10, 3, 1502, lane="exit", passes="card")
    assert bus.tap(card)["message"] == "pass_ride" and card.balance_fen == 10000 - 250
    changes = extension.of(bus.records()[0][1])["changes"]
    assert [one[0] for one in changes] == [0x16, 0x1B, 0x1E]
    assert (read(card)["amount_fen"], read(card, "pass")["used"]) == (250, 1)


def test_who_never_left_should_pay_the_dearest_ride_when_he_boards():
    """QX-043: or is refused, or forgiven; a stamp nobody can believe costs nothing."""
    for rule, line, expected in (("maximum", 5, ("boarded_late", 900)), ("maximum", 6, None),
                                 ("refuse", 5, ("exit_missing", 0)),
                                 ("replace", 5, ("boarded", 0))):  # fmt: skip
        for lane in ("entry", "both"):
            card = new_card()
            put(card, "bus", state=1, entry_line=line, entry_gate=9, entry_place=2,
                entry_time=(2026, 11, 21, 9, 0, 0))  # fmt: skip
            due = expected or ("boarded_late", 900)
            assert tap(card, lane, 0, 1, missing_exit=rule) == due, (rule, lane)
            assert read(card)["entry_gate"] == (9 if rule == "refuse" else 1501)
    card = new_card()
    put(card, "bus", state=1, entry_line=5, entry_gate=9, entry_time=(2026, 13, 1, 0, 0, 0))
    assert tap(card, "entry", 0, 1) == ("boarded", 0)


def test_an_exit_without_an_entry_should_go_by_the_rule():
    """QX-045: never boarded, boarded another line, or too long ago; never for less."""
    never, other = {}, {"state": 1, "entry_line": 6, "entry_time": (2026, 11, 21, 9, 50, 0)}
    long = {"state": 1, "entry_line": 5, "entry_time": (2026, 11, 21, 1, 0, 0)}
    for fields, more, expected in (
        (never, {}, ("ok", 900, "entry_missing")), (other, {}, ("ok", 900, "entry_missing")),
        (never, {"missing_entry": "refuse"}, ("entry_missing", 0, None)),
        (long, {}, ("ok", 900, "overtime")), (long, {"overtime": "refuse"}, ("overtime", 0, None)),
    ):  # fmt: skip
        card = new_card()
        put(card, "bus", entry_place=1, **fields)
        bus = Bus(5, 0, 3, 1502, lane="exit", **more)
        event = bus.tap(card)
        assert (event["message"], 10000 - card.balance_fen) == expected[:2], fields
        if expected[2]:
            assert bus.records()[0][1]["rule"] == expected[2]


def test_one_reader_should_know_its_own_stamps():
    """QX-042: within the grace nobody is charged again; then the second tap ends the ride."""
    card = new_card()
    for minute, stop, expected in (
        (0, 1, ("boarded", 0)), (1, 1, ("re_entry", 0)), (2, 2, ("ok", 300)),
        (3, 2, ("re_entry", 0)), (6, 2, ("boarded", 0)), (10, 2, ("free_exit", 0)),
        (11, 2, ("re_entry", 0)), (14, 3, ("boarded", 0)), (21, 3, ("ok", 200)),
        (300, 1, ("boarded", 0)), (600, 2, ("boarded_late", 900)),
    ):  # fmt: skip
        assert tap(card, "both", minute, stop) == expected, minute
    assert [one["amount_fen"] for one in rides(card)] == [200, 0, 300]


def test_a_stop_that_nobody_knew_should_be_no_other_stop():
    """QX-042: boarded before the announcer was heard, and tapped again: no ride was ended yet."""
    card = new_card()
    for minute, stop, expected in ((0, 0, ("boarded", 0)), (1, 1, ("re_entry", 0)),
                                   (3, 2, ("ok", 900))):  # fmt: skip
        assert tap(card, "both", minute, stop) == expected, minute


def test_a_boarding_that_the_other_door_has_stamped_should_be_no_missed_exit():
    """QX-042: torn at one door and tapped at the next; another line, or later, is another ride."""
    for terminal, line, minute, expected in (
        (1503, 5, 1, ("re_entry", 0)), (1503, 5, 5, ("boarded_late", 900)),
        (1503, 6, 1, ("boarded_late", 900)), (1501, 5, 1, ("re_entry", 0)),
    ):  # fmt: skip
        card = new_card()
        assert tap(card, "entry", 0, 1) == ("boarded", 0)
        before_fen = card.balance_fen
        event = Bus(line, minute, 1, terminal, lane="entry").tap(card)
        assert (event["message"], before_fen - card.balance_fen) == expected, (line, minute)
        assert tap(card, "exit", 20, 3)[1] > 0


def test_who_left_at_once_should_have_no_ride_to_go_on_from():
    """A free exit is no ride: no discount follows it, and no ride of a pass is used."""
    card, more = new_card(), {"transfer": "60 1 100", "passes": "card"}
    put(card, "pass", **dict(PASS, pass_kind=layouts.RIDES, rides=4))
    tap(card, "entry", 0, 1, **more)
    assert tap(card, "exit", 4, 1, **more) == ("free_exit", 0)
    assert read(card, "pass")["used"] == 0
    tap(card, "entry", 10, 1, 6, transfer="60 1 100")
    assert tap(card, "exit", 20, 2, 6, transfer="60 1 100") == ("ok", 300)


def test_bad_records_should_be_refused_before_the_gpo():
    """QX-011, QX-012, QX-016: flags, foreign IDs, lengths, stamps of the future."""
    inside = {"state": 1, "entry_line": 5}
    cases = (({"valid": 0}, "record_invalid"), ({"locked": 1}, "record_locked"),
             ({"kind": 2}, "record_foreign"),
             (dict(inside, entry_time=(2026, 11, 21, 12, 0, 0)), "stamp_ahead"),
             (dict(inside, entry_time=(2026, 13, 1, 0, 0, 0)), "stamp_bad"),
             (inside, "stamp_bad"))  # fmt: skip
    for fields, message in cases:
        card = new_card()
        put(card, "bus", **fields)
        before = card.pages[(0x16, 0)]
        assert tap(card, "exit", 0, 3) == (message, 0), fields
        assert card.asked(apdu.INS_GPO) == 0 and card.pages[(0x16, 0)] == before
    whole = layouts.issued("own", "bus")
    for data, message in ((b"\x02\x21" + whole[2:], "record_missing"),
                          (whole[:-1], "record_unread"),
                          (whole[:2] + b"\x11" + whole[3:20], "stamp_bad"),
                          (whole[:9] + b"\xaa" * 55, "stamp_bad")):  # fmt: skip
        card = new_card()
        card.pages[(0x16, 0)] = data
        assert tap(card, "entry", 0, 1) == (message, 0), data
        assert card.asked(apdu.INS_GPO) == 0


def test_least_balance_should_be_asked_when_boarding():
    """QX-007: before the GPO; nobody asks at the exit."""
    card = new_card()
    assert tap(card, "entry", 0, 1, least_fen=10001) == ("balance_low", 0)
    assert card.asked(apdu.INS_GPO) == 0
    assert tap(card, "exit", 0, 1, least_fen=10001) == ("ok", 900)


def test_a_fare_should_become_a_charge():
    assert charge_of(Fare(150, 200, "student", "stage", 1, 3)) == (150, 200, "student", "stage", 1)
