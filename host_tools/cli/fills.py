# SPDX-License-Identifier: Apache-2.0
"""Let the pumps of a station take each other's fills: the hub between their terminals."""

import signal
import threading
from contextlib import suppress

import click

from host_tools.cli.lanes import Lane, serve


@click.command(
    epilog="""\b
Examples:
  faretap fills --store fills.db --pump /dev/ttyUSB0 --pump /dev/ttyUSB1
  faretap fills --store fills.db --pump tcp:10.0.8.11:4001 --pump tcp:10.0.8.12:4001
"""
)
@click.option("--store", required=True, metavar="FILE", help="What waits; made if need be.")
@click.option(
    "--pump", "pumps", multiple=True, required=True, metavar="PATH|tcp:HOST:PORT", help="A pump."
)
def command(store, pumps):
    """Keep what was poured at each pump until it is paid, until Ctrl-C.

    Pumps are at serial lines, or behind serial servers that are called (tcp:); their settings have
    `store: serial:PATH` and a number of their own in `stop`. Nothing on these lines is
    authenticated: keep them inside a network you trust.
    """
    from host_tools.lanes.fills import Fills

    kept = Fills(store, click.echo)
    lines = [Lane(kept, one, False) for one in pumps]
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    click.echo(f"{len(lines)} pumps over {store}, {kept.due()} fills wait for their cards")
    with suppress(KeyboardInterrupt):
        serve(kept, lines, over)
    for line in lines:
        line.close()
    kept.close()
    click.echo("stopped")
