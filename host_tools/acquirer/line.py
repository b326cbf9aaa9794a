# SPDX-License-Identifier: Apache-2.0
"""The one driver: a TCP line to the acquirer, and time, around the steps of a dialogue.

A line is opened when something is to be said and closed whenever an answer did not come, so that
no late answer is read for a later request (CL-018). There is no TLS here: acquirers are reached
over their own lines or a tunnel.
"""

import socket
import time
from collections.abc import Callable
from typing import Protocol

from firmware.errors import FormatError, LinkLost
from host_tools.acquirer.message import FrameReader
from host_tools.acquirer.steps import READ_ON, Result, Steps, Wait

TAKEN_BYTES = 4096


class Line(Protocol):
    """exchange(frame) -> the next frame that comes; READ_ON sends nothing. Raises LinkLost."""

    def exchange(self, frame: bytes) -> bytes: ...
    def close(self) -> None: ...


class TcpLine:
    """`address`: HOST:PORT; `answer_s`: silence after which an answer is given up."""

    def __init__(self, address: str, answer_s: float):
        host, _, port = address.rpartition(":")
        self._address = host, int(port)
        self._answer_s = answer_s
        self._socket: socket.socket | None = None
        self._reader = FrameReader()
        self._frames: list[bytes] = []

    def exchange(self, frame: bytes) -> bytes:
        try:
            if frame != READ_ON:
                self._frames.clear()
                self._open().sendall(frame)
            return self._next()
        except (OSError, FormatError, LinkLost) as gone:
            self.close()
            raise LinkLost(f"{self._address[0]}:{self._address[1]}: {gone}") from gone

    def close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None
        self._reader = FrameReader()
        self._frames.clear()

    def _open(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(self._address, self._answer_s)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _next(self) -> bytes:
        if self._socket is None:
            raise LinkLost("the line is closed")
        end = time.monotonic() + self._answer_s
        while not self._frames:
            left = end - time.monotonic()
            if left <= 0:
                raise LinkLost("no answer in time")
            self._socket.settimeout(left)
            data = self._socket.recv(TAKEN_BYTES)
            if not data:
                raise LinkLost("closed by the acquirer")
            self._frames = self._reader.feed(data)
        return self._frames.pop(0)


def drive(steps: Steps[Result], line: Line, wait: Callable[[float], object]) -> Result:
    """Run the steps to their end over the line; what they return. `wait(seconds)` lets time pass.

    FormatError and LinkLost of the steps come through; the line is closed in any case.
    """
    reply: bytes | None = None
    lost: LinkLost | None = None
    try:
        while True:
            try:
                wanted = steps.throw(lost) if lost else steps.send(reply)  # type: ignore[arg-type]
            except StopIteration as end:
                return end.value
            reply = lost = None
            if isinstance(wanted, Wait):
                line.close()
                wait(wanted.seconds)
                continue
            try:
                reply = line.exchange(wanted)
            except LinkLost as gone:
                lost = gone
    finally:
        steps.close()
        line.close()
