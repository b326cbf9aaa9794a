# SPDX-License-Identifier: Apache-2.0
"""Kill the running terminal at random moments, a thousand times, and balance cards and ledger"""

import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console

from host_tools.cli.runtime import BOARD_HEAP_KIB, runtime_command

EVERY = 50  # kills between two lines


@click.command(
    epilog="""\b
Examples:
  faretap kills
  faretap kills --times 50 --runtime cpython
  faretap kills --seed 7 --folder killed      keep journal and ledger for a look
"""
)
@click.option("--times", type=click.IntRange(1), default=1000, show_default=True)
@click.option(
    "--runtime",
    type=click.Choice(["micropython", "cpython"]),
    default="micropython",
    show_default=True,
    help="Interpreter of the terminal.",
)
@click.option("--seed", default=1, show_default=True, help="Of the moments.")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), help="Keep everything here."
)
def command(times, runtime, seed, folder):
    """SIGKILL while riders pay: in the start, a tap, an upload. The next start takes over.

    Simulated: cards, chip and riders. Real: the process, its journal file, upload, ledger. Exit
    status 1 when a rider has paid twice or the money does not balance. A second a kill.
    """
    from sim.killing import kill_often  # cards and keys of the simulator

    console = Console(highlight=False)
    interpreter = runtime_command(runtime, BOARD_HEAP_KIB)
    if interpreter.note:
        console.print(interpreter.note)
    console.print(f"seed {seed}, {times} kills of {runtime}", style="dim")
    said = [0]

    def told(done):
        if done - said[0] >= EVERY:
            said[0] = done
            console.print(f"{done} kills", style="dim")

    with tempfile.TemporaryDirectory(prefix="faretap-") as spare:
        home = folder or Path(spare)
        home.mkdir(parents=True, exist_ok=True)
        killed = kill_often(home, interpreter[:3], times, seed, told)
    console.print(
        f"{killed.kills} kills, {killed.starts_cut} of them while the terminal started;"
        f" {killed.visits} riders, {killed.debits} debits, {killed.records} records,"
        f" {killed.seconds:.0f} s"
    )
    for fault in killed.faults:
        console.print(f"[red]{fault}[/red]")
    if not killed.faults:
        console.print("cards, journal and ledger agree to the fen")
    sys.exit(1 if killed.faults else 0)
