# SPDX-License-Identifier: Apache-2.0
"""Answers of the ledger as a table on the screen, as JSON lines, or as a CSV file."""

import csv
import json
import sys

import click
from rich import box
from rich.console import Console
from rich.table import Table

from firmware.devices.panel import yuan

PIPE_WIDTH = 120
FORMULA = "=+-@\t\r"  # a spreadsheet computes a cell that begins so


def outputs(function):
    """The options --json and --csv; the command hands both to give()."""
    function = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")(
        function
    )
    return click.option(
        "--csv", "file", type=click.File("w", encoding="utf-8"), help="Into this file, - for here."
    )(function)


def give(rows: list[dict], as_json: bool, file, nothing: str) -> None:
    """Show dicts of one shape. `nothing`: the sentence where there are none.

    Names that end in _fen are shown as yuan on the screen; files and JSON keep fen.
    """
    if file:
        write_csv(rows, file)
    elif as_json:
        for row in rows:
            click.echo(json.dumps(row))
    elif rows:
        console().print(as_table(rows))
    else:
        click.echo(nothing)


def write_csv(rows: list[dict], file) -> None:
    """A heading and a line for each; text that a spreadsheet would compute gets a quote."""
    if not rows:
        return
    lines = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
    lines.writeheader()
    for row in rows:
        lines.writerow({name: _harmless(value) for name, value in row.items()})


def as_table(rows: list[dict]) -> Table:
    """Rows for the screen."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name, value in rows[0].items():
        title = name.removesuffix("_fen") + " yuan" if name.endswith("_fen") else name
        right = isinstance(value, int) and not isinstance(value, bool)
        table.add_column(title.replace("_", " "), justify="right" if right else "left")
    for row in rows:
        table.add_row(*[_shown(name, value) for name, value in row.items()])
    return table


def console() -> Console:
    """A console that cuts nothing when its output goes into a file or a pipe."""
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)


def _shown(name: str, value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return yuan(value) if name.endswith("_fen") else str(value)


def _harmless(value):
    return "'" + value if isinstance(value, str) and value[:1] in FORMULA and value else value
