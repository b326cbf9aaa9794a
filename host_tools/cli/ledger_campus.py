# SPDX-License-Identifier: Apache-2.0
"""`faretap ledger`: what an employer or a school asks."""

import click

from firmware.errors import FormatError
from host_tools.cli.ledger_open import DATABASE, open_ledger
from host_tools.cli.ledger_sheet import give, outputs
from host_tools.ledger import campus, days


@click.command(
    epilog="""\b
Examples:
  faretap ledger subsidy 261121
  faretap ledger subsidy 261101 261130 --csv november.csv
"""
)
@DATABASE
@click.argument("first")
@click.argument("last", required=False)
@click.option("--device", default=campus.CANTEEN, show_default=True, help="Sales of these.")
@outputs
def subsidy(database, first, last, device, as_json, file):
    """What the classes of a canteen paid less from day FIRST to LAST, to be billed.

    Only sales count: what is pending is billed when it is settled as a sale.
    """
    begin, end = days.read(first), days.read(last or first)
    if end < begin:
        raise FormatError(f"{last} is before {first}: say the first day first")
    found = campus.subsidies(open_ledger(database, True), begin, end, device)
    give([one._asdict() for one in found], as_json, file, "nobody paid less")


@click.command(
    epilog="""\b
Examples:
  faretap ledger attendance 261124
  faretap ledger attendance 261124 --terminal 7 --terminal 8 --csv 261124.csv
"""
)
@DATABASE
@click.argument("day")
@click.option("--terminal", type=int, multiple=True, help="Of these readers only.")
@outputs
def attendance(database, day, terminal, as_json, file):
    """Who was there on DAY: first in, last out, late, early, and who is still open.

    From readers of attendance and doors; a stay over midnight belongs to the day it began on.
    """
    found = campus.attendance(open_ledger(database, True), days.read(day), terminal)
    give([one._asdict() for one in found], as_json, file, "nobody was there")


COMMANDS = (subsidy, attendance)
