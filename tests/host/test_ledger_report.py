# SPDX-License-Identifier: Apache-2.0
"""The report of a day is its settlement, service by service; car parks, by store and by card."""

import random

from click.testing import CliRunner

from firmware.capp import layouts, trip
from firmware.devices.fuel_fills import FILL
from firmware.devices.lane_store import Entry, Payment, key_of, pack_entry, pack_told
from firmware.formats import extension, fields, record
from host_tools.cli.ledger import command
from host_tools.ledger import parking, parking_inside, report, settlement, transfers
from host_tools.ledger.vault import VARIABLE
from tests.host.test_ledger import OTHER, PAN, packed

DAY = 20260309
DEVICES = ("bus", "parking", "toll", "canteen", "coach", "fuel", "metro", "utilities", "taxi")
RULES = ("flat", "time", "transfer", "pass_days", "lost", "keyed", "menu", "")
REASONS = ("ok", "refund_cash", "paid_cash", "re_entry", "entry_noted", "free_exit", "shift_open")
FREEZE = extension.pack(2, 2, [(0x1A, 0, bytes(72), bytes(72))])
STAMP = extension.pack(1, 2, [(0x18, 0, bytes(64), b"\xff" * 64)])  # of a card nobody can read


def any_record(dice, number):
    """Bytes of a record, of a device and a kind as the dice fall."""
    kind = dice.choice([number for number, _ in record.KINDS])
    fen = dice.randrange(3000)
    more = {"rule": dice.choice(RULES), "full_fare_fen": fen + dice.choice((0, 0, 70))}
    extended = dice.choice((b"", b"", FREEZE, STAMP))
    if extended or kind in (record.PREAUTHORISED, record.STAMPED):
        more |= {"version": record.EXTENDED, "extension": extended or FREEZE}
    return packed(
        kind=kind, atc=number, fen=fen, device=dice.choice(DEVICES), reason=dice.choice(REASONS),
        direction=dice.randrange(3), driver=dice.choice((0, 7)), stop=dice.randrange(4),
        fare_class=dice.choice(("adult", "staff")), reference=dice.choice((0, 1, 2611210915)),
        trade_data=dice.choice((b"", bytes(17), b"\xff" * 17, bytes(28), b"\x01x")),
        line=dice.randrange(2), date=dice.choice(("260309", "260310")), time="120000", **more,
    )  # fmt: skip


def test_report_of_any_records_should_add_up_to_the_settlement(ledger):
    """Own and late records, conflicts and repeats, whatever they say: each day's lines of each
    device are its settlement, and a line that is missing or wrong is named.
    """
    dice = random.Random(7)
    items = [any_record(dice, number) for number in range(1, 201)]
    ledger.commit(1, list(enumerate(items, 1)))
    settlement.cut(ledger, DAY)
    more = [any_record(dice, number) for number in range(180, 260)]  # some come twice
    ledger.commit(2, list(enumerate(more, 1)))
    seen_fen = 0
    for one in settlement.overview(ledger, 9):
        for by in ((), ("terminal",), ("stop", "shift")):
            lines = report.services(ledger, one.day, (), by)
            assert report.disagreements(ledger, one.day, lines) == []
            sales = [line for line in lines if line.what == report.SALE]
            assert sum(line.amount_fen for line in sales) == one.sales_fen
        parks = [line for line in parking.lanes(ledger, one.day) if line.what == report.SALE]
        by_device = {row.of[0]: row for row in settlement.totals(ledger, one.day, ("device",))}
        assert sum(line.amount_fen for line in parks) == by_device["parking"].sales_fen
        lines = report.services(ledger, one.day, ("bus",))
        assert {line.device for line in lines} == {"bus"}
        assert report.disagreements(ledger, one.day, lines, ("bus",)) == []
        (sale,) = sales[:1]
        worse = sale._replace(amount_fen=sale.amount_fen + 1)
        for given in ([], [worse], [sale, worse]):
            assert report.disagreements(ledger, one.day, given, (sale.device,))
        seen_fen += one.sales_fen
        parking.stays(ledger, one.day)
    parking_inside.inside(ledger, 400)  # whatever a lane has said, it is an answer
    assert seen_fen > 10000


def test_goods_should_be_told_in_their_units(ledger):
    """A pump's millilitres and a meter's units stand beside their money; a transfer says what it
    took off.
    """
    values = dict.fromkeys((name for name, _ in FILL), 0) | {"quantity": 11000, "unit": 0}
    data = fields.pack(FILL, values)
    poured = packed(time="120000", device="fuel", rule="fill", fen=8316, trade_data=data)
    before = layouts.issued("own", "meter", meter_kind=3)
    after = layouts.write(layouts.METER, before, {"units": 1500})
    bought = packed(
        atc=2, time="120000", device="utilities", rule="gas", fen=3945, version=record.EXTENDED,
        extension=extension.pack(1, 2, [(0x1B, 0, before, after)]),
    )  # fmt: skip
    noon = {"time": "120000"}
    cheaper = packed(atc=3, device="bus", rule="transfer", fen=100, full_fare_fen=200, **noon)
    toll = packed(atc=4, device="toll", rule="matrix", fen=2000, reference=2, stop=13, **noon)
    ledger.commit(7, list(enumerate([poured, bought, cheaper, toll], 1)))
    lines = [one[1:] for one in report.services(ledger, DAY)]
    assert lines == [
        ("bus", "sale", "transfer", "", 1, 100, 100, 0, ""),
        ("fuel", "sale", "fill", "", 1, 8316, 0, 11000, "ml"),
        ("toll", "sale", "matrix", "class 2", 1, 2000, 0, 0, ""),
        ("utilities", "sale", "gas", "", 1, 3945, 0, 1500, "0.01 m3"),
    ]
    assert [one.of for one in report.services(ledger, DAY, ("toll",), ("stop", "line"))] == [
        (13, 0)
    ]


CAME = (2026, 3, 9, 8, 0, 0)


def tap(minute, lane, direction, kind=record.EVENT, reason="", entry=None, pan=PAN, **more):
    """Bytes of a store's record, so many minutes behind eight o'clock."""
    body = pack_entry(1, Entry(key_of(pan), 1, entry, 0)) if entry else b""
    fields_of = {
        "device": "parking", "direction": direction, "stop": lane, "reason": reason or "ok",
        "time": f"{8 + minute // 60:02d}{minute % 60:02d}00", "trade_data": body,
        "time_utc_s": 1773014400 + 60 * minute, "atc": minute + 1, "fen": 0,
    }  # fmt: skip
    return packed(pan, kind, **fields_of | more)


def paid(minute, fen, entry, pan=PAN):
    """Bytes of a payment at station 5."""
    body = pack_told(Entry(key_of(pan), 1, entry, 0), Payment(entry, fen, 5))
    sale = {"fen": fen, "rule": "time", "trade_data": body}
    return tap(minute, 5, 0, record.APPROVED, pan=pan, **sale)


def test_stay_in_the_store_should_be_told_from_its_exit_with_what_was_paid_before(ledger):
    """By an exit, a pay station, a pass, the attendant's key, a lost entry."""
    ledger.commit(1, [(1, tap(0, 1, 1, reason="entry_noted"))])
    ledger.commit(5, [(1, paid(60, 500, CAME))])
    sold = {"kind": record.APPROVED, "entry": CAME}
    ledger.commit(2, [
        (1, tap(70, 2, 2, reason="prepaid", entry=CAME)),
        (2, tap(71, 2, 2, reason="re_entry")),
        (3, tap(90, 2, 2, pan=OTHER, fen=250, rule="rest", **sold)),
        (4, tap(95, 2, 2, record.APPROVED, fen=5000, rule="lost", driver=7, pan=OTHER)),
        (5, tap(96, 2, 2, record.APPROVED, fen=200, rule="keyed", driver=7, reference=2603090900)),
        (6, tap(97, 2, 2, reason="pass_valid", entry=(2026, 2, 30, 1, 1, 1))),
    ])  # fmt: skip
    stays = parking.stays(ledger, DAY)
    assert [(one.how, one.minutes, one.before_fen, one.amount_fen) for one in stays] == [
        ("paid before", 70, 500, 0), ("rest of a stay", 90, 0, 250), ("lost entry", -1, 0, 5000),
        ("entry keyed", 36, 0, 200), ("pass", -1, 0, 0),
    ]  # fmt: skip
    assert (stays[0].came, stays[0].left) == ("2026-03-09 08:00", "2026-03-09 09:10")
    lanes = {(one.lane, one.service, one.attendant): one for one in parking.lanes(ledger, DAY)}
    assert lanes["pay 5", "stay", 0].amount_fen == 500 and lanes["entry 1", "entry", 0].cars == 1
    assert lanes["exit 2", "lost entry", 7].amount_fen == 5000
    assert ("exit 2", "entry keyed", 7) in lanes and ("exit 2", "pass", 0) in lanes
    sums = {row["length"]: (row["cars"], row["paid_fen"]) for row in parking.lengths(stays)}
    assert sums == {"1-4 h": (2, 750), "up to 1 h": (1, 200), "unknown": (2, 5000)}


def test_car_should_be_inside_until_an_exit_lets_it_out(ledger):
    """Also behind a payment; a torn exit leaves it in doubt, an entry anew counts beside it."""
    ledger.time_utc_s = lambda: 1773014400 + 86400 * 3
    ledger.commit(1, [(1, tap(0, 1, 1, reason="entry_noted"))])
    (one,) = parking_inside.inside(ledger)
    assert (one.state, one.lane, one.age, one.again) == ("inside", 1, "1-7 d", 0)
    assert parking_inside.inside(ledger, 1) == []
    ledger.commit(1, [(2, tap(9, 1, 1, reason="entry_noted"))])
    ledger.commit(5, [(1, paid(60, 500, CAME))])
    (one,) = parking_inside.inside(ledger)
    assert (one.state, one.again, one.paid_fen, one.came_utc_s) == ("paid", 1, 500, 1773014400)
    torn = tap(70, 2, 2, record.PENDING, "last_record_lost", CAME, fen=250, rule="rest")
    ledger.commit(2, [(1, torn), (2, tap(71, 2, 2, reason="re_entry"))])
    assert [one.state for one in parking_inside.inside(ledger)] == ["doubtful"]
    ledger.commit(2, [(3, tap(80, 2, 2, reason="prepaid", entry=CAME))])
    assert parking_inside.inside(ledger) == []
    ledger.commit(1, [(3, tap(200, 1, 1, reason="entry_noted", line=4))])
    ledger.commit(2, [(4, tap(201, 2, 2, reason="free_exit", line=5))])  # another car park
    assert [one.line for one in parking_inside.inside(ledger)] == [4]


def on_card(number, before, told, fen=0, minute=0, direction=1, **more):
    """(card's record, bytes) of a lane on cards."""
    after = layouts.write(layouts.TRIP, before, told)
    held = extension.pack(1, 2, [(0x18, 0, before, after)])
    more |= {"version": record.EXTENDED, "extension": held, "fen": fen, "atc": number}
    kind = extension.approved_kind(1, fen)
    return after, tap(minute, number, direction, kind, **more)


def test_stay_on_a_card_should_be_told_likewise(ledger):
    """QX-047: entry, pay station and exit of the card's own record; a pass, a lost entry."""
    here = trip.Here(3100, 7, 2, 1, 1, 1)
    came, first = on_card(1, layouts.issued("own", "parking"), trip.entered(here, CAME),
                          rule="entry")  # fmt: skip
    ledger.commit(1, [(1, first)])
    assert [one.state for one in parking_inside.inside(ledger)] == ["inside"]
    when = (2026, 3, 9, 9, 0, 0)
    settled, second = on_card(
        2, came, trip.left(here, when, 500) | {"state": layouts.PAID}, 500, 60, 0, rule="time"
    )
    ledger.commit(2, [(1, second)])
    (one,) = parking_inside.inside(ledger)
    assert (one.state, one.paid_fen, one.line) == ("paid", 500, 2)
    out = trip.left(here, (2026, 3, 9, 9, 5, 0), 500)
    gone, third = on_card(3, settled, out, 0, 65, 2, rule="prepaid")
    _, lost = on_card(4, gone, out, 900, 66, 2, rule="time")
    _, month = on_card(5, came, out, 0, 67, 2, rule="month", pan=OTHER)
    ledger.commit(3, [(1, third), (2, lost), (3, month)])
    assert parking_inside.inside(ledger) == []
    stays = parking.stays(ledger, DAY)
    assert [(one.how, one.minutes, one.before_fen, one.amount_fen) for one in stays] == [
        ("paid before", 65, 500, 0), ("lost entry", -1, 0, 900), ("pass", 67, 0, 0)
    ]  # fmt: skip
    total = sum(one.amount_fen for one in parking.lanes(ledger, DAY) if one.what == "sale")
    assert total == 1400 == settlement.overview(ledger, 1)[0].sales_fen


def ridden(number, minute, layout, before, rule="transfer", **more):
    """(ride of the ring, bytes) of terminal 7's record, so many minutes behind eight o'clock."""
    fields_of = {"gate": 7, "trade": 2, "line": 5, "place": number, "number": number,
                 "time": (2026, 3, 9, 8, minute, 0)}  # fmt: skip
    ride = layouts.write(layout, bytes(48), layouts.known(layout, fields_of))
    held = extension.pack(1, 2, [(0x1E, 0, before, ride)])
    values = {"device": "bus", "line": 5, "rule": rule, "fen": 100, "full_fare_fen": 200,
              "version": record.EXTENDED, "extension": held, "direction": 0}  # fmt: skip
    return ride, tap(minute, 3, **{**values, "kind": record.APPROVED, **more})


def test_transfer_should_tell_the_ride_before_and_whether_anybody_knows_it(ledger):
    """QX-063: by number, or of T-Union's ring by moment; made-up and unreadable ones are named."""
    items = []
    for at, layout in enumerate((layouts.RIDE, layouts.UNION_RIDE)):
        first, came = ridden(10 * at + 1, 20 * at, layout, b"", "flat", full_fare_fen=100)
        items += [(10 * at + 1, came),
                  (10 * at + 2, ridden(10 * at + 2, 20 * at + 9, layout, first)[1])]  # fmt: skip
    made_up = layouts.write(layouts.RIDE, bytes(48), {"gate": 7, "number": 3, "trade": 2,
                                                      "time": (2026, 3, 9, 8, 0, 0)})  # fmt: skip
    items += [(30 + at, ridden(30 + at, 41 + at, layouts.RIDE, ring)[1])
              for at, ring in enumerate((made_up, b"", b"\xff" * 48))]  # fmt: skip
    items.append((40, ridden(40, 50, layouts.RIDE, made_up, pan=OTHER)[1]))
    items.append((41, packed(time="120000", atc=99, device="bus", rule="transfer", fen=50,
                             full_fare_fen=80)))  # fmt: skip
    ledger.commit(7, items)
    found = transfers.transfers(ledger, DAY)
    assert [(one.sequence, one.known, one.minutes) for one in found] == [
        (2, "yes", 9), (12, "yes", 9), (30, "no", 41), (31, "", -1), (32, "", -1),
        (40, "no", 50), (41, "", -1),
    ]  # fmt: skip
    assert (found[0].before_terminal, found[0].before_line, found[0].before_trade) == (7, 5, "bus")
    (line,) = [one for one in report.services(ledger, DAY) if one.service == "transfer"]
    assert sum(one.less_fen for one in found) == line.less_fen == 630
    assert list(transfers.summed(found)) == [
        "ride before in the ledger: 2, 200 fen less",
        "ride before NOT in the ledger: 2, 200 fen less", "ride before not told: 3, 230 fen less",
    ]  # fmt: skip


def test_reports_should_be_shown_by_their_commands(tmp_path, ledger, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    ledger.commit(1, [(1, tap(0, 1, 1, reason="entry_noted")), (2, paid(60, 500, CAME))])

    def answered(*arguments):
        done = CliRunner().invoke(command, [*arguments, "--database", str(tmp_path / "ledger.db")])
        assert PAN not in done.output
        return done.exit_code, done.output

    status, said = answered("report", "260309", "--device", "parking", "--by", "stop")
    assert status == 0 and "sales: 1, 5.00 yuan, as the settlement has it" in said
    status, said = answered("parking", "260309", "--csv", "-")
    assert said.splitlines()[1:] == [
        "entry 1,1,let through,entry,0,1,0,0", "pay 5,1,sale,stay,0,1,500,0"
    ]  # fmt: skip
    status, said = answered("parking", "--open", "--back", "400")
    assert "2026-03-09 08:00" in said and "inside, older: 1" in said
    assert answered("parking", "260309", "--stays")[1].strip().endswith("a record that counts")
    status, said = answered("parking")
    assert status == 2 and "say a DAY" in said
