# SPDX-License-Identifier: Apache-2.0
"""A till on a test stand: the cashier's keys come over a line in memory."""

from firmware.devices.day_book import DayBook
from firmware.devices.shop import COMMANDS, Shop
from firmware.neighbours.console import Console
from firmware.neighbours.line import Neighbour
from tests.stand import Stand

PAN, OTHER = "6228000100000010", "6228000100000028"


class Keys:
    """A byte stream: what was typed, and all that was said."""

    def __init__(self):
        self.typed = self.said = b""

    def read(self, count, timeout_ms):
        data, self.typed = self.typed[:count], self.typed[count:]
        return data

    def write(self, data):
        self.said += data

    def close(self):
        pass


class Till:
    """`stand`, `keys`; make: on after on, a day is open; book: with a day report."""

    def __init__(self, extra="", console=True, book=False, **more):
        self.keys, self.more, self.console, self.reports = Keys(), more, console, book
        self.stand = Stand(extra, self.make)
        if console:
            self.type("on 7")

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        line = Neighbour(lambda: self.keys, Console(COMMANDS), clock) if self.console else None
        self.trade = Shop(settings, parameters, clock, line, DayBook() if self.reports else None)
        return self.trade

    def type(self, text):
        """What is answered to a line."""
        self.keys.said = b""
        self.keys.typed += text.encode() + b"\r"
        for _ in range(3):
            self.stand.terminal.turn()
        while self.trade.line.protocol.said:
            self.stand.terminal.turn()
        return self.keys.said.decode().strip()

    def tap(self, card):
        """The message of a tap, None where no card was looked for."""
        event = self.stand.tap(card)
        return event["message"] if event else None
