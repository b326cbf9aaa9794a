# SPDX-License-Identifier: Apache-2.0
"""The hub of many lanes: entries of all entry lanes go to all exit lanes, and who has left by one
is gone at all others. Pure: ports are fed bytes and asked for bytes (neighbours/lane_line.py).

An entry lane speaks to the hub as to an exit lane (far_store.py), so its barrier opens when the
hub has the entry. An exit lane (hub_store.py) keeps all entries itself and is told each change,
one after the other. Whoever was not heard, or asks, is told everything between BEGIN and END.
A lane that cannot keep what it is told hears nothing more, not even a sign of life: it knows that
it is not linked, and asks nobody for an entry that may be missing there.
"""

import secrets
from collections.abc import Callable
from datetime import datetime

from firmware.devices.hub_store import BEGIN, END, mark
from firmware.devices.lane_store import BODY, ENTER, LEAVE, Entry, pack_entry, unpack_entry
from firmware.neighbours.lane_line import LaneLine
from host_tools.lanes.entries import Entries

RETRY_MS = 30000  # until a lane that could not keep an entry is tried again


class Port:
    """One lane. `queue`: bodies for an exit lane, the first of them under way; None while it has
    not been told everything.
    """

    def __init__(self, name: str, is_exit: bool):
        self.name, self.is_exit = name, is_exit
        self.line = LaneLine()
        self.queue: list[bytes] | None = None
        self.until_ms = 0  # no word before
        self.was_silent = True


class Hub:
    """report(text): what somebody should know. Call feed() and outgoing() of each port often."""

    def __init__(self, entries: Entries, report: Callable[[str], None]):
        self.entries, self.report = entries, report
        self.ports: list[Port] = []
        self.marks = secrets.randbits(48)  # no answer to a hub before this one is taken for ours

    def add(self, name: str, is_exit: bool) -> Port:
        """A lane more."""
        port = Port(name, is_exit)
        self.ports.append(port)
        return port

    def feed(self, port: Port, data: bytes, now_ms: int) -> None:
        """What came from a lane."""
        for said in port.line.feed(data, now_ms):
            if said[0] == "put":
                if len(said[1]) == BODY:
                    port.line.answer(said[1], self._judged(port, said[1]))
            elif said[0] == "verdict" and port.is_exit:
                self._answered(port, said[1], said[2], now_ms)
        if port.line.silent != port.was_silent:
            port.was_silent = port.line.silent
            self.report(f"{port.name}: {'not heard any more' if port.was_silent else 'is there'}")
        if port.line.silent:
            port.queue = None
        elif port.is_exit and port.queue is None and now_ms >= port.until_ms:
            self._tell_all(port)

    def outgoing(self, port: Port, now_ms: int) -> bytes:
        """What a lane is told now."""
        if now_ms < port.until_ms:
            return b""
        if port.queue and not port.line.open:
            port.line.put(port.queue[0])
        return port.line.outgoing(now_ms)

    def forget(self, now: datetime, days: int) -> int:
        """Take out who has been inside for so many days; returns how many."""
        old = self.entries.older_than(now, days)
        return sum(self._leave(one) for one in old)

    def _judged(self, port: Port, body: bytes) -> str:
        op, entry = body[0], unpack_entry(body)
        known = self.entries.find(entry.key)
        if op == ENTER and not port.is_exit:
            if known == entry:
                return "stored"
            verdict = self.entries.judge(entry)
            if verdict == "stored":
                self._push(body)
            return verdict
        if op == LEAVE and port.is_exit:
            return "stored" if known != entry or self._leave(entry) else "lost"
        if op == BEGIN and port.is_exit:
            self._tell_all(port)
            return "stored"
        return "lost"

    def _leave(self, entry: Entry) -> bool:
        """True when an entry is gone here; all lanes are told: the one where it left may still
        have it in its queue.
        """
        gone = self.entries.leave(entry)
        if gone:
            self._push(pack_entry(LEAVE, entry))
        return gone

    def _push(self, body: bytes) -> None:
        for port in self.ports:
            if port.queue is not None:
                port.queue.append(body)

    def _tell_all(self, port: Port) -> None:
        self.marks += 2
        inside = [pack_entry(ENTER, one) for one in self.entries.all()]
        port.queue = [mark(BEGIN, self.marks), *inside, mark(END, self.marks + 1)]

    def _answered(self, port: Port, body: bytes, verdict: str, now_ms: int) -> None:
        if not port.queue or port.queue[0] != body:
            return  # of a telling that was begun anew
        if verdict == "stored":
            port.queue.pop(0)
        elif verdict == "full":
            self.report(f"{port.name}: its store is full, raise `store_blocks`: it is not linked")
            port.queue, port.until_ms = None, now_ms + RETRY_MS
