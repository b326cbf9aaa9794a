# SPDX-License-Identifier: Apache-2.0
"""The part `deny` of `faretap bench`: a million cards, look-ups against SQLite and a Bloom filter.

All candidates hold the same cards and are asked for the same numbers, one after the other in one
run; every answer is held against a Python set.
"""

import json
import random
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from firmware.errors import FormatError
from firmware.formats import deny_list as layout
from host_tools import deny_list
from host_tools.cli.bench_parts import Sheet, told
from host_tools.cli.runtime import BOARD_HEAP_KIB, runtime_command

ENTRIES, QUICK_ENTRIES = 1_000_000, 20_000
ASKED = {"cpython": 1_000_000, "micropython": 100_000}  # of each kind, hits and misses
FALSE_SHARE = 0.01  # of the Bloom filter: 10 bits a key, as terminals.md 8 has it
DATES = [f"{y}{m:02}{d:02}" for y in (24, 25, 26) for m in range(1, 13) for d in range(1, 29)]
FLASH_BITS = 8 * 2560 * 1024
SHAPES = (  # words, digits, issuers
    ("16 digits, 10 issuers", 16, 10),
    ("19 digits, 10 issuers", 19, 10),
    ("16 digits, 1 issuer", 16, 1),
)


class Answers(NamedTuple):
    """What one candidate did."""

    us_hit: float
    us_miss: float
    p99_us: float
    reads_hit: float | str
    reads_miss: float | str
    wrong_hits: int
    wrong_misses: int


def pans_of(drawn: random.Random, digits: int, issuers: int):
    """Card numbers without end, with their check digits."""
    while True:
        account = drawn.randrange(10 ** (digits - 7))
        body = f"{622840 + drawn.randrange(issuers)}{account:0{digits - 7}}"
        yield body + str(layout.luhn(body))


def drawn_set(drawn: random.Random, digits: int, issuers: int, count: int) -> set[str]:
    """So many different numbers."""
    made: set[str] = set()
    source = pans_of(drawn, digits, issuers)
    while len(made) < count:
        made.add(next(source))
    return made


def entries_of(drawn: random.Random, pans: list[str], dates: list[str]):
    """Listed of each number, with one of four reasons and one of the dates."""
    for pan in pans:
        yield deny_list.Listed(
            pan, layout.ALL, drawn.choice(layout.REASONS[1:5]), drawn.choice(dates)
        )


def deny(runtimes, quick: bool) -> list[Sheet]:
    """[Sheet of look-ups, Sheet of bytes]."""
    count = QUICK_ENTRIES if quick else ENTRIES
    return [lookups(runtimes, count), sizes(count)]


def lookups(runtimes, count: int) -> Sheet:
    """Sheet: our list, SQLite and a Bloom filter over the same cards."""
    drawn = random.Random(20261122)
    told(f"deny list: {count:,} cards")
    pans = sorted(drawn_set(drawn, 16, 10, count))
    there = set(pans)
    hits = drawn.sample(pans, count)
    source = pans_of(drawn, 16, 10)
    misses = [pan for pan, _ in zip(source, range(count), strict=False) if pan not in there]
    entries = list(entries_of(drawn, pans, DATES))
    payload = deny_list.build(entries)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list"
        path.write_bytes(payload)
        for runtime in runtimes:
            told(f"{runtime}: look-ups")
            rows.append(own_row(runtime, folder, hits, misses))
        rows.append(sqlite_row(Path(folder) / "list.sqlite", entries, hits, misses))
        rows.append(bloom_row(Path(folder), pans, hits, misses))
    columns = ["list", "bytes", "a card", "RAM, bytes", "hit, us", "miss, us", "p99, us"]
    columns += ["reads: hit", "miss", "false hits", "false misses"]
    cpython, other = ASKED["cpython"], ASKED["micropython"]
    notes = [
        f"{count:,} cards of 16 digits from 10 issuers, each with reason and date; medians; up to"
        f" {cpython:,} hits and as many misses on CPython, {other:,} on MicroPython, one after"
        " the other in one process; every answer is held against a set. p99: of the slower kind.",
        "Reads: calls to the file. Ours are one of 900 bytes, one of some 500 and, for a hit, one"
        f" of {layout.WORD}. RAM of ours: what stays in memory (MicroPython: the heap it takes).",
        "SQLite: a table WITHOUT ROWID by number and PSN, in a read-only file, page cache of 2 MB;"
        " its reads are the system's count with that cache warm.",
        "Bloom filter: rbloom, 1 % of false alarms, all of it in memory; each alarm has to be"
        " confirmed by an exact list, so it comes beside one and not instead of it.",
        "Files lie in the system's page cache; on a Pico the reads are littlefs seeks. Not"
        " measured on a board.",
    ]
    title = "A card on the deny list"
    return Sheet("deny", title, columns, rows, notes)


def own_row(runtime: str, folder: str, hits: list[str], misses: list[str]) -> list[str]:
    """Ours under one interpreter."""
    for name, numbers in (("hits", hits), ("misses", misses)):
        some = numbers[: ASKED[runtime]]
        Path(folder, name).write_text("".join(pan + "\n" for pan in some), encoding="ascii")
    # all times are kept to be sorted: a list of them is larger than a terminal's heap
    argv, env, cwd, _ = runtime_command(runtime, 64 * BOARD_HEAP_KIB)
    names = [str(Path(folder, name)) for name in ("list", "hits", "misses")]
    done = subprocess.run(
        [*argv, "-m", "sim.bench_deny", *names],
        env=env, cwd=cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise FormatError("the measurement ended: " + (done.stderr or done.stdout)[-400:])
    seen: dict[str, Any] = json.loads(done.stdout)
    hit, miss = seen["hit"], seen["miss"]
    size = Path(folder, "list").stat().st_size
    answers = Answers(
        hit["us"], miss["us"], max(hit["p99_us"], miss["p99_us"]), hit["reads"], miss["reads"],
        miss["wrong"], hit["wrong"],
    )  # fmt: skip
    return row(
        f"ours, {runtime}",
        size,
        seen["entries"],
        seen["heap_bytes"] or seen["kept_bytes"],
        answers,
    )


def timed(numbers: list[str], ask, wanted: bool) -> tuple[float, float, int, float]:
    """(median us, p99 us, wrong answers, system reads each) of ask(pan) over numbers."""
    spent, wrong = [], 0
    before = system_reads()
    for pan in numbers[: ASKED["cpython"]]:
        began = time.perf_counter_ns()
        found = ask(pan)
        spent.append(time.perf_counter_ns() - began)
        wrong += bool(found) != wanted
    reads = (system_reads() - before) / len(spent)
    spent.sort()
    return spent[len(spent) // 2] / 1000, spent[len(spent) * 99 // 100] / 1000, wrong, reads


def system_reads() -> int:
    """Read calls of this process so far."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["syscr"])


def sqlite_row(path: Path, entries: list[deny_list.Listed], hits, misses) -> list[str]:
    """SQLite, as one would write it."""
    told("SQLite: look-ups")
    base = sqlite3.connect(path)
    base.execute(
        "CREATE TABLE deny (pan INTEGER, psn INTEGER, reason INTEGER, day INTEGER,"
        " PRIMARY KEY (pan, psn)) WITHOUT ROWID"
    )
    base.executemany(
        "INSERT INTO deny VALUES (?, ?, ?, ?)",
        ((int(e.pan), e.psn, layout.REASONS.index(e.reason), int(e.date)) for e in entries),
    )
    base.commit()
    base.execute("VACUUM")
    base.close()
    base = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
    ask = base.execute

    def look(pan):
        return ask("SELECT psn, reason, day FROM deny WHERE pan = ?", (int(pan),)).fetchall()

    answers = both(look, hits, misses)
    base.close()
    return row("SQLite, cpython", path.stat().st_size, len(entries), 2_000 * 1024, answers)


def bloom_row(folder: Path, pans: list[str], hits, misses) -> list[str]:
    """A Bloom filter in memory."""
    told("Bloom filter: look-ups")
    try:
        import rbloom
    except ImportError as gone:
        raise FormatError("rbloom is not installed: make setup") from gone
    kept = rbloom.Bloom(len(pans), FALSE_SHARE)
    kept.update(pans)
    size = kept.size_in_bits // 8
    answers = both(kept.__contains__, hits, misses)
    return row("Bloom filter, cpython", size, len(pans), size, answers, reads="in RAM")


def both(ask, hits, misses) -> Answers:
    """Answers of one candidate in this process."""
    us_hit, p99_hit, missed, reads_hit = timed(hits, ask, True)
    us_miss, p99_miss, false, reads_miss = timed(misses, ask, False)
    return Answers(us_hit, us_miss, max(p99_hit, p99_miss), reads_hit, reads_miss, false, missed)


def row(name: str, size: int, count: int, ram: int, seen: Answers, reads: str = "") -> list[str]:
    """Cells of one candidate."""
    return [
        name,
        f"{size:,}",
        f"{size / count:.2f}",
        f"{ram:,}",
        f"{seen.us_hit:.1f}",
        f"{seen.us_miss:.1f}",
        f"{seen.p99_us:.1f}",
        reads or f"{seen.reads_hit:.2f}",
        reads or f"{seen.reads_miss:.2f}",
        f"{seen.wrong_hits:,}",
        f"{seen.wrong_misses:,}",
    ]


def sizes(count: int) -> Sheet:
    """Sheet: bytes of as many cards of other shapes, and with coarser dates."""
    rows = []
    for words, digits, issuers in SHAPES:
        drawn = random.Random(7)
        pans = list(drawn_set(drawn, digits, issuers, count))
        entries = list(entries_of(drawn, pans, DATES))
        for said in deny_list.DATES:
            told(f"deny list: {words}, dates: {said}")
            size = len(deny_list.build(deny_list.dated(entries, said)))
            bits = 8 * size / count
            rows.append([words, said, f"{size:,}", f"{bits:.1f}", f"{int(FLASH_BITS / bits):,}"])
    columns = ["cards", "dates", "bytes", "bits a card", "cards in 2.5 MB"]
    notes = [
        f"{count:,} cards drawn at random, which no list beats: the numbers of 10 issuers alone"
        " are worth 14.7 bits (16 digits) or 24.7 (19 digits) each, reason and day 12 more.",
        "2.5 MB: the file system of a Pico 2 W (4 MB of flash) beside its firmware; that of a Pico"
        " W has 0.8 MB. A full list lies beside the old one until it is judged: two must fit, or"
        " changes alone are shipped.",
    ]
    title = "Bytes of a deny list"
    return Sheet("deny-bytes", title, columns, rows, notes)
