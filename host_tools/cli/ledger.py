# SPDX-License-Identifier: Apache-2.0
"""Ask the ledger: list records, add them up, say what happened to a card."""

import json
from dataclasses import asdict

import click
from rich import box
from rich.table import Table

from firmware.devices.panel import yuan
from firmware.formats import record
from host_tools import clearing
from host_tools.cli import (
    ledger_campus,
    ledger_files,
    ledger_keys,
    ledger_office,
    ledger_present,
    ledger_report,
    ledger_rollout,
    ledger_settle,
    ledger_trips,
)
from host_tools.cli.ledger_open import DATABASE, open_ledger
from host_tools.cli.ledger_sheet import console
from host_tools.ledger import COUNTS
from host_tools.ledger.days import read as read_day

KINDS = {name: number for number, name in record.KINDS}
FATES = {
    "approved": "paid",
    "void": "not debited, nothing owed",
    "pending": "unknown: the card may have been debited",
    "refused": "refused, not charged",
    "debited-refused": "debited and refused: refund due",
    "debited-unproven": "debited, not proven: refund or sale, a person decides",
    "event": "",
    "preauthorised": "frozen on the card, debited only when it is completed",
    "stamped": "the card's memory changed, nothing charged",
}
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
TERMINAL = click.option("--terminal", type=int, help="Of this terminal only.")
DAY = click.option(
    "--day",
    metavar="YYMMDD",
    callback=lambda _context, _option, text: text and str(read_day(text))[2:],
    help="Of this local day only.",
)


@click.group(
    epilog="""\b
Examples:
  faretap ledger list --day 261121
  faretap ledger list --kind pending
  faretap ledger totals
  faretap ledger card 0010             by the last four digits
  faretap ledger card '622800******0010'
  faretap ledger clearing --day 261121
  faretap ledger settle 261121 --by line
  faretap ledger report 261121 --device parking
  faretap ledger pending
"""
)
def command():
    """What the collector has stored. Card numbers are shown masked."""


@command.command("list", epilog="Examples:\n\n  faretap ledger list --terminal 1 --kind approved")
@DATABASE
@TERMINAL
@DAY
@click.option("--kind", type=click.Choice(list(KINDS)), help="Of this kind only.")
@AS_JSON
def list_records(database, terminal, day, kind, as_json):
    """List records in the order of terminal and number."""
    rows = open_ledger(database, True).rows(terminal, KINDS.get(kind), day=day)
    show(rows, as_json)


@command.command(epilog="Examples:\n\n  faretap ledger card 0010")
@DATABASE
@click.argument("number")
@AS_JSON
def card(database, number, as_json):
    """What happened to this card: NUMBER whole, masked, or its last four digits."""
    rows = open_ledger(database, True).card_history(number)
    if not rows and not as_json:
        click.echo("nothing is known of this card")
        return
    show(rows, as_json)


@command.command(epilog="Examples:\n\n  faretap ledger totals --day 261121")
@DATABASE
@TERMINAL
@DAY
def totals(database, terminal, day):
    """Count and sum by kind; only `approved` is money to clear."""
    found = open_ledger(database, True).totals(terminal, day)
    table = Table()
    table.add_column("kind")
    for title in ("records", "yuan"):
        table.add_column(title, justify="right")
    table.add_column("meaning")
    for name in KINDS:
        if name in found:
            count, amount_fen = found[name]
            table.add_row(name, str(count), yuan(amount_fen), FATES[name])
    console().print(table)


@command.command("clearing", epilog="Examples:\n\n  faretap ledger clearing --day 261121")
@DATABASE
@TERMINAL
@DAY
def clear(database, terminal, day):
    """Fields of the clearing message of each sale that counts, one JSON object a line.

    WITH FULL CARD NUMBERS, as an acquirer needs them: protect the output like the ledger.
    """
    found = open_ledger(database, True)
    for row in found.rows(terminal, record.APPROVED, day=day, mark=COUNTS):
        [(_, raw)] = found.raw(row.terminal, row.sequence, row.sequence)
        fields = clearing.sale_fields(raw)
        print(json.dumps({"terminal": row.terminal, "sequence": row.sequence, **fields}))


def show(rows, as_json):
    """Rows as a table, or as JSON lines."""
    if as_json:
        for row in rows:
            click.echo(json.dumps(asdict(row)))
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in ("term", "no.", "date", "time", "card", "kind", "yuan", "reason"):
        right = title in ("term", "no.", "yuan")
        table.add_column(
            title, justify="right" if right else "left", overflow="fold", no_wrap=title == "card"
        )
    for row in rows:
        kind = f"{row.kind} ({row.mark})" if row.mark else row.kind
        table.add_row(
            str(row.terminal), str(row.sequence), row.day, row.time, row.card, kind,
            yuan(row.amount_fen), row.reason,
        )  # fmt: skip
    console().print(table)


for one in (
    *ledger_settle.COMMANDS,
    *ledger_office.COMMANDS,
    *ledger_keys.COMMANDS,
    *ledger_files.COMMANDS,
    *ledger_present.COMMANDS,
    *ledger_campus.COMMANDS,
    *ledger_report.COMMANDS,
):
    command.add_command(one)
command.add_command(ledger_trips.trips)
command.add_command(ledger_rollout.waves, "rollout")
