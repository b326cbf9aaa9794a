# SPDX-License-Identifier: Apache-2.0
"""The ledger: keys, marks, questions, and what a killed process leaves (CL-006..CL-010, CL-016,
QT-263).
"""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from firmware.errors import FormatError
from firmware.formats import record
from host_tools.ledger import CONFLICT, COUNTS, DUPLICATE, LOST, UNREADABLE, Ledger

ROOT = Path(__file__).resolve().parents[2]
PAN = "6228480000000000123"
OTHER = "6228480000009876"


def packed(pan=PAN, kind=record.APPROVED, atc=1, fen=200, **more):
    values = record.blank(kind)
    values["pan"] = record.pan_bytes(pan)
    values["atc"] = atc
    values["tc"] = atc.to_bytes(8, "big")
    values["amount_fen"] = fen
    values["date"] = "260309"
    values["time_utc_s"] = 1773000000 + atc
    return record.pack(values | more)


def test_a_row_says_what_the_record_says(ledger):
    ledger.commit(7, [(1, packed(reason="ok", line=52, vehicle=9, time="081559"))])
    (row,) = ledger.rows()
    assert (row.terminal, row.sequence, row.kind, row.mark) == (7, 1, "approved", COUNTS)
    assert (row.day, row.time, row.amount_fen) == ("260309", "081559", 200)
    assert (row.reason, row.line, row.vehicle) == ("ok", 52, 9)
    assert ledger.raw(7) == [(1, packed(reason="ok", line=52, vehicle=9, time="081559"))]


def test_a_number_is_stored_once_and_a_batch_whole_or_not_at_all(ledger):
    ledger.commit(7, [(1, packed(atc=1)), (2, packed(atc=2))])
    with pytest.raises(IntegrityError):
        ledger.commit(7, [(3, packed(atc=3)), (2, packed(atc=4))])
    assert [number for number, _ in ledger.raw(7)] == [1, 2]
    assert ledger.last_sequence(7) == 2 and ledger.last_sequence(8) == 0
    ledger.commit(8, [(1, packed(atc=5))])  # another terminal has its own numbers
    assert ledger.last_sequence(8) == 1


def test_the_same_sale_twice_counts_once(ledger):
    # QT-263, CL-006: from another terminal, or under another number.
    ledger.commit(7, [(1, packed()), (2, packed())])
    ledger.commit(8, [(1, packed())])
    assert [row.mark for row in ledger.rows()] == [COUNTS, DUPLICATE, DUPLICATE]
    assert ledger.totals() == {"approved": (1, 200)}
    assert len(ledger.raw(7)) == 2  # kept, not dropped


@pytest.mark.parametrize("change", [{"fen": 300}, {"time_utc_s": 5}])
def test_the_same_key_with_another_amount_or_time_is_a_conflict(ledger, change):
    # clearing.md 9: goes to a person, never overwritten.
    ledger.commit(7, [(1, packed())])
    ledger.commit(7, [(2, packed(**change))])
    assert [row.mark for row in ledger.rows()] == [COUNTS, CONFLICT]
    assert ledger.rows(mark=CONFLICT)[0].sequence == 2
    assert ledger.totals() == {"approved": (1, 200)}


def test_the_database_itself_refuses_a_sale_that_counts_twice(ledger, tmp_path):
    ledger.commit(7, [(1, packed()), (2, packed())])
    with sqlite3.connect(tmp_path / "ledger.db") as base, pytest.raises(sqlite3.IntegrityError):
        base.execute("INSERT INTO sales SELECT sale, 7, 2, 200, 0 FROM sales")


def test_records_without_a_key_repeat_nothing(ledger):
    blank = record.pack(record.blank(record.EVENT))
    ledger.commit(7, [(1, blank), (2, blank), (3, packed(pan="")), (4, packed(pan=""))])
    assert {row.mark for row in ledger.rows()} == {COUNTS}


def test_lost_and_unreadable_records_are_stated(ledger):
    # CL-008
    ledger.commit(7, [(1, packed()), (2, b""), (3, b"\x63 of a later version")])
    assert [row.mark for row in ledger.rows()] == [COUNTS, LOST, UNREADABLE]
    assert ledger.gaps(7) == [2]
    assert ledger.raw(7) == [(1, packed()), (3, b"\x63 of a later version")]
    assert ledger.last_sequence(7) == 3
    ledger.commit(7, [(2, packed(atc=2))])  # it was found after all
    assert ledger.gaps(7) == [] and len(ledger.raw(7)) == 3


def test_totals_are_by_kind_and_only_approved_is_a_sale(ledger):
    # CL-010
    kinds = [record.APPROVED, record.APPROVED, record.PENDING, record.DEBITED_REFUSED]
    ledger.commit(7, [(i, packed(kind=kind, atc=i)) for i, kind in enumerate(kinds, 1)])
    ledger.commit(8, [(1, packed(atc=9, fen=50, date="260310"))])
    assert ledger.totals() == {
        "approved": (3, 450),
        "pending": (1, 200),
        "debited-refused": (1, 200),
    }
    assert ledger.totals(terminal=8) == {"approved": (1, 50)}
    assert ledger.totals(day="260309")["approved"] == (2, 400)
    assert ledger.totals(day="260311") == {}


def test_rows_are_filtered(ledger):
    ledger.commit(7, [(1, packed(atc=1)), (2, packed(OTHER, atc=2, kind=record.REFUSED))])
    ledger.commit(8, [(1, packed(atc=3, date="260310"))])

    def found(**wanted):
        return [(row.terminal, row.sequence) for row in ledger.rows(**wanted)]

    assert found() == [(7, 1), (7, 2), (8, 1)]
    assert found(terminal=7) == [(7, 1), (7, 2)]
    assert found(kind=record.REFUSED) == [(7, 2)]
    assert found(day="260310") == [(8, 1)]
    assert found(card=PAN) == [(7, 1), (8, 1)]
    assert found(card=PAN, terminal=8, day="260310") == [(8, 1)]


def test_what_happened_to_a_card_is_found_by_number_mask_or_last_four(ledger):
    ledger.commit(7, [(1, packed(atc=2)), (2, packed(atc=1, kind=record.PENDING))])
    ledger.commit(8, [(1, packed(OTHER, atc=3))])
    masked = record.mask_pan(bytes.fromhex(PAN + "f"))
    for asked in (PAN, masked, "0123"):
        rows = ledger.card_history(asked)
        assert [row.kind for row in rows] == ["pending", "approved"], asked  # by time
        assert {row.card for row in rows} == {masked}
    assert ledger.card_history("9999") == []
    assert ledger.card_history("6228480000000000") == []  # a beginning is not a number
    for wrong in ("", "123", "%", "62_8", "0123' OR 1=1", "***"):
        with pytest.raises(FormatError):
            ledger.card_history(wrong)


def test_no_row_shows_a_whole_card_number(ledger):
    # CL-016
    ledger.commit(7, [(1, packed()), (2, packed(OTHER, atc=2))])
    for row in ledger.rows() + ledger.card_history(PAN):
        assert PAN not in repr(row) and OTHER not in repr(row)


def test_a_ledger_keeps_what_it_had_and_syncs_each_commit(tmp_path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    first = Ledger(url)
    first.commit(7, [(1, packed())])
    first.close()
    again = Ledger(url)
    assert again.raw(7) == [(1, packed())]
    with again.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
    again.close()


def test_a_ledger_of_another_version_is_refused(tmp_path):
    with sqlite3.connect(tmp_path / "ledger.db") as base:
        base.execute("PRAGMA user_version = 9")
    with pytest.raises(FormatError):
        Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


COMMITTER = """
import sys
from firmware.formats import batch
from host_tools.collector import Collector
from host_tools.ledger import Ledger
collector = Collector(Ledger(sys.argv[1]))
for number in range(1, 100000):
    answer = collector.answer(batch.pack_batch(7, [(number, b"record %d" % number)]))
    print(batch.unseal(answer)[1]["upto"], flush=True)
"""


@pytest.mark.parametrize("lines", [1, 7, 40])
def test_what_a_killed_collector_acknowledged_is_there(tmp_path, lines):
    # CL-007: host crash
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    command = [sys.executable, "-c", COMMITTER, url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        acknowledged = [int(process.stdout.readline()) for _ in range(lines)]
        process.kill()
        acknowledged += [int(line) for line in process.stdout.read().split("\n")[:-1] if line]
    ledger = Ledger(url)
    stored = ledger.raw(7)
    assert [number for number, _ in stored] == list(range(1, len(stored) + 1))
    assert acknowledged == list(range(1, len(acknowledged) + 1))
    assert len(stored) in (len(acknowledged), len(acknowledged) + 1)
    ledger.close()
