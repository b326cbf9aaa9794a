# SPDX-License-Identifier: Apache-2.0
"""The part of `faretap bench` that measures taps which change records of the card."""

from host_tools.cli.bench_parts import Sheet, told
from host_tools.cli.bench_reader import AT_ONCE, median, percentile, pool_of
from host_tools.cli.runtime import runtime_command
from sim.bench_extended import CASES, Job, measure

AIM = 1.05  # times the floor
HEAP_KIB = 640  # on 64 bits, with code from files: a board of 160 KB has it in flash
PHASES = ("activate", "select", "other", "gpo", "read", "journal", "host")


def extended(runtimes, taps):
    """[Sheet, Sheet]: each case with and without R-MAC on both interpreters; phases."""
    jobs = [
        Job(f"{name}{', R-MAC' if r_mac else ''}", runtime_command(one, HEAP_KIB)[:3],
            name, r_mac, taps=taps)
        for name in CASES for r_mac in (False, True) for one in runtimes
    ]  # fmt: skip
    told(f"{len(jobs) * taps} taps with records, {AT_ONCE} terminals at a time")
    with pool_of() as pool:
        found = pool.map(measure, jobs, chunksize=1)
    names = [one for _ in CASES for _ in (False, True) for one in runtimes]
    rows = list(zip(names, jobs, found, strict=True))
    columns = ["device", "interpreter", "read", "updated", "APDUs", "p50", "p99", "floor"]
    columns += ["ratio", "aim"]
    notes = [
        f"Milliseconds, {taps} taps each; own test cards, RSA with a known issuer, engine chip at"
        f" 921600 baud, MicroPython with {HEAP_KIB} KB and code from files. read, updated:"
        " records of the card. The floor holds the records' commands with 11 ms of card time each,"
        " which nobody has measured.",
        "The number is read before the GPO, as it derives the keys. The simulated PSAM stands at a"
        " pty and answers at once: one derivation and one MAC for each record that is updated, two"
        " more with R-MAC. A real one adds its own time to each.",
        f"{AT_ONCE} terminals are measured side by side, each with a simulator of its own.",
    ]
    figures = [row(*one) for one in rows]
    whole = Sheet("extended", "A tap that changes records", columns, figures, notes)
    parts = [phases_row(*one) for one in rows]
    where = ["Milliseconds, medians. other: GET DATA, READ CAPP DATA, UPDATE CAPP DATA CACHE."]
    titles = ["device", "interpreter", *PHASES, "processor"]
    return [whole, Sheet("extended-phases", "Where they are", titles, parts, where)]


def row(runtime, job, seen):
    """One row of figures."""
    case, totals = CASES[job.case], [one.total_ms for one in seen]
    floor = median(one.floor_ms for one in seen)
    shown = [f"{ms:.1f}" for ms in (median(totals), percentile(totals, 0.99), floor)]
    counts = [str(one) for one in (case.reads, case.updates, len(seen[-1].exchanges))]
    return [job.name, runtime, *counts, *shown, f"{median(totals) / floor:.3f}", f"{AIM:.2f}"]


def phases_row(runtime, job, seen):
    """One row of figures."""
    phases = [
        median(one.event["phases_us"].get(name, 0) / 1000 for one in seen) for name in PHASES
    ]
    cpu_ms = median(one.cpu_ms for one in seen)
    return [job.name, runtime, *(f"{ms:.1f}" for ms in (*phases, cpu_ms))]
