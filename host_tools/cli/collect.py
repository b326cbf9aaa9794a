# SPDX-License-Identifier: Apache-2.0
"""Run the collector: take uploads over TCP, TLS, HTTP, MQTT or a serial line into a ledger."""

import signal
import sys
import threading
import time
from contextlib import suppress

import click
from sqlalchemy.exc import SQLAlchemyError

from host_tools.cli.collect_lines import Lines, line_options
from host_tools.cli.ledger_open import DATABASE, open_ledger, shown
from host_tools.collector import Collector
from host_tools.ledger import rollout
from host_tools.ledger.desk import FleetDesk
from host_tools.verdicts import NOBODY

WATCH_S = 60.0  # how often roll-outs are looked after


@click.command(
    epilog="""\b
Examples:
  faretap collect --simulated                       TCP port 4755, ledger.db, cards of the demo
  faretap collect --tcp 0.0.0.0:4755 --database city.db
  faretap collect --serial /dev/ttyUSB1 --baud 115200
  faretap collect --database postgresql+psycopg://faretap@db/city --workers 4
  faretap collect --tcp 0.0.0.0:4755 --tls-cert collector.pem --tls-key collector.key
  faretap collect --tcp none --http 0.0.0.0:4780 --mqtt mqtt://broker.example.org
"""
)
@DATABASE
@line_options
@click.option("--simulated", is_flag=True, help="Simulated cards: a key that everybody knows.")
@click.option(
    "--enrolment",
    type=click.Choice(["open", "registered"]),
    help="Take terminals that are not in the registry (open, SQLite's default) or refuse them.",
)
@click.option(
    "--unsigned",
    type=click.Choice(["allowed", "refused"]),
    help="Batches of terminals that have no key; --simulated allows them, else they are refused.",
)
@click.option(
    "--cut-hour", type=click.IntRange(0, 23), help="Of a new ledger: hour of the cut, 3."
)
@click.option(
    "--workers",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    help="Transactions at a time; more than one is for PostgreSQL.",
)
def command(database, simulated, enrolment, unsigned, cut_hour, workers, **lines):
    """Acknowledge records when they are committed, until Ctrl-C.

    Card numbers are stored under the key in FARETAP_LEDGER_KEY (`faretap ledger key`).
    Terminals sign with keys of their own: `faretap ledger enrol 7 --new-keys keys.txt`.
    Without --tls-cert a port has no encryption: keep it inside a network you trust.
    docs/upload.md says what each line guarantees.
    """
    more = {} if cut_hour is None else {"cut_hour": cut_hour}
    ledger = open_ledger(database, simulated=simulated, workers=workers, **more)
    opened = (enrolment or ("open" if "://" not in database else "registered")) == "open"
    allowed = (unsigned or ("allowed" if simulated else "refused")) == "allowed"
    collector = Collector(
        ledger, time_utc_s=time.time, enrolment=opened, alarm=tell, unsigned=allowed,
        files=FleetDesk(ledger),
    )  # fmt: skip
    server = Lines(collector, workers, **lines)
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    server.start()
    click.echo(f"collecting into {shown(database)} from {' and '.join(server.where)}")
    with suppress(KeyboardInterrupt):
        wait(over, server, ledger)
    died = not server.alive
    server.stop()
    collector.flush()
    if died:
        click.echo("the server failed; what was acknowledged is in the ledger", err=True)
        sys.exit(2)
    click.echo("stopped; what was acknowledged is in the ledger")


def tell(terminal, reason):
    """An alarm: what a person has to look at."""
    if terminal == NOBODY:
        click.echo(f"ALARM ledger: {reason}", err=True)
        return
    where = "`faretap ledger quarantine` and `faretap ledger refusals`"
    click.echo(f"ALARM terminal {terminal}: {reason}; see {where}", err=True)


def wait(over, server, ledger=None):
    """Return when `over` is set or the server has died; look after roll-outs meanwhile."""
    looked_s = time.monotonic()
    while server.alive and not over.wait(1):
        if ledger and time.monotonic() - looked_s >= WATCH_S:
            watch_rollouts(ledger)
            looked_s = time.monotonic()


def watch_rollouts(ledger):
    """Halt those that fail too often; a database that is gone is looked at again later."""
    try:
        for number in rollout.watch(ledger):
            why = rollout.one(ledger, number).why
            click.echo(f"ALARM roll-out {number} is halted: {why}", err=True)
    except SQLAlchemyError as failed:
        click.echo(f"roll-outs are not watched: {failed}", err=True)
