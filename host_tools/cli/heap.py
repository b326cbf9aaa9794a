# SPDX-License-Identifier: Apache-2.0
"""How much heap each device needs on a board: 32 bits, the code frozen into flash."""

import subprocess
import sys
from pathlib import Path

import click
from rich.console import Console

from firmware.errors import FormatError
from host_tools.cli.bench import put, table
from host_tools.cli.bench_parts import Sheet
from host_tools.cli.runtime import PICO_W_HEAP_KIB, compiled_tree, runtime_command
from sim import heap_days, heap_measure, soak_run

DRIVER = "driver"
DRIVER_WORDS = "bus, flat fare, by `firmware.main` with the PN532's driver on a pty"
STEP_KIB = 4  # of the search for the least that passes
SOAK_ROWS = 10
SOAK_COLUMNS = ["taps", "alive, KB", "free at the least, KB", "largest free piece, KB"]
COLUMNS = [
    "device", "alive when ready, KB", "most alive behind a tap, KB", "largest free piece, KB",
    "passes in, KB",
]  # fmt: skip


@click.command(
    epilog="""\b
Examples:
  make micropython                       builds the interpreter that this runs on
  faretap heap                             every device, in the heap of a Pico W
  faretap heap gate-tickets --kib 110      one, in what a Pico W has beside TLS
  faretap heap --least                     and the least heap in which each passes
  faretap heap --files --kib 240           the code in files, as without an image of one's own
  faretap heap --least --write docs/porting.md
  faretap heap --soak 100000               a bus that takes so many taps: does its heap grow?
"""
)
@click.argument("devices", nargs=-1, metavar="[DEVICE]...")
@click.option("--kib", default=PICO_W_HEAP_KIB, show_default=True, help="Heap to play in.")
@click.option("--least", is_flag=True, help="Look for the least heap too, in steps of 4 KB.")
@click.option("--files", is_flag=True, help="Code from .mpy files, in the heap: no frozen image.")
@click.option("--soak", "taps", type=click.IntRange(1), help="Take so many taps in one process.")
@click.option(
    "--write",
    "page",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Put it into this page, at <!-- measured: heap -->; with --files, at heap-files.",
)
def command(devices, kib, least, files, taps, page):
    """Play a short day of each DEVICE on MicroPython with 32 bits, the firmware frozen into it.

    A start, cards of both suites, one that is on the deny list, one torn, a cut of power, the rest
    of the day and the upload. Exit status 1, with sentences, when one does not pass in --kib. With
    --soak: a flat-fare bus, cards replayed, its journal gone round and uploaded all the time.
    """
    if taps:
        soaked(devices, taps, kib, page)
        return
    names = devices or (*heap_days.DAYS, DRIVER)
    for name in names:
        if name not in heap_days.DAYS and name != DRIVER:
            raise FormatError(f"no {name!r}; there are {', '.join((*heap_days.DAYS, DRIVER))}")
    console = Console(highlight=False, soft_wrap=True)
    rows, good = [], True
    for name in names:
        found = measured(name, kib, files)
        for fault in found.faults:
            console.print(f"{name}: does not pass in {kib} KB: {fault}", markup=False)
        good &= not found.faults
        rows.append(row_of(name, found, least_of(name, found, kib, files) if least else None))
    sheet = sheet_of(rows, kib, least, files)
    if page:
        put(page, sheet)
    else:
        console.print(table(sheet))
        for note in sheet.notes:
            console.print(note, style="dim", markup=False)
    sys.exit(0 if good else 1)


def soaked(devices, taps, kib, page):
    """Print the rows of a soak as they come; put a table of some of them into the page."""
    if devices and devices != ("bus",):
        raise FormatError("a soak is of the bus: faretap heap --soak 2000 bus")
    console = Console(highlight=False, soft_wrap=True)
    rows = []
    for row in soak_run.soak(taps, runtime_command("micropython32", kib)[:3]):
        rows.append(row)
        console.print(
            f"{row.taps:7,} taps, {row.seconds:.0f} s: {row.live / 1024:.1f} KB alive, at the"
            f" least {row.least_free / 1024:.1f} KB free, largest piece {row.piece / 1024:.1f} KB"
        )
    sheet = soak_sheet(rows, kib)
    if page:
        put(page, sheet)
    else:
        console.print(table(sheet))


def soak_sheet(rows, kib):
    """Ten rows out of all: alive and piece as they were there, free at the least since the row
    above.
    """
    step = max(1, len(rows) // SOAK_ROWS)
    cells, before = [], 0
    for at in sorted({0, *range(len(rows) - 1, 0, -step)}):
        row, least = rows[at], min(one.least_free for one in rows[before : at + 1])
        before = at + 1
        figures = [f"{one / 1024:.1f}" for one in (row.live, least, row.piece)]
        cells.append([f"{row.taps:,}", *figures])
    notes = [
        f"MicroPython 1.25, unix port with 32 bits, {kib} KB of heap (`-X heapsize`), firmware"
        " frozen; RSA with e = 3 and 65537 and SM2 by turns, one card in twenty torn and settled,"
        " one expired, one on the deny list; a journal of 64 blocks that is uploaded meanwhile.",
        "Free: of 160 KB at the end of a tap, its garbage not collected yet, the least since the"
        f" row above. {rows[-1].seconds / 60:.0f} minutes by the wall.",
    ]
    return Sheet("soak", "soak", SOAK_COLUMNS, cells, notes)


def measured(name, kib, files=False):
    """heap_measure.Measured of a name in so much heap; files: the code lies in it as well."""
    argv, env, cwd, _ = runtime_command("micropython32", kib)
    if files:
        env = {**env, "MICROPYPATH": f"{compiled_tree()}:.frozen"}
    runtime = argv, env, cwd
    if name == DRIVER:
        return heap_measure.measure_driver(runtime)
    return heap_measure.measure(name, runtime)


def least_of(name, found, kib, files=False):
    """KB between what was `found` alive and the `kib` in which it passed, as text."""
    if found.faults:
        return f"not in {kib}"
    steps = [*range(found.most // 1024 // STEP_KIB * STEP_KIB, kib, STEP_KIB), kib]
    low, high = 0, len(steps) - 1
    while low < high:
        middle = (low + high) // 2
        if measured(name, steps[middle], files).faults:
            low = middle + 1
        else:
            high = middle
    return str(steps[low])


def row_of(name, found, least):
    """Cells of COLUMNS."""
    words = DRIVER_WORDS if name == DRIVER else heap_days.DAYS[name].words
    figures = [found.start, found.most, found.piece]
    cells = ["" if one is None else f"{one / 1024:.0f}" for one in figures]
    return [words, *cells, least or ""]


def sheet_of(rows, kib, least, files):
    """The table for screen and page."""
    columns = COLUMNS if least else COLUMNS[:-1]
    notes = [
        f"MicroPython 1.25, unix port with 32 bits, {kib} KB of heap (`-X heapsize`), firmware"
        f" {'from files' if files else 'frozen'}; free pieces at the end of the day.",
        "Each day: RSA and SM2 cards, a signed deny list, sealed updates, a journal of"
        f" {heap_days.BLOCKS} blocks; a torn card, a cut of power, an upload.",
        f"Of it {stage_share() / 1024:.1f} KB are the stage's, on which all but the last row are"
        " played without the driver of the PN532; the last row has that driver and no list.",
    ]
    return Sheet(
        "heap-files" if files else "heap",
        "heap",
        columns,
        [row[: len(columns)] for row in rows],
        notes,
    )


def stage_share():
    """Bytes that the stage itself keeps in the heap."""
    argv, env, cwd = runtime_command("micropython32", PICO_W_HEAP_KIB)[:3]
    done = subprocess.run(
        [*argv, "-c", heap_measure.STAGE_SHARE],
        env=env, cwd=cwd, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(done.stdout)
