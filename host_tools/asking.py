# SPDX-License-Identifier: Apache-2.0
"""Asking: a collector's workers for callers that wait for their own answer (HTTP, MQTT).

Frames that different callers ask at the same time share a commit (group_commit.py).
"""

import contextlib
from concurrent.futures import Future, InvalidStateError

from firmware.errors import FormatError
from host_tools.group_commit import FRAMES_MOST, Answering, Workers

FAULTS = (OSError, FormatError, ValueError)


class Asking:
    """`workers` and `most` as in group_commit.py. Started and stopped once."""

    def __init__(self, collector: Answering, workers: int = 1, most: int = FRAMES_MOST):
        self._workers: Workers[Future] = Workers(collector, self._done, FAULTS, workers, most)

    def start(self) -> None:
        self._workers.start()

    def stop(self) -> None:
        """Frames that wait are not answered any more."""
        self._workers.stop()

    @property
    def alive(self) -> bool:
        return self._workers.alive

    def ask(self, frame: bytes) -> "Future[bytes | None] | None":
        """The answer in the future, in it None where the collector had a fault with this frame;
        None at once where too many frames are waiting.
        """
        answer: Future[bytes | None] = Future()
        return answer if self._workers.offer(answer, frame) else None

    def _done(self, answers: list[tuple[Future, bytes | None]]) -> None:
        for future, answer in answers:
            with contextlib.suppress(InvalidStateError):  # nobody waits for it any more
                future.set_result(answer)
