# SPDX-License-Identifier: Apache-2.0
"""Show what a card holds: balance, last payments, loads. No GPO is sent, nothing is debited."""

import contextlib
import json
import tempfile
import time
from pathlib import Path

import click

from firmware.devices.inspector import money
from firmware.errors import LinkLost
from host_tools.cli.pn532_field import load_card
from host_tools.cli.runtime import runtime_command
from sim.chip import Chip
from sim.field import Field
from sim.process import FirmwareProcess
from sim.serve import PtyServer
from sim.timing import Timing

CNY = 156
NOT_READ = 1  # exit status when a card came and could not be read, or none came


@click.command(
    epilog="""\b
Examples:
  faretap inspect --reader serial:/dev/ttyUSB0
  faretap inspect --reader serial:/dev/ttyUSB0 --json --all
  faretap inspect --card wallet/adult-1.json
  faretap inspect --card wallet/adult-1.json --json --runtime micropython
"""
)
@click.option("--reader", metavar="serial:PATH", help="Serial line of a PN532.")
@click.option(
    "--card",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A card file of a wallet, on the virtual PN532, instead of a reader.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a card.")
@click.option("--all", "every", is_flag=True, help="Go on with the next card until Ctrl-C.")
@click.option("--wait", default=30, show_default=True, help="Seconds to wait for a card.")
@click.option(
    "--parameters",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="For the list of applications; without it those of UnionPay.",
)
@click.option("--baud", default=921600, show_default=True, help="Highest speed to the chip.")
@click.option(
    "--runtime",
    type=click.Choice(["micropython", "cpython"]),
    default="cpython",
    show_default=True,
    help="Interpreter of the inspector.",
)
@click.pass_context
def command(context, reader, card, as_json, every, wait, parameters, baud, runtime):
    """Show what a card on the reader holds; card numbers are masked. Nothing is kept.

    Of a card with an extended application also sums that are frozen, open trips and passes. They
    are the card's word: no security module checks its R-MAC here.
    """
    if bool(reader) == bool(card):
        raise click.UsageError("say one of --reader, --card")
    interpreter = runtime_command(runtime)
    if interpreter.note:
        click.echo(interpreter.note, err=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faretap-")))
        if card:
            reader = "serial:" + stack.enter_context(virtual_reader(card)).path
        path = folder / "settings.txt"
        path.write_text(settings_text(reader, baud, parameters), encoding="utf-8")
        firmware = stack.enter_context(FirmwareProcess(*interpreter[:3], "firmware.main", path))
        with contextlib.suppress(KeyboardInterrupt):
            context.exit(0 if run(firmware, as_json, every, wait) else NOT_READ)


def virtual_reader(path):
    """The virtual PN532 with the card of a file in its field."""
    field = Field()
    field.place(load_card(path, "0031"))
    return PtyServer(Chip(field, Timing.none()))


def settings_text(reader, baud, parameters):
    """The settings file of an inspector."""
    text = f"device: inspector\nreader: {reader}\nreader_baud: {baud}\nrecords: yes\n"
    return text + (f"parameters: {parameters.resolve()}\n" if parameters else "")


def run(firmware, as_json, every, wait):
    """Show cards until one is read, or for ever; True when the last one was read."""
    deadline = time.monotonic() + wait
    while every or time.monotonic() < deadline:
        event = firmware.next_event(0.2)
        if event is None:
            continue
        if event["event"] == "stopped":
            raise LinkLost(event["text"])
        if event["event"] == "reader":
            click.echo(f"reader: {event['text']}", err=True)
        if event["event"] != "enquiry":
            continue
        show(event, as_json)
        if not every and event["outcome"] != "card_lost":
            return event["outcome"] == "read"
    if not every:
        click.echo(f"no card within {wait} s", err=True)
    return False


def show(event, as_json):
    """Print an enquiry as JSON or for people."""
    told = {key: value for key, value in event.items() if key not in ("event", "at")}
    if as_json:
        click.echo(json.dumps(told, sort_keys=True))
    else:
        click.echo("\n".join(lines(told)))


def lines(told):
    """An enquiry for people."""
    if told["outcome"] != "read":
        words = {"card_lost": "the card left too early", "not_accepted": "card not accepted"}
        return [f"{words[told['outcome']]}: {told['detail']}"]
    found = [told["card"] + (", application blocked" if told["detail"] else "")]
    found += [f"balance     {amount(one)}" for one in told["balances"]]
    found += [record_line(one) for one in told.get("records") or ()]
    for word, name in (("paid", "payments"), ("loaded", "loads")):
        entries = told[name]
        if entries is None:
            found.append(f"{word}: the card keeps no log")
        else:
            found += [f"{one['date']}  {word:<6}  {amount(one)}" for one in entries]
            found += [f"{word}: nothing in the log"] * (not entries)
    return found


def record_line(one):
    """A record of the extended application for people."""
    where = f"{one['record']}, since {one['since']}" if "since" in one else one["record"]
    where += "".join(f", {name} {one[name]}" for name in ("line", "place") if one.get(name))
    fen = {name: money(CNY, one[name]) for name in ("frozen_fen", "amount_fen") if name in one}
    words = {
        "frozen": "frozen      {frozen_fen} by {where}; not in the balance",
        "completed": "completed   {where}, {amount_fen}",
        "open": "open        {where}",
        "paid": "paid        {where}, {amount_fen}, still inside",
        "closed": "ended       {where}, {amount_fen}",
        "rides": "pass        {record}, {left} of {rides} rides left, {from} to {until}",
        "days": "pass        {record}, {from} to {until}",
        "units": "units       {record}: {units} bought last, {total_units} in all, in hundredths",
        "unused": "unused      {record}",
        "refused": "refused     {record}: {fault}",
    }
    return words[one["state"]].format(**{**one, **fen, "where": where})


def amount(one):
    return money(one["currency"], one["amount_fen"])
