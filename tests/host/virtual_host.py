# SPDX-License-Identifier: Apache-2.0
"""The other ends of the virtual PN532 for tests: a card, a field, a host under a counted clock.

The host's frames are put together here once more by hand, so that sim/chip_line.py is not tested
against itself.
"""

from firmware.errors import LinkLost
from sim.chip import Chip

ACK = bytes.fromhex("0000ff00ff00")
NACK = bytes.fromhex("0000ffff0000")
WAKE = b"\x55\x55" + bytes(14)
SAM = bytes.fromhex("d414011700")
ERROR = bytes.fromhex("0000ff01ff7f8100")
ATS = bytes.fromhex("0b788084024b4f4e411401")
UID = bytes.fromhex("04112233445566")


def frame(body: bytes, extended: bool = False) -> bytes:
    """A frame round TFI and data."""
    count = len(body)
    if count > 255 or extended:
        high, low = count >> 8, count & 255
        head = bytes((0, 0, 255, 255, 255, high, low, (256 - (high + low) % 256) % 256))
    else:
        head = bytes((0, 0, 255, count, (256 - count) % 256))
    return head + body + bytes(((256 - sum(body) % 256) % 256, 0))


def command(text: str, more: bytes = b"") -> bytes:
    """A command frame from its code and data in hex."""
    return frame(b"\xd4" + bytes.fromhex(text) + more)


def answer(text: str, more: bytes = b"") -> bytes:
    """ACK and an answer frame from response code and data in hex."""
    return ACK + frame(b"\xd5" + bytes.fromhex(text) + more)


VERSION = command("02")
VERSION_ANSWER = answer("0332010607")


class FakeCard:
    """Answers with as many bytes as the command's first two say, and remembers what it saw."""

    def __init__(self, kind="A", uid=UID, ats=ATS, busy_ms=0.0):
        self.kind = kind
        self.uid = uid
        self.ats = ats
        self.busy_ms = busy_ms
        self.seen = []

    def exchange(self, c_apdu):
        self.seen.append(c_apdu)
        count = int.from_bytes(c_apdu[:2], "big") % 700
        return bytes(at & 0xFF for at in range(count))


class FakeField:
    """Cards that can be taken away; `cut` = (n, "before" or "after"): APDU n, from 0, is lost."""

    def __init__(self, *cards, cut=None):
        self.here = list(cards)
        self.cut = cut
        self.count = 0
        self.events = []

    def cards(self):
        return list(self.here)

    def activate(self, card):
        if card not in self.here:
            raise LinkLost("no card")
        self.events.append("activate")

    def transmit(self, card, c_apdu):
        number, self.count = self.count, self.count + 1
        if card not in self.here:
            raise LinkLost("no card")
        if self.cut == (number, "before"):
            raise LinkLost("taken away before")
        r_apdu = card.exchange(c_apdu)
        if self.cut == (number, "after"):
            raise LinkLost("taken away after")
        return r_apdu

    def field_off(self):
        self.events.append("off")


class VirtualHost:
    """A host with a counted clock: `hear` lets time pass until the chip rests, or a limit."""

    def __init__(self, chip: Chip, baud: int = 115200):
        self.chip = chip
        self.baud = baud
        self.now_us = 0
        self.arrivals = []  # (when, bytes)

    def say(self, data: bytes) -> None:
        self.chip.feed(data, self.now_us, self.baud)

    def hear(self, limit_ms: float = 1000) -> bytes:
        end_us = self.now_us + int(limit_ms * 1000)
        heard = b""
        while True:
            came = self.chip.due(self.now_us)
            if came:
                self.arrivals.append((self.now_us, came))
                heard += came
            next_us = self.chip.next_us()
            if next_us is None or next_us > end_us:
                return heard
            self.now_us = max(next_us, self.now_us)

    def ask(self, data: bytes, limit_ms: float = 1000) -> bytes:
        self.say(data)
        return self.hear(limit_ms)

    def rest(self, time_ms: float) -> None:
        """Let time pass whether or not the chip has anything to do."""
        end_us = self.now_us + int(time_ms * 1000)
        self.hear(time_ms)
        self.now_us = end_us


def started(*cards, field=None, timing=None, faults=None) -> VirtualHost:
    """A host whose chip is awake; the faults count from the first command after this."""
    chip = Chip(field or FakeField(*cards), timing=timing, faults=faults, power="awake")
    return VirtualHost(chip)


def listed(*cards, **parts) -> VirtualHost:
    """As `started`, with the first card listed as target 1 (command 0)."""
    host = started(*cards, **parts)
    assert host.ask(command("4a0100")).startswith(ACK), "no ACK for InListPassiveTarget"
    return host
