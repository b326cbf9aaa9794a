# SPDX-License-Identifier: Apache-2.0
"""Counts of refusals that need no place in the ledger but this: frames that are not authentic.

They are stored once a second at the most, so that a flood of forged frames writes little. What is
counted and not stored yet goes with the process.
"""

import threading
import time
from collections import Counter

from sqlalchemy.exc import SQLAlchemyError

from host_tools.ledger import Ledger

EVERY_S = 1.0


class RefusalCounts:
    """May be used by several threads. Kinds of refusals are few, so are terminals with a row."""

    def __init__(self, ledger: Ledger, every_s: float = EVERY_S):
        self._ledger = ledger
        self._every_s = every_s
        self._lock = threading.Lock()
        self._counts: Counter[tuple[int, str]] = Counter()
        self._stored_s = -every_s

    def add(self, terminal: int, reason: str) -> None:
        """Count one."""
        with self._lock:
            self._counts[terminal, reason] += 1

    def store(self, at_once: bool = False) -> None:
        """Write down what was counted, if it is time; it stays here where that fails."""
        with self._lock:
            early = time.monotonic() - self._stored_s < self._every_s
            if not self._counts or early and not at_once:
                return
            self._stored_s = time.monotonic()
            counts, self._counts = self._counts, Counter()
        try:
            with self._ledger.sitting() as sitting:
                for (terminal, reason), times in sorted(counts.items()):
                    sitting.refuse(terminal, reason, times)
        except SQLAlchemyError:
            with self._lock:
                self._counts.update(counts)
