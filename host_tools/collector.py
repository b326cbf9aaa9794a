# SPDX-License-Identifier: Apache-2.0
"""Collector: the other end of upload, without I/O: frames in, one answer for each.

Frames that came together are committed together, one transaction for records of many terminals
(group commit); a batch is acknowledged when the ledger has it on disk, never before (CL-007). The
rules (clearing.md 9 and 11):
* The numbers of a batch rise by one. The first batch of a terminal never seen begins anywhere.
* After that a batch begins at the last stored number + 1 or below. Above: REJECT gap, with the
  number expected.
* What is stored already is compared. The same bytes do no harm (CL-006); other bytes are REJECT
  conflict and nothing of the batch is stored: two terminals share a number, or one was reset
  (CL-015). A person has to look.
* A record that no version here explains is stored and acknowledged: bytes kept are not lost.
* Number 0 and the top number are never given out (after the top one nothing could be expected):
  REJECT unexpected.
* A batch without items asks how far we are: the answer acknowledges the last stored number.
* A terminal that is not in the registry is refused, unless enrolment is open; one that somebody
  has stopped is refused always.
* A terminal that has a key is heard when it signs, and no other way (formats/messages.py). What is
  not authentic is told just that; forged, stale and unsigned ones are counted apart.
* Of a terminal's sessions the one opened last counts, from its first request on: what comes in an
  older one is a replay.

What cannot be taken is counted, and a batch that is wrong in itself is kept in quarantine, because
it may hold the only copy of a sale. Every frame gets an answer that names what was wrong with it;
answers() raises nothing.
"""

import time
from collections.abc import Callable, Container

from sqlalchemy.exc import SQLAlchemyError

from firmware.errors import FormatError
from firmware.formats import batch, messages
from firmware.formats.session_key import NO_SESSION
from host_tools import sessions
from host_tools.ledger import Ledger, faults
from host_tools.ledger.credentials import Credentials
from host_tools.refusal_counts import EVERY_S, RefusalCounts
from host_tools.sessions import Signed
from host_tools.verdicts import (
    HELLO_AGAIN,
    KEPT_ASIDE,
    NOBODY,
    NOT_YOURS,
    SERVE_NOT,
    TOP,
    Batch,
    Files,
    Judge,
    Refusal,
    packed,
)

CANNOT = "the ledger cannot commit now"
PIECE_MOST = 60000  # bytes of a PIECE
__all__ = ["TOP", "Collector", "busy", "damaged"]


class Collector:
    """`terminals`: the ids that are served, None for all; enrolment: whether one that the ledger
    does not know is entered by its first batch. May be used by several threads.

    unsigned: whether batches without a signature are taken, of terminals that have no key.
    counts_every_s: how often refusals of what is not authentic are stored; 0: at once.

    `error`: the last reason why the ledger could not commit; `trouble` its name (ledger/faults.py)
    for as long as it lasts. `alarm(terminal, reason)` is called for what a person has to look at:
    two terminals with one number, a batch in quarantine; of terminal 0, when the ledger cannot
    commit and when it can again.
    """

    def __init__(
        self,
        ledger: Ledger,
        terminals: Container[int] | None = None,
        time_utc_s: Callable[[], float] | None = None,
        enrolment: bool = True,
        alarm: Callable[[int, str], None] | None = None,
        unsigned: bool = True,
        files: Files | None = None,
        counts_every_s: float = EVERY_S,
    ):
        self.ledger = ledger
        self.terminals = terminals
        self.time_utc_s = time_utc_s  # None: whoever asks for the time is told that nobody knows
        self.alarm = alarm
        self.files = files
        self.error = self.trouble = ""
        self._judge = Judge(enrolment, unsigned, files, alarm)
        self._counts = RefusalCounts(ledger, counts_every_s)

    def answer(self, frame: bytes) -> bytes:
        """The answer to one request frame."""
        return self.answers([frame])[0]

    def answers(self, frames: list[bytes]) -> list[bytes]:
        """The answer to each frame, in their order; what is acknowledged is on disk."""
        known = self._credentials(frames)
        found = [self._understood(frame, known) for frame in frames]
        waiting = [(at, one) for at, one in enumerate(found) if isinstance(one, Batch)]
        while waiting:
            turn, waiting = _one_of_each(waiting)
            for (at, _), answer in zip(turn, self._taken([one for _, one in turn]), strict=True):
                found[at] = answer
        self._counts.store()
        return found  # type: ignore[return-value]

    def flush(self) -> None:
        """Write down refusals that were counted and not stored yet."""
        self._counts.store(at_once=True)

    def _credentials(self, frames: list[bytes]) -> dict[int, Credentials] | None:
        """Of the terminals that signed frames name; None where the ledger cannot say."""
        named = set()
        for frame in frames:
            try:
                named.add(messages.addressed(frame)[1])
            except FormatError:
                continue
        if not named:
            return {}
        try:
            return self.ledger.credentials(named)
        except (SQLAlchemyError, FormatError) as failed:
            self._cannot(failed, faults.name_of(failed), len(frames))
            return None

    def _understood(self, frame: bytes, known: dict | None) -> bytes | Batch:
        """An answer where none needs the ledger."""
        if not batch.whole(frame):
            return damaged("no whole frame")
        try:
            if frame[2] == messages.VERSION:
                return self._opened(frame, known)
            if frame[2] != batch.VERSION:
                text = f"version {frame[2]}, this is version {messages.VERSION}"
                return batch.pack_reject(0, batch.WRONG_VERSION, 0, text)
            kind, values = batch.unseal(frame)
        except FormatError as wrong:
            return damaged(str(wrong))
        terminal = values["terminal_id"]
        if kind == batch.ASK_TIME and self.time_utc_s:
            return batch.pack_time(terminal, batch.crc_of(frame), int(self.time_utc_s()))
        if kind != batch.BATCH:
            return batch.pack_reject(terminal, batch.UNEXPECTED, 0, "no batch")
        return self._batch(frame, terminal, values["items"], None)

    def _opened(self, frame: bytes, known: dict | None) -> bytes | Batch:
        """A signed frame. FormatError where it is none."""
        if known is None:
            return batch.pack_reject(0, batch.LATER, 0, CANNOT)
        terminal = messages.addressed(frame)[1]
        signed = sessions.opened(self.ledger.vault, frame, known.get(terminal))
        if not isinstance(signed, Signed):
            self._counts.add(terminal if terminal in known else NOBODY, signed.reason)
            return batch.pack_reject(0, batch.NOT_AUTHENTIC, 0, NOT_YOURS)
        now_ms = int(self._now_s() * 1000)
        if signed.kind == messages.HELLO:
            return sessions.welcome(self.ledger.vault, signed, known[terminal], now_ms)
        if signed.session != NO_SESSION and now_ms - signed.opened_ms > sessions.SESSION_MS:
            self._counts.add(terminal, batch.reject_name(batch.SESSION_OVER))
            return sessions.reject(signed, batch.SESSION_OVER, 0, HELLO_AGAIN)
        if signed.kind == batch.BATCH:
            return self._batch(frame, terminal, signed.values["items"], signed)
        if signed.session == NO_SESSION:
            return sessions.reject(signed, batch.UNEXPECTED, 0, "of a file nothing but batches")
        if signed.kind == messages.STATUS:
            return self._batch(frame, terminal, [], signed)
        if signed.kind == messages.FETCH:
            return self._piece(signed)
        return sessions.answer(signed, batch.TIME, {"time_utc_s": now_ms // 1000})

    def _piece(self, signed: Signed) -> bytes:
        kind, version, offset = (signed.values[name] for name in ("kind", "version", "offset"))
        count = min(signed.values["count"], PIECE_MOST)
        data = None
        try:
            if self.files:
                data = self.files.piece(signed.terminal, kind, version, offset, count)
        except (SQLAlchemyError, OSError) as failed:
            self._cannot(failed, faults.name_of(failed))
            return sessions.reject(signed, batch.LATER, 0, CANNOT)
        if data is None:
            text = f"no file of kind {kind}, version {version}"
            return sessions.reject(signed, batch.NOT_OFFERED, 0, text)
        values = {"kind": kind, "version": version, "offset": offset, "data": data}
        return sessions.answer(signed, messages.PIECE, values)

    def _batch(
        self, frame: bytes, terminal: int, items: list[tuple[int, bytes]], signed: Signed | None
    ) -> bytes | Batch:
        if self.terminals is not None and terminal not in self.terminals:
            return packed(
                Batch(frame, terminal, [], [], signed),
                Refusal(batch.UNKNOWN_TERMINAL, 0, SERVE_NOT),
                self._now_s(),
            )
        entries = [self.ledger.entry(terminal, number, raw) for number, raw in items]
        return Batch(frame, terminal, items, entries, signed)

    def _now_s(self) -> float:
        return (self.time_utc_s or time.time)()

    def _taken(self, batches: list[Batch]) -> list[bytes]:
        """Answers to batches of different terminals, committed in one transaction.

        Where that fails they are tried one by one, so that one does not keep the others away.
        """
        try:
            with self.ledger.sitting([e for one in batches for e in one.entries]) as sitting:
                verdicts = self._judge.judged(sitting, batches)
        except (SQLAlchemyError, FormatError) as failed:
            name = faults.name_of(failed)
            if len(batches) > 1 and name not in faults.ALL_ALIKE:
                return [answer for one in batches for answer in self._taken([one])]
            self._cannot(failed, name, len(batches))
            return [packed(one, Refusal(batch.LATER, 0, CANNOT), self._now_s()) for one in batches]
        self._can()
        for one, verdict in zip(batches, verdicts, strict=True):
            if isinstance(verdict, Refusal) and verdict.code in KEPT_ASIDE and self.alarm:
                self.alarm(one.terminal, verdict.text)
        now_s = self._now_s()
        return [
            packed(one, verdict, now_s) for one, verdict in zip(batches, verdicts, strict=True)
        ]

    def _cannot(self, failed: Exception, name: str, count: int = 1) -> None:
        """Nothing of `count` requests is acknowledged: say so once, count each."""
        self.error = str(failed)
        for _ in range(count):
            self._counts.add(NOBODY, name)
        before, self.trouble = self.trouble, name
        if self.alarm and before != name:
            self.alarm(NOBODY, f"{name}: nothing is acknowledged until it is mended")

    def _can(self) -> None:
        before, self.trouble = self.trouble, ""
        if self.alarm and before:
            self.alarm(NOBODY, f"{before}: mended, batches are taken again")


def damaged(text: str) -> bytes:
    """REJECT for bytes that were no frame, so that a half-parsed message gets an answer."""
    return batch.pack_reject(0, batch.DAMAGED, 0, text)


def busy() -> bytes:
    """REJECT for a frame that was not looked at: the terminal backs off and sends it again."""
    return batch.pack_reject(0, batch.LATER, 0, "busy")


def _one_of_each(waiting: list) -> tuple[list, list]:
    """(the first of each terminal, those that have to wait for it)."""
    first: dict[int, tuple] = {}
    rest = [one for one in waiting if first.setdefault(one[1].terminal, one) is not one]
    return list(first.values()), rest
