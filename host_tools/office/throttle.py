# SPDX-License-Identifier: Apache-2.0
"""Slows down whoever guesses passwords: free tries, then waits that double. Pure.

Counted by name and address together, by address alone and by name alone, in this process; the
last two are generous, so that one who guesses locks nobody else out for long.
"""

from collections import OrderedDict
from typing import NamedTuple

KEYS_MOST = 10_000  # remembered; the oldest go first
WAIT_MOST_S = 900
FORGOTTEN_S = 3600


class Tried(NamedTuple):
    """Failures in a row, the last of them at `last_s`."""

    failures: int
    last_s: float


FREE = (("both", 5), ("address", 20), ("name", 30))  # tries before waits begin


class Throttle:
    """`wait_s` before a try, `failed` or `passed` behind it."""

    def __init__(self) -> None:
        self._tried: OrderedDict[tuple, Tried] = OrderedDict()

    def wait_s(self, name: str, address: str, now_s: float) -> int:
        """Seconds to wait before the next try is looked at; 0: it may come."""
        return max(self._left_s(key, free, now_s) for key, free in _keys(name, address))

    def failed(self, name: str, address: str, now_s: float) -> None:
        """A try with a wrong password."""
        for key, _ in _keys(name, address):
            before = self._tried.pop(key, Tried(0, now_s))
            count = 0 if now_s - before.last_s > FORGOTTEN_S else before.failures
            self._tried[key] = Tried(count + 1, now_s)
        while len(self._tried) > KEYS_MOST:
            self._tried.popitem(last=False)

    def passed(self, name: str, address: str) -> None:
        """The right password: what this person mistyped is forgotten, not what others did."""
        self._tried.pop(("both", name, address), None)

    def _left_s(self, key: tuple, free: int, now_s: float) -> int:
        tried = self._tried.get(key)
        if tried is None or tried.failures < free:
            return 0
        wait_s = min(WAIT_MOST_S, 2 ** min(tried.failures - free + 1, 12))
        return max(0, int(tried.last_s + wait_s - now_s + 0.999))


def _keys(name: str, address: str) -> list[tuple[tuple, int]]:
    known = {"both": ("both", name, address), "address": ("address", address),
             "name": ("name", name)}  # fmt: skip
    return [(known[kind], free) for kind, free in FREE]
