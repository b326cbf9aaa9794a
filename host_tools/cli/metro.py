# SPDX-License-Identifier: Apache-2.0
"""Let thousands of riders through a metro's gates in one morning, and balance it to the fen"""

import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from firmware.devices.panel import yuan
from sim.metro import faults as metro_faults

PLANTS = ("record", "row-fen", "debit", "card-fen")
OWN = ("rides", "taps")


@click.command(
    epilog="""\b
Examples:
  faretap metro                              500 riders over 6 stations
  faretap metro --riders 5000
  faretap metro --faults none
  faretap metro --faults default,torn=0.2 --seed 7
  faretap metro --plant card-fen             a loss that must be found: status 1

\b
Faults, NAME=RATE from 0 to 1, of the default mix:
"""
    + "\n".join(
        f"  {one.name:<10} {one.rate:<6g} a {one.of}: {one.text}" for one in metro_faults.FAULTS
    )
)
@click.option("--stations", type=click.IntRange(2, 40), default=6, show_default=True)
@click.option("--riders", type=click.IntRange(1, 90000), default=500, show_default=True)
@click.option(
    "--gates", type=click.IntRange(1, 20), default=2, show_default=True,
    help="Entry gates of a station, and as many exit gates.",
)  # fmt: skip
@click.option("--seed", default=1, show_default=True, help="The same seed, the same morning.")
@click.option("--faults", default="default", show_default=True, help="What goes wrong; below.")
@click.option("--database", help="URL of an empty database, in place of a SQLite file.")
@click.option("--plant", type=click.Choice(PLANTS), help="A loss, to see it found.")
def command(stations, riders, gates, seed, faults, database, plant):
    """Let thousands of riders through a metro's gates in one morning, and balance it to the fen.

    Real: gates and fare adjustment kiosks from loop to uploader, each with the driver of its
    security module; collector, ledger. Simulated: time, cards, PSAMs, riders, flash, radio. What
    each tap costs is judged by a camera that shares no code with the terminals. Exit status 1 when
    anything does not balance.
    """
    from sim.metro import morning  # firmware, cards and ledger: a second
    from sim.metro.plan import Metro

    console = Console(highlight=False, soft_wrap=True)
    rates = metro_faults.read(faults)
    again = f"faretap metro --stations {stations} --riders {riders} --gates {gates} --seed {seed}"
    again += f" --faults {faults}" * (faults != "default")
    console.print(again, style="dim")
    with tempfile.TemporaryDirectory(prefix="faretap-metro-") as folder:
        url = database or f"sqlite:///{Path(folder) / 'metro.db'}"
        metro = Metro(stations, riders, gates, seed, rates, url)
        report = morning.run(metro, _Hours(console).heard, plant or "")
    _print(console, report, again)
    sys.exit(1 if report.balance.faults else 0)


class _Hours:
    """A line for each simulated hour in which somebody has tapped."""

    def __init__(self, console):
        self.console, self.taps, self.hour = console, 0, 0

    def heard(self, taps):
        self.hour += 1
        if taps > self.taps:
            self.console.print(f"{self.hour:02d}:00  {taps:,} taps", style="dim")
        self.taps = taps


def _print(console, report, again):
    console.print(_sheet("riders", _people(report)))
    console.print(_sheet("what went wrong", sorted(_wrong(report))))
    console.print(_sheet("trips in the ledger", sorted(report.trips.items())))
    console.print(_money(report))
    compared = report.camera.counts["trips compared"]
    left_out = (
        sum(report.camera.counts.values())
        and report.camera.counts["not compared: a tap that nobody has settled"]
    )
    console.print(
        f"{compared:,} trips of the camera are those of the ledger; {left_out:,} not compared, as"
        f" a tap in them was never settled"
    )
    console.print(
        f"{report.counts['taps']:,} full taps, {report.frames:,} frames in {report.seconds:.0f} s"
        f" ({report.cpu_s:.0f} s of processor)"
    )
    for fault in report.balance.faults:
        console.print(f"[red]{escape(fault)}[/red]")
    console.print(f"digest {report.digest[:16]}", style="dim")
    if report.balance.faults:
        console.print(f"[red]it does not balance[/red]; once more: {escape(again)}")
    else:
        console.print("[green]cards, journals, ledger and camera agree to the fen[/green]")


def _people(report):
    metro, counts = report.metro, report.counts
    rows = [("riders", metro.riders), ("stations", metro.stations)]
    rows += [(name, counts[name]) for name in OWN]
    return rows + sorted((name, count) for name, count in counts.items() if name not in OWN)


def _wrong(report):
    return [(name, count) for name, count in report.drawn.items() if count]


def _sheet(title, rows):
    table = Table(title=title, title_justify="left")
    table.add_column("what")
    table.add_column("times", justify="right")
    for name, count in rows:
        table.add_row(name, f"{count:,}")
    return table


def _money(report):
    balance = report.balance
    table = Table(title="money", title_justify="left")
    for name in ("", "count", "yuan"):
        table.add_column(name, justify="right" if name else "left")

    def row(words, count, fen):
        table.add_row(words, f"{count:,}", yuan(fen))

    row("cards have lost", balance.cards, balance.issued_fen - balance.now_fen)
    row("final debits on cards, stamps among them", *balance.debits)
    for where in ("journal", "ledger"):
        for kind, words in ((1, "approved"), (9, "stamped"), (5, "refund due"), (6, "unproven")):
            row(f"{where}: {words}", *balance.sum_of(where, kind))
        row(f"{where}: pending", *balance.sum_of(where, 3))
    row("of the pending were taken", *balance.pending_taken)
    row("settled", *report.settled)
    return table
