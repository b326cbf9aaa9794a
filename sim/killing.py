# SPDX-License-Identifier: Apache-2.0
"""Kills the real terminal process (SIGKILL) again and again while riders pay, and balances.

    killed = kill_often(folder, runtime, 1000, seed, told)

The terminal is firmware.main before the virtual PN532 on a pty, with no card time; the kills come
at moments drawn from the seed, counted from when the process was started: within the start, the
tap, the upload, or while nothing is done. Riders come one after the other, each until he is told
that he has paid. The draws repeat with the seed; what the process has got to by then does not, a
machine is not that punctual. Exactly repeatable cuts: tests/power_cuts.py.
"""

import random
import threading
import time
from typing import NamedTuple

from sim.closing import PATIENCE_S, ledger_records
from sim.issuer import Profile
from sim.morning import Visit
from sim.reconcile import journal_records, reconcile
from sim.rider import Rider
from sim.rig import JOURNAL_BLOCKS, TERMINAL, Rig
from sim.timing import Timing

PAID = ("ok", "torn_recovered", "already_paid")
RIDERS = 40
SAME_CARD_S = 5  # a round of riders takes longer; a rider who has doubts is back before
LATEST_S = 0.9  # of a kill, from the start of the process: it starts in half of that
TRIES = 60  # visits of one rider, each up to six presentations


class Killed(NamedTuple):
    """What came of it; `faults`: sentences, empty when all balances."""

    kills: int
    starts_cut: int  # of them before the terminal was ready
    visits: int
    debits: int
    records: int
    seconds: float
    faults: list


class Killer:
    """A thread that kills each process of the rig once, at a drawn moment, `times` in all."""

    def __init__(self, rig, times, seed):
        self.rig, self.times = rig, times
        self.draw = random.Random(seed)
        self.done = self.starts_cut = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._work, name="killer", daemon=True)

    def _work(self):
        victim = None
        while self.done < self.times and not self.over.is_set():
            firmware = self.rig.firmware
            if firmware is None or firmware is victim:
                self.over.wait(0.002)
                continue
            victim = firmware
            self.over.wait(self.draw.uniform(0.0, LATEST_S))
            if self.rig.firmware is victim and victim.process.poll() is None:
                self.starts_cut += not self.rig.is_up
                victim.process.kill()
                self.done += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class Watched(Rig):
    """A Rig that knows whether its terminal has got ready."""

    is_up = False

    def start(self):
        self.is_up = False
        super().start()
        self.is_up = True


def kill_often(folder, runtime, kills, seed, told=lambda done: None):
    """Killed, when the terminal was killed so many times and the day has ended.

    runtime: (argv, env, cwd); told(done): called now and then. LinkLost when the terminal ends by
    itself.
    """
    began = time.monotonic()
    kinds = tuple((f"rider-{n}", "adult", "62280001", Profile(bits=512)) for n in range(RIDERS))
    rig = Watched(folder, runtime, Timing.none(), kinds, torn_window_s=30, same_card_s=SAME_CARD_S)
    visits, faults = 0, []
    with rig:
        rider = Rider(rig, lambda event: None, 0.02)
        with Killer(rig, kills, seed) as killer:
            while killer.done < kills:
                fault = ride(rig, rider, f"rider-{visits % RIDERS}")
                faults += [fault] if fault else []
                visits += 1
                told(killer.done)
        balance = close(rig)
    return Killed(
        kills=killer.done,
        starts_cut=killer.starts_cut,
        visits=visits,
        debits=balance.debits,
        records=balance.records,
        seconds=time.monotonic() - began,
        faults=faults + balance.faults,
    )


def ride(rig, rider, name):
    """One rider until he is told that he has paid; a sentence when that went wrong."""
    card = rig.cards[name]
    began, before = time.monotonic(), finals(card)
    for _ in range(TRIES):
        message = rider.visit(Visit(name, [name], None, True, 0.0, PAID))
        if message in PAID:
            break
    else:
        return f"{name} was told {message!r} after {TRIES} visits"
    taken = finals(card) - before
    if taken > 1 and time.monotonic() - began < SAME_CARD_S:
        return f"{name} has paid {taken} times"
    return ""


def finals(card):
    """How many debits of a card are final."""
    return sum(1 for _, _, final in card.debits if final)


def close(rig):
    """Balance of cards and ledger; what the journal still has must be in the ledger, the same.

    The ring is smaller than such a day: what was uploaded may be gone from it. However long the
    journal is, it is waited for as long as more of it comes.
    """
    taken = -1
    while True:
        records, opened = journal_records(rig.folder / "journal.bin", JOURNAL_BLOCKS)
        newest = max([sequence for sequence, _ in records], default=0)
        last = rig.ledger.last_sequence(TERMINAL)
        if last > taken:
            taken, end = last, time.monotonic() + rig.torn_window_s + PATIENCE_S
        if not opened and last >= newest or time.monotonic() > end:
            break
        rig.firmware.next_event(0.2)
    rig.stop_terminal()
    rows = ledger_records(rig)
    kept = dict(rows)
    balance = reconcile(rig.cards.values(), rows, opened, rows)
    for sequence, values in records:
        if kept.get(sequence) != values:
            balance.faults.append(f"record {sequence} is not in the ledger as it is here")
    if last < newest:
        balance.faults.append(f"records {last + 1} to {newest} have not gone up")
    if [sequence for sequence, _ in rows] != list(range(1, len(rows) + 1)):
        balance.faults.append("a number is missing in the ledger")
    return balance
