# SPDX-License-Identifier: Apache-2.0
"""A short day of a taxi: terminal process, virtual chip and virtual meter on ptys, to the fen."""

import os
import pty
import tty

import pytest

from firmware.neighbours import jtt905
from host_tools.cli.runtime import runtime_command
from sim.closing import close_the_day
from sim.meter import Meter
from sim.meter_serve import MeterServer
from sim.profile import Profile
from sim.replaying import until
from sim.rig import Rig
from sim.timing import Timing

CARDS = tuple((name, "adult", "62280001", Profile()) for name in ("one", "two", "three", "four"))
PATIENCE_S = 20
DEBITED = {"ins": 0xB2, "last": True, "acted": True}


class Day:
    """A rig with device taxi, its meter, and the driver's console."""

    def __init__(self, folder, runtime, kind="jtt905"):
        self.meter = Meter(kind)
        self.line = MeterServer(self.meter)
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        more = (
            f"meter: serial:{self.line.path}\nmeter_kind: {kind}\n"
            f"console: serial:{os.ttyname(self.slave)}\n"
        )
        interpreter = runtime_command(runtime)
        if interpreter.note:
            pytest.skip(interpreter.note)
        timing = Timing.none()
        self.rig = Rig(
            folder, interpreter[:3], timing, CARDS, more=more, device="taxi", classes=False
        )
        self.shifts = []

    def __enter__(self):
        self.line.__enter__()
        self.rig.__enter__()
        return self

    def __exit__(self, *_):
        self.rig.__exit__(None, None, None)
        self.line.__exit__()
        os.close(self.master)
        os.close(self.slave)

    def meter_says(self, word):
        event = self.line.until((word,), PATIENCE_S)
        assert event, (word, self.driver_lines())
        return event[1]

    def driver_lines(self):
        found = []
        while event := self.rig.firmware.next_event(0.1):
            found.append(event)
        return found

    def told(self, words):
        """The terminal has said this to the driver."""
        while True:
            event = self.rig.firmware.next_event(PATIENCE_S)
            assert event, words
            if event["event"] == "shift":
                self.shifts.append(event)
            if event["event"] == "driver" and event["text"].startswith(words):
                return

    def ride(self, *steps):
        for one in ("hire", *steps, "stop"):
            self.line.do(one)

    def tap(self, name):
        self.rig.field.place(self.rig.cards[name])
        event = until(self.rig.firmware, "tap")[-1]
        self.rig.field.remove()
        return event["message"]

    def key(self, text):
        os.write(self.master, text.encode() + b"\r")


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_short_day_should_balance(tmp_path, runtime):
    """TD-050, TD-053, TD-054: card, torn card, plug pulled, cash, spoiled frames; then the meter,
    the shift, the cards and the ledger say the same.
    """
    with Day(tmp_path, runtime) as day:
        day.line.do("in")
        assert day.meter_says("signed_in")
        day.ride("drive 2")
        day.told("trip 1: 10.00")
        assert day.tap("one") == "ok"
        paid = day.meter_says("paid")
        assert (paid.number, paid.paid_by) == (1, jtt905.CPU_CARD)
        day.ride("drive 5.2", "wait 3")
        day.told("trip 2: 16.50")
        day.rig.field.tear(**DEBITED)
        assert day.tap("two") == "last_record_lost"
        assert day.tap("two") == "torn_recovered"
        assert day.meter_says("paid").number == 2
        day.ride("drive 4")
        day.told("trip 3: 12.00")
        day.rig.pull_plug()
        day.rig.restart()
        day.told("meter is there")
        assert day.tap("three") == "ok"
        assert day.meter_says("paid").number == 3
        day.ride("drive 9")
        day.told("trip 4: 22.00")
        day.key("cash")
        assert day.meter_says("paid").paid_by == jtt905.CASH
        day.line.do("hire")
        for fault in ("xor", "cut", "doubled"):
            day.line.do("fault " + fault)
        day.line.do("stop")
        day.told("trip 5: 10.00")
        assert day.tap("four") == "ok"
        assert day.meter_says("paid").number == 5
        assert day.meter.totals() == (5, 705, 4, 485)
        day.line.do("out")
        assert day.meter_says("signed_out")
        day.told("signed out")
        (shift,) = day.shifts
        assert shift["differs"] == {} and shift["totals"]["card_fen"] == 4850
        balance = close_the_day(day.rig, lambda event: None)
        assert balance.faults == [] and balance.approved_fen == balance.cards_fen == 4850


def test_older_meter_should_do_the_same(tmp_path):
    """A second meter is one file: BF framing at the same terminal."""
    with Day(tmp_path, "cpython", "bf") as day:
        day.line.do("in")
        assert day.meter_says("signed_in")
        day.ride("drive 2")
        day.told("trip 1: 10.00")
        assert day.tap("one") == "ok"
        assert day.meter_says("paid").number == 1
        day.ride("drive 4")
        day.told("trip 2: 12.00")
        day.key("cancel 3")
        assert day.meter_says("paid").number == 2, "BF 06: this framing has no word for unpaid"
        day.line.do("out")
        assert day.meter_says("signed_out")
        day.told("signed out")
        assert day.shifts[0]["totals"]["unpaid_fen"] == 1200
        assert day.shifts[0]["differs"] is None
