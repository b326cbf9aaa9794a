# SPDX-License-Identifier: Apache-2.0
"""Business days, settlement, claims, registry and quarantine; PostgreSQL runs the same tests."""

import pytest

from firmware.devices.shift import CHECKPOINT
from firmware.errors import FormatError
from firmware.formats import batch, fields, record
from host_tools.cli.ledger_settle import told
from host_tools.collector import Collector
from host_tools.ledger import claims, days, registry, settlement
from host_tools.ledger.sitting import EXCEEDED, QUARANTINE_MOST
from tests.host.test_ledger import OTHER, PAN, packed

NOW = 1795190400  # 2026-11-21 00:00 in China: still business day 261120 where the cut is at 3
DAY = 20261119


@pytest.fixture
def clocked(ledger):
    """The ledger at NOW; `set` by the tests to another moment."""
    moment = [NOW]
    ledger.time_utc_s = lambda: moment[0]
    ledger.moment = moment
    return ledger


def sold(atc, date="261119", time="120000", **more):
    return packed(atc=atc, date=date, time=time, **({"time_utc_s": NOW - 40000 + atc} | more))


def money(ledger, day, by=("operator",)):
    return [(one.of, one.sales, one.sales_fen) for one in settlement.totals(ledger, day, by)]


def test_a_business_day_goes_from_cut_to_cut(clocked):
    clocked.commit(
        7,
        [
            (1, sold(1, "261119", "025959")),
            (2, sold(2, "261119", "030000")),
            (3, sold(3, "261120", "025959")),
        ],
    )
    assert money(clocked, 20261118) == [(("",), 1, 200)]
    assert money(clocked, DAY) == [(("",), 2, 400)]
    assert clocked.calendar.today(NOW) == 20261120


def test_totals_are_by_operator_line_terminal_and_shift(clocked):
    registry.enrol(clocked, [7, 8], "North")
    registry.enrol(clocked, [9], "South")
    clocked.commit(7, [(1, sold(1, line=52, shift=1)), (2, sold(2, line=53, shift=2))])
    clocked.commit(8, [(1, sold(3, line=52, kind=record.PENDING)), (2, sold(3, line=52))])
    clocked.commit(9, [(1, sold(5, line=60)), (2, sold(5, line=60))])  # the second is a duplicate
    assert money(clocked, DAY) == [(("North",), 2, 400), (("South",), 1, 200)]
    assert money(clocked, DAY, ("line",)) == [((52,), 1, 200), ((53,), 1, 200), ((60,), 1, 200)]
    found = settlement.totals(clocked, DAY, ("terminal", "shift"))
    assert [one.of for one in found] == [(7, 1), (7, 2), (8, 0), (9, 0)]
    assert (found[2].pending, found[2].pending_fen, found[2].sales) == (1, 200, 0)


def test_what_comes_after_the_cut_is_late_and_changes_no_total(clocked):
    # CL-013: a backlog
    clocked.commit(7, [(1, sold(1))])
    with pytest.raises(FormatError):
        settlement.cut(clocked, 20261120)  # not over
    settlement.cut(clocked, DAY)
    before = money(clocked, DAY)
    clocked.commit(7, [(2, sold(2)), (3, sold(3, "261120"))])
    assert money(clocked, DAY) == before
    assert money(clocked, 20261120) == [(("",), 2, 400)]
    assert [row.sequence for row in settlement.late(clocked, 20261120)] == [2]
    settlement.cut(clocked, 20261117)  # a day that is cut stays so
    assert settlement.closed_through(clocked) == DAY
    assert settlement.overview(clocked, 9) == [(DAY, 1, 200, 0), (20261120, 2, 400, 1)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"date": "991231"},
        {"time_utc_s": 0xFFFFFFFF},
        {"date": "000101"},
        {"date": "269999"},
        {"date": "261119", "time": "996161"},
    ],
)
def test_a_record_of_a_wild_date_is_settled_on_the_day_it_came(clocked, wrong):
    """A clock that is years off: the sale counts, and nobody makes days in 2099."""
    clocked.commit(7, [(1, sold(1, **wrong))])
    assert money(clocked, 20261120) == [(("",), 1, 200)]
    assert len(clocked.rows(day=wrong.get("date", "261119"))) == 1


def closing(shift, driver, rows):
    table = [(count, count, fen) for count, fen in rows] + [(0, 0, 0)] * (7 - len(rows))
    kept = {"version": 1, "is_open": 0, "opened_utc_s": 0, "opened": "0" * 10, "rows": table}
    return sold(0, kind=record.EVENT, pan="", tc=bytes(8), reason="shift_closed", shift=shift,
                driver=driver, trade_data=fields.pack(CHECKPOINT, kept))  # fmt: skip


def opening(driver):
    return sold(0, kind=record.EVENT, pan="", tc=bytes(8), reason="shift_opened", driver=driver)


def test_shift_totals_are_held_against_records(clocked):
    # TD-032
    clocked.commit(
        7,
        [
            (1, opening(5)), (2, sold(1, driver=5, shift=1)), (3, sold(2, driver=5, shift=1)),
            (4, closing(1, 5, [(1, 200), (1, 200)])),
            (5, opening(6)), (6, sold(3, driver=6, shift=2)), (7, closing(2, 6, [(2, 400)])),
        ],
    )  # fmt: skip
    first, second = settlement.statements(clocked, DAY, told)
    assert first.agrees and (first.terminal, first.driver, first.found) == (7, 5, 2)
    assert not second.agrees and (second.told_fen, second.found_fen) == (400, 200)


def test_gaps_are_listed_whether_stated_or_not(clocked):
    # CL-008
    clocked.commit(7, [(5, sold(1)), (6, b""), (7, sold(2)), (10, sold(3))])
    clocked.commit(8, [(1, sold(4)), (2, sold(5))])
    assert claims.gaps(clocked) == [(7, 6, 6, True), (7, 8, 9, False)]
    assert claims.gaps(clocked, 8) == []


def test_what_is_pending_stays_on_the_list_the_oldest_first(clocked):
    # CL-010
    kinds = [record.DEBITED_REFUSED, record.PENDING, record.DEBITED_UNPROVEN, record.APPROVED]
    clocked.commit(7, [(n, sold(9 - n, kind=kind)) for n, kind in enumerate(kinds, 1)])
    assert [row.sequence for row in claims.pending(clocked)] == [3, 2, 1]


def test_a_dispute_finds_the_whole_story_of_each_card_that_fits(clocked):
    clocked.commit(7, [(1, sold(1)), (2, sold(2, fen=300)), (3, sold(3, "261117"))])
    clocked.commit(
        8, [(1, sold(4, pan=OTHER, fen=300)), (2, sold(5, "261120", kind=record.REFUSED))]
    )
    masked = record.mask_pan(bytes.fromhex(PAN + "f"))

    def story(*asked):
        return [(row.terminal, row.sequence) for row in claims.dispute(clocked, *asked)]

    assert story(masked, DAY, 300) == [(7, 1), (7, 2), (8, 2)]
    assert story("9876", DAY, 300) == [(8, 1)]
    assert story(PAN, DAY, 999) == [] and story(PAN, 20261114) == []


def test_cards_that_fail_again_and_again_are_proposed(clocked):
    bad = [record.REFUSED, record.DEBITED_REFUSED]
    rows = [(n, sold(n, kind=kind, reason="oda_failed")) for n, kind in enumerate(bad, 1)]
    clocked.commit(7, [*rows, (3, sold(3, pan=OTHER, kind=record.REFUSED, reason="oda_failed"))])
    clocked.commit(8, [(n, sold(n + 9, kind=record.REFUSED, reason="expired")) for n in (1, 2)])
    (found,) = claims.suspects(clocked, 2, DAY)
    assert (found.failures, found.debited_fen, found.last_day) == (2, 200, DAY)
    assert "*" in found.card
    assert claims.card_number(clocked, found.terminal, found.sequence) == (PAN, 0)
    assert len(claims.suspects(clocked, 1, DAY)) == 2


def ask(collector, items, terminal=7):
    return batch.unseal(collector.answer(batch.pack_batch(terminal, items)))[1]


def test_a_batch_that_cannot_be_taken_is_kept_aside_once_and_alarms(clocked):
    told = []
    collector = Collector(clocked, alarm=lambda *what: told.append(what))
    ask(collector, [(1, b"one")])
    for _ in range(3):
        assert ask(collector, [(1, b"other")])["code"] == batch.CONFLICT
    (kept,) = registry.quarantine(clocked)
    assert (kept.terminal, kept.times, kept.frame) == (7, 3, batch.pack_batch(7, [(1, b"other")]))
    assert kept.reason == "1 is stored with other bytes" and len(told) == 3
    assert registry.refusals(clocked)[0][:3] == (7, "conflict", 3)


def test_quarantine_is_bounded_and_counts_what_exceeds(clocked):
    collector = Collector(clocked)
    ask(collector, [(1, b"one")])
    for number in range(QUARANTINE_MOST + 5):
        ask(collector, [(1, b"other %d" % number)])
    assert len(registry.quarantine(clocked, 7)) == QUARANTINE_MOST
    counts = {one.reason: one.times for one in registry.refusals(clocked)}
    assert counts == {"conflict": QUARANTINE_MOST + 5, EXCEEDED: 5}


def test_where_enrolment_is_closed_strangers_are_refused_under_one_count(clocked):
    collector = Collector(clocked, enrolment=False)
    for stranger in range(10, 15):
        assert ask(collector, [(1, b"one")], stranger)["code"] == batch.UNKNOWN_TERMINAL
    assert registry.terminals(clocked) == [] and registry.quarantine(clocked) == []
    assert registry.refusals(clocked)[0][:3] == (0, "unknown terminal", 5)
    registry.enrol(clocked, [10], "North", "2026-01")
    assert ask(collector, [(1, b"one")], 10)["upto"] == 1
    registry.stop(clocked, 10)
    assert ask(collector, [(2, b"two")], 10)["code"] == batch.UNKNOWN_TERMINAL
    registry.enrol(clocked, [10])
    assert ask(collector, [(2, b"two")], 10)["upto"] == 2
    (known,) = registry.terminals(clocked)
    assert known[:5] == (10, "served", "North", "2026-01", 2)
    for wrong in (0, 1 << 32):
        with pytest.raises(FormatError):
            registry.enrol(clocked, [wrong])


def test_a_group_of_batches_is_taken_each_by_its_own_merits(clocked):
    collector = Collector(clocked)
    frames = [batch.pack_batch(7, [(1, sold(1))]), batch.pack_batch(8, [(1, sold(2)), (3, b"x")]),
              batch.pack_batch(9, [(1, sold(1))]), batch.pack_batch(7, [(2, sold(4))]),
              batch.pack_batch(7, [(5, b"gap")]), b"noise"]  # fmt: skip
    answers = [batch.unseal(one) for one in collector.answers(frames)]
    assert [kind for kind, _ in answers] == [batch.ACK, batch.REJECT, batch.ACK] + [
        batch.ACK, batch.REJECT, batch.REJECT]  # fmt: skip
    assert [answers[at][1]["code"] for at in (1, 4, 5)] == [
        batch.UNEXPECTED, batch.GAP, batch.DAMAGED]  # fmt: skip
    assert [row.mark for row in clocked.rows()] == ["", "", "duplicate"]


@pytest.mark.parametrize("text", ["", "261131", "26112", "2026-13-01", "today", "1e5121"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(FormatError):
        days.read(text)
    assert days.read("261121") == days.read("2026-11-21") == days.read("20261121") == 20261121


def test_what_was_given_back_is_listed_with_its_sale_and_is_no_sale(clocked):
    back = sold(3, kind=record.EVENT, reason="refund_cash", fen=2000, reference=1)
    clocked.commit(7, [(1, sold(1, fen=2500)), (2, back), (3, sold(5, fen=100))])
    (row,) = claims.refunds(clocked, DAY)
    assert (row.terminal, row.sequence, row.reference, row.amount_fen) == (7, 2, 1, 2000)
    assert money(clocked, DAY) == [(("",), 2, 2600)] and claims.refunds(clocked, 20261120) == []
