# SPDX-License-Identifier: Apache-2.0
"""The part `collector` of `faretap bench`: records over TCP into a database, against bare scripts.

The bare scripts do the least that a database has to: rows that are parsed, sealed and hashed
beforehand, no line, no rules; `same tables` writes what the ledger writes, `one table` the records
alone under their number. All are durable and commit 100 records at a time.
"""

import multiprocessing
import random
import selectors
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from firmware.errors import LinkLost
from firmware.formats import batch, record
from host_tools.cli.bench_bare import BARE
from host_tools.cli.bench_parts import Sheet, told
from host_tools.collector import Collector
from host_tools.ledger import Ledger
from host_tools.ledger.entry import Entry
from host_tools.server import CollectorServer
from sim.database import Database, server_programs

RECORDS, QUICK = 8_000, 600
GROUP = 100
TERMINALS = 17  # of six records a frame: 102 records are under way at a time
LOOKED_UP = 1000
CARDS_SHARE = 50  # records a card


class Run(NamedTuple):
    """What one load was worth."""

    records_s: float
    again_s: float  # the same once more
    kib: list[int]  # resident memory of the collector at the quarters
    same: bool  # totals after the second time


def collector(records: int, rows: int) -> list[Sheet]:
    """[Sheet, Sheet]: throughput of both engines, and the history of a card in `rows` rows."""
    told(f"{records:,} records into SQLite and PostgreSQL, twice, and by bare scripts")
    with tempfile.TemporaryDirectory() as folder:
        sheets = [measured(f"sqlite:///{folder}/", records, rows)]
        if server_programs():
            with Database() as database:
                sheets.append(measured(database, records, rows))
    return [throughput([one[0] for one in sheets]), history([one[1] for one in sheets], rows)]


def measured(where, records: int, rows: int) -> tuple[list[list[str]], list[str]]:
    """(rows of the throughput, row of the history) of one engine."""

    def fresh(name: str) -> str:
        return where + name if isinstance(where, str) else where.fresh()

    engine = "SQLite" if isinstance(where, str) else "PostgreSQL"
    frames, items = load(records)
    bare = {}
    for name, script in BARE[engine].items():
        url = fresh(name)
        ledger = Ledger(url)
        entries = [ledger.entry(*item) for item in items]
        bare[name] = len(entries) / script(ledger, entries, GROUP)
        ledger.close()
    found = [over_tcp(fresh(f"tcp{count}"), frames, records, count) for count in (1, 2)]
    best = max(found, key=lambda one: one.records_s)
    lines = [
        [f"{engine}, bare, {name}", f"{rate:,.0f}", "", "", ""] for name, rate in bare.items()
    ]
    for count, run in enumerate(found, 1):
        shares = [f"{run.records_s / rate:.2f}" for rate in bare.values()]
        grown = f"{run.kib[0] / 1024:.0f} to {run.kib[-1] / 1024:.0f}"
        same = f"{run.again_s:,.0f}" if run.same else "TOTALS CHANGED"
        words = f"{engine}, over TCP, {count} worker{'s' * (count > 1)}"
        lines.append([words, f"{run.records_s:,.0f}", " / ".join(shares), same, grown])
    assert best.same
    return lines, [engine, *looked_up(fresh("history"), rows)]


def load(records: int) -> tuple[dict[int, list[bytes]], list[tuple[int, int, bytes]]]:
    """({terminal: frames in order}, [(terminal, sequence, record)]): sales of today."""
    drawn = random.Random(6)
    per = 6
    frames: dict[int, list[bytes]] = {}
    items: list[tuple[int, int, bytes]] = []
    while len(items) < records:
        for terminal in range(1, TERMINALS + 1):
            first = per * len(frames.setdefault(terminal, [])) + 1
            own = [(first + i, sale(drawn, len(items) + i)) for i in range(per)]
            frames[terminal].append(batch.pack_batch(terminal, own))
            items += [(terminal, sequence, raw) for sequence, raw in own]
    return frames, items


def pan_of(number: int) -> bytes:
    """5A of a card of 19 digits."""
    return bytes.fromhex(f"622848{number:013d}f")


def sale(drawn: random.Random, number: int) -> bytes:
    """A record as a bus makes it, with as many bytes."""
    values = record.blank(record.APPROVED)
    now = int(time.time())
    values |= {
        "reason": "ok", "time_utc_s": now, "date": time.strftime("%y%m%d"), "time": "120000",
        "device": "bus", "line": 52, "vehicle": 8061, "driver": 4711, "shift": 1,
        "amount_fen": 200, "full_fare_fen": 200, "fare_class": "adult", "oda": "fdda01",
        "pan": pan_of(drawn.randrange(10**9)), "atc": number & 0xFFFF, "tc": drawn.randbytes(8),
        "aid": bytes.fromhex("a000000333010106"), "uid": drawn.randbytes(4),
        "chip_data": drawn.randbytes(260), "gpo_command_data": drawn.randbytes(60),
        "gpo_answer": drawn.randbytes(100), "clock_trusted": 1, "rule": "flat", "trade": 2,
    }  # fmt: skip
    return record.pack(values)


def over_tcp(url: str, frames: dict[int, list[bytes]], records: int, workers: int) -> Run:
    """Send all frames to a collector in a process of its own, then all once more."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(url, workers, theirs), daemon=True)
    process.start()
    theirs.close()  # so that a process that fails ends the waiting
    port = ours.recv()
    kib: list[int] = []
    took = send(port, frames, lambda: kib.append(resident_kib(process.pid)))
    ours.send("totals")
    before = ours.recv()
    again = send(port, frames, lambda: kib.append(resident_kib(process.pid)))
    ours.send("totals")
    after = ours.recv()
    ours.send("end")
    process.join()
    count = sum(len(one) for one in frames.values()) * 6
    whole = before == after == {"approved": (count, 200 * count)}
    return Run(count / took, count / again, kib, whole)


def serve(url: str, workers: int, pipe) -> None:
    """The collector's process."""
    ledger = Ledger(url, workers=workers)
    server = CollectorServer(Collector(ledger), tcp=("127.0.0.1", 0), workers=workers)
    server.start()
    pipe.send(server.port)
    while pipe.recv() == "totals":
        pipe.send(ledger.totals())
    server.stop()
    ledger.close()


def send(port: int, frames: dict[int, list[bytes]], quarter: Callable[[], None]) -> float:
    """Seconds until every frame is acknowledged; each terminal waits for its ACK, as they do."""
    selector = selectors.DefaultSelector()
    left = {}
    for terminal, own in frames.items():
        caller = socket.create_connection(("127.0.0.1", port))
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(caller, selectors.EVENT_READ, terminal)
        left[terminal] = iter(own)
        caller.sendall(next(left[terminal]))
    count = sum(len(own) for own in frames.values())
    done = 0
    begun = time.perf_counter()
    while selector.get_map():
        for key, _ in selector.select(30):
            line = key.fileobj
            assert isinstance(line, socket.socket)
            kind, _ = batch.unseal(line.recv(4096))
            if kind != batch.ACK:
                raise LinkLost("the collector refused a batch of the bench")
            done += 1
            if done % max(1, count // 4) == 0:
                quarter()
            frame = next(left[key.data], None)
            if frame is None:
                selector.unregister(line)
                line.close()
            else:
                line.sendall(frame)
    return time.perf_counter() - begun


def resident_kib(pid: int | None) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4


def looked_up(url: str, rows: int) -> list[str]:
    """[rows, cards, p50 ms, p99 ms] of the history of a card by its number."""
    told(f"{rows:,} rows for the history of a card")
    ledger = Ledger(url)
    drawn = random.Random(7)
    cards = max(1, rows // CARDS_SHARE)
    for first in range(1, rows + 1, 5000):
        entries: list[Entry] = []
        for number in range(first, min(first + 5000, rows + 1)):
            values = record.unpack(sale(drawn, number))
            values["pan"] = pan_of(drawn.randrange(cards))
            entries.append(ledger.entry(1 + number % TERMINALS, number, record.pack(values)))
        with ledger.sitting(entries) as sitting:
            sitting.enrol(range(1, TERMINALS + 1))
            sitting.store(entries)
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


def throughput(engines: list[list[list[str]]]) -> Sheet:
    """Records a second, and shares of the bare scripts."""
    columns = ["what", "records/s", "share of bare", "sent again, records/s", "memory, MiB"]
    notes = [
        "Records of 550 bytes, six to a frame of 4,096 bytes, 17 terminals that wait for each"
        " acknowledgement: 102 records under way, committed together.",
        "Bare: rows parsed, sealed and hashed before the clock starts; `same tables` fills all"
        " tables of the ledger, `one table` the records alone. The shares are in this order.",
        "Memory: resident, of the collector's process, from the first to the eighth eighth of the"
        " two rounds; the totals after the second round are those after the first.",
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
