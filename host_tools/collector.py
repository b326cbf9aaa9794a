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

What cannot be taken is counted, and a batch that is wrong in itself is kept in quarantine, because
it may hold the only copy of a sale. Every frame gets an answer that names what was wrong with it;
answers() raises nothing.
"""

from collections.abc import Callable, Container
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from firmware.errors import FormatError
from firmware.formats import batch
from host_tools.ledger import Ledger
from host_tools.ledger.entry import Entry
from host_tools.ledger.sitting import SERVED, Sitting, Standing

TOP = 0xFFFFFFFF  # of a sequence's four bytes
NOBODY = 0  # the terminal under which refusals of unknown ones are counted
KEPT_ASIDE = (batch.CONFLICT, batch.UNEXPECTED)  # codes whose batches go to quarantine
SERVE_NOT = "not served here"
CANNOT = "the ledger cannot commit now"


class Batch(NamedTuple):
    """A request that is in order as far as its bytes can tell."""

    frame: bytes
    terminal: int
    items: list[tuple[int, bytes]]
    entries: list[Entry]


class Refusal(NamedTuple):
    """Why a batch is not taken."""

    code: int
    expected: int
    text: str


class Collector:
    """`terminals`: the ids that are served, None for all; enrolment: whether one that the ledger
    does not know is entered by its first batch. May be used by several threads.

    `error`: the last reason why the ledger could not commit. `alarm(terminal, reason)` is called
    for what a person has to look at: two terminals with one number, a batch in quarantine.
    """

    def __init__(
        self,
        ledger: Ledger,
        terminals: Container[int] | None = None,
        time_utc_s: Callable[[], float] | None = None,
        enrolment: bool = True,
        alarm: Callable[[int, str], None] | None = None,
    ):
        self.ledger = ledger
        self.terminals = terminals
        self.time_utc_s = time_utc_s  # None: whoever asks for the time is told that nobody knows
        self.enrolment = enrolment
        self.alarm = alarm
        self.error = ""

    def answer(self, frame: bytes) -> bytes:
        """The ACK or REJECT frame for one request frame."""
        return self.answers([frame])[0]

    def answers(self, frames: list[bytes]) -> list[bytes]:
        """The answer to each frame, in their order; what is acknowledged is on disk."""
        found = [self._understood(frame) for frame in frames]
        waiting = [(at, one) for at, one in enumerate(found) if isinstance(one, Batch)]
        while waiting:
            turn, waiting = _one_of_each(waiting)
            for (at, _), answer in zip(turn, self._taken([one for _, one in turn]), strict=True):
                found[at] = answer
        return found  # type: ignore[return-value]

    def _understood(self, frame: bytes) -> bytes | Batch:
        """An answer where none needs the ledger."""
        if not batch.whole(frame):
            return damaged("no whole frame")
        if frame[2] != batch.VERSION:
            text = f"version {frame[2]}, this is version {batch.VERSION}"
            return batch.pack_reject(0, batch.WRONG_VERSION, 0, text)
        try:
            kind, values = batch.unseal(frame)
        except FormatError as wrong:
            return damaged(str(wrong))
        terminal = values["terminal_id"]
        if kind == batch.ASK_TIME and self.time_utc_s:
            return batch.pack_time(terminal, batch.crc_of(frame), int(self.time_utc_s()))
        if kind != batch.BATCH:
            return batch.pack_reject(terminal, batch.UNEXPECTED, 0, "no batch")
        if self.terminals is not None and terminal not in self.terminals:
            return batch.pack_reject(terminal, batch.UNKNOWN_TERMINAL, 0, SERVE_NOT)
        entries = [self.ledger.entry(terminal, number, raw) for number, raw in values["items"]]
        return Batch(frame, terminal, values["items"], entries)

    def _taken(self, batches: list[Batch]) -> list[bytes]:
        """Answers to batches of different terminals, committed in one transaction.

        Where that fails they are tried one by one, so that one does not keep the others away.
        """
        try:
            with self.ledger.sitting([e for one in batches for e in one.entries]) as sitting:
                verdicts = self._judged(sitting, batches)
        except (SQLAlchemyError, FormatError) as failed:
            if len(batches) > 1:
                return [answer for one in batches for answer in self._taken([one])]
            self.error = str(failed)
            return [batch.pack_reject(batches[0].terminal, batch.LATER, 0, CANNOT)]
        for one, verdict in zip(batches, verdicts, strict=True):
            if isinstance(verdict, Refusal) and verdict.code in KEPT_ASIDE and self.alarm:
                self.alarm(one.terminal, verdict.text)
        return [_packed(one, verdict) for one, verdict in zip(batches, verdicts, strict=True)]

    def _judged(self, sitting: Sitting, batches: list[Batch]) -> list[int | Refusal]:
        """For each batch the number up to which it is stored, or why it is refused."""
        called = {one.terminal for one in batches}
        known = sitting.standings(called)
        if self.enrolment and called - known.keys():
            sitting.enrol(called - known.keys())
            known = sitting.standings(called)
        verdicts: list[int | Refusal] = []
        new: list[Entry] = []
        for one in batches:
            standing = known.get(one.terminal)
            verdict = _verdict(sitting, standing, one)
            if isinstance(verdict, Refusal):
                self._put_down(sitting, one, verdict, standing)
            else:
                new += _new(sitting, one, known[one.terminal].last_sequence)
            verdicts.append(verdict)
        if new:
            sitting.store(new)
        return verdicts

    def _put_down(
        self, sitting: Sitting, one: Batch, verdict: Refusal, standing: Standing | None
    ) -> None:
        """Count a refusal and keep the batch, if it is to be kept.

        Unknown terminals share one count: whoever invents numbers fills no table.
        """
        terminal = one.terminal if standing else NOBODY
        sitting.refuse(terminal, batch.reject_name(verdict.code))
        if verdict.code in KEPT_ASIDE:
            sitting.keep_aside(terminal, verdict.text, one.frame)


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


def _verdict(sitting: Sitting, standing: Standing | None, one: Batch) -> int | Refusal:
    if standing is None or standing.state != SERVED:
        return Refusal(batch.UNKNOWN_TERMINAL, 0, SERVE_NOT)
    last = standing.last_sequence
    if not one.items:
        return last
    expected = last + 1 if last < TOP else 0
    numbers = [sequence for sequence, _ in one.items]
    first = numbers[0]
    if first < 1 or numbers != list(range(first, first + len(numbers))):
        return Refusal(batch.UNEXPECTED, expected, "the numbers of a batch rise by one")
    if numbers[-1] >= TOP:
        return Refusal(batch.UNEXPECTED, expected, f"{TOP} is no number of a record")
    if last and first > last + 1:
        return Refusal(batch.GAP, expected, f"expected {expected}, not {first}")
    if first <= last:
        stored = sitting.digests(one.terminal, first, numbers[-1])
        for entry in one.entries:
            there = stored.get(entry.sequence)
            if there and entry.sealed and there != entry.digest:
                text = f"{entry.sequence} is stored with other bytes"
                return Refusal(batch.CONFLICT, expected, text)
    return numbers[-1]


def _new(sitting: Sitting, one: Batch, last: int) -> list[Entry]:
    """What of a batch that is taken is not stored yet."""
    if not one.entries or one.entries[0].sequence > last:
        return one.entries
    stored = sitting.digests(one.terminal, one.entries[0].sequence, one.entries[-1].sequence)
    new = []
    for entry in one.entries:
        if entry.sequence > last or (entry.sealed and not stored.get(entry.sequence)):
            if entry.sequence in stored:
                sitting.found_again(one.terminal, entry.sequence)
            new.append(entry)
    return new


def _packed(one: Batch, verdict: int | Refusal) -> bytes:
    if isinstance(verdict, Refusal):
        return batch.pack_reject(one.terminal, *verdict)
    return batch.pack_ack(one.terminal, batch.crc_of(one.frame), verdict)
