# SPDX-License-Identifier: Apache-2.0
"""Serve a virtual taximeter on a pty, driven by keys or by a script."""

import sys
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from firmware.errors import FormatError
from firmware.neighbours import jtt905
from sim.meter import Meter
from sim.meter_lines import LINES
from sim.meter_serve import MeterServer

KEYS = (
    ("i", "in", "driver signs in"),
    ("o", "out", "driver signs out"),
    ("h", "hire", "a rider gets in"),
    ("d", "drive 1", "one kilometre"),
    ("w", "wait 1", "one minute"),
    ("s", "stop", "the trip ends"),
    ("r", "resend", "the last trip once more"),
    ("x", "fault xor", "the next frame has a wrong check"),
    ("c", "fault cut", "the next frame is cut"),
    ("2", "fault doubled", "the next frame comes twice"),
    ("n", "fault noise", "noise before the next frame"),
    ("m", "silent", "unplug, or plug in again"),
    ("t", "", "totals of the shift"),
    ("q", "", "quit"),
)
ANSWER_S = 300  # `await` of a script


@click.command(
    epilog="""\b
Examples:
  faretap meter --link /tmp/meter
  faretap meter --kind bf --link /tmp/meter
  faretap meter --script day.txt --link /tmp/meter
  faretap terminal --device taxi ...          with `meter: serial:/tmp/meter` in its settings

\b
A script:              More commands:
  in                     wait 3         minutes with a rider in the car
  await signed_in        resend         the last trip as F2
  hire                   silent on|off  unplug the meter
  drive 5.2              fault xor|cut|doubled|noise   spoil the next frame
  stop                   sleep 2        seconds
  await paid             await EVENT    signed_in, signed_out, paid, refused
  out
  await signed_out
"""
)
@click.option(
    "--kind",
    type=click.Choice(sorted(LINES)),
    default="jtt905",
    show_default=True,
    help="Framing.",
)
@click.option("--link", type=click.Path(), help="A symbolic link to the pty.")
@click.option(
    "--script",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Commands, one a line; `#` begins a comment.",
)
@click.option("--plate", default="AA3333", show_default=True, help="Six letters and digits.")
@click.option("--first", default=1, show_default=True, help="Number of the first trip.")
def command(kind, link, script, plate, first):
    """Simulated: the meter and its tariff. Real: its frames, its repeats, its pty.

    Connect a terminal with `device: taxi`, `meter: serial:PATH` and `meter_kind: KIND`. Exit
    status 1 when something a script waits for does not come.
    """
    if len(plate) != 6 or not plate.isascii() or not plate.isalnum():
        raise click.UsageError("--plate: six letters and digits")
    console = Console(highlight=False)
    meter = Meter(kind, first=first, plate=plate)
    with MeterServer(meter, link) as server:
        linked = f", linked from {link}" if link else ""
        console.print(f"meter ({kind}) at {server.path}{linked}")
        done = run_script(server, script, console) if script else run_keys(server, console)
        console.print(totals_of(meter))
    sys.exit(0 if done else 1)


def run_script(server, script, console, say=None):
    """True when all of it was done; say(event) -> text, of another machine than a meter."""
    lines = script.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        word, _, rest = text.partition(" ")
        if not text:
            continue
        console.print(f"[dim]{text}[/dim]")
        try:
            if word == "sleep":
                time.sleep(float(rest))
            elif word == "await":
                event = server.until((rest,), ANSWER_S)
                if event is None:
                    console.print(f"{script}:{number}: `{rest}` did not come in {ANSWER_S} s")
                    return False
                console.print((say or words_of)(event))
            else:
                server.do(text)
        except (FormatError, ValueError) as wrong:
            raise FormatError(f"{script}:{number}: {wrong}") from wrong
    return True


def run_keys(server, console):
    """Keys until q or the end of the input."""
    console.print(key_table())
    commands = {key: text for key, text, _ in KEYS}
    while True:
        show_events(server, console)
        try:
            key = click.getchar()
        except (EOFError, KeyboardInterrupt):
            return True
        if key in ("q", "", "\x03", "\x04"):
            return True
        if key == "t":
            console.print(totals_of(server.machine))
        elif key in commands:
            press(server, commands[key], console)
        show_events(server, console, 0.3)


def press(server, text, console):
    """One key; what cannot be is said."""
    if text == "silent":
        text = "silent off" if server.machine.silent else "silent on"
    try:
        server.do(text)
        console.print(f"[dim]{text}[/dim]")
    except FormatError as wrong:
        console.print(f"[red]{wrong}[/red]")


def show_events(server, console, wait_s=0.0):
    """What the terminal has answered."""
    end = time.monotonic() + wait_s
    while True:
        event = server.until(("signed_in", "signed_out", "paid", "refused", "again"), 0.05)
        if event:
            console.print(words_of(event))
        elif time.monotonic() >= end:
            return


def words_of(event):
    """An event for people."""
    word, value = event
    if word in ("paid", "refused"):
        ways = {jtt905.CASH: "cash", None: "NOT PAID"}
        way = ways.get(value.paid_by, "card")
        card = f" {value.card.hex()}" if value.card else ""
        return f"trip {value.number}: {value.amount_jiao / 10:.1f} yuan, {way}{card}"
    return f"{word}: {value}"


def key_table():
    """The keys."""
    table = Table("key", "command", "what happens", box=None)
    for key, text, words in KEYS:
        table.add_row(key, text, words)
    return table


def totals_of(meter):
    """What the meter has counted in this shift."""
    trips, jiao, card_trips, card_jiao = meter.totals()
    table = Table("shift of the meter", "trips", "yuan", box=None)
    table.add_row("all", str(trips), f"{jiao / 10:.1f}")
    table.add_row("by card", str(card_trips), f"{card_jiao / 10:.1f}")
    return table
