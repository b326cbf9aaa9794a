# SPDX-License-Identifier: Apache-2.0
"""Let many lanes share their entries, without keys: the hub of a station or a toll road."""

import os
import select
import signal
import socket
import threading
import time
from contextlib import suppress
from datetime import datetime

import click

from host_tools.cli.collect_lines import address

BAUD = 115200
TICK_S = 0.02
REOPEN_S = 1.0
FORGET_EACH_S = 3600.0
MOST_WAITING = 4096


@click.command(
    epilog="""\b
Examples:
  faretap lanes --store lanes.db --entry /dev/ttyUSB0 --entry /dev/ttyUSB1 --exit /dev/ttyUSB2
  faretap lanes --store lanes.db --entry tcp:10.0.8.11:4001 --exit tcp:10.0.8.21:4001
  faretap lanes --store lanes.db --entry /dev/ttyUSB0 --exit /dev/ttyUSB1 --forget-days 3
"""
)
@click.option("--store", required=True, metavar="FILE", help="Who is inside; made if need be.")
@click.option("--entry", "entries", multiple=True, metavar="PATH|tcp:HOST:PORT", help="A lane.")
@click.option("--exit", "exits", multiple=True, metavar="PATH|tcp:HOST:PORT", help="A lane.")
@click.option("--replace", is_flag=True, help="A card that is inside may enter anew.")
@click.option("--forget-days", type=click.IntRange(1), help="Take out who is inside longer.")
def command(store, entries, exits, replace, forget_days):
    """Serve one store to many lanes until Ctrl-C.

    Lanes are at serial lines, or behind serial servers that are called (tcp:). An entry lane has
    `store: serial:PATH`, an exit lane a store of its own and `twin: hub:PATH`. Nothing on these
    lines is authenticated: keep them inside a network you trust.
    """
    if not entries and not exits:
        raise click.UsageError("neither --entry nor --exit: no lane would be served")
    from host_tools.lanes.entries import Entries
    from host_tools.lanes.hub import Hub

    kept = Entries(store, replace)
    hub = Hub(kept, click.echo)
    lanes = [Lane(hub, one, False) for one in entries] + [Lane(hub, one, True) for one in exits]
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    click.echo(f"{len(lanes)} lanes over {store}, {len(kept.all())} are inside")
    with suppress(KeyboardInterrupt):
        serve(hub, lanes, over, forget_days)
    for lane in lanes:
        lane.close()
    kept.close()
    click.echo("stopped")


def serve(hub, lanes, over, forget_days=None):
    """Until `over` is set."""
    began_s = time.monotonic()
    forgot_s = began_s - FORGET_EACH_S
    while not over.is_set():
        now_s = time.monotonic()
        if forget_days and now_s - forgot_s >= FORGET_EACH_S:
            forgot_s = now_s
            gone = hub.forget(datetime.now(), forget_days)
            if gone:
                click.echo(f"{gone} were inside for {forget_days} days and are taken out")
        for lane in lanes:
            lane.turn(int((now_s - began_s) * 1000), now_s)
        ready = [lane.line for lane in lanes if lane.line]
        select.select(ready, (), (), TICK_S)


class Lane:
    """A lane's line, opened again once a second while it is lost."""

    def __init__(self, hub, where, is_exit):
        self.hub, self.where = hub, where
        self.port = hub.add(where, is_exit)
        self.line, self.closed_s = None, -REOPEN_S
        self.fault = ""  # why it could not be opened, said once
        self.waiting = b""  # what the line has not taken yet

    def turn(self, now_ms, now_s):
        """What came and what is due."""
        data = b""
        try:
            if self.line is None and now_s - self.closed_s >= REOPEN_S:
                self.line = opened(self.where)
            if self.line:
                data = self.line.take()
                self.fault = "" if data else self.fault
            self.hub.feed(self.port, data, now_ms)
            if self.line:
                self.waiting += self.hub.outgoing(self.port, now_ms)
                self.waiting = self.waiting[self.line.put(self.waiting) :] if self.waiting else b""
            if len(self.waiting) > MOST_WAITING:
                raise OSError("the line takes nothing")
        except OSError as wrong:
            fault = os.strerror(wrong.errno) if wrong.errno else str(wrong)
            if fault != self.fault:
                self.hub.report(f"{self.where}: {fault}; it is tried again each second")
            self.fault = fault
            self.close()
            self.closed_s = now_s

    def close(self):
        """Give the line back; what was not sent is said again by the protocol."""
        self.waiting = b""
        if self.line:
            self.line.close()
        self.line = None


def opened(where):
    """Line of host_tools/lines.py. OSError."""
    from host_tools.lines import SerialLine, SocketLine

    if not where.startswith("tcp:"):
        return SerialLine(where, BAUD)
    host, port = address(where[4:])
    family, kind, _, _, there = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = socket.socket(family, kind)
    made.setblocking(False)  # a lane that is away must not hold up the others
    made.connect_ex(there)
    return SocketLine(made)
