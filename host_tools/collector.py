# SPDX-License-Identifier: Apache-2.0
"""Collector: the other end of upload, without I/O: one frame in, one frame out.

A batch is acknowledged when the ledger has it on disk, never before (CL-007). The rules
(clearing.md 9 and 11):
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

Every frame gets an answer that names what was wrong with it; answer() raises nothing.
"""

import threading
from collections.abc import Callable, Container

from sqlalchemy.exc import SQLAlchemyError

from firmware.errors import FormatError
from firmware.formats import batch
from host_tools.ledger import Ledger

TOP = 0xFFFFFFFF  # of a sequence's four bytes


class Collector:
    """`terminals`: the ids that are served, None for all. May be used by several threads."""

    def __init__(
        self,
        ledger: Ledger,
        terminals: Container[int] | None = None,
        time_utc_s: Callable[[], float] | None = None,
    ):
        self.ledger = ledger
        self.terminals = terminals
        self.time_utc_s = time_utc_s  # None: whoever asks for the time is told that nobody knows
        self.error = ""  # the last reason why the ledger could not commit
        self._one_at_a_time = threading.Lock()

    def answer(self, frame: bytes) -> bytes:
        """The ACK or REJECT frame for one request frame."""
        if not batch.whole(frame):
            return damaged("no whole frame")
        if frame[2] != batch.VERSION:
            text = f"version {frame[2]}, this is version {batch.VERSION}"
            return batch.pack_reject(0, batch.WRONG_VERSION, 0, text)
        try:
            kind, values = batch.unseal(frame)
        except FormatError as wrong:
            return damaged(str(wrong))
        if kind == batch.ASK_TIME and self.time_utc_s:
            now_s = int(self.time_utc_s())
            return batch.pack_time(values["terminal_id"], batch.crc_of(frame), now_s)
        if kind != batch.BATCH:
            return batch.pack_reject(values["terminal_id"], batch.UNEXPECTED, 0, "no batch")
        terminal = values["terminal_id"]
        if self.terminals is not None and terminal not in self.terminals:
            return batch.pack_reject(terminal, batch.UNKNOWN_TERMINAL, 0, "not served here")
        try:
            with self._one_at_a_time:
                return self._take(terminal, values["items"], batch.crc_of(frame))
        except SQLAlchemyError as failed:
            self.error = str(failed)
            return batch.pack_reject(terminal, batch.LATER, 0, "the ledger cannot commit now")
        except FormatError as wrong:
            return batch.pack_reject(terminal, batch.UNEXPECTED, 0, str(wrong))

    def _take(self, terminal: int, items: list[tuple[int, bytes]], batch_crc: int) -> bytes:
        last = self.ledger.last_sequence(terminal)
        if not items:
            return batch.pack_ack(terminal, batch_crc, last)
        expected = last + 1 if last < TOP else 0
        first = items[0][0]
        numbers = [sequence for sequence, _ in items]
        if first < 1 or numbers != list(range(first, first + len(items))):
            text = "the numbers of a batch rise by one"
            return batch.pack_reject(terminal, batch.UNEXPECTED, expected, text)
        if numbers[-1] >= TOP:
            text = f"{TOP} is no number of a record"
            return batch.pack_reject(terminal, batch.UNEXPECTED, expected, text)
        if last and first > last + 1:
            text = f"expected {expected}, not {first}"
            return batch.pack_reject(terminal, batch.GAP, expected, text)
        stored = dict(self.ledger.raw(terminal, first, last))
        for sequence, raw in items:
            if raw and stored.get(sequence, raw) != raw:
                text = f"{sequence} is stored with other bytes"
                return batch.pack_reject(terminal, batch.CONFLICT, expected, text)
        new = [(n, raw) for n, raw in items if n > last or (raw and n not in stored)]
        if new:
            self.ledger.commit(terminal, new)
        return batch.pack_ack(terminal, batch_crc, numbers[-1])


def damaged(text: str) -> bytes:
    """REJECT for bytes that were no frame, so that a half-parsed message gets an answer."""
    return batch.pack_reject(0, batch.DAMAGED, 0, text)
