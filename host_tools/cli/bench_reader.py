# SPDX-License-Identifier: Apache-2.0
"""The parts of `faretap bench` that measure the reader: whole taps against the model's floor,
other people's drivers, one exchange without radio, the three profiles (PS-31).
"""

import multiprocessing
import os
import statistics
from typing import NamedTuple

from host_tools.cli.bench_parts import Sheet, has_micropython, told
from host_tools.cli.runtime import ROOT, runtime_command
from sim import bench_echo, bench_exchange, bench_other_exchange
from sim.bench_taps import PHASES, ROUND, Job, measure
from sim.bench_watch import apdus

CLIENTS = ROOT / "build" / "clients" / "python" / "bin" / "python"
ENGINES = ("chip", "own")
# driver, its speed, ms of the chip's firmware a command, of which nobody knows but that they are
PEERS = (
    ("nfcpy", 921600, 0.0),
    ("nfcpy", 921600, 2.0),
    ("pn532pi", 115200, 0.0),
    ("adafruit", 115200, 0.0),
)
PROFILES = ("small", "typical", "large")
SPEEDS = (115200, 921600)
AIM = {"cpython": 1.03, "micropython": 1.06}  # times the floor
AIM_EXCHANGE = 1.5  # times the bare system calls
METERED_KIB = 480
AT_ONCE = 2  # terminals measured side by side: each waits for nearly all of its time
NO_CLIENTS = "Other drivers are not installed: `tools/clients.sh env` does it."


class Amount(NamedTuple):
    """How much is measured."""

    taps: int = 500  # of the engine that is the default; a fifth of the other one
    peer_taps: int = 12
    profile_taps: int = 6
    rounds: int = 25  # of 20 exchanges


QUICK = Amount(3, 2, 2, 2)


def amount_of(taps):
    """Amount for `taps` taps of a terminal."""
    usual = Amount()
    return Amount(
        taps, min(taps, usual.peer_taps), min(taps, usual.profile_taps), min(taps, usual.rounds)
    )


def percentile(values, share):
    """The value that a share of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values):
    return statistics.median(values)


def has_clients():
    """True when tools/clients.sh has made the environment of the other drivers."""
    return CLIENTS.exists()


def has_interpreter(name):
    """True when there is one of that name to measure."""
    return name == "cpython" or has_micropython()


def clients_runtime(**extra):
    """(argv, env, cwd) of it."""
    return [str(CLIENTS)], dict(os.environ, PYTHONPATH=str(ROOT), **extra), ROOT


# --- whole taps ------------------------------------------------------------------------------


def taps(runtimes, amount, heap_kib):
    """[Sheet, Sheet]: both engines on both interpreters against the floor of each; phases."""
    jobs = [
        Job(
            f"{runtime}, engine {engine}",
            runtime_command(runtime, heap_kib)[:3],
            engine=engine,
            taps=amount.taps if engine == "chip" else max(amount.taps // 5, 2),
        )
        for engine in ENGINES
        for runtime in runtimes
    ]
    told(f"{sum(job.taps for job in jobs)} taps, {AT_ONCE} terminals at a time")
    found = list(zip(jobs, side_by_side(jobs), strict=True))
    columns = ["terminal", "taps", "p50", "p99", "max", "floor", "ratio", "aim", "from placing"]
    notes = [
        "Milliseconds. Profile typical: 7 APDUs, 98 + 1009 bytes, 184 ms of card time, RSA with a"
        f" known issuer; link at 921600 baud, MicroPython with {heap_kib} KB.",
        "A tap lasts from the look that found the card to the lamp, signature checked and record"
        " durable. The floor is one activation (9 ms) and link, radio and card time of the same"
        " APDUs by the model, blocks of 64 bytes for engine chip, of 256 for engine own.",
        f"From placing: median of the cards that came into an empty field, one of {ROUND}; it"
        " holds the wait for the look that finds them.",
        f"{AT_ONCE} terminals are measured side by side, each with a simulator of its own.",
    ]
    whole = Sheet("taps", "One tap", columns, [taps_row(*one) for one in found], notes)
    rows = [phases_row(*one) for one in found]
    where = ["Milliseconds, medians; processor: of the terminal, from placing to the lamp."]
    titles = ["terminal", *PHASES, "processor"]
    return [whole, Sheet("phases", "Where a tap's milliseconds are", titles, rows, where)]


def side_by_side(jobs):
    """[[Tap]] of the jobs, AT_ONCE at a time."""
    with pool_of() as pool:
        return pool.map(measure, jobs, chunksize=1)


def pool_of():
    """Processes for AT_ONCE terminals and their simulators."""
    return multiprocessing.get_context("spawn").Pool(AT_ONCE)


def taps_row(job, seen):
    """One row of figures."""
    totals = [one.total_ms for one in seen]
    floor, placed = median(one.floor_ms for one in seen), [one.placed_ms for one in seen]
    placed = [ms for ms in placed if ms is not None]
    shown = [median(totals), percentile(totals, 0.99), max(totals), floor]
    aim = next(value for name, value in AIM.items() if job.name.startswith(name))
    return [
        job.name,
        str(len(seen)),
        *(f"{ms:.1f}" for ms in shown),
        f"{median(totals) / floor:.3f}",
        f"{aim:.2f}",
        f"{median(placed):.1f}" if placed else "",
    ]


def phases_row(job, seen):
    """One row of figures."""
    phases = [
        median(one.event["phases_us"].get(name, 0) / 1000 for one in seen) for name in PHASES
    ]
    cpu_ms = median(one.cpu_ms for one in seen)
    return [job.name, *(f"{ms:.1f}" for ms in (*phases, cpu_ms))]


# --- other people's drivers -------------------------------------------------------------------


def drivers(amount):
    """Sheet: the same kernel, device and journal over other drivers, ours beside each of them."""
    rows = []
    for name, baud, firmware_ms in PEERS if has_clients() else ():
        told(f"taps with {name} and with ours, chip firmware {firmware_ms:.0f} ms")
        ours = Job(
            "ours", runtime_command("cpython")[:3], taps=amount.peer_taps, firmware_ms=firmware_ms
        )
        theirs = ours._replace(
            name=name,
            runtime=clients_runtime(FARETAP_PEER=name),
            root="sim.bench_peer",
            baud=baud,
        )
        own = side_by_side([ours._replace(engine=engine) for engine in ENGINES])
        rows.append(peer_row(theirs, [*own, measure(theirs)]))
    columns = ["driver", "baud", "T_fw", "commands", "p50", "max"]
    for engine in ENGINES:
        columns += [engine, f"x {engine}"]
    notes = [
        f"Milliseconds of whole taps, {amount.peer_taps} each, CPython; profile typical, the same"
        " virtual chip. Kernel, device and journal are ours, the driver is used as its own"
        " examples do. chip and own: faretap with both engines, side by side, right before each."
        " x: how many times longer a tap takes with the other driver. T_fw: what the chip's"
        " firmware takes for a command, which nobody knows.",
        "nfcpy speaks ISO-DEP itself, in blocks of 256 bytes, as engine own does; four commands a"
        " block. adafruit is not told how long an answer will be: it waits for the time-out of"
        " its port.",
    ]
    return Sheet("drivers", "Other drivers", columns, rows, notes if rows else [NO_CLIENTS])


def peer_row(job, measured):
    """One row of figures; measured: [Tap] of ours by engine, then of theirs."""
    *ours, theirs = measured
    other = median(one.total_ms for one in theirs)
    figures = [other, max(one.total_ms for one in theirs)]
    row = [job.name, str(job.baud), f"{job.firmware_ms:.0f}"]
    row += [f"{median(len(one.commands) for one in theirs):.0f}", *(f"{ms:.1f}" for ms in figures)]
    for seen in ours:
        own = median(one.total_ms for one in seen)
        row += [f"{own:.1f}", f"{other / own:.2f}"]
    return row


# --- one exchange ----------------------------------------------------------------------------


def exchanges(runtimes, amount):
    """Sheet: host time of one exchange, neither radio nor card."""
    rows = []
    if "cpython" in runtimes:
        others = bench_other_exchange
        names = list(others.CANDIDATES if has_clients() else others.ALWAYS)
        runtime = clients_runtime() if has_clients() else runtime_command("cpython")[:3]
        told("exchanges without radio, CPython")
        seen = bench_echo.measure(runtime, others.__name__, names, amount.rounds)
        rows += exchange_rows("cpython", seen, seen[:2])
    if "micropython" in runtimes:
        told("exchanges without radio, MicroPython")
        runtime = runtime_command("micropython", METERED_KIB)[:3]
        names, module = list(bench_exchange.CANDIDATES), bench_exchange.__name__
        seen = bench_echo.measure(runtime, module, names, amount.rounds)
        rows += exchange_rows("micropython", seen, None)
    columns = ["interpreter", "client", "5 bytes, us", "250 bytes, us"]
    columns += ["5 bytes, processor", "250 bytes, processor", "x raw, 5", "x raw, 250"]
    notes = [
        f"Medians of {20 * amount.rounds} exchanges, all clients by turns in one process; a"
        " virtual chip of its own for each on a pty, without any delay. The wall time holds the"
        f" simulator's own share, some 50 us. The aim is {AIM_EXCHANGE} times the bare system"
        " calls.",
    ]
    return Sheet("exchanges", "One exchange on the host", columns, rows, notes)


def exchange_rows(runtime, seen, base):
    """A row a client; base: the rows to compare with."""
    rows = []
    for short, long in zip(seen[::2], seen[1::2], strict=True):
        cpu = [f"{one['cpu_us']:.0f}" if one["cpu_us"] else "" for one in (short, long)]
        ratio = [
            f"{one['wall_us'] / raw['wall_us']:.2f}"
            for one, raw in zip((short, long), base or (), strict=False)
        ]
        walls = [f"{one['wall_us']:.0f}" for one in (short, long)]
        rows.append([runtime, short["name"], *walls, *cpu, *(ratio or ["", ""])])
    return rows


# --- profiles (PS-31) --------------------------------------------------------------------------


def profiles(amount):
    """[Sheet, Sheet]: each profile at two speeds and with both engines: times, bytes, commands,
    slices; each APDU.
    """
    runtime = runtime_command("cpython")[:3]
    jobs = [
        Job("profile", runtime, profile, engine, baud, amount.profile_taps)
        for profile in PROFILES
        for engine, baud in [("chip", baud) for baud in SPEEDS] + [("own", SPEEDS[-1])]
    ]
    metered = [job._replace(root="sim.metered", taps=2) for job in jobs]
    told(f"{len(jobs)} profiles, {AT_ONCE} terminals at a time")
    seen = side_by_side(jobs + metered)
    rows = [
        profile_row(job, taps, median(one.steps.get("slices", 0) for one in counted))
        for job, taps, counted in zip(jobs, seen, seen[len(jobs) :], strict=False)
    ]
    names = ["profile", "engine", "baud"]
    columns = [*names, "total", "after detection", "floor", "bytes out", "bytes in", "commands"]
    columns += ["processor", "slices"]
    notes = [
        f"Milliseconds, medians of {amount.profile_taps} taps, CPython. Bytes and commands between"
        " host and chip from the look that found the card to the last answer. Slices: of"
        " background work, done while the card was busy.",
    ]
    whole = Sheet("profiles", "Profiles", columns, rows, notes)
    each = [[*row[:3], *apdu_cells(taps)] for row, taps in zip(rows, seen, strict=False)]
    longest = max(len(row) for row in each)
    each = [row + [""] * (longest - len(row)) for row in each]
    titles = [*names, "PPSE", "AID", "GPO", *(f"record {at}" for at in range(1, longest - 5))]
    told_by = [
        "Milliseconds from the last byte of a command to the last of its answer, seen at the chip:"
        " link, radio and card. With engine own an APDU may be several commands.",
    ]
    return [whole, Sheet("apdus", "Each APDU of the profiles", titles, each, told_by)]


def apdu_cells(seen):
    """Medians of each APDU."""
    found = [apdus(one.commands) for one in seen]
    count = len(seen[0].exchanges)
    columns = zip(*(one for one in found if len(one) == count), strict=True)
    return [
        f"{median((last.done_us - first.at_us) / 1000 for first, last in column):.1f}"
        for column in columns
    ]


def profile_row(job, seen, slices):
    """One row of figures."""
    figures = [
        median(one.total_ms for one in seen),
        median(one.total_ms - one.event["phases_us"]["activate"] / 1000 for one in seen),
        seen[0].floor_ms,
    ]
    whole = [
        median(sum(getattr(command, name) for command in one.commands) for one in seen)
        for name in ("sent", "received")
    ]
    return [
        job.profile,
        job.engine,
        str(job.baud),
        *(f"{ms:.1f}" for ms in figures),
        *(f"{total:.0f}" for total in whole),
        f"{median(len(one.commands) for one in seen):.0f}",
        f"{median(one.cpu_ms for one in seen):.1f}",
        f"{slices:.0f}",
    ]
