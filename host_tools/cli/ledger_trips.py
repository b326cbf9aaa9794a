# SPDX-License-Identifier: Apache-2.0
"""`faretap ledger trips`: what cards with memory were used for, from entry to exit."""

import time

import click

from firmware.devices.panel import yuan
from host_tools.cli.ledger_open import DATABASE, open_ledger
from host_tools.cli.ledger_sheet import give, outputs
from host_tools.ledger import days, stamp_sums, stamps

HOUR_S = 3600
AGING = ("open", "doubtful")


@click.command(
    epilog="""\b
Examples:
  faretap ledger trips 261122
  faretap ledger trips --open                   trips without an exit, sums still frozen
  faretap ledger trips --open --csv open.csv
  faretap ledger trips --open --device fuel     sums that a pump has frozen, by age
"""
)
@DATABASE
@click.argument("day", required=False)
@click.option("--open", "only_open", is_flag=True, help="What nothing has closed.")
@click.option("--device", default="", help="Of this device only.")
@outputs
def trips(database, day, only_open, device, as_json, file):
    """Trips and frozen sums that began on DAY, or all: from where to where, and what they cost.

    A frozen sum is no sale: its amount is what the completion drew. What is open has an age,
    0-1 d, 1-7 d or older, and what to do about it.
    """
    ledger = open_ledger(database, True)
    found = stamps.trips(ledger.engine, days.read(day) if day else None, only_open, device=device)
    now_utc_s = int(time.time())
    rows = [row_of(one, now_utc_s) for one in found]
    give(rows, as_json, file, "no trip is open" if only_open else "no card's memory was used")
    if only_open and rows and not as_json and not file:
        for one in told(stamp_sums.opened(one, now_utc_s) for one in found):
            click.echo(one)


def row_of(one, now_utc_s):
    """A Trip as a row."""
    row = one._asdict()
    began, ended = row.pop("began_utc_s"), row.pop("ended_utc_s")
    row["minutes"] = (ended - began) // 60 if began and ended else 0
    aging = one.state in AGING
    row["age_hours"] = max(0, now_utc_s - began) // HOUR_S if aging else 0
    row["age"] = stamp_sums.opened(one, now_utc_s).age if aging else ""
    return row


def told(found):
    """Lines: how many of each kind and age there are, and what to do."""
    counts: dict = {}
    for one in found:
        sums = counts.setdefault((one.kind, one.age, one.to_do), [0, 0])
        sums[0], sums[1] = sums[0] + 1, sums[1] + one.trip.frozen_fen
    for (kind, age, to_do), (count, fen) in sorted(counts.items()):
        frozen = f", {yuan(fen)} yuan frozen" if fen else ""
        yield f"{kind}, {age}: {count}{frozen}; {to_do}"
