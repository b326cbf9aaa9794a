# SPDX-License-Identifier: Apache-2.0
"""Play a day in front of a terminal at simulated time, and balance it to the fen."""

import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from firmware.devices.panel import yuan
from firmware.errors import FormatError, LinkLost
from host_tools.cli.runtime import BOARD_HEAP_KIB, RUNTIMES, runtime_command
from host_tools.cli.screen import Screen
from sim import scenario as scenarios
from sim.gates_play import play_of

HEAPS_KIB = range(200, 513, 4)  # among which the smallest that passes is looked for


@click.group(
    epilog="""\b
Examples:
  faretap scenario list
  faretap scenario run flat_fare
  faretap scenario run flat_fare --runtime cpython --show
  faretap scenario run my_day.toml --folder day1
  faretap scenario run --all
  faretap scenario heap flat_fare --share 0.05
"""
)
def command():
    """Play a day in front of a terminal at simulated time, and balance it to the fen.

    Real: the terminal from assembly to journal, upload, collector, ledger. Simulated: time, cards,
    people, the machines beside it; the driver of the PN532 is not on this stage.
    """


runtime_option = click.option(
    "--runtime",
    type=click.Choice(RUNTIMES),
    default="micropython",
    show_default=True,
    help="Interpreter of the terminal.",
)
share_option = click.option(
    "--share",
    type=click.FloatRange(0.0, 1.0),
    default=1.0,
    show_default=True,
    help="Of the people in its flows: a short run.",
)


@command.command("list")
def list_command():
    """Name, device and title of each scenario of this edition."""
    console = Console(highlight=False, soft_wrap=True)
    for name in scenarios.names():
        one = scenarios.read(scenarios.FOLDER / f"{name}.toml")
        console.print(f"{name:<16} {one.device:<8} {escape(one.title)}")


@command.command("run")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--all", "every", is_flag=True, help="Every scenario of this edition.")
@runtime_option
@click.option("--heap", type=int, help="KiB, under MicroPython: what the file says, else 512.")
@share_option
@click.option("--seed", type=int, help="In place of the file's.")
@click.option("--show", is_flag=True, help="Print each tap, and the console.")
@click.option("--table", is_flag=True, help="Print the figures as docs/scenarios.md has them.")
@click.option(
    "--cut",
    multiple=True,
    type=click.IntRange(1),
    metavar="N",
    help="Pull the plug at the N-th call of the terminal; may be repeated.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep settings, journal and ledger here; must be empty.",
)
def run_command(files, every, runtime, heap, share, seed, show, table, cut, folder):
    """Play scenarios: FILE is a path or a name of `faretap scenario list`.

    Exit status 1, with sentences, when the money does not balance, a machine beside the terminal
    counted otherwise, or somebody's visit ended as it should not.
    """
    paths = [scenarios.find(one) for one in (scenarios.names() if every else files)]
    if not paths:
        raise FormatError("say which scenario to play, or --all")
    console = Console(highlight=False, soft_wrap=True)
    good, rows = True, []
    for path in paths:
        one = scenarios.read(path, share, seed)
        interpreter = runtime_command(runtime, heap or heap_of(one))
        if interpreter.note:
            console.print(interpreter.note)
        home = folder / one.name if folder and len(paths) > 1 else folder
        good &= play(console, one, interpreter, home, show, cut, rows)
    for row in [FIGURES, ["---"] * len(FIGURES), *rows] if table else ():
        console.print("| " + " | ".join(map(escape, row)) + " |")
    sys.exit(0 if good else 1)


def heap_of(scenario):
    """KiB that a scenario needs: those of the board, where its file does not say more."""
    return scenario.world.get("heap_kib", BOARD_HEAP_KIB)


FIGURES = ["scenario", "interpreter", "records", "restarts", "s"]


def play(console, scenario, interpreter, folder, show=False, cut=(), rows=None):
    """True when the day balances; prints it. folder: None for one that is thrown away; rows:
    where its FIGURES go.
    """
    console.print(f"[bold]{escape(scenario.title)}[/bold]  [dim]{scenario.device},"
                  f" {escape(interpreter.argv[0].rpartition('/')[2])}[/dim]")  # fmt: skip
    began = time.monotonic()
    with home_of(folder) as home:
        one = play_of(scenario, home, interpreter[:3], None, cut)
        one.tell = Teller(console, one, show)
        result = one.run()
    spent_s = time.monotonic() - began
    console.print(sheet(result, spent_s))
    if rows is not None:
        program = interpreter.argv[0].rpartition("/")[2]
        counts = str(result.balance.records), str(result.starts - 1), f"{spent_s:.0f}"
        rows.append([f"`{scenario.name}`", program, *counts])
    return not result.faults


@contextmanager
def home_of(folder):
    """A folder that is there and empty; a spare one, gone afterwards, for None."""
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="faretap-") as spare:
            yield Path(spare)
        return
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FormatError(f"{folder} is not empty; choose another folder")
    yield folder


TOLD = ("tap", "collision", "plug", "reader", "link", "note", "console", "machine")


class Teller:
    """Prints events as they come: all of them, or one line an hour and what went wrong."""

    def __init__(self, console, play, show):
        self.console, self.play, self.show = console, play, show
        self.screen = Screen()
        self.hour = None
        self.taps = 0

    def __call__(self, event):
        self.taps += event["event"] == "tap"
        line = self.screen.line(event)
        if line and event["event"] in (TOLD if self.show else ("plug", "reader")):
            self.console.print(f"[dim]{self.play.when()}[/dim] {line}")
        hour = self.play.when()[:2]
        if self.hour not in (None, hour) and not self.show:
            self.console.print(f"[dim]{hour}:00  {self.taps} taps[/dim]")
        self.hour = hour


def sheet(result, spent_s):
    """The end of a scenario as a table; says in words whether it balances."""
    table = Table(show_header=False, title_justify="left", caption_justify="left")
    table.add_column()
    table.add_column(justify="right")
    balance = result.balance
    for words, fen in (
        ("taken from cards", balance.cards_fen),
        ("approved in the journal", balance.approved_fen),
        ("approved in the ledger", balance.ledger_approved_fen),
        ("debited but refused, refund due", balance.refund_due_fen),
        ("pending", balance.pending_fen),
        ("  of it taken from a card", balance.pending_taken_fen),
    ):
        table.add_row(words, yuan(fen))
    table.add_section()
    for message, count in result.visits.most_common():
        table.add_row(f"visits that ended with {message}", str(count))
    if result.facts:
        table.add_section()
    for words, number in result.facts.items():
        table.add_row(words, str(number))
    table.add_section()
    if result.taps_us:
        ordered = sorted(result.taps_us)
        table.add_row("taps", str(len(ordered)))
        table.add_row("  median, simulated ms", f"{ordered[len(ordered) // 2] / 1000:.0f}")
    if result.heap:
        table.add_row("most heap alive after a tap, KiB", f"{result.heap / 1024:.0f}")
    hours = result.end_ms / 3_600_000
    words = f"{balance.records} records, {result.starts - 1} restarts"
    table.caption = (
        f"[green]balanced to the fen: {words}, {hours:.1f} h in {spent_s:.0f} s[/green]"
        if not result.faults
        else "[red]NOT as it should be:\n" + escape("\n".join(result.faults)) + "[/red]"
    )
    return table


@command.command("heap")
@click.argument("file")
@share_option
def heap_command(file, share):
    """The smallest heap with which a scenario passes under MicroPython.

    By halving, in steps of 4 KiB; use --share for a short run.
    """
    one = scenarios.read(scenarios.find(file), share)
    low, high = 0, len(HEAPS_KIB) - 1
    while low < high:
        middle = (low + high) // 2
        if passes(one, HEAPS_KIB[middle]):
            high = middle
        else:
            low = middle + 1
    console = Console(highlight=False)
    if not passes(one, HEAPS_KIB[low]):
        console.print(f"{one.name}: does not pass in {HEAPS_KIB[low]} KiB either")
        sys.exit(1)
    console.print(f"{one.name}: {one.device} passes in {HEAPS_KIB[low]} KiB")


def passes(scenario, heap_kib):
    """True when a scenario balances with so much heap."""
    interpreter = runtime_command("micropython", heap_kib)
    with home_of(None) as home:
        try:
            return not play_of(scenario, home, interpreter[:3]).run().faults
        except LinkLost:  # the terminal has ended
            return False
