# SPDX-License-Identifier: Apache-2.0
"""The collector as a process of its own, which can be killed in the middle of a transaction.

    desk = Desk(url)
    desk.answers(utc_s, frames)                     one answer a frame, in their order
    desk.answers(utc_s, frames, ("kill", "commit"))  None: it was killed; the next call starts it

An order is carried out once, at a statement of the transaction (a number from 0), at "commit", or
when all is committed and nothing answered ("answered"). "kill" is SIGKILL to itself, so that the
database sees what it sees when a machine is gone; "gone" is a database that fails there.
"""

import multiprocessing
import os
import signal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from firmware.errors import LinkLost
from host_tools.collector import Collector
from host_tools.ledger import Ledger

ANSWERED = "answered"
COMMIT = "commit"
KILL, GONE = "kill", "gone"
LOOK_S = 2.0  # how often it looks whether it is still wanted
FORK = multiprocessing.get_context("fork")  # what is imported is there: it starts in milliseconds


class Desk:
    """Starts the process when it is asked and none is there. `starts` counts them."""

    def __init__(self, url):
        self.url = url
        self.starts = 0
        self._process: Any = None
        self._pipe: Any = None

    def answers(self, utc_s, frames, order=None):
        """List of answers; None where it was killed. LinkLost when it ended by itself."""
        if self._process is None:
            self._start()
        self._pipe.send((utc_s, frames, order))
        try:
            return self._pipe.recv()
        except EOFError:
            self._process.join()
            status, self._process = self._process.exitcode, None
            if status != -signal.SIGKILL:
                raise LinkLost(f"the collector has ended with status {status}") from None
            return None

    def stop(self):
        """End it in order."""
        if self._process is not None:
            self._pipe.send(None)
            self._process.join()
            self._process = None

    def _start(self):
        self.starts += 1
        self._pipe, theirs = FORK.Pipe()
        given = (theirs, self.url, os.getpid())
        self._process = FORK.Process(target=_serve, args=given, daemon=True)
        self._process.start()
        theirs.close()


class Order:
    """What befalls the transactions of one call."""

    def __init__(self):
        self.kind, self.where = None, None
        self.statements = 0

    def arm(self, order):
        self.kind, self.where = order or (None, None)
        self.statements = 0

    def statement(self, *_):
        if self.kind and self.where == self.statements:
            self._befall()
        self.statements += 1

    def at(self, place):
        if self.kind and self.where == place:
            self._befall()

    def _befall(self):
        if self.kind == KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        raise OperationalError("the database has gone", None, OSError("simulated"))


def told(pipe, parent):
    """What comes next on a pipe; EOFError when whoever started this process is gone. A forked
    process holds ends of other pipes too, so that none of them is ever closed by itself.
    """
    while not pipe.poll(LOOK_S):
        if os.getppid() != parent:
            raise EOFError
    return pipe.recv()


def _serve(pipe, url, parent):
    """The process: one Collector on the ledger, as stateless as any."""
    now = [0]
    ledger = Ledger(url, time_utc_s=lambda: now[0])
    collector = Collector(
        ledger, time_utc_s=lambda: now[0], enrolment=False, unsigned=False, counts_every_s=0
    )
    order = Order()
    sa.event.listen(ledger.engine, "before_cursor_execute", order.statement)
    sa.event.listen(ledger.engine, "commit", lambda _: order.at(COMMIT))
    while True:
        try:
            call = told(pipe, parent)
        except EOFError:
            return
        if call is None:
            ledger.close()
            return
        now[0], frames, wanted = call
        order.arm(wanted)
        answers = collector.answers(frames)
        order.at(ANSWERED)
        pipe.send(answers)
