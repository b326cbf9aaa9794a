# SPDX-License-Identifier: Apache-2.0
"""Faults of the way to the simulated acquirer: planned by number, or by chance from a seed.

| fault   | what happens to a message                                                        |
|---------|----------------------------------------------------------------------------------|
| lost    | it never arrives; the line breaks                                                |
| cut     | it is taken, its answer is lost; the line breaks                                 |
| silent  | it is taken, its answer never leaves; the line stays                             |
| bent    | one bit of its answer is wrong                                                   |
| crossed | another message's answer comes first                                             |
| late    | the answer to the message before comes first, once more                          |
| busy    | 96, nothing was looked at                                                        |
| keys    | the acquirer has forgotten its working keys                                      |
"""

import random

from firmware.errors import FormatError
from host_tools.acquirer import message
from sim.acquirer import SimulatedAcquirer

FAULTS = ("lost", "cut", "silent", "bent", "crossed", "late", "busy", "keys")
BUSY = "96"


class Faults:
    """`plan`: number of a message, from 1, -> fault. `share`: of all others, by chance."""

    def __init__(
        self,
        plan: dict[int, str] | None = None,
        share: float = 0.0,
        seed: int = 0,
        kinds: tuple[str, ...] = FAULTS,
    ):
        self.plan = dict(plan or {})
        self.share = share
        self.kinds = kinds
        self.random = random.Random(seed)
        self.number = 0
        self.met: dict[str, int] = {}

    def next(self) -> str:
        """The fault of the next message, "" for none."""
        self.number += 1
        found = self.plan.get(self.number, "")
        if not found and self.share and self.random.random() < self.share:
            found = self.random.choice(self.kinds)
        if found:
            self.met[found] = self.met.get(found, 0) + 1
        return found


class FaultyWay:
    """The acquirer behind a way with faults: frames in, what comes back out."""

    def __init__(self, host: SimulatedAcquirer, faults: Faults):
        self.host = host
        self.faults = faults
        self._before = b""

    def send(self, frame: bytes) -> tuple[list[bytes], bool]:
        """(frames that come back, whether the line holds)."""
        fault = self.faults.next()
        if fault == "lost":
            return [], False
        if fault == "keys":
            for terminal in self.host.masters:
                self.host.book.keep_mac_key(terminal, b"")
        answer = self.host.put_off(frame, BUSY) if fault == "busy" else self.host.answer(frame)
        if answer is None or fault == "cut":
            return [], False
        if fault == "silent":
            return [], True
        before, self._before = self._before, answer
        if fault == "bent":
            return [_bent(answer, self.faults.random)], True
        if fault in ("crossed", "late"):
            stray = before if fault == "late" and before else _of_another(answer)
            return [stray, answer], True
        return [answer], True


def _bent(frame: bytes, chance: random.Random) -> bytes:
    """One bit behind the length wrong."""
    at = chance.randrange(2, len(frame))
    return frame[:at] + bytes([frame[at] ^ 1 << chance.randrange(8)]) + frame[at + 1 :]


def _of_another(frame: bytes) -> bytes:
    """The same answer with another trace number, its MAC not right any more."""
    found = message.unpack(frame)
    trace = "%06d" % ((int(found.text(11) or "0") + 1) % 1_000_000)
    return message.pack(found._replace(fields={**found.fields, 11: trace}))


def parse(text: str) -> dict[int, str]:
    """A plan of "3:cut,7:lost". FormatError says what is wrong with it."""
    plan = {}
    for one in filter(None, text.split(",")):
        number, _, fault = one.strip().partition(":")
        if not number.isdecimal() or fault not in FAULTS:
            raise FormatError(f"{one!r} is no fault: NUMBER:KIND, KIND of {', '.join(FAULTS)}")
        plan[int(number)] = fault
    return plan
