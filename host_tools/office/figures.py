# SPDX-License-Identifier: Apache-2.0
"""Figures: what takes long to add up is added up in the background, and pages say as of when.

A thread asks the ledger, rests nine times as long as that took (EVERY_S at least) and asks again:
at most a tenth of one connection's time, however large the day is. Days that are cut do not change
any more and are added up once.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from firmware.errors import FormatError
from host_tools.ledger import days, rollout, rollout_members, settlement
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.rollout_members import Progress
from host_tools.ledger.rollout_offers import ROLLED_BACK
from host_tools.ledger.settlement import Total
from host_tools.office import doubtful, limits, sums

EVERY_S = 20.0
RESTS = 9  # times as long as a round took
ROUND_S = 600.0  # a question of the background may take so long
DAYS_SHOWN = 14
DAYS_KEPT = 400
ROLLOUTS_MOST = 8


class Day(NamedTuple):
    """A business day in groups, as of a moment; cut: it will not change any more."""

    day: int
    groups: list[Total]
    cut: bool
    as_of_utc_s: int


class Seen(NamedTuple):
    """The state of things at one moment."""

    at_utc_s: int
    took_s: float
    today: Day
    last_days: list[Day]
    fleet: sums.Fleet
    alarms: sums.Alarms
    doubtful: list[doubtful.Sum]
    rollouts: dict[int, Progress]  # of those that are not rolled back, the newest


class Figures:
    """`seen` is the newest state, None before the first round is over; `trouble` says why a round
    failed. each_round: called before each.
    """

    def __init__(
        self,
        ledger: Ledger,
        lost_after_s: int,
        each_round: Callable[[], None] = lambda: None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ):
        self.seen: Seen | None = None
        self.trouble = ""
        self._ledger = ledger
        self._lost_after_s = lost_after_s
        self._each_round = each_round
        self._monotonic_s = monotonic_s
        self._cut: OrderedDict[int, Day] = OrderedDict()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="figures", daemon=True)

    def start(self) -> None:
        """Once; round after round until stop()."""
        self._thread.start()

    def stop(self) -> None:
        """Rounds end; one that is under way is not waited for."""
        self._over.set()

    def look(self) -> Seen:
        """One round, here and now."""
        begun_s = self._monotonic_s()
        now = int(self._ledger.time_utc_s())
        today = self._ledger.calendar.today(now)
        closed = settlement.closed_through(self._ledger)
        shown = [days.shifted(today, -back) for back in range(DAYS_SHOWN - 1, -1, -1)]
        last = [self.day(one, closed) for one in shown]
        self.seen = Seen(
            now,
            0.0,
            last[-1],
            last,
            sums.fleet(self._ledger, now - self._lost_after_s),
            sums.alarms(self._ledger, today),
            doubtful.summed(self._ledger),
            self._rollouts(),
        )
        self.seen = self.seen._replace(took_s=self._monotonic_s() - begun_s)
        return self.seen

    def _rollouts(self) -> dict[int, Progress]:
        found = [one for one in rollout.rollouts(self._ledger) if one.state != ROLLED_BACK]
        return {
            one.rollout: rollout_members.progress(self._ledger, one.rollout)
            for one in found[:ROLLOUTS_MOST]
        }

    def day(self, day: int, closed: int | None = None) -> Day:
        """A day, from memory if it is cut."""
        known = self._cut.get(day)
        if known:
            return known
        if closed is None:
            closed = settlement.closed_through(self._ledger)
        found = Day(
            day, sums.groups(self._ledger, day), day <= closed, int(self._ledger.time_utc_s())
        )
        if found.cut:
            self._cut[day] = found
            while len(self._cut) > DAYS_KEPT:
                self._cut.popitem(last=False)
        return found

    def _go_on(self) -> None:
        rest_s = 0.0
        while not self._over.wait(rest_s):
            begun_s = self._monotonic_s()
            try:
                with limits.within(ROUND_S):
                    self._each_round()
                    self.look()
                self.trouble = ""
            except (SQLAlchemyError, FormatError, OSError) as failed:
                self.trouble = type(failed).__name__
            rest_s = max(EVERY_S, RESTS * (self._monotonic_s() - begun_s))
