# SPDX-License-Identifier: Apache-2.0
"""What records of the extended application say to a person; what nobody can believe is refused."""

from firmware.capp import layouts
from firmware.devices import inspector, inspector_records

SINCE = (2026, 11, 21, 7, 5, 9)
BEGUN = {"entry_time": SINCE, "entry_place": 11, "entry_gate": 7, "state": 1}


def told(name, profile="own", fields=None, reason=""):
    """The dict of a card's record with these fields, without `record`."""
    layout = layouts.PROFILES[profile][name][3]
    data = layouts.write(layout, layouts.issued(profile, name), fields or {})
    said = inspector_records.told(name, layout, data, reason)
    assert said.pop("record") == name
    return said


def test_records_should_be_told_by_their_layouts():
    """QX-056: frozen sums, open trips, passes, units of a meter."""
    trip = {"since": "2026-11-21 07:05", "place": 11, "terminal": 7}
    on = dict(trip, line=5)
    assert told("bike", fields=dict(BEGUN, frozen_fen=3000)) == dict(
        trip, state="frozen", frozen_fen=3000
    )
    assert told("fuel", fields={"state": 2, "amount_fen": 700}) == {
        "state": "completed", "amount_fen": 700
    }  # fmt: skip
    assert told("metro", fields=dict(BEGUN, entry_line=5)) == dict(on, state="open")
    closed = dict(BEGUN, entry_line=5, state=2, amount_fen=400)
    assert told("bus", fields=closed) == dict(on, state="closed", amount_fen=400)
    assert told("toll", fields={"state": 2, "amount_fen": 9}) == {
        "state": "closed", "amount_fen": 9
    }  # fmt: skip
    paid = dict(BEGUN, entry_line=5, state=layouts.PAID, amount_fen=500)
    assert told("parking", fields=paid) == dict(on, state="paid", amount_fen=500)
    days = {"from_day": 20261101, "until_day": 20261130}
    held = {"from": "2026-11-01", "until": "2026-11-30"}
    rides = dict(days, pass_kind=layouts.RIDES, rides=10, used=7)
    assert told("pass", fields=rides) == dict(held, state="rides", left=3, rides=10)
    assert told("parking_pass", fields=dict(days, pass_kind=layouts.DAYS)) == dict(
        held, state="days"
    )
    bought = {"meter_kind": 3, "units": 1500, "total_units": 4000}
    assert told("meter", fields=bought) == {"state": "units", "units": 1500, "total_units": 4000}
    assert told("bus", "t-union", dict(BEGUN, entry_line=5)) == dict(on, state="open")
    for name in inspector_records.OWN:
        assert told(name) == {"state": "unused"}


def test_record_that_nobody_can_believe_should_be_refused():
    """States, moments, days and counts that no terminal writes, digits that are none, flags."""
    pass_of = {"pass_kind": 1, "from_day": 20261101, "until_day": 20261130}
    for name, fields, words in (
        ("metro", {"state": 9}, "state 9"),
        ("metro", {"state": 1}, "moment"),
        ("metro", dict(BEGUN, entry_time=(2026, 2, 30, 7, 0, 0)), "moment"),
        ("metro", dict(BEGUN, state=2, entry_time=(2026, 2, 1, 25, 0, 0)), "moment"),
        ("bike", dict(BEGUN, frozen_fen=0), "0 fen"),
        ("fuel", {"state": 7, "frozen_fen": 5}, "state 7"),
        ("pass", dict(pass_of, rides=3, used=4), "-1 rides"),
        ("pass", dict(pass_of, pass_kind=9), "kind 9"),
        ("pass", dict(pass_of, until_day=20261000), "day"),
        ("pass", dict(pass_of, until_day=20261031), "ends on 2026-10-31"),
    ):
        said = told(name, fields=fields)
        assert said["state"] == "refused" and words in said["fault"], said
        assert sorted(said) == ["fault", "state"], "says nothing else"
    assert told("metro", reason="record_locked") == {"state": "refused", "fault": "locked"}
    for data in (b"", bytes(64), b"\xff" * 64, b"\x02\x21\x3d"):
        for name in inspector_records.OWN:
            said = inspector_records.told(name, layouts.OWN[name][3], data)
            assert said["state"] in ("refused", "unused")


def test_pages_should_say_what_is_open_and_no_more():
    """A frozen sum beside the balance that lacks it; two rows of sixteen cells."""
    frozen = {"record": "bike", "state": "frozen", "frozen_fen": 3000, "since": "2026-11-21 07:05"}
    rows = [
        frozen,
        {"record": "metro", "state": "open", "since": "2026-11-21 07:05"},
        {"record": "parking", "state": "paid", "since": "2026-11-21 07:05"},
        {"record": "pass", "state": "rides", "left": 65535, "until": "2026-11-30"},
        {"record": "parking_pass", "state": "days", "until": "2026-11-30"},
        {"record": "parking_pass", "state": "refused", "fault": "locked"},
        {"record": "bus", "state": "closed"},
        {"record": "toll", "state": "unused"},
    ]
    pages = inspector_records.pages_of(rows, lambda fen: inspector.money(156, fen))
    assert pages[0] == ("冻结 CNY 30.00", "2026-11-21 07:05") and len(pages) == 6
    assert pages[1][0] == "地铁 未结束" and pages[3] == ("乘车票 剩65535次", "to 2026-11-30")
    for page in pages:
        for line in page:
            cells = sum([2 if ord(sign) > 0x2E80 else 1 for sign in line])
            assert cells <= 16, line
    assert inspector_records.pages_of(None, None) == []
