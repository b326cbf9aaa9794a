# SPDX-License-Identifier: Apache-2.0
"""CollectorServer: sockets and a serial line around a Collector (clearing.md 11: same frames).

One thread waits for all lines, workers answer (group_commit.py); each line has its own
FrameReader and one frame at work, and is not read before that is answered. Where too many frames
wait the answer is REJECT later, and the terminal backs off. A frame that breaks off or fails its
CRC is answered by REJECT damaged, at the latest STALE_S after the line fell silent. Nothing a peer
sends ends the server: a line that fails is closed, a serial line is opened again when it is back.

Not here: encryption and authentication. Do not offer the port to a network that is not trusted;
a tunnel (TLS, VPN) belongs in front of it.
"""

import contextlib
import selectors
import socket
import termios
import threading
import time
from collections import deque
from typing import Protocol

import serial as pyserial

from firmware.errors import FormatError
from firmware.formats.batch import FRAME_LIMIT, FrameReader
from host_tools.collector import Collector, busy, damaged
from host_tools.group_commit import FRAMES_MOST, Workers

STALE_S = 2.0  # silence after which half a frame is given up
REOPEN_S = 2.0  # how often a serial line that is gone is tried
IDLE_S = (
    900.0  # silence after which a TCP peer is dropped: a terminal connects again when it sends
)
LINES_MOST = 256  # one more, and the TCP peer heard longest ago goes
# What bytes and lines of a peer can cause: the peer is dropped, the others are served on. pyserial
# lets termios.error and ValueError of a port that was pulled out through.
BROKEN = b""
STOP, ANSWERED = b"\x00", b"\x01"  # what wakes the thread
PEER_FAULTS = (OSError, FormatError, ValueError, termios.error)


class Line(Protocol):
    """Bytes of one peer: take() is b"" when nothing is there, OSError when the line is gone."""

    def fileno(self) -> int: ...
    def take(self) -> bytes: ...
    def put(self, data: bytes) -> None: ...
    def close(self) -> None: ...


class SocketLine:
    """One TCP peer."""

    def __init__(self, connection: socket.socket):
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection

    def fileno(self) -> int:
        return self._connection.fileno()

    def take(self) -> bytes:
        try:
            data = self._connection.recv(FRAME_LIMIT)
        except BlockingIOError:
            return b""
        if not data:
            raise OSError("closed by the peer")
        return data

    def put(self, data: bytes) -> None:
        if self._connection.send(data) < len(data):
            raise OSError("the peer does not read")

    def close(self) -> None:
        self._connection.close()


class SerialLine:
    """A serial port, or a pty. OSError when it cannot be opened."""

    def __init__(self, path: str, baud: int):
        self._port = pyserial.Serial(path, baud, timeout=0, write_timeout=1)

    def fileno(self) -> int:
        return self._port.fileno()

    def take(self) -> bytes:
        return self._port.read(FRAME_LIMIT)

    def put(self, data: bytes) -> None:
        self._port.write(data)

    def close(self) -> None:
        self._port.close()


class Peer:
    """A line and what is known of it."""

    def __init__(self, line: Line):
        self.line = line
        self.reader = FrameReader()
        self.heard_s = time.monotonic()
        self.frames: deque[bytes] = deque()  # whole, to be answered; BROKEN where none came out
        self.at_work = False


class CollectorServer:
    """`tcp`: (host, port), port 0 for any free one, then `.port`; `serial`: path of a port.

    OSError from the constructor where the address is not free, from start() where the serial
    port cannot be opened. Started and stopped once.
    """

    def __init__(
        self,
        collector: Collector,
        tcp: tuple[str, int] | None = None,
        serial: str | None = None,
        baud: int = 115200,
        stale_s: float = STALE_S,
        reopen_s: float = REOPEN_S,
        idle_s: float = IDLE_S,
        lines_most: int = LINES_MOST,
        workers: int = 1,
        frames_most: int = FRAMES_MOST,
    ):
        self.collector = collector
        self.address = tcp
        self.serial_path = serial
        self.baud = baud
        self.stale_s = stale_s
        self.reopen_s = reopen_s
        self.idle_s = idle_s
        self.lines_most = lines_most
        self.port = 0
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        self._peers: dict[Peer, None] = {}  # a set that keeps its order
        self._answered: deque[tuple[Peer, bytes | None]] = deque()
        self._workers = Workers(collector, self._post, PEER_FAULTS, workers, frames_most)
        self._serial_open = False
        self._serial_tried_s = 0.0
        self._look_s = 0.0
        if tcp:
            self._listener = socket.create_server(tcp)
            self._listener.setblocking(False)
            self.port = self._listener.getsockname()[1]

    def start(self) -> None:
        """Serve in a thread of its own until stop()."""
        self._selector.register(self._wake_in, selectors.EVENT_READ, None)
        if self._listener:
            self._selector.register(self._listener, selectors.EVENT_READ, None)
        try:
            if self.serial_path:
                self._open_serial()
        except OSError:
            self.stop()
            raise
        self._workers.start()
        self._thread = threading.Thread(target=self._serve, name="collector", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """True while all threads serve; False before start(), after stop() and if one died."""
        return self._thread is not None and self._thread.is_alive() and self._workers.alive

    def stop(self) -> None:
        """End the thread, close all lines; a frame being answered is answered first."""
        if self._thread:
            self._workers.stop()
            self._wake_out.send(STOP)
            self._thread.join()
            self._thread = None
        for peer in list(self._peers):
            self._drop(peer)
        for part in (self._listener, self._wake_in, self._wake_out):
            if part:
                part.close()
        self._selector.close()

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select(min(self.stale_s, self.reopen_s) / 2):
                if key.fileobj is self._wake_in:
                    said = self._wake_in.recv(4096)
                    self._deliver()
                    if STOP in said:
                        return
                elif key.fileobj is self._listener:
                    self._accept()
                elif key.data in self._peers:  # not dropped for another meanwhile
                    self._hear(key.data)
            self._look_after()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()  # type: ignore[union-attr]
            callers = [peer for peer in self._peers if isinstance(peer.line, SocketLine)]
            if callers and len(self._peers) >= self.lines_most:
                self._drop(min(callers, key=lambda peer: peer.heard_s))
            self._add(SocketLine(connection))

    def _add(self, line: Line) -> None:
        peer = Peer(line)
        self._peers[peer] = None
        self._selector.register(line, selectors.EVENT_READ, peer)

    def _hear(self, peer: Peer) -> None:
        try:
            data = peer.line.take()
            peer.heard_s = time.monotonic()
            before = peer.reader.damaged
            self._reply(peer, peer.reader.feed(data), peer.reader.damaged > before)
        except PEER_FAULTS:
            self._drop(peer)

    def _reply(self, peer: Peer, frames: list[bytes], broken: bool) -> None:
        peer.frames.extend(frames)
        if broken and not frames:
            peer.frames.append(BROKEN)
        self._go_on(peer)

    def _go_on(self, peer: Peer) -> None:
        """Hand the next frame to the workers; the line is read again when none is left."""
        was_at_work = peer.at_work
        peer.at_work = False
        while peer.frames and not peer.at_work:
            frame = peer.frames.popleft()
            if frame == BROKEN:
                peer.line.put(damaged("half a frame or a wrong CRC"))
            elif self._workers.offer(peer, frame):
                peer.at_work = True
            else:
                peer.line.put(busy())
        if peer.at_work and not was_at_work:
            self._selector.unregister(peer.line)
        elif was_at_work and not peer.at_work:
            peer.heard_s = time.monotonic()
            self._selector.register(peer.line, selectors.EVENT_READ, peer)

    def _post(self, answers: list[tuple[Peer, bytes | None]]) -> None:
        """By a worker: answers to be sent."""
        self._answered.extend(answers)
        self._wake_out.send(ANSWERED)

    def _deliver(self) -> None:
        while self._answered:
            peer, answer = self._answered.popleft()
            if peer not in self._peers:
                continue  # dropped meanwhile: it sends the batch again
            try:
                if answer is None:
                    raise OSError("the collector had a fault with it")
                peer.line.put(answer)
                self._go_on(peer)
            except PEER_FAULTS:
                self._drop(peer)

    def _look_after(self) -> None:
        """Give up what fell silent, in a frame or for long; open a serial line that is back."""
        now = time.monotonic()
        if now < self._look_s:
            return
        self._look_s = now + min(self.stale_s, self.reopen_s) / 2
        for peer in [one for one in self._peers if not one.at_work]:
            if isinstance(peer.line, SocketLine) and now - peer.heard_s >= self.idle_s:
                self._drop(peer)
            elif peer.reader.kept and now - peer.heard_s >= self.stale_s:
                try:
                    self._reply(peer, peer.reader.stale(), True)
                except PEER_FAULTS:
                    self._drop(peer)
        gone = self.serial_path and not self._serial_open
        if gone and now - self._serial_tried_s >= self.reopen_s:
            with contextlib.suppress(*PEER_FAULTS):
                self._open_serial()

    def _open_serial(self) -> None:
        self._serial_tried_s = time.monotonic()
        self._add(SerialLine(self.serial_path or "", self.baud))
        self._serial_open = True

    def _drop(self, peer: Peer) -> None:
        del self._peers[peer]
        with contextlib.suppress(KeyError):  # one at work is not waited for
            self._selector.unregister(peer.line)
        peer.line.close()
        if isinstance(peer.line, SerialLine):
            self._serial_open = False
