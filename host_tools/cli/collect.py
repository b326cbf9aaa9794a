# SPDX-License-Identifier: Apache-2.0
"""Run the collector: take uploads over TCP or a serial line into a ledger."""

import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import click
import sqlalchemy as sa

from firmware.errors import FormatError
from host_tools.collector import Collector
from host_tools.ledger import Ledger
from host_tools.server import CollectorServer

DATABASE = click.option(
    "--database",
    default="ledger.db",
    show_default=True,
    metavar="FILE|URL",
    help="SQLite file, or a database URL.",
)


def open_ledger(database: str, must_exist: bool = False) -> Ledger:
    """Ledger of a file or URL. FileNotFoundError, FormatError when it cannot be used."""
    if "://" not in database:
        if must_exist and not Path(database).exists():
            raise FileNotFoundError(2, "there is no such ledger", database)
        database = f"sqlite:///{database}"
    try:
        return Ledger(database)
    except sa.exc.SQLAlchemyError as wrong:
        raise FormatError(f"{database}: {wrong.args[0] if wrong.args else wrong}") from wrong


@click.command(
    epilog="""\b
Examples:
  faretap collect                                   TCP port 4755, ledger.db
  faretap collect --tcp 0.0.0.0:4755 --database city.db
  faretap collect --serial /dev/ttyUSB1 --baud 115200
"""
)
@DATABASE
@click.option("--tcp", default="127.0.0.1:4755", show_default=True, metavar="HOST:PORT|none")
@click.option("--serial", metavar="PATH", help="A serial line as well.")
@click.option("--baud", default=115200, show_default=True, help="Speed of the serial line.")
def command(database, tcp, serial, baud):
    """Acknowledge records when they are committed, until Ctrl-C.

    The link has no encryption yet: keep the port inside a network you trust.
    """
    if tcp == "none" and not serial:
        raise click.UsageError("neither --tcp nor --serial: nothing could come in")
    ledger = open_ledger(database)
    server = CollectorServer(Collector(ledger, time_utc_s=time.time), address(tcp), serial, baud)
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    server.start()
    where = [f"port {server.port}"] if server.port else []
    where += [serial] if serial else []
    click.echo(f"collecting into {database} from {' and '.join(where)}")
    with suppress(KeyboardInterrupt):
        wait(over, server)
    died = not server.alive
    server.stop()
    if died:
        click.echo("the server failed; what was acknowledged is in the ledger", err=True)
        sys.exit(2)
    click.echo("stopped; what was acknowledged is in the ledger")


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
