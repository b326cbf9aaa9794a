# SPDX-License-Identifier: Apache-2.0
"""`faretap ledger`: records into a file for other programs, and out of a ledger of version 1."""

from pathlib import Path

import click

from host_tools.cli.ledger_open import DATABASE, open_ledger
from host_tools.ledger import carry_over as old_ledger
from host_tools.ledger import days
from host_tools.ledger import export as files


@click.command(
    epilog="""\b
Examples:
  faretap ledger export 261121 day.csv
  faretap ledger export 261101 november.parquet --through 261130
"""
)
@DATABASE
@click.argument("day")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--through", metavar="DAY", help="The last business day, with all between.")
def export(database, day, file, through):
    """Records of a business DAY into FILE.csv or FILE.parquet, card numbers masked.

    Amounts are fen. Parquet takes pyarrow: pip install 'faretap[parquet]'.
    """
    first = days.read(day)
    last = days.read(through) if through else first
    count = files.export(open_ledger(database, True), file, first, last)
    click.echo(f"{count:,} records in {file}")


@click.command(
    "carry-over", epilog="Examples:\n\n  faretap ledger carry-over old.db --database city.db"
)
@DATABASE
@click.argument("old", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--simulated", is_flag=True, help="Simulated cards: a key that everybody knows.")
def carry_over(database, old, simulated):
    """Take the records of OLD, a ledger of version 1, into a sealed ledger.

    OLD is only read. It shows card numbers in clear: destroy it and its copies when the new ledger
    is in use and backed up. Interrupted, begin again: what is there is left as it is.
    """
    carried = old_ledger.carry_over(old, open_ledger(database, simulated=simulated))
    click.echo(f"{carried.stored:,} records came over, {carried.there:,} were there")
    click.echo(f"{old} shows card numbers in clear: destroy it when the new ledger is backed up")


COMMANDS = [export, carry_over]
