# SPDX-License-Identifier: Apache-2.0
"""`faretap ledger trips`: what cards with memory were used for, from entry to exit."""

import time

import click

from host_tools.cli.ledger_open import DATABASE, open_ledger
from host_tools.cli.ledger_sheet import give, outputs
from host_tools.ledger import days, stamps

HOUR_S = 3600


@click.command(
    epilog="""\b
Examples:
  faretap ledger trips 261122
  faretap ledger trips --open                   trips without an exit, sums still frozen
  faretap ledger trips --open --csv open.csv
"""
)
@DATABASE
@click.argument("day", required=False)
@click.option("--open", "only_open", is_flag=True, help="What nothing has closed.")
@outputs
def trips(database, day, only_open, as_json, file):
    """Trips and frozen sums that began on DAY, or all: from where to where, and what they cost.

    A frozen sum is no sale: its amount is what the completion drew.
    """
    ledger = open_ledger(database, True)
    found = stamps.trips(ledger.engine, days.read(day) if day else None, only_open)
    now_utc_s = time.time()
    rows = []
    for one in found:
        row = one._asdict()
        began = row.pop("began_utc_s")
        ended = row.pop("ended_utc_s")
        row["minutes"] = (ended - began) // 60 if began and ended else 0
        aging = one.state in ("open", "doubtful")
        row["age_hours"] = int(now_utc_s - began) // HOUR_S if aging else 0
        rows.append(row)
    give(rows, as_json, file, "no trip is open" if only_open else "no card's memory was used")
