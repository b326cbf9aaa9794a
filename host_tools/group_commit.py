# SPDX-License-Identifier: Apache-2.0
"""Workers: threads that answer frames in groups, one commit a group.

While a group is being committed the next one gathers, so the busier the lines are the more records
share a commit, and a single record waits for nobody. At most `most` frames wait; one more is not
taken, and whoever offered it says so to its peer (back-pressure).
"""

import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

FRAMES_MOST = 128  # waiting; the terminals whose frames are not taken back off with jitter
GROUP_MOST = 64  # frames of one commit, some 400 records
LINGER_S = 0.002  # for as many as came last time: lines that are answered together ask together

Peer = TypeVar("Peer")


class Answering(Protocol):
    """A Collector, or the way to one."""

    def answers(self, frames: list[bytes]) -> list[bytes]: ...


class Workers(Generic[Peer]):
    """`done([(peer, answer)])` is called by a worker for each group; the answer is None where the
    collector had a fault of the kinds in `faults` with that very frame.
    """

    def __init__(
        self,
        collector: Answering,
        done: Callable[[list[tuple[Peer, bytes | None]]], None],
        faults: tuple[type[Exception], ...],
        count: int = 1,
        most: int = FRAMES_MOST,
    ):
        self._collector = collector
        self._done = done
        self._faults = faults
        self._waiting: queue.Queue[tuple[Peer, bytes]] = queue.Queue(most)
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"worker {number}", daemon=True)
            for number in range(count)
        ]

    def start(self) -> None:
        """Once."""
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        """False before start(), after stop() and if one has died."""
        return all(thread.is_alive() for thread in self._threads)

    def offer(self, peer: Peer, frame: bytes) -> bool:
        """Have a frame answered; False where too many are waiting."""
        try:
            self._waiting.put_nowait((peer, frame))
        except queue.Full:
            return False
        return True

    def stop(self) -> None:
        """End; groups at hand are answered first, frames that wait are not."""
        self._over.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _work(self) -> None:
        before = 1
        while not self._over.is_set():
            try:
                group = [self._waiting.get(timeout=0.2)]
            except queue.Empty:
                continue
            self._gather(group, before)
            before = len(group)
            self._answer(group)

    def _gather(self, group: list[tuple[Peer, bytes]], wanted: int) -> None:
        """Add what waits; a line that is alone is not kept waiting for others."""
        end_s = time.monotonic() + LINGER_S
        while len(group) < GROUP_MOST:
            left_s = end_s - time.monotonic() if len(group) < wanted else 0
            try:
                group.append(self._waiting.get(left_s > 0, max(left_s, 0)))
            except queue.Empty:
                return

    def _answer(self, group: list[tuple[Peer, bytes]]) -> None:
        try:
            answers: list[bytes | None] = [*self._collector.answers([one[1] for one in group])]
        except self._faults:
            if len(group) > 1:
                for one in group:
                    self._answer([one])
                return
            answers = [None]
        self._done([(peer, answer) for (peer, _), answer in zip(group, answers, strict=True)])
