# SPDX-License-Identifier: Apache-2.0
"""`faretap ledger`: the settlement of a day, and what people have to look after."""

import time
from dataclasses import asdict

import click

from firmware.devices import shift as bus_shift
from firmware.devices import taxi_shift
from firmware.devices.panel import yuan
from firmware.errors import FormatError
from firmware.formats import fields
from host_tools.cli.ledger_open import DATABASE, open_ledger
from host_tools.cli.ledger_sheet import give, outputs
from host_tools.ledger import claims, days, settlement, stamp_sums

STATES = {
    "pending": "unknown: the card may have been debited",
    "debited-unproven": "the card showed the debit: refund or sale, a person decides",
    "debited-refused": "debited and refused: refund due",
}
DAY_SECONDS = 86400


@click.command("days", epilog="Examples:\n\n  faretap ledger days --last 31")
@DATABASE
@click.option("--last", default=14, show_default=True, help="So many days that have records.")
@outputs
def list_days(database, last, as_json, file):
    """Business days: sales, late records, and which days are cut."""
    ledger = open_ledger(database, True)
    closed = settlement.closed_through(ledger)
    rows = [
        {
            "day": days.shown(one.day), "sales": one.sales, "sales_fen": one.sales_fen,
            "late": one.late, "cut": one.day <= closed,
        }
        for one in settlement.overview(ledger, last)
    ]  # fmt: skip
    give(rows, as_json, file, "the ledger holds no records")


@click.command(
    epilog="""\b
Examples:
  faretap ledger settle 261121                      totals by operator
  faretap ledger settle 261121 --by line --by shift
  faretap ledger settle 261121 --cut                and close the day: later records are late
  faretap ledger settle 261121 --by terminal --csv 261121.csv
  faretap ledger settle 261121 --memory --json      trips, passes, offset, frozen sums
"""
)
@DATABASE
@click.argument("day")
@click.option("--by", multiple=True, type=click.Choice(settlement.BY), default=("operator",),
              show_default=True, help="Group by; several go.")  # fmt: skip
@click.option("--cut", is_flag=True, help="Close DAY and all days before it first.")
@click.option("--memory", is_flag=True, help="The lines of cards with memory instead of totals.")
@outputs
def settle(database, day, by, cut, memory, as_json, file):
    """Totals of a business day DAY, such as 261121; only `sales` are money to clear.

    Below them: trips, passes, deposit offset, frozen sums and who froze what was completed. They
    are parts of the sales, or no money at all, and never more of it.
    """
    ledger = open_ledger(database, True)
    number = days.read(day)
    if cut:
        settlement.cut(ledger, number)
    rows = [
        dict(zip(by, one.of, strict=True)) | dict(list(one._asdict().items())[1:])
        for one in settlement.totals(ledger, number, by)
    ]
    lines = [one._asdict() for one in stamp_sums.lines(ledger, number)]
    if memory:
        give(lines, as_json, file, "no card's memory was used")
        return
    give(rows, as_json, file, f"{days.shown(number)} has nothing to settle")
    if not as_json and not file:
        if lines:
            give(lines, False, None, "")
        is_cut = number <= settlement.closed_through(ledger)
        click.echo(f"{days.shown(number)} is {'cut' if is_cut else 'open: totals may still grow'}")


@click.command(epilog="Examples:\n\n  faretap ledger late 261122")
@DATABASE
@click.argument("day")
@outputs
def late(database, day, as_json, file):
    """Records of earlier days that came after their cut and are settled with DAY."""
    rows = settlement.late(open_ledger(database, True), days.read(day))
    give([asdict(row) for row in rows], as_json, file, "none came late")


@click.command(epilog="Examples:\n\n  faretap ledger shifts 261121")
@DATABASE
@click.argument("day")
@outputs
def shifts(database, day, as_json, file):
    """Shifts closed on DAY: what the terminal told against what its records say."""
    found = settlement.statements(open_ledger(database, True), days.read(day), told)
    rows = [one._asdict() | {"agrees": one.agrees} for one in found]
    give(rows, as_json, file, "no shift was closed")


@click.command(epilog="Examples:\n\n  faretap ledger gaps\n\n  faretap ledger gaps --terminal 7")
@DATABASE
@click.option("--terminal", type=int, help="Of this terminal only.")
@outputs
def gaps(database, terminal, as_json, file):
    """Numbers without a record: stated lost by the terminal, or never received."""
    rows = [
        {"terminal": one.terminal, "first": one.first, "last": one.last,
         "why": "stated lost" if one.stated else "never received"}
        for one in claims.gaps(open_ledger(database, True), terminal)
    ]  # fmt: skip
    give(rows, as_json, file, "no number is missing")


@click.command(epilog="Examples:\n\n  faretap ledger pending --csv claims.csv")
@DATABASE
@outputs
def pending(database, as_json, file):
    """Taps that may have cost money without a sale: state, and age in days."""
    rows = [
        {
            "terminal": one.terminal, "number": one.sequence, "date": one.day, "time": one.time,
            "card": one.card, "amount_fen": one.amount_fen, "state": STATES[one.kind],
            "reason": one.reason, "age_days": age_days(one.time_utc_s),
        }
        for one in claims.pending(open_ledger(database, True))
    ]  # fmt: skip
    give(rows, as_json, file, "nothing is pending")


@click.command(epilog="Examples:\n\n  faretap ledger refunds 261121 --csv refunds.csv")
@DATABASE
@click.argument("day")
@outputs
def refunds(database, day, as_json, file):
    """Cash that was given back on DAY for tickets and goods: by whom, how much, for which sale.

    It is not on the card and in no total of sales: the operator's cash is less by it.
    """
    found = claims.refunds(open_ledger(database, True), days.read(day))
    rows = [
        {"terminal": one.terminal, "number": one.sequence, "date": one.day, "time": one.time,
         "sale": one.reference, "amount_fen": one.amount_fen}
        for one in found
    ]  # fmt: skip
    give(rows, as_json, file, "nothing was given back")
    if rows and not as_json and not file:
        click.echo(f"given back: {len(rows)}, {yuan(sum(row['amount_fen'] for row in rows))} yuan")


@click.command(epilog="Examples:\n\n  faretap ledger repeats")
@DATABASE
@outputs
def repeats(database, as_json, file):
    """Records whose card, sequence number, ATC and cryptogram came before; they do not count."""
    rows = [asdict(row) for row in claims.repeats(open_ledger(database, True))]
    give(rows, as_json, file, "no sale came twice")


@click.command(
    epilog="""\b
Examples:
  faretap ledger dispute '622848*********0123' 261121 --fen 200
  faretap ledger dispute 0123 261121
"""
)
@DATABASE
@click.argument("card")
@click.argument("day")
@click.option("--fen", type=click.IntRange(0), help="The amount, in fen.")
@outputs
def dispute(database, card, day, fen, as_json, file):
    """What happened to CARD on DAY, the day before and the day after.

    CARD: whole, masked, or its last four digits. Where several cards fit, each has its story.
    """
    rows = claims.dispute(open_ledger(database, True), card, days.read(day), fen)
    give([asdict(row) for row in rows], as_json, file, "no card fits")


@click.command(
    epilog="""\b
Examples:
  faretap ledger proposals
  faretap ledger proposals --numbers > today.csv    whole numbers, for `faretap deny delta`
"""
)
@DATABASE
@click.option("--least", default=2, show_default=True, help="Failed proofs of a card.")
@click.option("--days", "back", default=30, show_default=True, help="So many days back.")
@click.option("--numbers", is_flag=True, help="WHOLE CARD NUMBERS, as lines of a deny list.")
@outputs
def proposals(database, least, back, numbers, as_json, file):
    """Cards for the deny list: their signatures fail again and again."""
    ledger = open_ledger(database, True)
    since = days.shifted(ledger.calendar.today(int(time.time())), -back)
    found = claims.suspects(ledger, least, since)
    if numbers:
        for one in found:
            pan, psn = claims.card_number(ledger, one.terminal, one.sequence)
            click.echo(f"{pan}, {psn}, fraud, {days.shown(one.last_day)}")
        return
    rows = [
        {"card": one.card, "failures": one.failures, "debited_fen": one.debited_fen,
         "last_day": days.shown(one.last_day)}
        for one in found
    ]  # fmt: skip
    give(rows, as_json, file, "no card is proposed")


def told(values: dict) -> tuple[int, int] | None:
    """(sales, fen) of the closing of a shift, a taxi's or a bus's; None where it says nothing."""
    data = values.get("trade_data", b"")
    taxi = taxi_shift.unpack(data) if values["device"] == "taxi" else None
    if taxi:
        return taxi[0]["card_trips"], taxi[0]["card_fen"]
    try:
        kept = fields.unpack(bus_shift.CHECKPOINT, data)
    except FormatError:
        return None
    paid = kept["rows"][:2]  # card, reduced
    return sum(row[0] for row in paid), sum(row[2] for row in paid)


def age_days(time_utc_s: int) -> int:
    """Whole days since then."""
    return max(0, int(time.time()) - time_utc_s) // DAY_SECONDS


COMMANDS = (list_days, settle, late, shifts, gaps, pending, refunds, repeats, dispute, proposals)
