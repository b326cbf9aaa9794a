# SPDX-License-Identifier: Apache-2.0
"""Test the parts of a terminal, or say what a code on its panel means."""

import json
import subprocess
import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from firmware.devices import selftest
from host_tools.cli.runtime import runtime_command

MOST_S = 60  # a reader that is not there is given up long before


@click.command(
    epilog="""\b
Examples:
  faretap selftest
  faretap selftest 50
  faretap selftest --settings settings.txt
"""
)
@click.argument("code", type=int, required=False)
@click.option(
    "--settings",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Test the unit of this file: end its terminal first, a reader serves one.",
)
@click.option(
    "--runtime",
    type=click.Choice(["micropython", "cpython"]),
    default="cpython",
    show_default=True,
    help="Interpreter of the terminal.",
)
def command(code, settings, runtime):
    """CODE: one code of the panel; without it all of them are listed."""
    if settings:
        sys.exit(tested(settings, runtime))
    rows = [row for row in table() if code in (None, int(row[0]))]
    if not rows:
        raise click.UsageError(f"no code {code}: `faretap selftest` lists all of them")
    shown = Table("code", "part", "panel", "", "what to do", box=None)
    for row in rows:
        shown.add_row(*row)
    Console().print(shown)


def table() -> list[list[str]]:
    """Rows of the firmware's table: code, part, Chinese, English, what to do."""
    return [line.split("|") for line in selftest.TABLE.strip().split("\n")]


def tested(settings: Path, runtime: str) -> int:
    """Run the test of a unit and print each part; its exit status."""
    interpreter = runtime_command(runtime)
    if interpreter.note:
        click.echo(interpreter.note, err=True)
    argv, env, cwd = interpreter[:3]
    done = subprocess.run(
        [*argv, "-m", "firmware.main", str(settings.resolve()), "test"],
        env=env,
        cwd=cwd,
        stdout=subprocess.PIPE,
        text=True,
        timeout=MOST_S,
        check=False,
    )
    for line in done.stdout.split("\n"):
        for said in told(json.loads(line)) if line.startswith("{") else ():
            click.echo(said)
    return done.returncode


def told(event: dict) -> list[str]:
    """Lines of an event of the test; none for the others."""
    if event["event"] == "stopped":
        return [f"stopped  {event['text']}"]
    if event["event"] != "self_test" or "code" not in event:
        return []
    code = event["code"]
    if not code:
        return [f"ok       {event['text']}"]
    return [f"fault {code}  {event['text']}", f"         {selftest.row_of(code)[4]}"]
