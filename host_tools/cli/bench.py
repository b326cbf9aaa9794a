# SPDX-License-Identifier: Apache-2.0
"""Measure whole taps on both interpreters, paced like a card and without any card time."""

import json
import statistics

import click
from rich.console import Console
from rich.table import Table

from host_tools.cli.runtime import runtime_command
from sim.bench import PHASES, measure, smallest_heap

COLUMNS = (
    *("runtime", "pace", "total", "p95", *PHASES),
    *("CPU", "model", "ratio", "heap in use"),
)
PACES = (("paced", True), ("no card time", False))


@click.command(
    epilog="""\b
Examples:
  faretap bench
  faretap bench --taps 100 --runtime micropython
  faretap bench --json > before.json
"""
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
@click.option("--heap", default=264, show_default=True, help="KiB of heap under MicroPython.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a row.")
def command(taps, names, heap, as_json):
    """Simulated chip and card at the pace of the time model; the terminal's own share is real.

    `ratio` is the measured median over the model's floor for the very same exchanges.
    """
    rows = []
    for name in names:
        interpreter = runtime_command(name, heap)
        if interpreter.note:
            click.echo(interpreter.note, err=True)
            continue
        for pace, paced in PACES:
            click.echo(f"{name}, {pace}: {taps} taps ...", err=True)
            rows.append((name, pace, paced, measure(interpreter[:3], paced, taps)))
    smallest = None
    if "micropython" in [row[0] for row in rows]:
        click.echo("micropython: smallest heap ...", err=True)
        smallest = smallest_heap(lambda kib: runtime_command("micropython", kib)[:3])
    if as_json:
        click.echo(json.dumps({"runtime": "micropython", "smallest_heap_kib": smallest}))
        for name, pace, _, measured in rows:
            click.echo(json.dumps({"runtime": name, "pace": pace, **measured._asdict()}))
        return
    console = Console()
    console.print(table(rows))
    if smallest:
        console.print(f"smallest MicroPython heap for these taps: {smallest} KiB (64 bit)")


def table(rows):
    """Medians in milliseconds; heap in KB."""
    shown = Table(title="one tap, ms (median)", title_justify="left")
    for title in COLUMNS:
        shown.add_column(title, justify="left" if title in ("runtime", "pace") else "right")
    for name, pace, paced, one in rows:
        median = statistics.median(one.total_ms)
        p95 = sorted(one.total_ms)[max(0, round(0.95 * len(one.total_ms)) - 1)]
        shown.add_row(
            name,
            pace,
            f"{median:.1f}",
            f"{p95:.1f}",
            *[f"{one.phases_ms[phase]:.1f}" for phase in PHASES],
            f"{one.cpu_ms:.1f}",
            f"{one.model_ms:.1f}" if paced else "",
            f"{median / one.model_ms:.3f}" if paced else "",
            f"{one.heap_live / 1024:.0f} KB" if one.heap_live else "",
        )
    return shown
