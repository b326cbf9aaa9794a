# SPDX-License-Identifier: Apache-2.0
"""`faretap ledger present`: the sales of a business day to the acquirer, and its settlement."""

import click

from firmware.errors import FormatError
from host_tools.cli.acquire_open import AT_A_TIME, ONLY, PROFILE, TO, open_profile, run
from host_tools.cli.ledger_open import DATABASE, open_ledger
from host_tools.cli.ledger_sheet import give
from host_tools.ledger import days

SHOWN_MOST = 20


@click.command(
    epilog="""\b
Examples:
  faretap ledger present 261121 --dry-run
  faretap ledger present 261121 --profile bank.toml
  faretap ledger present 261121 --profile bank.toml --no-settle
  faretap ledger present 261122 --open-day              what is there of a day that is not cut
"""
)
@DATABASE
@click.argument("day")
@PROFILE
@ONLY
@TO
@AT_A_TIME
@click.option("--dry-run", is_flag=True, help="Say what would be sent, send and queue nothing.")
@click.option("--open-day", is_flag=True, help="DAY need not be cut: later sales go another time.")
@click.option("--settle/--no-settle", default=True, help="Settle the last batch too.")
def present(database, day, profile, only, to, at_a_time, dry_run, open_day, settle):
    """Present the sales of business day DAY, one by one, then settle with the acquirer.

    Again after a fault, a cut or Ctrl-C: it goes on at the very message. A sale is queued once,
    however often its day is presented. Exit status 2 where something could not be finished.
    """
    from host_tools.acquirer import intake, report

    ledger = open_ledger(database, True, workers=at_a_time)
    rules = open_profile(profile)
    number = days.read(day)
    found = intake.queue_day(ledger, rules, number, dry_run, open_day)
    click.echo(
        f"{days.shown(number)}: {found.sales} sales, {found.sales_fen} fen; {found.queued} queued"
    )
    if found.no_merchant:
        click.echo(f"{found.no_merchant} of operators without a [[merchant]]: they are not sent")
    if dry_run:
        unfit = 0
        for why in unfit_sales(ledger, rules, number):
            unfit += 1
            if unfit <= SHOWN_MOST:
                click.echo(why)
        click.echo(f"{unfit} fit no message")
        return
    try:
        run(ledger, rules, only, to, settle, at_a_time)
    finally:
        rows = [one._asdict() for one in report.totals(ledger, number)]
        give(rows, False, None, "nothing is presented of this day")
        if any(one["refused"] for one in rows):
            click.echo(f"refused ones: faretap acquire sales {days.shown(number)} --refused")
        late = report.overdue(ledger, rules)
        if late:
            click.echo(f"ALARM {late} open sales are past the deadline of the acquirer", err=True)


def unfit_sales(ledger, rules, day):
    """Generator: why sales of a day could not be sent, 'terminal 7 number 12: ..'."""
    from firmware.formats import record
    from host_tools.acquirer.sale import sale_message
    from host_tools.ledger.schema import COUNTS, RECORDS

    mine = (RECORDS.c.settled_on == day, RECORDS.c.kind == record.APPROVED)
    for terminal, sequence, raw in ledger.unsealed(*mine, RECORDS.c.mark == COUNTS):
        try:
            sale_message(rules, rules.merchants[0], raw, 1, 1)
        except FormatError as why:
            yield f"terminal {terminal} number {sequence}: {why}"


COMMANDS = (present,)
