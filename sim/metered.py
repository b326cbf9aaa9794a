# SPDX-License-Identifier: Apache-2.0
"""The terminal with a meter in it: firmware.main as it is, and what each step of a tap costs.

    python -m sim.metered SETTINGS      (CPython and MicroPython)

Before each "tap" event it reports "steps": processor time by step, waiting left out; how much of
the signature work ran while the card was answering, and how much kept the rider waiting; the time
from the last record to the decision, and what of it went into noting the answer. Environment:

    FARETAP_STRETCH=150    signature work takes so many times longer, as on a slow board: simulated
    FARETAP_KEYS=cold      no issuer key is known at the next tap; "warm": their tables are made
    FARETAP_METER=heap     counts bytes instead
"""

import gc
import os
import sys

from firmware import assemble, hal, main
from firmware.devices import terminal as terminal_module
from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.kernel import chain, fdda, transaction
from firmware.kernel.apdu import PPSE
from firmware.kernel.work import Work
from firmware.reader.bus import Hsu

STRETCH = int(os.getenv("FARETAP_STRETCH") or 1)
KEYS = os.getenv("FARETAP_KEYS")
COUNTS_HEAP = os.getenv("FARETAP_METER") == "heap"
COMMANDS = {0xA4: "SELECT", 0xA8: "GPO", 0xB2: "READ RECORD", 0xCA: "GET DATA"}
WORKS = ("issuer certificate", "ICC certificate", "SDAD")  # in the order the chain makes them
WAIT, NOTE = "wait", "journal: note the answer"
DEEPEST = 12


def no_work():
    """spare() of a caller that has none."""
    return False


class Meter:
    """Time of named steps; a step inside another one is taken off the outer one."""

    def __init__(self):
        self.steps = {}
        # of the steps that are open, the innermost at `depth`; lists are made once, because on
        # MicroPython garbage of the meter's own would be counted as the terminal's
        self.names, self.began, self.inner = [""] * DEEPEST, [0] * DEEPEST, [0] * DEEPEST
        self.depth = 0
        self.behind_card = False  # the card is answering
        self.spare = no_work
        self.hidden_us = self.late_us = 0
        self.slices = 0  # of the signature work that ran while the card was answering
        self.works = 0
        self.answered_us = self.decided_us = None

    def enter(self, name):
        """Begin a step."""
        depth = self.depth = self.depth + 1
        self.names[depth] = name
        self.inner[depth] = 0
        self.began[depth] = hal.ticks_us()

    def leave(self, signature=False):
        """End the step begun last; signature: it is work on signatures, to be stretched."""
        depth = self.depth
        began, inner, name = self.began[depth], self.inner[depth], self.names[depth]
        total = hal.ticks_diff(hal.ticks_us(), began)
        if signature:
            until = inner + (total - inner) * STRETCH
            while total < until:
                total = hal.ticks_diff(hal.ticks_us(), began)
            if self.behind_card:
                self.hidden_us += total - inner
                self.slices += 1
            else:
                self.late_us += total - inner
        self.steps[name] = self.steps.get(name, 0) + total - inner
        self.depth = depth - 1
        self.inner[depth - 1] += total

    def spend(self):
        """spare() of the caller, marked as time in which the card is answering."""
        self.behind_card = True
        try:
            return self.spare()
        finally:
            self.behind_card = False

    def report(self):
        """The "steps" event; the longest step first."""
        rows = [[us, name] for name, us in self.steps.items() if name != WAIT]
        return {
            "event": "steps",
            "steps": [[name, us] for us, name in sorted(rows, reverse=True)],
            "hidden_us": self.hidden_us,
            "late_us": self.late_us,
            "slices": self.slices,
            "decided_us": self.decided_us,
            "noted_us": self.steps.get(NOTE, 0),
        }


class Heap:
    """Bytes taken during a tap: all of it on MicroPython, the peak on CPython."""

    def begin(self):
        gc.collect()
        if hasattr(gc, "mem_alloc"):
            gc.disable()
            self.before = gc.mem_alloc()
        else:
            TRACE.start()

    def end(self):
        """The "heap_of_tap" event."""
        if hasattr(gc, "mem_alloc"):
            taken = gc.mem_alloc() - self.before
            gc.enable()
        else:
            taken = TRACE.get_traced_memory()[1]
            TRACE.stop()
        return {"event": "heap_of_tap", "bytes": taken}


class MeteredWork(Work):
    """A Work whose slices are timed."""

    def __init__(self, slices, failure):
        Work.__init__(self, slices, failure)
        self.name = WORKS[METER.works]
        METER.works += 1

    def step(self):
        METER.enter(self.name)
        try:
            return Work.step(self)
        finally:
            METER.leave(signature=True)


class MeteredHsu(Hsu):
    """A bus whose reading, which is waiting for the most part, is a step of its own."""

    def __init__(self, stream, clock, baud=115200):
        Hsu.__init__(self, stream, clock, baud)
        self.read = timed(WAIT, self.read)


METER = Meter()
HEAP = Heap()
if COUNTS_HEAP and not hasattr(gc, "mem_alloc"):
    import tracemalloc as TRACE


def timed(name, call, signature=False):
    """The same call as a step of its own."""

    def metered(*arguments):
        METER.enter(name)
        try:
            return call(*arguments)
        finally:
            METER.leave(signature)

    return metered


def name_of(command):
    """What people call a command."""
    if command[5:19] == PPSE:
        return "SELECT PPSE"
    return COMMANDS.get(command[1], "other")


def exchange_of(exchange):
    """An exchange with the card, its waiting and the work in it apart."""

    def metered(command, spare=None):
        METER.spare = spare or no_work
        METER.enter("reader: " + name_of(command))
        try:
            return exchange(command, spare and METER.spend)
        finally:
            METER.leave()
            METER.answered_us = hal.ticks_us()

    return metered


def steps_of(steps):
    """A dialogue whose own time between two commands is a step."""
    after = "begin"
    reply = lost = None
    while True:
        METER.enter("kernel and device: after " + after)
        try:
            wanted = steps.throw(lost) if lost else steps.send(reply)
        except StopIteration as end:
            return end.value
        finally:
            METER.leave()
        reply = lost = None
        if isinstance(wanted, bytes):
            after = name_of(wanted)
        try:
            reply = yield wanted
        except LinkLost as gone:
            lost = gone


def concluded(call):
    """transaction.conclude(): its end is the decision."""

    def metered(*arguments):
        decision = call(*arguments)
        METER.decided_us = hal.ticks_diff(hal.ticks_us(), METER.answered_us)
        return decision

    return metered


def metered_drive(steps, exchange):
    """drive() with the meter on both sides."""
    global METER
    METER = Meter()
    if not COUNTS_HEAP:
        return drive(steps_of(steps), exchange_of(exchange))
    HEAP.begin()
    try:
        return drive(steps, exchange)
    finally:
        report(HEAP.end())


def report(event):
    """As firmware.main; what the meter says comes before the tap's own event."""
    if event["event"] == "tap" and not COUNTS_HEAP:
        plain_report(METER.report())
    plain_report(event)


def metered_assemble(*arguments):
    """As firmware.assemble; then the meter is put where the time goes."""
    terminal = plain_assemble(*arguments)
    cache = terminal.sale.keys.cache

    def tap(card, began_us):
        if KEYS == "cold":
            cache.entries = []
        while KEYS == "warm" and cache.idle():
            pass
        plain_tap(card, began_us)

    plain_tap, terminal.tap = terminal.tap, tap
    terminal_module.drive = metered_drive
    if not COUNTS_HEAP:
        put_meters(terminal.parts.journal)
    return terminal


def put_meters(journal):
    """Around the works, the hashes behind them, the decision and the journal."""
    chain.Work = MeteredWork  # type: ignore[misc]
    fdda.check_signature = timed("SDAD: hash", fdda.check_signature, True)
    transaction.conclude = concluded(transaction.conclude)
    for name in ("oda_rsa", "oda_sm2"):
        suite = sys.modules.get("firmware.kernel." + name)
        if suite:
            check = timed("ICC certificate: hash", suite.check_static, True)
            suite.check_static = check  # type: ignore[attr-defined]
    journal.open = timed("journal: open", journal.open)
    journal.note_answer = timed(NOTE, journal.note_answer)
    journal.settle = timed("journal: settle", journal.settle)


plain_assemble, plain_report = assemble.assemble, main.report
assemble.assemble = metered_assemble
if not COUNTS_HEAP:
    assemble.Hsu = MeteredHsu  # type: ignore[misc]

if __name__ == "__main__":
    main.main(sys.argv[1], report=report)
