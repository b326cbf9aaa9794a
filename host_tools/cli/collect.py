# SPDX-License-Identifier: Apache-2.0
"""Run the collector: take uploads over TCP or a serial line into a ledger."""

import signal
import sys
import threading
import time
from contextlib import suppress

import click

from host_tools.cli.ledger_open import DATABASE, open_ledger, shown
from host_tools.collector import Collector
from host_tools.lines import tls_context
from host_tools.server import CollectorServer


@click.command(
    epilog="""\b
Examples:
  faretap collect --simulated                       TCP port 4755, ledger.db, cards of the demo
  faretap collect --tcp 0.0.0.0:4755 --database city.db
  faretap collect --serial /dev/ttyUSB1 --baud 115200
  faretap collect --database postgresql+psycopg://faretap@db/city --workers 4
  faretap collect --tcp 0.0.0.0:4755 --tls-cert collector.pem --tls-key collector.key
"""
)
@DATABASE
@click.option("--tcp", default="127.0.0.1:4755", show_default=True, metavar="HOST:PORT|none")
@click.option("--serial", metavar="PATH", help="A serial line as well.")
@click.option("--baud", default=115200, show_default=True, help="Speed of the serial line.")
@click.option("--tls-cert", metavar="FILE", help="The TCP port speaks TLS: our certificate, PEM.")
@click.option("--tls-key", metavar="FILE", help="Its private key, PEM.")
@click.option("--client-ca", metavar="FILE", help="Only peers with a certificate of this CA, PEM.")
@click.option("--simulated", is_flag=True, help="Simulated cards: a key that everybody knows.")
@click.option(
    "--enrolment",
    type=click.Choice(["open", "registered"]),
    help="Take terminals that are not in the registry (open, SQLite's default) or refuse them.",
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
@click.option(
    "--lines",
    type=click.IntRange(1, 65000),
    default=256,
    show_default=True,
    help="TCP peers at a time; one more, and the one heard longest ago goes.",
)
def command(
    database, tcp, serial, baud, tls_cert, tls_key, client_ca, simulated, enrolment, cut_hour,
    workers, lines,
):  # fmt: skip
    """Acknowledge records when they are committed, until Ctrl-C.

    Card numbers are stored under the key in FARETAP_LEDGER_KEY (`faretap ledger key`).
    Without --tls-cert the TCP port has no encryption: keep it inside a network you trust.
    """
    if tcp == "none" and not serial:
        raise click.UsageError("neither --tcp nor --serial: nothing could come in")
    tls = tls_of(tls_cert, tls_key, client_ca)
    more = {} if cut_hour is None else {"cut_hour": cut_hour}
    ledger = open_ledger(database, simulated=simulated, workers=workers, **more)
    opened = (enrolment or ("open" if "://" not in database else "registered")) == "open"
    collector = Collector(ledger, time_utc_s=time.time, enrolment=opened, alarm=tell)
    server = CollectorServer(
        collector, address(tcp), serial, baud, workers=workers, lines_most=lines, tls=tls
    )
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    server.start()
    where = [f"port {server.port}{' with TLS' if tls else ''}"] if server.port else []
    where += [serial] if serial else []
    click.echo(f"collecting into {shown(database)} from {' and '.join(where)}")
    with suppress(KeyboardInterrupt):
        wait(over, server)
    died = not server.alive
    server.stop()
    if died:
        click.echo("the server failed; what was acknowledged is in the ledger", err=True)
        sys.exit(2)
    click.echo("stopped; what was acknowledged is in the ledger")


def tls_of(certificate, key, client_ca):
    """The TLS of the options, None without."""
    if not certificate and not key and not client_ca:
        return None
    if not certificate or not key:
        raise click.UsageError("--tls-cert and --tls-key go together, --client-ca with both")
    return tls_context(certificate, key, client_ca)


def tell(terminal, reason):
    """An alarm: what a person has to look at."""
    click.echo(f"ALARM terminal {terminal}: {reason}; see `faretap ledger quarantine`", err=True)


def wait(over, server):
    """Return when `over` is set or the server's thread has died."""
    while server.alive and not over.wait(1):
        pass


def address(text):
    """(host, port) of HOST:PORT, None for "none"."""
    if text == "none":
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter(f"{text!r} is not HOST:PORT")
    return host, int(port)
