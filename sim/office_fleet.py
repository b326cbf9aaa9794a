# SPDX-License-Identifier: Apache-2.0
"""Buses of the small city of office_city.py, its clock, and what its terminals say and are sent:
two days of status, a deny list that all have, one that was halted, one on its way.
"""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import rsa

from firmware.formats import fields, seal, signed
from firmware.formats import status as words
from host_tools import deny_list, signing
from host_tools.ledger import Ledger, files, rollout, rollout_offers
from host_tools.ledger import status as statuses
from sim.wallet import luhn

START = datetime(2026, 11, 20, 18, 40)  # local: a Friday evening
OFFSET = timedelta(hours=8)
OPERATORS = (
    ("北方公交 North Buses", (11, 12, 15, 18)),
    ("江滨公交 Riverside", (31, 33, 36)),
    ("地铁接驳 Metro Feeder", (702, 705)),
)


class Clock:
    """The city's time: stands still at `local` while days are made, goes on after go()."""

    def __init__(self) -> None:
        self.local = START
        self._gone_s: Callable[[], float] = lambda: 0.0

    def go(self) -> None:
        """From here on it goes."""
        begun_s = time.monotonic()
        self._gone_s = lambda: time.monotonic() - begun_s

    def __call__(self) -> float:
        return (self.local - OFFSET).replace(tzinfo=UTC).timestamp() + self._gone_s()


class Bus(NamedTuple):
    """A terminal and where it drives."""

    terminal: int
    line: int
    operator: str


class Fleet:
    """Fills status and roll-outs of a ledger; `make()` once."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        buses: list[Bus],
        luck: random.Random,
        silent: dict[int, int],
        backlog: int,
    ):
        self._ledger = ledger
        self._clock = clock
        self._buses = buses
        self._random = luck
        self._silent = silent  # days since which terminals are not heard
        self._backlog = backlog  # one whose records waited
        self._has: dict[int, int] = {}  # deny list of a terminal
        self._refused: dict[int, int] = {}

    def make(self) -> None:
        """Two days of it."""
        key = rsa.generate_private_key(seal.EXPONENT, 2048)
        signer = signing.RsaSigner(key)
        for number in (46, 47, 48):
            listed = [deny_list.Listed(card_number(card)) for card in range(0, number * 3, 3)]
            data = signing.sign_payload(
                deny_list.build(listed), signed.DENY_LIST, 1, number, "", signer
            )
            self._clock.local = START - timedelta(hours=60 - (number - 46) * 20)
            files.register(self._ledger, data, signer.authority, f"weekly list {number}")
        self._clock.local = START - timedelta(hours=52)
        rollout.start(self._ledger, "deny", 46, percent=100)
        self._hours(range(50, 26, -2), 45, 46, 0)
        rollout.start(self._ledger, "deny", 47, percent=25, most_failures=1)
        self._hours(range(26, 12, -2), 46, 47, 3)
        rollout.watch(self._ledger)
        rollout.start(self._ledger, "deny", 48, percent=10, operator=OPERATORS[0][0])
        self._hours(range(12, 4, -2), 46, 48, 0)
        rollout.widen(self._ledger, 3, percent=50)
        self._hours(range(4, -1, -2), 46, 48, 0)

    def _hours(self, hours: range, before: int, offered: int, refuse: int) -> None:
        """What terminals say each hour; those that are offered a list have it an hour later."""
        for back in hours:
            self._clock.local = START - timedelta(hours=back, minutes=2 + back % 5)
            with self._ledger.sitting() as sitting:
                for bus in self._buses:
                    if self._silent.get(bus.terminal, -1) * 24 >= back:
                        continue
                    had = self._has.get(bus.terminal, before)
                    refused = self._refused.get(bus.terminal, 0)
                    statuses.take(sitting, bus.terminal, self._status(bus, back, had, refused))
                    for offer in rollout_offers.offers(sitting, bus.terminal):
                        if refuse and bus.terminal % 5 == 0:
                            self._refused[bus.terminal] = offer.version
                        else:
                            self._has[bus.terminal] = offer.version

    def _status(self, bus: Bus, back: int, deny: int, refused: int) -> dict:
        waits = bus.terminal == self._backlog and back > 1
        taps, worn = self._random.randrange(120, 256), 310 + bus.terminal % 90
        torn = self._random.randrange(0, 6) + (18 if bus.terminal == 1004 else 0)
        return fields.blank(words.STATUS_V1) | {
            "firmware": "0.1.0" if bus.terminal % 6 else "0.0.9",
            "files": [(words.PARAMETERS, 31, 0, 0, 0), (words.FARES, 12, 0, 0, 0),
                      (words.DENY_LIST, deny, 0, refused, 4 if refused else 0)],
            "ca_keys": 6, "wear_most": worn * 4 + 60 - back, "wear_mean": worn * 380,
            "fill_percent": 92 if waits else 8 + bus.terminal % 9,
            "backlog": (50 - back) * 6 if waits else self._random.randrange(0, 4),
            "oldest_s": (50 - back) * 3600 if waits else self._random.randrange(10, 300),
            "taps": taps, "torn": torn, "p95_ms": self._random.randrange(330, 420)
            + (190 if bus.terminal == 1017 else 0),
            "clock": 1 if bus.terminal == 1026 else 0, "reset": 1,
            "self_test": bytes([21]) if bus.terminal == 1029 else b"",
        }  # fmt: skip


def card_number(card: int) -> str:
    """Of a simulated card; 16 digits, of the test range of sim/kinds.py."""
    return luhn(f"62280001{card:07d}")
