# SPDX-License-Identifier: Apache-2.0
"""Measure taps, signature checks and their parts on both interpreters, against textbook peers"""

import json
import re
import statistics
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from host_tools.cli import bench_parts
from host_tools.cli.bench_parts import Sheet
from host_tools.cli.runtime import runtime_command
from sim.bench import PHASES, measure

PARTS = ("taps", "signatures", "chains", "steps", "resources")
TAP_COLUMNS = ("terminal", "pace", "total", "p95", *PHASES, "processor", "model", "ratio")
PACES = (("paced", True), ("no card time", False))
FEW = 8  # taps of a row that has many neighbours
REGION = r"(<!-- measured: {} -->\n).*?(<!-- end -->)"


@click.command(
    epilog="""\b
Examples:
  faretap bench
  faretap bench --part taps --taps 100 --runtime micropython
  faretap bench --part signatures --json > before.json
  faretap bench --write docs/performance.md
"""
)
@click.option(
    "--part", "parts", multiple=True, type=click.Choice(PARTS), help="Only this; several go."
)
@click.option(
    "--taps", type=click.IntRange(1), default=20, show_default=True, help="Taps of each row."
)
@click.option(
    "--runtime",
    "names",
    multiple=True,
    type=click.Choice(["micropython", "cpython"]),
    default=("micropython", "cpython"),
    show_default=True,
)
@click.option("--heap", default=264, show_default=True, help="KiB of heap of the part `taps`.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a table.")
@click.option(
    "--write",
    "page",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Put the tables into this page, where it says <!-- measured: NAME -->.",
)
def command(parts, taps, names, heap, as_json, page):
    """Simulated chip and card at the pace of the time model; the terminal's own share is real.

    All of it takes some minutes on a machine that has nothing else to do.
    """
    if "micropython" in names and not bench_parts.has_micropython():
        click.echo(runtime_command("micropython").note, err=True)
    names = bench_parts.names_of(names)
    sheets = [sheet for part in parts or PARTS for sheet in measured(part, names, taps, heap)]
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


def measured(part, names, taps, heap):
    """Sheets of one part."""
    if part == "taps":
        return [taps_sheet(names, taps, heap)]
    if part == "signatures":
        return bench_parts.signatures(names)
    return [getattr(bench_parts, part)(names, min(taps, FEW))]


def taps_sheet(names, taps, heap):
    """Whole taps; medians in milliseconds."""
    rows = []
    for name in names:
        for pace, paced in PACES:
            bench_parts.told(f"{name}, {pace}: {taps} taps")
            one = measure(runtime_command(name, heap)[:3], paced, taps)
            median = statistics.median(one.total_ms)
            p95 = sorted(one.total_ms)[max(0, round(0.95 * len(one.total_ms)) - 1)]
            ratio = [f"{one.model_ms:.1f}", f"{median / one.model_ms:.3f}"] if paced else ["", ""]
            shown = [median, p95, *(one.phases_ms[phase] for phase in PHASES), one.cpu_ms]
            rows.append([name, pace, *(f"{ms:.1f}" for ms in shown), *ratio])
    notes = [
        f"Milliseconds, medians of {taps} taps; RSA 1024, issuer known; MicroPython with {heap} KB"
        " of heap.",
        "The model is the floor: activation, link, radio and card time of the very same exchanges;"
        " the ratio is the total over it.",
    ]
    return Sheet("taps", "One tap", list(TAP_COLUMNS), rows, notes)


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
