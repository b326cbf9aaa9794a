# SPDX-License-Identifier: Apache-2.0
"""The parts of `faretap bench`: each measures and returns a Sheet, for the screen and for docs.

A Sheet is rows of text under columns, and sentences that say how it was measured.
"""

import json
import subprocess
import sys
from typing import NamedTuple

from firmware.errors import LinkLost
from host_tools.cli.runtime import BOARD_HEAP_KIB, find_program, runtime_command
from sim import bench, bench_steps
from sim.bench_steps import Keys

ALONE_KIB = 256 * 1024  # a heap that nothing has to be collected in
AMPLE_KIB = 8 * 1024  # ... within one tap
METERED_KIB = 480  # the meter is compiled from source in the terminal's heap
SMALL = "MicroPython, small heap"
STRETCH = 150  # a Pico takes so many times longer (RSA 175, curve 135: emulated, not measured)
CHAINS = [Keys("rsa", bits, e) for bits in (1152, 1408, 1984) for e in (3, 65537)]
SM2 = Keys("sm2")
TOP = 10


class Sheet(NamedTuple):
    """One table. The first column is text, the others are figures."""

    name: str
    title: str
    columns: list
    rows: list
    notes: list


def told(text):
    """Say on the error stream what takes so long."""
    print(text + " ...", file=sys.stderr, flush=True)


def has_micropython():
    """True when there is an interpreter to compare with."""
    return find_program("micropython") is not None


def names_of(runtimes):
    """The interpreters asked for that are there."""
    return [one for one in runtimes if one == "cpython" or has_micropython()]


def number(value, digits=2):
    """A figure with so many digits that count, at most three behind the point."""
    if value >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    if value >= 1:
        return f"{value:.1f}"
    return f"{value:.{digits}f}"


# --- arithmetic ------------------------------------------------------------------------------


def crypto(runtime, condition, heap_kib, **sizes):
    """{(group, name): value} of sim/bench_crypto.py, and the bytes that were free at first.

    sizes: `rounds` and `least_us`, where they are not the usual ones.
    """
    told(f"{runtime}: signature arithmetic, {condition}")
    argv, env, cwd, _ = runtime_command(runtime, heap_kib)
    done = subprocess.run(
        [*argv, "-m", "sim.bench_crypto", condition, *map(str, sizes.values())],
        env=env,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LinkLost("the measurement ended: " + (done.stderr or done.stdout)[-400:])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    values = {(one["group"], one["name"]): one["value"] for one in lines if "group" in one}
    return values, next((one["free"] for one in lines if "free" in one), None)


def signatures(runtimes):
    """[Sheet, Sheet]: SM2 against the textbook; field, hash and RSA against their peers."""
    found, heap, free = {}, {}, 0
    if "cpython" in runtimes:
        found["CPython"], _ = crypto("cpython", "alone", 0)
    if "micropython" in runtimes:
        found["MicroPython"], _ = crypto("micropython", "alone", ALONE_KIB)
        found[SMALL], free = crypto("micropython", "terminal", METERED_KIB)
        heap, _ = crypto("micropython", "heap", ALONE_KIB)
    return [sm2_sheet(found, heap, free), peers_sheet(found, heap)]


def sm2_sheet(found, heap, free):
    """Milliseconds of one check, and how many times faster than both textbooks."""
    rows = []
    for place, values in found.items():
        names = [name for group, name in values if group == "sm2"]
        for name in names:
            us = values["sm2", name]
            faster = [f"{values['sm2', names[at]] / us:.1f}" for at in (0, 1)]
            taken = f"{heap['sm2', name] / 1024:,.0f}" if place == "MicroPython" else ""
            rows.append([place, name, f"{us / 1000:.2f}", *faster, taken])
    columns = ["interpreter", "one check", "ms", "x affine", "x Jacobian", "heap, KB"]
    notes = [
        "All candidates in turn in one run, best of the rounds, processor time; the hash of the"
        " message is in none of them.",
        "A key with a table is that of a CA or an issuer in use; its table has 4,096 bytes on any"
        " board. The key of a card is seen once.",
    ]
    if free:
        notes.append(
            f"{SMALL}: {METERED_KIB} KB beside a terminal's modules, {free // 1024} KB free,"
            " collected as the firmware does; the others in a heap that is never collected."
        )
    return Sheet("sm2", "SM2 check against the textbook", columns, rows, notes)


def peers_sheet(found, heap):
    """The smaller steps against their peers."""
    rows = []
    for place, values in found.items():
        groups = list(dict.fromkeys(group for group, _ in values if group != "sm2"))
        for group in groups if place != SMALL else ():
            (other, peer_us), (_, us) = [
                (name, value) for (of, name), value in values.items() if of == group
            ]
            taken = f"{heap[group, 'kernel']:,}" if place == "MicroPython" else ""
            shown = [other, number(peer_us), number(us), f"{us / peer_us:.2f}", taken]
            rows.append([place, group, *shown])
    columns = ["interpreter", "step", "peer", "peer, us", "kernel, us", "ratio", "heap, bytes"]
    notes = [
        "The kernel reduces by `%`, hashes half words and opens blocks a multiplication a slice.",
    ]
    return Sheet("peers", "Field, hash and RSA against their peers", columns, rows, notes)


# --- chain and signature in a tap ------------------------------------------------------------


def chains(runtimes, taps):
    """Sheet: how much of the signature work the card's own time hides, paced."""
    cases = [(keys, "cold", stretch) for keys in CHAINS for stretch in (1, STRETCH)]
    cases += [(SM2, known, 1) for known in ("cold", "warm")]
    rows = []
    for runtime in names_of(runtimes):
        for keys, known, stretch in cases:
            if stretch == 1 or runtime == "micropython":
                told(f"{runtime}: {keys.name}, {known}, x {stretch}")
                argv = runtime_command(runtime, METERED_KIB if stretch == 1 else AMPLE_KIB)[:3]
                seen = bench_steps.measure(argv, keys, True, known, stretch, taps)
                rows.append(chain_row(runtime, keys, known, stretch, seen))
    notes = [
        "Paced by the time model of chip, radio and card (simulated); medians; "
        f"MicroPython with {METERED_KIB} KB of heap.",
        f"x {STRETCH}: each slice of signature work lasts {STRETCH} times as long, as on a Pico:"
        " simulated, in a heap that is not collected during a tap.",
        "Issuer known: its key is in the cache, with SM2 its table too. CA keys have 1984 bits"
        " and exponent 3, issuer and card what the row says.",
        "Writing: the answer to the last record is made durable before it is judged; the disk of"
        " a PC, not flash.",
    ]
    columns = ["card", "issuer", "interpreter", "work, ms", "hidden", "late, ms"]
    columns += ["last record to decision, ms", "of that writing", "tap, ms"]
    return Sheet("chains", "Certificates and signature in a tap", columns, rows, notes)


def chain_row(runtime, keys, known, stretch, seen):
    """One row of figures."""
    return [
        keys.name,
        "known" if known == "warm" else "new",
        f"{runtime} x {stretch}" if stretch > 1 else runtime,
        f"{seen.signature_ms:.1f}",
        f"{100 * seen.hidden:.0f} %",
        f"{seen.late_ms:.2f}",
        f"{seen.decision_ms:.1f}",
        f"{seen.noted_ms:.1f}",
        f"{seen.total_ms:.0f}",
    ]


# --- steps -----------------------------------------------------------------------------------


def steps(runtimes, taps):
    """Sheet: the ten most expensive steps of a tap, without any card time."""
    columns, lists = ["rank"], []
    for runtime in names_of(runtimes):
        for keys in (CHAINS[0], SM2):
            told(f"{runtime}: steps of {keys.name}")
            argv = runtime_command(runtime, METERED_KIB)[:3]
            seen = bench_steps.measure(argv, keys, False, "warm", 1, taps)
            columns += [f"{runtime}, {keys.name}", "ms"]
            lists.append(seen.steps[:TOP])
    rows = []
    for at in range(TOP):
        row = [str(at + 1)]
        for one in lists:
            name, ms = one[at] if at < len(one) else ("", 0.0)
            row += [name, f"{ms:.2f}"]
        rows.append(row)
    notes = [
        "No card time; waiting for the chip is left out. Journal steps wait for the disk.",
        "Medians; issuer known. 'kernel and device: after X' is what happens between the answer to"
        " X and the next command, without the steps that have rows of their own.",
    ]
    return Sheet("steps", "The ten most expensive steps of a tap", columns, rows, notes)


# --- processor and memory of a tap -----------------------------------------------------------


def resources(runtimes, taps):
    """Sheet: processor and heap of a tap."""
    rows = []
    for runtime in names_of(runtimes):
        for keys, cards in ((CHAINS[0], bench.CARDS), (SM2, bench.SM2_CARDS)):
            told(f"{runtime}: processor and heap, {keys.suite.upper()}")
            argv = runtime_command(runtime, METERED_KIB)[:3]
            whole = bench.measure(argv, False, taps, cards=cards)
            kernel = bench_steps.measure(argv, keys, False, "warm", 1, taps)
            inside = sum(ms for name, ms in kernel.steps if not name.startswith(OUTSIDE))
            taken = bench_steps.heap_bytes(runtime_command(runtime, 8192)[:3], keys)
            live = f"{whole.heap_live / 1024:.0f}" if whole.heap_live else ""
            rows.append(
                [
                    f"{runtime}, {keys.suite.upper()}",
                    f"{whole.cpu_ms:.1f}",
                    f"{inside:.1f}",
                    f"{taken / 1024:.0f}",
                    live,
                    smallest(runtime, cards),
                ]
            )
    columns = ["terminal", "processor, ms a tap", "kernel and device, ms"]
    columns += ["heap a tap takes, KB", "in use between taps, KB", "smallest heap, KB"]
    notes = [
        "No card time. Heap a tap takes: all that is asked for, garbage included (MicroPython), or"
        " the peak (CPython).",
        f"64-bit MicroPython with {METERED_KIB} KB; a 32-bit board needs two thirds of it. The"
        f" heap of a terminal here is {BOARD_HEAP_KIB}.",
    ]
    return Sheet("resources", "Processor and memory of a tap", columns, rows, notes)


OUTSIDE = ("reader", "journal")


def smallest(runtime, cards):
    """KiB of the smallest heap, as text."""
    if runtime != "micropython":
        return ""
    told("micropython: smallest heap")
    kib = bench.smallest_heap(lambda kib: runtime_command(runtime, kib)[:3], cards=cards)
    return str(kib)
