# SPDX-License-Identifier: Apache-2.0
"""`faretap ledger`: its key, who is registered, quarantine, migration."""

import time
from pathlib import Path

import click

from firmware.formats import status as words
from host_tools.cli.ledger_open import DATABASE, open_ledger, shown
from host_tools.cli.ledger_sheet import give, outputs
from host_tools.ledger import migrate as migrations
from host_tools.ledger import registry, status
from host_tools.ledger.engine import open_engine
from host_tools.ledger.vault import new_key


@click.command("key", epilog="Examples:\n\n  export FARETAP_LEDGER_KEY=$(faretap ledger key)")
def key():
    """Print a new key for FARETAP_LEDGER_KEY. A lost key cannot be had again."""
    click.echo(new_key())


@click.command(
    epilog="Examples:\n\n  faretap ledger migrate --database postgresql+psycopg://db/city"
)
@DATABASE
def migrate(database):
    """Bring a database to the newest schema: all of it or nothing. Stop the collectors first."""
    url = database if "://" in database else f"sqlite:///{database}"
    engine = open_engine(url, migrate_anyway=True)
    with engine.connect() as connection:
        click.echo(f"{shown(database)} has schema {migrations.found(connection)}")


@click.command(epilog="Examples:\n\n  faretap ledger stop 7")
@DATABASE
@click.argument("terminal", type=int)
def stop(database, terminal):
    """Refuse the batches of TERMINAL until it is enrolled again; what is stored stays."""
    registry.stop(open_ledger(database, True), terminal)
    click.echo(f"terminal {terminal} is refused")


@click.command(
    epilog="""\b
Examples:
  faretap ledger terminals --csv terminals.csv
  faretap ledger terminals --lost 24          not heard for a day
  faretap ledger terminals --terminal 7 --history
"""
)
@DATABASE
@click.option("--terminal", type=int, help="This terminal only.")
@click.option("--lost", type=click.FloatRange(0), metavar="HOURS", help="Not heard for so long.")
@click.option("--history", is_flag=True, help="Of --terminal: an hour a line, the last two days.")
@outputs
def terminals(database, terminal, lost, history, as_json, file):
    """The registry of terminals, how far each has uploaded, and what it says of itself."""
    ledger = open_ledger(database, True)
    if history:
        if terminal is None:
            raise click.UsageError("--history is of one --terminal")
        rows = [one._asdict() for one in status.history(ledger, terminal)]
        for row in rows:
            row["clock"] = words.name_of(words.CLOCKS, row["clock"])
            row["heard"] = moment(row.pop("received_utc_s"))
        give(rows, as_json, file, "it has said nothing of itself in the last two days")
        return
    after_s = status.LOST_AFTER_S if lost is None else int(lost * 3600)
    chosen = None if terminal is None else [terminal]
    seen = [one for one in status.fleet(ledger, after_s, chosen) if lost is None or one.lost]
    short = not as_json and not file
    give([_seen(one, short) for one in seen], as_json, file, "no such terminal is registered")


@click.command(
    epilog="""\b
Examples:
  faretap ledger quarantine
  faretap ledger quarantine --terminal 7 --frames bad/    for `faretap decode`, whole numbers
"""
)
@DATABASE
@click.option("--terminal", type=int, help="Of this terminal only; 0: unregistered ones.")
@click.option("--frames", type=click.Path(path_type=Path), help="Write the batches into a folder.")
@outputs
def quarantine(database, terminal, frames, as_json, file):
    """Batches that could not be taken, and why; none is ever dropped unseen."""
    kept = registry.quarantine(open_ledger(database, True), terminal)
    rows = [
        {"terminal": one.terminal, "reason": one.reason, "times": one.times,
         "first": moment(one.first_utc_s), "last": moment(one.last_utc_s),
         "bytes": len(one.frame)}
        for one in kept
    ]  # fmt: skip
    give(rows, as_json, file, "nothing is in quarantine")
    if frames:
        frames.mkdir(parents=True, exist_ok=True)
        for number, one in enumerate(kept, 1):
            (frames / f"{one.terminal}-{number}.bin").write_bytes(one.frame)


@click.command(epilog="Examples:\n\n  faretap ledger refusals")
@DATABASE
@outputs
def refusals(database, as_json, file):
    """How often terminals were refused; terminal 0 stands for all that are not registered."""
    rows = [
        {"terminal": one.terminal, "reason": one.reason, "times": one.times,
         "last": moment(one.last_utc_s)}
        for one in registry.refusals(open_ledger(database, True))
    ]  # fmt: skip
    give(rows, as_json, file, "nothing was refused")


SHORT = (
    "terminal", "state", "operator", "last_sequence", "last_seen", "lost", "firmware", "backlog",
    "backlog_age_s", "fill_percent", "wear_most", "torn_permille", "p95_ms", "clock", "self_test",
    "versions",
)  # fmt: skip


def _seen(one: status.Seen, short: bool) -> dict:
    """A row for people, or all that is known."""
    row = one._asdict()
    row["last_seen"] = moment(row.pop("last_seen_utc_s"))
    row["received"] = moment(row.pop("received_utc_s")) if one.said else ""
    row["versions"] = " ".join(f"{kind}:{number}" for kind, number in one.versions.items())
    return {name: row[name] for name in SHORT} if short else row


def moment(time_utc_s: int) -> str:
    """A time of this machine for people."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time_utc_s))


COMMANDS = (key, migrate, stop, terminals, quarantine, refusals)
