# SPDX-License-Identifier: Apache-2.0
"""The part `collector` of `faretap bench`: records over TCP into a database, against bare scripts.

The bare scripts do the least that a database has to, 100 rows a commit, durable: `same tables`
writes what the ledger writes, `one table` the records alone under their number, both from rows
that were parsed, sealed and hashed before the clock starts; `same tables, from records` does that
work too. None has a line, frames or rules. Bare and collector take turns, ROUNDS of them, and of
each the best counts: a machine is never quite quiet.
"""

import contextlib
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable
from typing import NamedTuple

from firmware.errors import LinkLost
from firmware.formats import record
from host_tools.cli.bench_bare import BARE, Bare
from host_tools.cli.bench_parts import Sheet, told
from host_tools.cli.load_day import Day, Told, pan_of, send
from host_tools.collector import Collector
from host_tools.ledger import Ledger
from host_tools.server import CollectorServer
from sim.database import Database, server_programs

RECORDS, QUICK = 16_000, 800
ROUNDS = 3
GROUP = 100
TERMINALS = 8
LOOKED_UP = 1000
CARDS_SHARE = 50  # records a card
FILLED = 10_000  # rows of a commit where a ledger is only filled
WAYS = (  # lines at a time, workers
    (1, 1),
    (TERMINALS, 1),
    (TERMINALS, 2),
)


class Run(NamedTuple):
    """What one load was worth."""

    records_s: float
    again_s: float  # the same once more
    kib: list[int]  # resident memory of the collector, first and second time
    same: bool  # totals after the second time


def collector(records: int, rows: int) -> list[Sheet]:
    """[Sheet, Sheet]: throughput of both engines, and the history of a card in `rows` rows."""
    told(f"{records:,} records into SQLite and PostgreSQL, twice, and by bare scripts")
    rounds = 1 if records <= QUICK else ROUNDS
    with tempfile.TemporaryDirectory() as folder:
        sheets = [measured(f"sqlite:///{folder}/", records, rows, rounds)]
        if server_programs():
            with Database() as database:
                sheets.append(measured(database, records, rows, rounds))
    return [throughput([one[0] for one in sheets]), history([one[1] for one in sheets], rows)]


def measured(where, records: int, rows: int, rounds: int) -> tuple[list[list[str]], list[str]]:
    """(rows of the throughput, row of the history) of one engine."""
    made = iter(range(1000))

    def fresh() -> str:
        return f"{where}{next(made)}" if isinstance(where, str) else where.fresh()

    engine = "SQLite" if isinstance(where, str) else "PostgreSQL"
    day = Day(records, TERMINALS, GROUP)
    frames = {one: list(day.frames(one)) for one in range(1, TERMINALS + 1)}
    bare: dict[str, float] = {}
    runs: dict[tuple[int, int], Run] = {}
    for _ in range(rounds):
        for name, script in BARE[engine].items():
            rate = day.count / alone(fresh(), day, script)
            bare[name] = max(bare.get(name, 0.0), rate)
        for way in WAYS:
            runs[way] = better(runs.get(way), over_tcp(fresh(), day, frames, *way))
    lines = [
        [f"{engine}, bare, {name}", f"{rate:,.0f}", "", "", ""] for name, rate in bare.items()
    ]
    for (at_once, workers), run in runs.items():
        shares = [f"{run.records_s / rate:.2f}" for rate in bare.values()]
        grown = f"{run.kib[0] / 1024:.0f} to {max(run.kib) / 1024:.0f}"
        same = f"{run.again_s:,.0f}" if run.same else "TOTALS CHANGED"
        words = f"{engine}, TCP, {at_once} line{'s' * (at_once > 1)}, {workers} worker"
        words += "s" * (workers > 1)
        lines.append([words, f"{run.records_s:,.0f}", " / ".join(shares), same, grown])
    assert all(run.same for run in runs.values())
    return lines, [engine, *looked_up(fresh(), rows)]


def better(one: Run | None, other: Run) -> Run:
    return one if one and one.records_s >= other.records_s else other


def alone(url: str, day: Day, bare: Bare) -> float:
    """Seconds of a bare script."""
    ledger = Ledger(url)
    batches = [
        [(terminal, *item) for item in day.items(terminal, number)]
        for number in range(day.batches)
        for terminal in range(1, day.terminals + 1)
    ]
    groups = ([ledger.entry(*one) for one in some] for some in batches)
    took = bare.script(ledger, groups if bare.reading else list(groups))
    ledger.close()
    return took


def over_tcp(
    url: str, day: Day, frames: dict[int, list[bytes]], at_once: int, workers: int
) -> Run:
    """Send all frames to a collector in a process of its own, then all once more."""
    with Apart(url, workers) as apart:
        first, again = (apart.sent(day, lambda one: iter(frames[one]), at_once) for _ in "12")
        totals = apart.totals()
    return Run(
        day.count / first.seconds,
        day.count / again.seconds,
        first.kib + again.kib,
        totals == {"approved": (day.count, day.fen)},
    )


class Apart:
    """A collector in a process of its own, on loopback."""

    def __init__(self, url: str, workers: int):
        context = multiprocessing.get_context("spawn")
        self._ours, self._theirs = context.Pipe()
        self.process = context.Process(
            target=serve, args=(url, workers, self._theirs), daemon=True
        )

    def __enter__(self) -> "Apart":
        self.process.start()
        self._theirs.close()  # so that a process that fails ends the waiting
        try:
            self.port = self._ours.recv()
        except EOFError:
            raise LinkLost("the collector of this run did not start") from None
        return self

    def __exit__(self, *_: object) -> None:
        self._ours.close()
        self.process.join()

    def sent(self, day: Day, frames: Callable, at_once: int) -> Told:
        """What sending the frames of a day to it came to."""
        return send(self.port, day.terminals, frames, at_once, self.process.pid)

    def totals(self) -> dict:
        """Of its ledger."""
        self._ours.send("totals")
        return self._ours.recv()


def serve(url: str, workers: int, pipe) -> None:
    """The collector's process; it ends when nobody is at the other end."""
    ledger = Ledger(url, workers=workers)
    server = CollectorServer(Collector(ledger), tcp=("127.0.0.1", 0), workers=workers)
    server.start()
    pipe.send(server.port)
    with contextlib.suppress(EOFError):
        while pipe.recv() == "totals":
            pipe.send(ledger.totals())
    server.stop()
    ledger.close()


def looked_up(url: str, rows: int) -> list[str]:
    """[rows, cards, p50 ms, p99 ms] of the history of a card by its number."""
    told(f"{rows:,} rows for the history of a card")
    ledger = Ledger(url)
    cards = max(1, rows // CARDS_SHARE)
    fill(ledger, Day(rows, 1, FILLED if rows >= FILLED else rows, cards))
    drawn = random.Random(7)
    times = []
    for _ in range(LOOKED_UP):
        digits = record.pan_digits(pan_of(drawn.randrange(cards)))
        begun = time.perf_counter()
        ledger.card_history(digits)
        times.append((time.perf_counter() - begun) * 1000)
    ledger.close()
    times.sort()
    p99 = times[len(times) * 99 // 100]
    return [f"{rows:,}", f"{cards:,}", f"{times[len(times) // 2]:.2f}", f"{p99:.2f}"]


def fill(ledger: Ledger, day: Day) -> None:
    """Commit the sales of a day as they are, by the ledger's own way."""
    for terminal in range(1, day.terminals + 1):
        for number in range(day.batches):
            ledger.commit(terminal, list(day.items(terminal, number)))


def throughput(engines: list[list[list[str]]]) -> Sheet:
    """Records a second, and shares of the bare scripts."""
    columns = ["what", "records/s", "share of bare", "sent again, records/s", "memory, MiB"]
    notes = [
        "Records of 546 bytes, 100 to a frame; a line waits for each acknowledgement. With 1 line"
        " every 100 records are a commit of their own, with more those that wait share one.",
        "Bare: 100 records a commit; rows parsed, sealed and hashed before the clock starts."
        " `same tables` fills all tables of the ledger, `one table` the records alone, `from"
        " records` parses and seals as well. The shares are in this order; the aim is 0.70.",
        f"Of {ROUNDS} rounds the best of each. Memory: resident, of the collector's process, first"
        " and most; the totals after the second time are those after the first.",
    ]
    if len(engines) == 1:
        notes.append("No PostgreSQL here: `tools/clients.sh database` installs it.")
    return Sheet(
        "collector", "Collector", columns, [row for rows in engines for row in rows], notes
    )


def history(rows: list[list[str]], count: int) -> Sheet:
    """The look-ups."""
    columns = ["engine", "rows", "cards", "p50 ms", "p99 ms"]
    notes = [f"{LOOKED_UP:,} look-ups by the whole number, one after the other."]
    return Sheet("card-history", "History of a card", columns, rows, notes)
