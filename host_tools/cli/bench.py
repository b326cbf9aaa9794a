# SPDX-License-Identifier: Apache-2.0
"""Measure taps, other PN532 drivers and signature checks, and queues of cards at each device"""

import json
import re
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from host_tools.cli import (
    bench_collector,
    bench_compare,
    bench_deny,
    bench_extended,
    bench_journal,
    bench_native,
    bench_parts,
    bench_queue,
    bench_reader,
)
from host_tools.cli.runtime import BOARD_HEAP_KIB, runtime_command

READER = ("taps", "drivers", "exchanges", "profiles")
PARTS = READER + (
    "extended",
    "signatures",
    "chains",
    "steps",
    "resources",
    "deny",
    "journal",
)  # of performance.md
NAMED = ("queue", "collector", "native")  # only where they are asked for
FEW = 5  # taps of a row that has many neighbours
REGION = r"(<!-- measured: {} -->\n).*?(<!-- end -->)"


@click.command(
    epilog="""\b
Examples:
  faretap bench
  faretap bench --part taps --taps 100 --runtime micropython
  faretap bench --part profiles --json > before.json
  faretap bench --part profiles --compare before.json
  faretap bench --part collector --rows 10000000    an hour: a large ledger is filled first
  faretap bench --part native     on the emulated RP2040: `make image` first
  faretap bench --write docs/performance.md
  faretap bench --part queue --write docs/scenarios.md
"""
)
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice(PARTS + NAMED),
    help="Only this; several go.",
)
@click.option(
    "--taps", type=click.IntRange(2), default=500, show_default=True, help="Taps of a terminal."
)
@click.option("--quick", is_flag=True, help="A few taps of all: shows that it runs, no figures.")
@click.option(
    "--compare",
    "old",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Beside each figure what --json wrote into this file, as a change.",
)
@click.option(
    "--runtime",
    "names",
    multiple=True,
    type=click.Choice(["micropython", "cpython"]),
    default=("micropython", "cpython"),
    show_default=True,
)
@click.option("--heap", default=BOARD_HEAP_KIB, show_default=True, help="KiB, of the part `taps`.")
@click.option(
    "--rows",
    type=click.IntRange(1),
    default=200_000,
    show_default=True,
    help="Of the ledger in which cards are looked up, part `collector`.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a table.")
@click.option(
    "--write",
    "page",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Put the tables into this page, where it says <!-- measured: NAME -->.",
)
def command(parts, taps, quick, old, names, heap, rows, as_json, page):
    """Simulated chip and card at the pace of the time model; the terminal's own share is real.

    All of it takes some ten minutes on a machine that has nothing else to do. The part `queue` has
    to be named: taps a minute of each device at simulated time, the same on every machine.
    """
    if "micropython" in names and not bench_parts.has_micropython():
        click.echo(runtime_command("micropython").note, err=True)
    names = bench_parts.names_of(names)
    amount = bench_reader.QUICK if quick else bench_reader.amount_of(taps)
    sheets = [
        sheet for part in parts or PARTS for sheet in measured(part, names, amount, heap, rows)
    ]
    if old:
        sheets = bench_compare.beside(sheets, old.read_text(encoding="utf-8"))
    console = Console()
    for sheet in sheets:
        if page:
            put(page, sheet)
        elif as_json:
            click.echo(json.dumps(sheet._asdict()))
        else:
            console.print(table(sheet))
            for note in sheet.notes:
                console.print(f"[dim]{note}[/dim]", highlight=False)
            console.print()


def measured(part, names, amount, heap, rows):
    """Sheets of one part."""
    if part in READER:
        return reader_sheets(part, names, amount, heap)
    if part == "extended":
        return bench_extended.extended(names, max(2, amount.taps // 5))
    if part == "queue":
        return [bench_queue.queue(amount == bench_reader.QUICK)]
    if part == "native":
        return [bench_native.native()]
    if part == "collector":
        quick = amount == bench_reader.QUICK
        records = bench_collector.QUICK if quick else bench_collector.RECORDS
        return bench_collector.collector(records, min(rows, records) if quick else rows)
    if part == "deny":
        return bench_deny.deny(names, amount == bench_reader.QUICK)
    if part == "journal":
        return bench_journal.journal(amount == bench_reader.QUICK)
    if part == "signatures":
        return bench_parts.signatures(names)
    return [getattr(bench_parts, part)(names, min(amount.taps, FEW))]


def reader_sheets(part, names, amount, heap):
    """The sheets of one part of bench_reader."""
    if part == "taps":
        return bench_reader.taps(names, amount, heap)
    if part == "exchanges":
        return [bench_reader.exchanges(names, amount)]
    return bench_reader.profiles(amount) if part == "profiles" else [bench_reader.drivers(amount)]


def is_figure(text):
    return not text or text[0].isdigit()


def table(sheet):
    """A Sheet for the screen."""
    shown = Table(title=sheet.title, title_justify="left")
    for at, title in enumerate(sheet.columns):
        figures = all(is_figure(row[at]) for row in sheet.rows)
        shown.add_column(title, justify="right" if figures and at else "left")
    for row in sheet.rows:
        shown.add_row(*row)
    return shown


def markdown(sheet):
    """A Sheet for a page."""
    lines = [sheet.columns, ["---"] * len(sheet.columns), *sheet.rows]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return text + "\n\n" + "\n".join("* " + note for note in sheet.notes)


def put(page, sheet):
    """Put a Sheet into its region of a page; ValueError when the page has none."""
    text = page.read_text(encoding="utf-8")
    region = re.compile(REGION.format(sheet.name), re.S)
    if not region.search(text):
        raise click.ClickException(f"{page}: no region <!-- measured: {sheet.name} -->")
    fresh = region.sub(lambda found: found[1] + "\n" + markdown(sheet) + "\n\n" + found[2], text)
    page.write_text(fresh, encoding="utf-8")
    click.echo(f"{page}: {sheet.name} written", err=True)
