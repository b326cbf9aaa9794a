# SPDX-License-Identifier: Apache-2.0
"""CollectorServer: sockets and a serial line around a Collector (clearing.md 11: same frames).

One thread waits for all lines, workers answer (group_commit.py); each line has its own
FrameReader and one frame at work, and is not read before that is answered. Where too many frames
wait the answer is REJECT later, and the terminal backs off. A frame that breaks off or fails its
CRC is answered by REJECT damaged, at the latest STALE_S after the line fell silent. Nothing a peer
sends ends the server: a line that fails is closed, a serial line is opened again when it is back.

With `tls` the port speaks TLS alone. What a peer can hold is bounded in bytes and in time: a
handshake, a frame and an answer have to be through in HANDSHAKE_S, FRAME_S and SEND_S, a peer
whose handshake is not done goes first when there are too many.
"""

import contextlib
import selectors
import socket
import ssl
import termios
import threading
import time
from collections import deque

from firmware.errors import FormatError
from firmware.formats.batch import FRAME_MOST, FrameReader
from host_tools.collector import busy, damaged
from host_tools.group_commit import FRAMES_MOST, Answering, Workers
from host_tools.lines import Line, SecureLine, SerialLine, SocketLine

STALE_S = 2.0  # silence after which half a frame is given up
REOPEN_S = 2.0  # how often a serial line that is gone is tried
IDLE_S = (
    900.0  # silence after which a TCP peer is dropped: a terminal connects again when it sends
)
HANDSHAKE_S = 10.0  # of TLS, in all
FRAME_S = 60.0  # from the first byte of a frame to its last, over TCP
SEND_S = 30.0  # for an answer that the peer does not read
DAMAGED_MOST = 100  # frames that were none, of one TCP peer: each costs a CRC
LINES_MOST = 256  # one more, and the TCP peer heard longest ago goes
# What bytes and lines of a peer can cause: the peer is dropped, the others are served on. pyserial
# lets termios.error and ValueError of a port that was pulled out through.
BROKEN = b""
STOP, ANSWERED = b"\x00", b"\x01"  # what wakes the thread
PEER_FAULTS = (OSError, FormatError, ValueError, termios.error)


class Peer:
    """A line and what is known of it."""

    def __init__(self, line: Line):
        self.line = line
        self.reader = FrameReader(FRAME_MOST)
        self.heard_s = self.began_s = time.monotonic()  # began: the line, a frame or an answer
        self.out = b""  # of an answer, not taken by the line yet
        self.frames: deque[bytes] = deque()  # whole, to be answered; BROKEN where none came out
        self.at_work = False
        self.watched = 0  # what the selector looks for

    def overdue(self, now_s: float, handshake_s: float, idle_s: float) -> bool:
        """True for a TCP peer that has taken too long over anything."""
        if not isinstance(self.line, SocketLine):
            return False
        if not self.line.ready:
            return now_s - self.began_s >= handshake_s
        limit_s = SEND_S if self.out else FRAME_S if self.reader.held() else idle_s
        return now_s - self.began_s >= limit_s or now_s - self.heard_s >= idle_s


class CollectorServer:
    """`tcp`: (host, port), port 0 for any free one, then `.port`; `serial`: path of a port.

    OSError from the constructor where the address is not free, from start() where the serial
    port cannot be opened. Started and stopped once.
    """

    def __init__(
        self,
        collector: Answering,
        tcp: tuple[str, int] | None = None,
        serial: str | None = None,
        baud: int = 115200,
        stale_s: float = STALE_S,
        reopen_s: float = REOPEN_S,
        idle_s: float = IDLE_S,
        lines_most: int = LINES_MOST,
        workers: int = 1,
        frames_most: int = FRAMES_MOST,
        tls: ssl.SSLContext | None = None,
        handshake_s: float = HANDSHAKE_S,
    ):
        self.collector = collector
        self.address = tcp
        self.serial_path = serial
        self.baud = baud
        self.stale_s = stale_s
        self.reopen_s = reopen_s
        self.idle_s = idle_s
        self.lines_most = lines_most
        self.tls = tls
        self.handshake_s = handshake_s
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
                    self._attend(key.data)
            self._look_after()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()  # type: ignore[union-attr]
            callers = [peer for peer in self._peers if isinstance(peer.line, SocketLine)]
            if callers and len(self._peers) >= self.lines_most:
                self._drop(min(callers, key=lambda peer: (peer.line.ready, peer.heard_s)))
            self._add(SecureLine(connection, self.tls) if self.tls else SocketLine(connection))

    def _add(self, line: Line) -> None:
        peer = Peer(line)
        self._peers[peer] = None
        self._watch(peer)

    def _watch(self, peer: Peer) -> None:
        """Wait for what the peer is to do next; for nothing while its frame is at work."""
        reading = selectors.EVENT_WRITE if peer.out else selectors.EVENT_READ
        wanted = 0 if peer.at_work else reading
        if wanted and peer.watched:
            self._selector.modify(peer.line, wanted, peer)
        elif wanted:
            self._selector.register(peer.line, wanted, peer)
        elif peer.watched:
            self._selector.unregister(peer.line)
        peer.watched = wanted

    def _attend(self, peer: Peer) -> None:
        """The line is ready: for what it did not take of an answer, or with new bytes."""
        try:
            if peer.out:
                self._go_on(peer)
            else:
                self._hear(peer)
        except PEER_FAULTS:
            self._drop(peer)

    def _hear(self, peer: Peer) -> None:
        data = peer.line.take()
        now = time.monotonic()
        peer.heard_s = now
        before, begun = peer.reader.damaged, peer.reader.held()
        frames = peer.reader.feed(data)
        if peer.reader.damaged > DAMAGED_MOST and isinstance(peer.line, SocketLine):
            raise OSError("nothing but noise")
        if frames or not begun:
            peer.began_s = now
        self._reply(peer, frames, peer.reader.damaged > before)

    def _reply(self, peer: Peer, frames: list[bytes], broken: bool) -> None:
        peer.frames.extend(frames)
        if broken and not frames:
            peer.frames.append(BROKEN)
        self._go_on(peer)

    def _go_on(self, peer: Peer) -> None:
        """Send what is to be sent, then hand the next frame to the workers; the line is read again
        when none is left.
        """
        self._send(peer)
        while peer.frames and not peer.out and not peer.at_work:
            frame = peer.frames.popleft()
            if frame == BROKEN:
                self._send(peer, damaged("half a frame or a wrong CRC"))
            elif self._workers.offer(peer, frame):
                peer.at_work = True
            else:
                self._send(peer, busy())
        self._watch(peer)

    def _send(self, peer: Peer, answer: bytes = b"") -> None:
        if answer:
            peer.out = answer
            peer.began_s = peer.heard_s = time.monotonic()
        if peer.out:
            peer.out = peer.out[peer.line.put(peer.out) :]

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
                peer.at_work = False
                self._send(peer, answer)
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
            if peer.overdue(now, self.handshake_s, self.idle_s):
                self._drop(peer)
            elif peer.reader.held() and now - peer.heard_s >= self.stale_s:
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
        if peer.watched:  # one at work is not
            self._selector.unregister(peer.line)
        peer.line.close()
        if isinstance(peer.line, SerialLine):
            self._serial_open = False
