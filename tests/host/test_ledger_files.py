# SPDX-License-Identifier: Apache-2.0
"""Records that leave a ledger as files, those of a ledger of version 1, and no card number in any
of them or in what is written beside them (CL-016).
"""

import csv
import sqlite3

import pytest
from click.testing import CliRunner

from firmware.errors import FormatError
from firmware.formats import batch, record
from host_tools.cli.ledger import command
from host_tools.collector import Collector
from host_tools.ledger import COUNTS, DUPLICATE, LOST, UNREADABLE, Ledger
from host_tools.ledger.carry_over import carry_over
from host_tools.ledger.export import NAMES, export
from tests.host.test_ledger import OTHER, PAN, packed

DAY = 20260309
KEY = bytes(range(32))
VERSION_1 = """CREATE TABLE records (id INTEGER PRIMARY KEY, terminal BIGINT, sequence BIGINT,
 mark VARCHAR(12), kind INTEGER, business_key BLOB, pan VARCHAR(20), day VARCHAR(6),
 time VARCHAR(6), time_utc_s BIGINT, amount_fen BIGINT, reason VARCHAR(32), line INTEGER,
 vehicle BIGINT, received_utc_s BIGINT, raw BLOB, UNIQUE (terminal, sequence));
PRAGMA user_version = 1"""
RECEIVED = 1773000100
SALES = [(8, 1, packed()), (7, 1, packed()), (7, 2, packed(atc=2)), (7, 3, b""), (7, 4, b"\x09?")]


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as base:
        base.executescript(VERSION_1)
        base.executemany(
            "INSERT INTO records (terminal, sequence, received_utc_s, raw) VALUES (?, ?, ?, ?)",
            [(terminal, number, RECEIVED, raw) for terminal, number, raw in SALES],
        )
    return path


def test_a_ledger_of_version_1_comes_over_whole_and_once(ledger, old):
    # QT-263: the first that was stored counts, CL-006: again does no harm
    before = old.read_bytes()
    assert carry_over(old, ledger) == (5, 0)
    assert carry_over(old, ledger) == (0, 5)
    marks = {(row.terminal, row.sequence): row.mark for row in ledger.rows()}
    assert marks == {
        (7, 1): DUPLICATE, (7, 2): COUNTS, (7, 3): LOST, (7, 4): UNREADABLE, (8, 1): COUNTS
    }  # fmt: skip
    stored = [(one, *item) for one in (8, 7) for item in ledger.raw(one)]
    assert stored == [one for one in SALES if one[2]]
    assert ledger.last_sequence(7) == 4 and old.read_bytes() == before
    with ledger.engine.connect() as connection:
        assert set(connection.exec_driver_sql("SELECT received_utc_s FROM records")) == {
            (RECEIVED,)
        }


def test_other_bytes_under_a_number_stop_it(ledger, old):
    ledger.commit(7, [(2, packed(atc=9))])
    with pytest.raises(FormatError, match="terminal 7, number 2"):
        carry_over(old, ledger)
    assert ledger.last_sequence(8) == 0


def test_what_is_no_old_ledger_is_refused(ledger, tmp_path):
    with pytest.raises(FormatError, match="version 1"):
        carry_over(tmp_path / "ledger.db", ledger)
    (tmp_path / "text.db").write_text("no database, but a text of some length" * 99)
    with pytest.raises(FormatError, match="cannot be read"):
        carry_over(tmp_path / "text.db", ledger)
    with pytest.raises(FileNotFoundError):
        carry_over(tmp_path / "none.db", ledger)


def test_a_day_goes_into_csv_and_parquet_alike(ledger, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    ledger.commit(7, [(1, packed(reason="=ok")), (2, packed(atc=2, fen=300, pan=OTHER))])
    ledger.commit(8, [(1, packed(atc=3, date="260310", time="120000"))])  # of another day
    for name in ("day.csv", "day.parquet"):
        assert export(ledger, tmp_path / name, DAY - 1, DAY) == 2
    with (tmp_path / "day.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert list(first) == NAMES and first["reason"] == "'=ok"
    assert (second["card"], second["amount_fen"]) == ("622848******9876", "300")
    told = parquet.read_table(tmp_path / "day.parquet").to_pylist()
    assert [{name: str(cell) for name, cell in row.items()} for row in told] == [
        {**first, "reason": "=ok"}, second
    ]  # fmt: skip
    assert [one.name for one in tmp_path.glob("*.part")] == []


def test_another_kind_of_file_is_refused(ledger, tmp_path):
    with pytest.raises(FormatError, match=".csv or .parquet"):
        export(ledger, tmp_path / "day.xls", DAY, DAY)


def test_nothing_that_is_written_shows_a_card_number(tmp_path, old, monkeypatch):
    """Database, WAL, exports, screens, alarms and errors after a day with all that goes wrong."""
    # CL-016
    monkeypatch.setenv("FARETAP_LEDGER_KEY", KEY.hex())
    path = tmp_path / "city.db"
    ledger = Ledger(f"sqlite:///{path}", key=KEY)
    said = []
    collector = Collector(ledger, alarm=lambda *told: said.append(str(told)))
    number = bytes.fromhex(PAN + "f")
    carry_over(old, ledger)
    answered = packed(kind=record.DEBITED_REFUSED, atc=5, gpo_answer=number)
    collector.answer(batch.pack_batch(9, [(1, packed(atc=4)), (2, answered)]))
    collector.answer(batch.pack_batch(9, [(1, packed(atc=8))]))  # a conflict, into quarantine
    export(ledger, tmp_path / "day.csv", DAY - 1, DAY)
    shown = said + [collector.error]
    for words in (
        "list", "list --json", "days", "settle 260309 --json", "pending", "repeats", "quarantine",
        "proposals --json", f"dispute {PAN} 260309", f"card {PAN}", "totals",
        f"export 260309 {tmp_path}/again.csv",
    ):  # fmt: skip
        asked = [*words.split(), "--database", str(path)]
        told = CliRunner().invoke(command, asked)
        assert told.exit_code == 0, told.output
        shown.append(told.output)
    files = [one for one in tmp_path.iterdir() if one != old]
    assert {"city.db", "city.db-wal", "day.csv", "again.csv"} <= {one.name for one in files}
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE sales")
    collector.answer(batch.pack_batch(9, [(3, packed(atc=6))]))
    everything = b"".join(one.read_bytes() for one in files) + "".join(shown).encode()
    everything += collector.error.encode()
    assert b"622848*********0123" in everything and len(said) == 2
    for clear in (number, PAN.encode(), number.hex().encode(), number.hex().upper().encode()):
        assert clear not in everything
    ledger.close()
