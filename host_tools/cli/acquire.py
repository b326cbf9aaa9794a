# SPDX-License-Identifier: Apache-2.0
"""The acquirer's side: keys, sending what is open, what became of it, a person's word."""

import os
from dataclasses import asdict
from pathlib import Path

import click

from firmware.errors import FormatError
from host_tools.cli.acquire_open import AT_A_TIME, ONLY, PROFILE, SAMPLE, TO, open_profile, run
from host_tools.cli.ledger_open import DATABASE, open_ledger
from host_tools.cli.ledger_sheet import give, outputs
from host_tools.ledger import days

UNSHOWN = ("time", "sent", "reference", "time_utc_s", "line", "vehicle", "mark")


@click.group(
    epilog="""\b
Examples:
  faretap acquire profile > bank.toml
  faretap acquire key city --profile bank.toml --file tmk.hex
  faretap ledger present 261121 --profile bank.toml
  faretap acquire run --profile bank.toml               what is still open, of any day
  faretap acquire report 261121
  faretap acquire sales 261121 --refused --csv refused.csv
"""
)
def command():
    """Offline sales at the acquirer. `faretap ledger present DAY` sends a day."""


@command.command("profile", epilog="Examples:\n\n  faretap acquire profile > bank.toml")
def sample():
    """Print a profile with every point that an acquirer decides."""
    click.echo(SAMPLE.read_text(encoding="utf-8"), nl=False)


@command.command(
    epilog="""\b
Examples:
  faretap acquire key city --profile bank.toml --file tmk.hex
  FARETAP_ACQUIRER_TMK_CITY=.. faretap acquire key city --profile bank.toml
  faretap acquire key city --simulated                   the key of the simulated acquirer
"""
)
@DATABASE
@PROFILE
@click.argument("name")
@click.option("--file", type=click.Path(exists=True, path_type=Path), help="32 hex digits.")
@click.option("--simulated", is_flag=True, help="The laboratory's key, that everybody knows.")
def key(database, profile, name, file, simulated):
    """Put in the terminal master key of merchant NAME: from --file, or from the environment.

    It rests sealed under the ledger's key. Compare the check value that is printed with the one on
    the acquirer's paper. Where real money moves, the key belongs into a security module.
    """
    from host_tools.acquirer import keys
    from host_tools.acquirer.book import Book

    rules = open_profile(profile)
    sm4 = rules.rules.key_cipher == "sm4"
    given = keys.read(file.read_text("ascii"), sm4) if file else None
    given = keys.Key(keys.LABORATORY, sm4) if simulated else given
    given = given or keys.from_environment(os.environ, name, sm4)
    if given is None:
        raise FormatError(f"no key: --file, --simulated, or {keys.VARIABLE} in the environment")
    Book(open_ledger(database, True), rules, rules.merchant(name)).keep_master(given)
    click.echo(f"{name}: check value {given.check.hex().upper()}")


@command.command("run", epilog="Examples:\n\n  faretap acquire run --profile bank.toml")
@DATABASE
@PROFILE
@ONLY
@TO
@AT_A_TIME
@click.option("--settle/--no-settle", default=True, help="Settle the last batch too.")
def go_on(database, profile, only, to, at_a_time, settle):
    """Send what is queued or open, of any day, and settle; goes on where it was cut."""
    ledger = open_ledger(database, True, workers=at_a_time)
    run(ledger, open_profile(profile), only, to, settle, at_a_time)


@command.command(
    epilog="Examples:\n\n  faretap acquire report\n\n  faretap acquire report 261121 --csv x.csv"
)
@DATABASE
@click.argument("day", required=False)
@outputs
def report(database, day, as_json, file):
    """What was accepted, refused and is open, by day and account; of one DAY alone."""
    from host_tools.acquirer import report as reports

    ledger = open_ledger(database, True)
    found = reports.totals(ledger, days.read(day) if day else None)
    give([one._asdict() for one in found], as_json, file, "nothing was presented")


@command.command(
    epilog="""\b
Examples:
  faretap acquire sales 261121 --open
  faretap acquire sales 261121 --refused --csv refused.csv
  faretap acquire sales 261121 --torn                    for a dispute file; no sales
"""
)
@DATABASE
@PROFILE
@click.argument("day")
@click.option("--accepted", "what", flag_value="accepted")
@click.option("--refused", "what", flag_value="refused", default=True)
@click.option("--open", "what", flag_value="open")
@click.option("--torn", "what", flag_value="torn")
@outputs
def sales(database, profile, day, what, as_json, file):
    """Single sales of DAY: refused ones, or those of another kind. Card numbers are masked."""
    from host_tools.acquirer import report as reports

    ledger, number = open_ledger(database, True), days.read(day)
    if what == "torn":
        asked = open_profile(profile).rules.torn_events == "report"
        rows = [asdict(one) for one in reports.torn(ledger, number)] if asked else []
    else:
        rows = reports.sales(ledger, number, what)
    if not as_json and not file:  # what has no room on a screen
        rows = [{name: one[name] for name in one if name not in UNSHOWN} for one in rows]
    give(rows, as_json, file, f"none is {what}")


@command.command(epilog="Examples:\n\n  faretap acquire batches --json")
@DATABASE
@outputs
def batches(database, as_json, file):
    """Batches: sums, balance, and how far the settlement has come."""
    from host_tools.acquirer import report as reports

    give(reports.batches(open_ledger(database, True)), as_json, file, "there is no batch")


@command.command(epilog="Examples:\n\n  faretap acquire accounts")
@DATABASE
@outputs
def accounts(database, as_json, file):
    """Accounts at the acquirer, and whether they have their keys."""
    from host_tools.acquirer import report as reports

    give(reports.accounts(open_ledger(database, True)), as_json, file, "there is no account")


@command.command(
    epilog="""\b
Examples:
  faretap acquire resolve city 7 4711 accepted --note "in their file of 261123"
  faretap acquire resolve city 7 4712 again --note "their host was restored"
"""
)
@DATABASE
@PROFILE
@click.argument("name")
@click.argument("terminal", type=int)
@click.argument("number", type=int)
@click.argument("word", type=click.Choice(["accepted", "refused", "again"]))
@click.option("--note", required=True, help="Why, and by whom: it stays with the sale.")
def resolve(database, profile, name, terminal, number, word, note):
    """Say what became of an open sale that the line cannot settle: of TERMINAL, by its NUMBER."""
    from host_tools.acquirer import report as reports
    from host_tools.acquirer.book import Book

    rules = open_profile(profile)
    book = Book(open_ledger(database, True), rules, rules.merchant(name))
    reports.resolve(book, terminal, number, word, note)
    click.echo(f"terminal {terminal} number {number}: {word}")


@command.command(
    epilog="""\b
Examples:
  faretap acquire again city 261121 14 --note "their issuer's keys were gone"
  faretap acquire run
"""
)
@DATABASE
@PROFILE
@click.argument("name")
@click.argument("day")
@click.argument("code")
@click.option("--note", required=True, help="Why, and by whom: it stays with the sales.")
def again(database, profile, name, day, code, note):
    """Queue anew what was refused with CODE of DAY, once the fault is mended."""
    from host_tools.acquirer import report as reports
    from host_tools.acquirer.book import Book

    rules = open_profile(profile)
    book = Book(open_ledger(database, True), rules, rules.merchant(name))
    click.echo(f"{reports.again(book, days.read(day), code, note)} queued")
