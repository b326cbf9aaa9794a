# SPDX-License-Identifier: Apache-2.0
"""Trips and frozen sums in the ledger: joined by what stands on the card, money conserved."""

import json

from firmware.capp import freeze, layouts, trip
from firmware.formats import extension, record
from host_tools.ledger import Ledger, days, settlement, stamp_sums, stamps
from tests.host.console import faretap
from tests.host.test_ledger import OTHER, packed

CAME, LEFT = (2026, 3, 9, 8, 0, 0), (2026, 3, 9, 8, 30, 0)
BLANK = layouts.issued("own", "metro")
BIKE = layouts.issued("own", "bike")


def here(place, gate, number):
    return trip.Here(3100, 7, 2, place, gate, number)


def kept(df60, sfi, before, after, fen, funds=None, **more):
    """Record bytes of a tap that changed one record of the card."""
    changes = [(sfi, 0, before, after), (0x1E, 0, b"", bytes(48))]
    told = extension.pack(df60, 0x02, changes, b"", b"", funds)
    fields = {
        "version": record.EXTENDED, "extension": told, "kind": extension.approved_kind(df60, fen),
        "fen": fen, "device": "metro",
    }  # fmt: skip
    return packed(**(fields | more))


def entry(place=11, terminal=7, number=1, before=BLANK, **more):
    """(card's record after, record bytes) of an entry."""
    after = layouts.write(layouts.TRIP, before, trip.entered(here(place, terminal, number), CAME))
    return after, kept(1, 0x15, before, after, 0, **{"atc": number, "stop": place} | more)


def leave(before, fen, place=15, terminal=8, number=1, **more):
    after = layouts.write(
        layouts.TRIP, before, trip.left(here(place, terminal, number), LEFT, fen)
    )
    return after, kept(1, 0x15, before, after, fen, **{"atc": 50 + number, "stop": place} | more)


def bike(number, fen, minute=0, **more):
    """(card's record, bytes) of a hire at terminal 7."""
    fields = freeze.frozen(here(31, 7, number), CAME, fen, 60, b"00000007", b"104310055110001")
    after = layouts.write(layouts.FREEZE, BIKE, fields)
    return after, kept(2, 0x1A, BIKE, after, fen, **{"atc": number, "tc": bytes(8)} | more)


def brief(ledger, **asked):
    return [
        (one.state, one.from_place, one.to_place, one.frozen_fen, one.amount_fen)
        for one in stamps.trips(ledger.engine, **asked)
    ]


def test_entry_and_exit_should_be_one_trip(ledger):
    inside, came = entry()
    _, went = leave(inside, 400)
    ledger.commit(8, [(1, went)])  # the exit's station may upload first
    assert brief(ledger) == []
    ledger.commit(7, [(1, came)])
    assert brief(ledger) == [("closed", 11, 15, 0, 400)]
    assert brief(ledger, only_open=True) == []
    assert ledger.totals() == {"approved": (1, 400), "stamped": (1, 0)}


def test_open_trip_should_be_listed_until_something_closes_it(ledger):
    inside, came = entry()
    ledger.commit(7, [(1, came)])
    assert brief(ledger, only_open=True) == [("open", 11, 0, 0, 0)]
    _, again = entry(place=12, number=2, before=inside)
    ledger.commit(7, [(2, again)])
    assert brief(ledger) == [("replaced", 11, 0, 0, 0), ("open", 12, 0, 0, 0)]
    assert brief(ledger, only_open=True) == [("open", 12, 0, 0, 0)]


UNION_BLANK = layouts.issued("t-union", "bus")


def union(number, place, side, before, fen=0, **more):
    """(card's record, bytes) of a tap of a T-Union card at terminal 7, minute `number` past 8."""
    moment = (2026, 3, 9, 8, number, 0)
    told = side(here(place, 7, number), moment, *([fen] if side is trip.left else []))
    after = layouts.write(layouts.UNION_BUS, before, layouts.known(layouts.UNION_BUS, told))
    values = {
        "device": "bus", "stop": place, "atc": number, "time": f"08{number:02d}00",
        "time_utc_s": 1773014400 + 60 * number,
    }  # fmt: skip
    return after, kept(1, 0x1A, before, after, fen, **values | more)


def test_ride_on_a_card_of_t_union_should_be_joined_by_terminal_moment_and_card(ledger):
    """QX-053: its record names no number, and an exit has no fields of its own on it."""
    on, came = union(1, 3, trip.entered, UNION_BLANK)
    _, off = union(20, 9, trip.left, on, 300)
    ledger.commit(7, [(20, off)])
    assert brief(ledger) == []
    ledger.commit(7, [(21, came), (22, union(2, 3, trip.entered, UNION_BLANK, pan=OTHER)[1])])
    assert brief(ledger) == [("closed", 3, 9, 0, 300), ("open", 3, 0, 0, 0)]


def test_price_of_a_missing_exit_should_stand_with_the_ride_that_was_not_ended(ledger):
    """Boarding anew takes the dearest ride for the one before; both layouts."""
    on, came = union(1, 3, trip.entered, UNION_BLANK)
    again, later = union(30, 4, trip.entered, on, 500)
    off = union(40, 5, trip.left, again, 200)[1]
    ledger.commit(7, [(1, came), (2, later), (3, off)])
    assert brief(ledger) == [("replaced", 3, 0, 0, 500), ("closed", 4, 5, 0, 200)]
    inside, came = entry(number=50, pan=OTHER)
    after = layouts.write(layouts.TRIP, inside, trip.entered(here(12, 7, 51), CAME))
    ledger.commit(7, [(50, came), (51, kept(1, 0x15, inside, after, 900, atc=51, pan=OTHER))])
    assert sum(one.amount_fen for one in stamps.trips(ledger.engine)) == 500 + 200 + 900


def test_ride_on_a_card_of_t_union_should_not_be_joined_with_anothers(ledger):
    """Another card, second or terminal, a moment that does not exist: nothing is closed."""
    on, came = union(1, 3, trip.entered, UNION_BLANK)
    ledger.commit(7, [(1, came)])
    changes = (
        {"entry_time": (2026, 2, 30, 8, 1, 0)}, {"entry_time": None},
        {"entry_time": (2026, 3, 9, 8, 1, 1)}, {"entry_gate": 8}, {"entry_gate": 0},
    )  # fmt: skip
    cards = [layouts.write(layouts.UNION_BUS, on, one) for one in changes]
    taps = [union(20 + at, 9, trip.left, one, 300)[1] for at, one in enumerate(cards)]
    taps.append(union(30, 9, trip.left, on, 300, pan=OTHER)[1])
    ledger.commit(8, list(enumerate(taps, 1)))
    assert brief(ledger, only_open=True) == [("open", 3, 0, 0, 0)]


def test_exit_without_an_entry_should_close_nothing(ledger):
    inside, came = entry()
    outside, went = leave(inside, 400)
    _, lone = leave(outside, 900, number=2)
    ledger.commit(7, [(1, came)])
    ledger.commit(8, [(1, went), (2, lone)])
    assert sorted(brief(ledger)) == [("closed", 11, 15, 0, 400), ("exit_only", 0, 15, 0, 900)]


def test_torn_taps_should_neither_close_nor_surely_open(ledger):
    inside, torn = entry(kind=record.PENDING)
    ledger.commit(7, [(1, torn)])
    assert brief(ledger, only_open=True) == [("doubtful", 11, 0, 0, 0)]
    _, in_doubt = leave(inside, 400, kind=record.PENDING)
    ledger.commit(8, [(1, in_doubt)])
    assert brief(ledger) == [("doubtful", 11, 0, 0, 0)]
    _, void = entry(number=2, kind=record.VOID)
    _, refused = entry(number=3, kind=record.REFUSED)
    ledger.commit(7, [(2, void), (3, refused)])
    assert len(brief(ledger)) == 1


def test_frozen_sum_should_be_no_money_and_its_completion_all_of_it(ledger):
    """QX-052, QX-053, QX-055: one line for both, and what was really drawn is cleared."""
    frozen, hired = bike(1, 10000)
    torn = bike(3, 700, kind=record.PENDING)[1]
    ledger.commit(7, [(1, hired), (2, bike(2, 5000)[1]), (3, torn)])
    assert ledger.totals() == {"preauthorised": (2, 0), "pending": (1, 0)}
    back = layouts.write(layouts.FREEZE, frozen, freeze.completed(here(32, 8, 1), LEFT, 300))
    ledger.commit(8, [(1, kept(3, 0x1A, frozen, back, 300, atc=60, stop=32))])
    assert brief(ledger) == [
        ("closed", 31, 32, 10000, 300), ("open", 31, 0, 5000, 0), ("doubtful", 31, 0, 700, 0),
    ]  # fmt: skip
    (day,) = settlement.overview(ledger, 9)
    (total,) = settlement.totals(ledger, day.day)
    assert (total.sales, total.sales_fen, total.pending_fen) == (1, 300, 0)


def test_what_cannot_be_read_should_be_kept_and_join_nothing(ledger):
    odd = layouts.write(layouts.TRIP, BLANK, {"state": 9})
    rubbish = BLANK[:6] + b"\xff" * 58
    items = [
        kept(1, sfi, before, after, fen, atc=fen)
        for sfi, before, after, fen in (
            (0x15, BLANK, odd, 1),
            (0x15, BLANK, rubbish, 2),
            (0x13, BLANK, BLANK, 3),
            (0x15, b"", b"", 4),
        )
    ]
    broken = packed(version=4, extension=b"\x09nothing", kind=record.STAMPED, fen=0, atc=5)
    ledger.commit(7, list(enumerate([*items, broken], 1)))
    with ledger.engine.connect() as connection:
        sides = [row.side for row in connection.execute(stamps.STAMPS.select())]
    assert sides == ["other"] * 5 and brief(ledger) == []


def test_sale_sent_twice_should_open_one_trip(ledger):
    _, came = entry()
    ledger.commit(7, [(1, came), (2, came)])
    assert len(brief(ledger)) == 1


def on_pass(number, fen, **more):
    """Record bytes of a ride on a pass."""
    blank = layouts.issued("own", "pass", pass_kind=layouts.RIDES, rides=10, price_fen=1000)
    after = layouts.write(layouts.PASS, blank, {"used": number})
    return kept(1, 0x1B, blank, after, fen, **{"atc": 80 + number, "device": "bus"} | more)


def lines_of(ledger):
    (day,) = settlement.overview(ledger, 9)
    return [tuple(one) for one in stamp_sums.lines(ledger, day.day)]


def test_settlement_should_tell_what_cards_with_memory_did(ledger):
    """QX-052, QX-054, QX-061: passes, offset and completions are parts of the sales, a frozen sum
    is none, and one that nothing has completed is named.
    """
    inside, came = entry()
    outside = leave(inside, 400)[0]
    went = kept(1, 0x15, inside, outside, 400, (150, 2000, 30), atc=51, stop=15)
    frozen, hired = bike(1, 10000)
    ledger.commit(7, [(1, hired), (2, bike(2, 5000)[1]), (3, came)])
    back = layouts.write(layouts.FREEZE, frozen, freeze.completed(here(32, 8, 1), LEFT, 300))
    drawn = kept(3, 0x1A, frozen, back, 300, atc=60, stop=32, device="bike")
    torn = entry(number=9, kind=record.PENDING)[1]
    ledger.commit(8, [(1, went), (2, drawn), (3, on_pass(1, 100)), (4, torn)])
    assert lines_of(ledger) == [
        ("completion", "terminal 7", 1, 300),
        ("entry", "metro", 1, 0),
        ("exit", "metro", 1, 400),
        ("frozen", "metro", 2, 15000),
        ("never cleared", "metro", 1, 5000),
        ("offset drawn", "metro", 1, 250),
        ("pass", "bus", 1, 100),
        ("pass rides", "bus", 1, 100),
    ]
    with ledger.engine.connect() as connection:
        owed = [row.owed_fen for row in connection.execute(stamps.STAMPS.select()) if row.owed_fen]
    assert owed == [280]


def test_a_late_trip_should_be_settled_with_the_first_open_day(ledger):
    _, came = entry()
    day = ledger.calendar.today(int(ledger.time_utc_s()))
    settlement.cut(ledger, days.shifted(day, -1))
    ledger.commit(7, [(1, came)])
    (late,) = settlement.overview(ledger, 9)
    assert late.late == 1 and [one.what for one in stamp_sums.lines(ledger, late.day)] == ["entry"]


def test_what_is_open_should_age_and_say_what_to_do(ledger):
    """What nothing has closed is told by kind and age, to the second at the edges."""
    ledger.commit(7, [(1, entry()[1]), (2, bike(2, 5000)[1])])
    (trip_open, frozen) = stamps.trips(ledger.engine, None, True)
    for age_s, word in ((0, "0-1 d"), (86399, "0-1 d"), (86400, "1-7 d"), (604799, "1-7 d"),
                        (604800, "older"), (-60, "0-1 d")):  # fmt: skip
        for one, kind in ((trip_open, "trip"), (frozen, "frozen")):
            told = stamp_sums.opened(one, one.began_utc_s + age_s)
            assert (told.kind, told.age, told.age_s) == (kind, word, max(0, age_s))
            assert told.to_do == stamp_sums.TO_DO[kind, word]
    (trips, sums) = stamp_sums.aged(ledger)
    assert (trips.kind, trips.trips, trips.fen) == ("trip", 1, 0)
    assert (sums.kind, sums.trips, sums.fen) == ("frozen", 1, 5000)
    assert len(stamp_sums.still_open(ledger, 1, 5)) == 1


def test_trips_should_be_shown_by_the_command(tmp_path):
    path = tmp_path / "ledger.db"
    made = Ledger(f"sqlite:///{path}")
    made.commit(7, [(1, entry()[1])])
    made.close()
    done = faretap("ledger", "trips", "--open", "--json", "--database", str(path))
    (row,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (row["state"], row["device"], row["from_place"]) == ("open", "metro", 11)
    assert row["age_hours"] > 1000 and row["age"] == "older"
    done = faretap("ledger", "trips", "--open", "--database", str(path))
    assert "trip, older: 1; ask why the exit is missing" in done.stdout
    done = faretap("ledger", "settle", "260308", "--database", str(path))
    assert "entry" in done.stdout and "never cleared" not in done.stdout
    done = faretap("ledger", "trips", "260310", "--database", str(path))
    assert "no card's memory" in done.stdout
