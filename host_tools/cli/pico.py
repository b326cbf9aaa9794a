# SPDX-License-Identifier: Apache-2.0
"""Run the image of a Pico in an emulated RP2040: times of a tap, cuts of power"""

import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import click
from rich.console import Console

from host_tools.cli.bench import put, table
from host_tools.cli.bench_parts import Sheet
from host_tools.cli.pico_image import IMAGE_OPTION, exists
from host_tools.cli.pico_records import records
from host_tools.cli.pico_update import update
from sim.bench_steps import Keys

PARTS = ("line", "radio", "card", "own", "green")
COLUMNS = [
    "card", "tap", "line", "radio", "card's", "journal", "of it flash", "computing",
    "own, p50", "own, p99", "to green, p50", "to green, p99", "new issuer: own",
]  # fmt: skip
STEP_COLUMNS = [
    "card", "before SELECT", "before GPO", "before records", "before the last", "to green",
]  # fmt: skip
STEPS = ("select", "gpo", "read", "last")  # of pico_meter.Split.gaps


def kinds():
    """{word: Keys} of the cards that may be named."""
    rsa = [Keys("rsa", bits, e) for e in (3, 65537) for bits in (1984, 1408, 1152)]
    return {f"rsa-{one.bits}-{one.exponent}": one for one in rsa} | {"sm2": Keys("sm2")}


@click.group(
    epilog="""\b
Examples:
  make image
  faretap pico taps --card rsa-1152-3 --taps 2      some minutes
  faretap pico taps --taps 30 --write docs/porting.md
  faretap pico cuts --count 50 --seed 1             an hour and more
  faretap pico update --device bus --missing 16384
  faretap pico records --device stage               a tap that changes records of the card
"""
)
def command():
    """Run the image of a Pico in an emulated RP2040, with a virtual PN532 at its UART.

    Emulated: times are those of the processor at 125 MHz; waiting for them takes twenty times
    as long.
    """


@command.command(
    epilog="""\b
Examples:
  faretap pico taps --card rsa-1152-3 --card sm2 --taps 3
  faretap pico taps --taps 30 --write docs/porting.md      hours; the figures of that page
"""
)
@IMAGE_OPTION
@click.option(
    "--card", "words", multiple=True, type=click.Choice(list(kinds())), help="Only this."
)
@click.option("--taps", type=click.IntRange(2), default=4, show_default=True, help="Of each card.")
@click.option(
    "--write",
    "page",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Put the tables into this page, where it says <!-- measured: pico-taps -->.",
)
def taps(image, words, taps, page):
    """Where the time of a tap goes, by cards with keys of several lengths."""
    from sim import pico_bench  # it imports the emulator

    exists(image)
    wanted = [keys for word, keys in kinds().items() if not words or word in words]
    found = pico_bench.measure(image, wanted, taps, told=lambda text: click.echo(text, err=True))
    console = Console(highlight=False, soft_wrap=True)
    for sheet in sheets(found, taps, image):
        if page:
            put(page, sheet)
            continue
        console.print(table(sheet))
        for note in sheet.notes:
            console.print(note, style="dim", markup=False)


@command.command(
    epilog="""\b
Examples:
  faretap pico cuts --count 3
  faretap pico cuts --count 50 --seed 1            an hour and more
"""
)
@IMAGE_OPTION
@click.option("--count", type=click.IntRange(1), default=5, show_default=True, help="Of cuts.")
@click.option("--seed", type=int, default=1, show_default=True, help="Which are drawn.")
def cuts(image, count, seed):
    """Let the power fail in operations of its flash; after each cut it starts and must balance.

    A day is lived once: start, two riders, upload. Then the power fails in --count operations of
    it, torn as the seed says, and what is left is started: the next rider must pay, nobody twice,
    and cards, journal and ledger must agree to the fen. Exit status 1 when one does not.
    """
    from sim import pico_cuts  # it imports the emulator

    exists(image)
    with tempfile.TemporaryDirectory(prefix="faretap-pico-") as folder:
        day = pico_cuts.Day(image, Path(folder), lambda text: click.echo(text, err=True))
        faults = [f"without a cut: {fault}" for fault in day.live()]
        click.echo(f"{len(day.moments)} operations of the flash in a day", err=True)
        for number, cut in enumerate(pico_cuts.sampled(day.moments, count, seed), 1):
            found = day.recover(cut)
            said = f"cut {number} of {count}: {cut.words}"
            click.echo(f"{said}: {'; '.join(found) or 'balances'}")
            faults += [f"{said}: {fault}" for fault in found]
    click.echo(f"{count} cuts, seed {seed}: {len(faults)} faults")
    sys.exit(1 if faults else 0)


command.add_command(update)
command.add_command(records)


def sheets(found, taps, image):
    """[Sheet, Sheet] of pico_bench.Measured."""
    digest = sha256(image.read_bytes()).hexdigest()[:16]
    times = [
        ["power to ready", f"{found.boot_ms:,.0f} ms"],
        ["power to green, the card being there", f"{found.first_ms:,.0f} ms"],
        ["heap", f"{found.heap / 1024:,.0f} KB"],
        ["in use behind a tap, at most", f"{found.most_left / 1024:,.0f} KB"],
    ]
    if found.alive:
        free = 1 - found.alive / found.heap
        times += [
            ["in use behind a collection, at most, start and taps",
             f"{found.alive / 1024:,.0f} KB: {100 * free:.0f} % free"],
            ["in use with garbage, at most", f"{found.full / 1024:,.0f} KB"],
        ]  # fmt: skip
    return [
        Sheet(
            "pico-taps",
            "taps, ms",
            COLUMNS,
            [row(keys.name, some) for keys, some in found.taps.items()],
            [
                "Emulated RP2040 at 125 MHz, no board: big integers take up to 20 % longer on one"
                " (docs/porting.md), flash the time that its data sheet calls typical.",
                f"{taps} taps of each card, the first one with an issuer that is new; the others"
                " are in the medians. Line, radio and card: the time model of the PN532 and the"
                " simulated card.",
                "Own: what is left of the tap, journal and computing: the time in which nobody"
                " works but the terminal's processor. What it does while the card works or bytes"
                " are on the line is not in it. To green: from the last byte of the last record"
                " to the lamp.",
                f"Image with SHA-256 {digest}...",
            ],
        ),
        Sheet(
            "pico-steps",
            "own by steps, ms",
            STEP_COLUMNS,
            [steps_row(keys.name, some) for keys, some in found.taps.items()],
            [
                "Medians, of both SELECT and of all records together, the card number that is"
                " read freely among them. Before the last record: certificates and signature as"
                " far as the card's time was too short for them, gate, pending entry durable. To"
                " green: answer kept, signed data compared, record durable, lamp.",
            ],
        ),
        Sheet("pico-start", "start and heap", ["", "emulated"], times, []),
    ]


def steps_row(name, taps):
    """Cells of the table of steps."""
    from sim.pico_bench import median  # it imports the emulator

    splits = [tap.split for tap in taps[1:]]
    figures = [median([one.gaps.get(step, 0) for one in splits]) for step in STEPS]
    return [name, *[f"{figure:,.1f}" for figure in (*figures, median([s.green for s in splits]))]]


def row(name, taps):
    """Cells of COLUMNS: medians, milliseconds."""
    from sim.pico_bench import median, worst  # it imports the emulator

    first, *known = taps
    splits = [tap.split for tap in known]
    parts = {part: median([getattr(one, part) for one in splits]) for part in PARTS}
    journal = median([tap.journal_ms for tap in known])
    figures = [
        median([one.total for one in splits]),
        *(parts[part] for part in PARTS[:3]),
        journal,
        median([tap.flash_ms for tap in known]),
        parts["own"] - journal,
        parts["own"],
        worst([one.own for one in splits]),
        parts["green"],
        worst([one.green for one in splits]),
        first.split.own,
    ]
    return [name, *[f"{figure:,.0f}" for figure in figures]]
