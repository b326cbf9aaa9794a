# SPDX-License-Identifier: Apache-2.0
"""A day of taps as frames, made as they are sent and alike each time, and a sender over loopback.

Records are those of a bus, all fields as long as there; what tells sales apart is drawn from the
seed, the terminal and the batch, so that a day sent twice is the same day and nothing of it has
to be kept.
"""

import random
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from firmware.errors import LinkLost
from firmware.formats import batch, fields, record

LOOPBACK = "127.0.0.1"
RANDOM_FIELDS = ("tc", "uid", "chip_data", "gpo_command_data", "gpo_answer")
SIZES = {"tc": 8, "uid": 4, "chip_data": 260, "gpo_command_data": 60, "gpo_answer": 100}
ANSWER_BYTES = 4096
WAIT_S = 60  # for an answer
FARES_FEN = (100, 150, 180, 200, 300)


class Day:
    """`terminals` terminals with `batches` frames of `each` records, from number 1 on."""

    def __init__(self, records: int, terminals: int, each: int = 100, cards: int = 10**6, seed=6):
        self.terminals = terminals
        self.each = each
        self.batches = -(-records // (terminals * each))
        self.cards = cards
        self.seed = seed
        self.count = terminals * self.batches * each
        self.time_utc_s = int(time.time())
        self._parts = _template(self.time_utc_s)

    @property
    def fen(self) -> int:
        """What all its sales come to."""
        whole, rest = divmod(self.count, len(FARES_FEN))
        return whole * sum(FARES_FEN) + sum(FARES_FEN[:rest])

    def frames(self, terminal: int) -> Iterator[bytes]:
        """Frames of a terminal, 1..terminals, in their order."""
        for number in range(self.batches):
            items = list(self.items(terminal, number))
            yield batch.pack_batch(terminal, items, batch.FRAME_MOST)

    def items(self, terminal: int, number: int) -> Iterator[tuple[int, bytes]]:
        """(sequence, record bytes) of a terminal's batch, counted from 0."""
        first = number * self.each
        before = (terminal - 1) * self.batches * self.each
        drawn = random.Random(f"{self.seed} {terminal} {number}")
        for at in range(self.each):
            one = before + first + at
            yield first + at + 1, self._record(drawn, one)

    def _record(self, drawn: random.Random, number: int) -> bytes:
        fresh = {
            "pan": pan_of(drawn.randrange(self.cards)),
            "atc": (number & 0xFFFF).to_bytes(2, "big"),
            "amount_fen": FARES_FEN[number % len(FARES_FEN)].to_bytes(4, "big"),
        }
        return b"".join(
            [
                fresh.get(part) or drawn.randbytes(SIZES[part]) if isinstance(part, str) else part
                for part in self._parts
            ]
        )


def pan_of(number: int) -> bytes:
    """5A of a card of 19 digits."""
    return bytes.fromhex(f"622848{number:013d}f")


def _template(time_utc_s: int) -> list[bytes | str]:
    """A record in pieces: bytes, and names of fields that are put in."""
    local = time.gmtime(time_utc_s + 8 * 3600)
    values = record.blank(record.APPROVED)
    values |= {
        "reason": "ok", "time_utc_s": time_utc_s, "date": time.strftime("%y%m%d", local),
        "time": time.strftime("%H%M%S", local), "device": "bus", "line": 52, "vehicle": 8061,
        "driver": 4711, "shift": 1, "full_fare_fen": 200, "fare_class": "adult",
        "oda": "fdda01", "pan": pan_of(0), "aid": bytes.fromhex("a000000333010106"),
        "clock_trusted": 1, "rule": "flat", "trade": 2,
    }  # fmt: skip
    values |= {name: bytes(SIZES[name]) for name in RANDOM_FIELDS}
    parts: list[bytes | str] = []
    for name, kind in record.RECORD_V3:
        packed = kind.pack(name, values[name])
        if name in RANDOM_FIELDS or name in ("pan", "atc", "amount_fen"):
            width = kind.width if isinstance(kind, fields.Sized) else 0
            parts += [packed[:width], name]
        else:
            parts.append(packed)
    return _joined(parts)


def _joined(parts: list[bytes | str]) -> list[bytes | str]:
    """The same with neighbouring bytes in one piece."""
    joined: list[bytes | str] = [b""]
    for part in parts:
        last = joined[-1]
        if isinstance(part, bytes) and isinstance(last, bytes):
            joined[-1] = last + part
        else:
            joined.append(part)
    return joined


class Told(NamedTuple):
    """What sending came to; kib: resident memory of the collector, now and then."""

    seconds: float
    frames: int
    kib: list[int]


def send(
    port: int,
    terminals: int,
    frames: Callable[[int], Iterator[bytes]],
    lines: int,
    pid: int | None,
    sample_s: float = 1.0,
) -> Told:
    """Send the frames of terminals 1..terminals over `lines` connections on loopback.

    Each terminal calls, waits for the acknowledgement of each of its frames, as they do, and
    hangs up for the next one. LinkLost where a batch is not acknowledged.
    """
    selector = selectors.DefaultSelector()
    waiting = iter(range(1, terminals + 1))
    for _ in range(lines):
        _call(selector, port, waiting, frames)
    begun = time.perf_counter()
    sampled, kib, done = begun - sample_s, [], 0
    while selector.get_map():
        ready = selector.select(WAIT_S)
        if not ready:
            raise LinkLost(f"no answer for {WAIT_S} s")
        for key, _ in ready:
            done += 1
            _go_on(selector, key, port, waiting, frames)
        if pid and time.perf_counter() - sampled >= sample_s:
            sampled = time.perf_counter()
            kib.append(resident_kib(pid))
    return Told(time.perf_counter() - begun, done, kib)


def _call(selector, port, waiting, frames) -> None:
    terminal = next(waiting, None)
    if terminal is None:
        return
    line = socket.create_connection((LOOPBACK, port))
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    own = frames(terminal)
    line.sendall(next(own))
    selector.register(line, selectors.EVENT_READ, own)


def _go_on(selector, key, port, waiting, frames) -> None:
    kind, values = batch.unseal(key.fileobj.recv(ANSWER_BYTES))
    if kind != batch.ACK:
        raise LinkLost(f"a batch was refused: {values['text']}")
    frame = next(key.data, None)
    if frame is not None:
        key.fileobj.sendall(frame)
        return
    selector.unregister(key.fileobj)
    key.fileobj.close()
    _call(selector, port, waiting, frames)


def resident_kib(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4
