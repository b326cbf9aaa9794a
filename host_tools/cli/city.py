# SPDX-License-Identifier: Apache-2.0
"""Let a whole city ride at simulated time, with everything that goes wrong, and balance it"""

import shlex
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sim.city.faults import FAULTS, shown
from sim.city.faults import read as read_faults

PLANTS = ("record", "row-fen", "debit", "card-fen")


@click.command(
    epilog="""\b
Examples:
  faretap city
  faretap city --terminals 200 --taps 10000 --days 3 --jobs 2
  faretap city --faults none
  faretap city --faults power=0.05,torn=0.1 --seed 7
  faretap city --faults default,link=0.3 --html city.html
  faretap city --seed 7 --district 3            one district of it again
  faretap city --plant record                   the balance must find it: status 1
  faretap city --database postgresql+psycopg://faretap@db/city

\b
Faults, NAME=RATE from 0 to 1, of the default mix:
"""
    + "\n".join(f"  {one.name:<10} {one.rate:<6g} a {one.of}: {one.text}" for one in FAULTS)
)
@click.option("--terminals", type=click.IntRange(1, 900000), default=80, show_default=True)
@click.option(
    "--taps", type=click.IntRange(1), default=2000, show_default=True, help="Rides a day."
)
@click.option("--days", type=click.IntRange(1, 60), default=1, show_default=True)
@click.option("--seed", default=1, show_default=True, help="The same seed, the same city.")
@click.option("--faults", default="default", show_default=True, help="What goes wrong; below.")
@click.option(
    "--upload-every", "upload_s", type=click.IntRange(0, 7200), default=600, show_default=True,
    help="Seconds between two times at which radios come up; 0: always on, a commit a sale.",
)  # fmt: skip
@click.option(
    "--journal-blocks", type=click.IntRange(9, 255), default=64, show_default=True,
    help="Of 4 KiB, of each terminal.",
)  # fmt: skip
@click.option("--database", help="URL of an empty database, in place of a SQLite file.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--district", type=click.IntRange(0), help="This district alone.")
@click.option("--acquirer", is_flag=True, help="Present the settled days to a simulated one.")
@click.option("--svg", type=click.Path(path_type=Path), help="Draw the days into this file.")
@click.option("--html", type=click.Path(path_type=Path), help="Likewise a page, with the money.")
@click.option("--plant", type=click.Choice(PLANTS), help="A loss, to see it found.")
def command(
    terminals, taps, days, seed, faults, upload_s, journal_blocks, database, jobs, district,
    acquirer, svg, html, plant,
):  # fmt: skip
    """Let a whole city ride at simulated time, with everything that goes wrong, and balance it.

    Real: terminals from loop to uploader, collector, ledger and its database. Simulated: time,
    cards, riders, flash, radio. Exit status 1 when anything does not balance to the fen; the
    command that plays it again is printed.
    """
    from host_tools.cli.city_sheet import print_report  # likewise
    from sim.city import drawing, town  # firmware, cards and ledger: a second
    from sim.city.plan import Plan

    console = Console(highlight=False, soft_wrap=True)
    rates = read_faults(faults)
    with tempfile.TemporaryDirectory(prefix="faretap-city-") as folder:
        url = database or f"sqlite:///{Path(folder) / 'city.db'}"
        plan = Plan(terminals, taps, days, seed, rates, upload_s, journal_blocks, url)
        words = ["faretap city", f"--terminals {terminals} --taps {taps} --days {days}"]
        words += [f"--seed {seed} --faults {shlex.quote(shown(rates))}"]
        words += [f"--upload-every {upload_s}"] * (upload_s != 600)
        words += [f"--journal-blocks {journal_blocks}"] * (journal_blocks != 64)
        again = " ".join(words)
        console.print(again, style="dim")
        with _Progress(console, taps * days) as progress:
            report = town.run(plan, jobs, progress.heard, district, plant, acquirer)
    for path, text in ((svg, drawing.svg(report)), (html, drawing.page(report, again))):
        if path:
            path.write_text(text, encoding="utf-8")
    print_report(console, report, again)
    sys.exit(1 if report.balance.faults else 0)


class _Progress:
    """A bar on a terminal; elsewhere a line each tenth of the way."""

    def __init__(self, console, total):
        self.console, self.total = console, total
        self.tenths = 0
        self.bar = Progress(
            TextColumn("taps"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self.task = self.bar.add_task("taps", total=total)

    def __enter__(self):
        self.bar.start()
        return self

    def __exit__(self, *_):
        self.bar.stop()

    def heard(self, taps):
        """So many taps are done."""
        self.bar.update(self.task, completed=taps)
        tenths = 10 * taps // self.total
        if tenths > self.tenths and not self.console.is_terminal:
            self.tenths = tenths
            self.console.print(f"{taps:,} taps", style="dim")
