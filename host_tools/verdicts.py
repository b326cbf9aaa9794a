# SPDX-License-Identifier: Apache-2.0
"""What the collector decides about requests within a sitting of the ledger (collector.py has the
rules), and the frames that say so.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from firmware.formats import batch, messages
from firmware.formats.session_key import NO_SESSION
from host_tools import sessions
from host_tools.ledger.entry import Entry
from host_tools.ledger.sitting import SERVED, Sitting, Standing
from host_tools.sessions import Signed

TOP = 0xFFFFFFFF  # of a sequence's four bytes
NOBODY = 0  # the terminal under which refusals of unknown ones are counted
KEPT_ASIDE = (batch.CONFLICT, batch.UNEXPECTED)  # codes whose batches go to quarantine
SERVE_NOT = "not served here"
NOT_YOURS = "not authentic"
HELLO_AGAIN = "say hello again"
# Beside the words for codes, what refusals are counted as
REPLAYED = "replayed"
UNSIGNED = "unsigned"
TWINS = "two terminals with one identity"
BEHIND = "a journal behind the ledger"

Alarm = Callable[[int, str], None]


class Files(Protocol):
    """What terminals fetch, and what they say of themselves: ledger/desk.py."""

    def standing(self, sitting: Sitting, terminal: int, packed: bytes) -> list[tuple]:
        """Note a packed status; rows of STANDING: files that this terminal should fetch."""
        ...

    def piece(
        self, terminal: int, kind: int, version: int, offset: int, count: int
    ) -> bytes | None:
        """Bytes of a file, none behind its end; None where it is not offered."""
        ...


class Batch(NamedTuple):
    """A request for the ledger that is in order as far as its bytes can tell: a BATCH, or a
    signed STATUS.
    """

    frame: bytes
    terminal: int
    items: list[tuple[int, bytes]]
    entries: list[Entry]
    signed: Signed | None = None


class Refusal(NamedTuple):
    """Why a batch is not taken; counted as `reason`, as the word for the code without one."""

    code: int
    expected: int
    text: str
    reason: str = ""


class Told(NamedTuple):
    """What answers a STATUS."""

    upto: int
    gaps: list[tuple[int, int]]
    files: list[tuple]


Verdict = int | Refusal | Told  # a number: all up to it are stored


class Judge:
    """The rules of a collector: who may say what, and what is told whom."""

    def __init__(self, enrolment: bool, unsigned: bool, files: Files | None, alarm: Alarm | None):
        self.enrolment = enrolment
        self.unsigned = unsigned
        self.files = files
        self.alarm = alarm

    def judged(self, sitting: Sitting, batches: list[Batch]) -> list[Verdict]:
        """For each batch, of different terminals, what becomes of it; what is taken is stored."""
        called = {one.terminal for one in batches}
        known = sitting.standings(called)
        if self.enrolment and called - known.keys():
            sitting.enrol(called - known.keys())
            known = sitting.standings(called)
        verdicts: list[Verdict] = []
        new: list[Entry] = []
        for one in batches:
            standing = known.get(one.terminal)
            verdict = self._admitted(sitting, standing, one)
            if standing and not verdict:
                if one.signed and one.signed.kind == messages.STATUS:
                    verdict = self._told(sitting, standing, one.signed)
                else:
                    verdict = _numbers(sitting, standing, one)
            if isinstance(verdict, Refusal):
                _put_down(sitting, one, verdict, standing)
            elif standing and isinstance(verdict, int):
                new += _new(sitting, one, standing.last_sequence)
            verdicts.append(verdict or 0)
        if new:
            sitting.store(new)
        return verdicts

    def _admitted(self, sitting: Sitting, standing: Standing | None, one: Batch) -> Verdict | None:
        """Why this terminal may not say anything now; None: it may."""
        if standing is None or standing.state != SERVED:
            return Refusal(batch.UNKNOWN_TERMINAL, 0, SERVE_NOT)
        if one.signed is None:
            if standing.signs or not self.unsigned:
                return Refusal(batch.NOT_AUTHENTIC, 0, NOT_YOURS, UNSIGNED)
        elif one.signed.session != NO_SESSION:
            if one.signed.session < standing.session:
                return Refusal(batch.SESSION_OVER, 0, HELLO_AGAIN, REPLAYED)
            if one.signed.session > standing.session:
                sitting.change(one.terminal, session=one.signed.session)
        return None

    def _told(self, sitting: Sitting, standing: Standing, signed: Signed) -> Told:
        """Take note of a STATUS.

        A number that is drawn at each start, and comes back after another one was heard, is that
        of a second terminal which is alive at the same time.
        """
        terminal, boot = signed.terminal, signed.values["boot"]
        doubts = [TWINS] if boot == standing.boot_before else []
        if signed.values["last_number"] < standing.last_sequence:
            doubts.append(BEHIND)
        for reason in doubts:
            sitting.refuse(terminal, reason)
            if self.alarm:
                self.alarm(terminal, reason)
        if boot != standing.boot:
            sitting.change(terminal, boot=boot, boot_before=standing.boot)
        sitting.key_used(terminal, signed.signer.key_id)
        files: list[tuple] = []
        if self.files:
            files = self.files.standing(sitting, terminal, signed.values["status"])
        gaps = [(one, one) for one in sitting.lost(terminal, messages.ROWS_MOST)]
        return Told(standing.last_sequence, gaps, files[: messages.ROWS_MOST])


def packed(one: Batch, verdict: Verdict, now_s: float) -> bytes:
    """The frame that answers a request at `now_s`, seconds since 1970."""
    if isinstance(verdict, Refusal):
        said = (verdict.code, verdict.expected, verdict.text)
        if one.signed:
            return sessions.reject(one.signed, *said)
        return batch.pack_reject(one.terminal, *said)
    if isinstance(verdict, Told):
        assert one.signed
        told = {"time_utc_s": int(now_s), **verdict._asdict()}
        return sessions.answer(one.signed, messages.STANDING, told)
    if one.signed is None:
        return batch.pack_ack(one.terminal, batch.crc_of(one.frame), verdict)
    first, last = (one.items[0][0], one.items[-1][0]) if one.items else (0, 0)
    return sessions.answer(one.signed, batch.ACK, {"first": first, "last": last, "upto": verdict})


def _put_down(sitting: Sitting, one: Batch, verdict: Refusal, standing: Standing | None) -> None:
    """Count a refusal and keep the batch, if it is to be kept.

    Unknown terminals share one count: whoever invents numbers fills no table.
    """
    terminal = one.terminal if standing else NOBODY
    sitting.refuse(terminal, verdict.reason or batch.reject_name(verdict.code))
    if verdict.code in KEPT_ASIDE:
        sitting.keep_aside(terminal, verdict.text, one.frame)


def _numbers(sitting: Sitting, standing: Standing, one: Batch) -> int | Refusal:
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
