# SPDX-License-Identifier: Apache-2.0
"""`faretap ledger`: records into files and out of a ledger of version 1, under another key."""

import os
from pathlib import Path

import click

from host_tools.cli.ledger_open import DATABASE, open_ledger
from host_tools.ledger import carry_over as old_ledger
from host_tools.ledger import days
from host_tools.ledger import export as files
from host_tools.ledger import rekey as change_key
from host_tools.ledger.vault import BEFORE, VARIABLE, key_from


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


@click.command(
    epilog="""\b
Examples:
  export FARETAP_LEDGER_KEY_BEFORE=$FARETAP_LEDGER_KEY
  export FARETAP_LEDGER_KEY=$(faretap ledger key)
  faretap ledger rekey --database city.db
"""
)
@DATABASE
def rekey(database):
    """Bring a ledger from the key in FARETAP_LEDGER_KEY_BEFORE under that in FARETAP_LEDGER_KEY.

    Stop the collectors first: whoever still writes is refused, terminals keep what they have.
    Interrupted, begin again: it goes on where it was. Until it has ended, questions take both keys
    in the environment. Back-ups made before stay under the old key: keep it as long as them.
    """
    new, old = key_from(os.environ), key_from(os.environ, BEFORE)
    if new is None or old is None or new == old:
        raise click.UsageError(f"{VARIABLE} has to be the new key and {BEFORE} the old one")
    url = database if "://" in database else f"sqlite:///{database}"
    if "://" not in database and not Path(database).exists():
        raise FileNotFoundError(2, "there is no such ledger", database)
    count = change_key.rekey(url, old, new)
    click.echo(f"{count:,} records came under the new key; nothing is under the old one")


COMMANDS = [export, carry_over, rekey]
