# SPDX-License-Identifier: Apache-2.0
"""Rules of trips that a card remembers, one table of cases each."""

from firmware.capp import layouts, trip

CAME = (2026, 11, 22, 8, 0, 0)
HERE = trip.Here(3100, 7, 2, 11, 1101, 5000)
THERE = trip.Here(3100, 7, 2, 15, 1501, 900)


def at(minutes, seconds=0):
    """The local moment so long after CAME, within that day."""
    whole = 8 * 3600 + 60 * minutes + seconds
    return CAME[:3] + (whole // 3600, whole // 60 % 60, whole % 60)


def card(**fields):
    data = layouts.issued("own", "metro")
    return layouts.read(layouts.TRIP, layouts.write(layouts.TRIP, data, fields))


def inside(**more):
    fields = trip.entered(HERE, CAME)
    fields.update(more)
    return card(**fields)


def rules(**changed):
    """DEFAULT with some fields changed: namedtuples have no _replace on MicroPython."""
    names = ("grace_s", "ahead_s", "longest_s", "turn_s", "exit_missing", "entry_missing",
             "overtime", "same_place")  # fmt: skip
    kept = dict(zip(names, trip.DEFAULT))  # noqa: B905
    kept.update(changed)
    return trip.Rules(*[kept[name] for name in names])


def test_heads_should_be_checked():
    """QX-012: valid, not locked, of the kind that is needed."""
    for fields, word in (
        ({}, ""), ({"valid": 0}, "record_invalid"), ({"valid": 2}, "record_invalid"),
        ({"locked": 1}, "record_locked"), ({"kind": 2}, "record_foreign"),
    ):  # fmt: skip
        assert trip.head_fault(card(**fields)) == word, fields
    assert trip.head_fault(card(kind=2), 2) == ""
    assert trip.head_fault(card(**trip.deactivated())) == "record_invalid"  # QX-048


def test_entries_should_be_judged_by_the_trip_before():
    """QX-042, QX-043: closed, own stamp a moment ago, open, from the future, of no moment."""
    refuse = rules(exit_missing="refuse")
    cases = (
        (card(), at(0), trip.DEFAULT, ""),
        (card(state=layouts.CLOSED), at(0), trip.DEFAULT, ""),
        (inside(), at(1), trip.DEFAULT, "re_entry"),
        (inside(), at(2), trip.DEFAULT, "re_entry"),
        (inside(), at(2, 1), trip.DEFAULT, ""),
        (inside(), at(2, 1), refuse, "exit_missing"),
        (inside(), at(1), refuse, "re_entry"),
        (inside(entry_gate=1102), at(1), refuse, "exit_missing"),
        (inside(entry_time=at(1)), at(0), refuse, "re_entry"),
        (inside(entry_time=at(2)), at(0), trip.DEFAULT, "stamp_ahead"),
        (inside(entry_time=(2026, 13, 1, 0, 0, 0)), at(0), trip.DEFAULT, ""),
        (inside(entry_time=(2026, 13, 1, 0, 0, 0)), at(0), refuse, "exit_missing"),
    )
    for number, (values, now, by, word) in enumerate(cases):
        assert trip.entry(values, HERE, now, by) == word, number


def test_exits_should_be_priced_by_what_the_card_says():
    """QX-045, QX-047: entry missing, overtime, same station, own stamp, stamps of no moment."""
    closed = trip.left(THERE, at(30), 400)
    cases = (
        (inside(), THERE, at(30), {}, ("", "trip")),
        (inside(), THERE, at(240), {}, ("", "trip")),
        (inside(), THERE, at(240, 1), {}, ("", "most")),
        (inside(), THERE, at(241), {"overtime": "fare"}, ("", "trip")),
        (inside(), THERE, at(241), {"overtime": "refuse"}, ("overtime", "free")),
        (inside(), HERE, at(15), {}, ("", "free")),
        (inside(), HERE, at(15, 1), {}, ("", "trip")),
        (inside(), HERE, at(5), {"same_place": "fare"}, ("", "trip")),
        (card(), THERE, at(30), {}, ("", "most")),
        (card(), THERE, at(30), {"entry_missing": "refuse"}, ("entry_missing", "free")),
        (card(), THERE, at(30), {"entry_missing": "free"}, ("", "free")),
        (inside(**closed), THERE, at(31), {}, ("re_exit", "free")),
        (inside(**closed), THERE, at(33), {}, ("", "most")),
        (inside(entry_time=at(40)), THERE, at(30), {}, ("stamp_ahead", "free")),
        (inside(entry_time=(2026, 2, 30, 1, 1, 1)), THERE, at(30), {}, ("stamp_bad", "free")),
        (inside(entry_time=None), THERE, at(30), {}, ("stamp_bad", "free")),
    )
    for number, (values, here, now, changed, expected) in enumerate(cases):
        assert trip.leaving(values, here, now, rules(**changed)) == expected, number


def test_each_side_should_write_its_own_fields():
    """QX-044, QX-046: the other side's fields stay byte for byte."""
    before = layouts.issued("own", "metro")
    after = layouts.write(layouts.TRIP, before, trip.entered(HERE, CAME, b"\1\2\3\4"))
    again = layouts.write(layouts.TRIP, after, trip.left(THERE, at(30), 400, b"\5\6\7\x08"))
    come, gone = layouts.read(layouts.TRIP, after), layouts.read(layouts.TRIP, again)
    for name in come:
        if name.startswith("exit_"):
            assert come[name] == layouts.read(layouts.TRIP, before)[name], name
        if name.startswith("entry_"):
            assert gone[name] == come[name], name
    assert (come["state"], come["entry_place"], come["entry_number"]) == (1, 11, 5000)
    assert (gone["state"], gone["exit_place"], gone["amount_fen"]) == (2, 15, 400)
    pilot = layouts.known(layouts.PILOT_METRO, trip.entered(HERE, CAME))
    assert sorted(pilot) == ["entry_gate", "entry_time", "state"]


def test_transfers_should_look_back_as_far_as_the_rule_does():
    """QX-062..064: the newest ride of another line within the time."""

    def ride(line, minute, transfers=0):
        data = layouts.issued("own", "rides", line=line, time=at(minute), transfers=transfers)
        return layouts.read(layouts.RIDE, data)

    rides = [ride(5, 50), ride(9, 40), ride(7, 10, 1)]
    for line, minute, most, back, expected in (
        (7, 60, 1, 3, 5), (5, 60, 1, 1, None), (5, 60, 1, 3, 9), (5, 105, 1, 3, None),
        (9, 100, 1, 3, 5), (9, 30, 1, 3, None), (9, 30, 2, 3, 7),
    ):  # fmt: skip
        found = trip.transfer(rides[:back], line, at(minute), 3600, most)
        assert (found and found["line"]) == expected, (line, minute, most, back)
    used = [ride(6, 20, 1), ride(5, 10)]  # a second transfer behind one fare
    assert trip.transfer(used, 7, at(30), 3600, 1) is None
    assert trip.transfer(used, 7, at(30), 3600, 2)["line"] == 6
    assert trip.transfer([ride(5, 0)], 7, at(60), 3600, 1)["line"] == 5
    assert trip.transfer([ride(5, 0)], 7, at(60, 1), 3600, 1) is None
    assert trip.transfer([layouts.read(layouts.RIDE, bytes(48))], 7, at(0), 3600, 1) is None
