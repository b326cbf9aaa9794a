# SPDX-License-Identifier: Apache-2.0
"""Serve a virtual fuel pump on a pty, driven by keys or by a script."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from firmware.errors import FormatError
from firmware.neighbours import pump as line
from host_tools.cli.meter import run_script
from sim.meter_serve import MeterServer
from sim.pump import Pump

KEYS = (
    ("l", "lift", "the nozzle is taken out"),
    ("f", "fill 5000", "five litres more"),
    ("h", "hang", "the nozzle is hung up"),
    ("o", "overrun 40", "the valve lets 40 ml too much through, once"),
    ("x", "fault", "out of order, or mended"),
    ("m", "silent", "unplug the line, or plug it in again"),
    ("p", "power", "the pump loses power, or has it again"),
    ("c", "spoil crc", "the next answer has a wrong check"),
    ("n", "spoil noise", "noise before the next answer"),
    ("t", "", "sales and totalizer"),
    ("q", "", "quit"),
)
WORDS = ("limit", "release", "stop", "clear", "poured")
TURNED = {"fault": "broken", "silent": "silent", "power": "dark"}


@click.command(
    epilog="""\b
Examples:
  faretap pump --link /tmp/pump
  faretap pump --unit kg --price 480 --link /tmp/pump
  faretap pump --script car.txt --link /tmp/pump
  faretap terminal --device fuel ...          with `pump: serial:/tmp/pump` in its settings

\b
A script:              More commands:
  lift                   overrun 40     ml that come too much when the valve closes
  await release          fault on|off   out of order
  fill 12000             silent on|off  unplug the line
  await poured           power on|off   its power is cut, sale and totals stay
  hang                   spoil crc|cut|doubled|noise   spoil the next answer
  await clear            sleep 2        seconds
                         await EVENT    limit, release, stop, clear, poured
"""
)
@click.option("--price", default=756, show_default=True, help="Fen a litre or kilogram.")
@click.option(
    "--unit", type=click.Choice(("l", "kg")), default="l", show_default=True, help="Fuel or gas."
)
@click.option("--link", type=click.Path(), help="A symbolic link to the pty.")
@click.option(
    "--script",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Commands, one a line; `#` begins a comment.",
)
def command(price, unit, link, script):
    """Simulated: the pump, its nozzle and its valve. Real: its frames, its pty.

    The frames are ours, as there is no public standard: docs/fuel.md. Exit status 1 when something
    a script waits for does not come.
    """
    if not 0 < price < 100_000:
        raise click.UsageError("--price: 1 to 99999 fen")
    console = Console(highlight=False)
    pump = Pump(price, line.KILOGRAMS if unit == "kg" else line.LITRES)
    with MeterServer(pump, link) as server:
        linked = f", linked from {link}" if link else ""
        console.print(f"pump at {server.path}{linked}")
        console.print(f"price: {price / 100:.2f} yuan a {unit}")
        if script:
            done = run_script(server, script, console, lambda event: words_of(event, pump))
        else:
            done = run_keys(server, console)
        console.print(totals_of(pump))
    sys.exit(0 if done else 1)


def run_keys(server, console):
    """Keys until q or the end of the input."""
    table = Table("key", "command", "what happens", box=None)
    for row in KEYS:
        table.add_row(*row)
    console.print(table)
    commands = {key: text for key, text, _ in KEYS}
    while True:
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
        event = server.until(WORDS, 0.3)
        while event:
            console.print(words_of(event, server.machine))
            event = server.until(WORDS, 0.05)


def press(server, text, console):
    """One key; what cannot be is said."""
    if text in TURNED:
        held = getattr(server.machine, TURNED[text])
        text += " on" if held == (text == "power") else " off"
    try:
        server.do(text)
        console.print(f"[dim]{text}[/dim]")
    except FormatError as wrong:
        console.print(f"[red]{wrong}[/red]")


def words_of(event, pump):
    """An event for people."""
    word, value = event
    if word == "poured":
        return f"poured {amount(value.quantity, pump)}, {value.amount_fen / 100:.2f} yuan"
    if word == "limit" and value:
        return f"limit: {pump.limit_fen / 100:.2f} yuan, order {pump.order}"
    return f"{word}: {'done' if value else 'refused'}"


def amount(quantity, pump):
    """Litres or kilograms of a pump, as text."""
    return f"{quantity / 1000:.3f} {'kg' if pump.unit == line.KILOGRAMS else 'l'}"


def totals_of(pump):
    """Each sale of the pump, and its totalizer."""
    table = Table("sale", "order", "limit", "poured", "yuan", "settled", box=None)
    for one in pump.sales:
        cells = (one.number, one.order, f"{one.limit_fen / 100:.2f}", amount(one.quantity, pump))
        settled = "yes" if one.cleared else "no"
        table.add_row(*[str(cell) for cell in cells], f"{one.amount_fen / 100:.2f}", settled)
    total = amount(pump.total_quantity, pump)
    table.add_row("all", "", "", total, f"{pump.total_fen / 100:.2f}", "")
    return table
