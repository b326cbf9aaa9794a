# SPDX-License-Identifier: Apache-2.0
"""The virtual PN532 on a pseudo terminal, for our driver and for foreign clients (PS-01, PS-06).

    with PtyServer(chip, link="/tmp/pn532") as server: ...   # server.path is the device

The chip does everything; this file only moves bytes, tells the time and reads the speed the client
has set. The server keeps the slave end open itself, raw, so that a client may close and open again
without EIO or echo. B0, which libnfc sets while it opens, is ignored. Bytes that nobody reads are
lost when the queue is full, as they are on a UART.

A client that flushes its output as it closes (nfcpy, right behind the ACK that lets the chip
change its speed) may so take bytes out of a pty that a UART would have had in its FIFO already.
The pty is in packet mode and tells of the flush; the ACK is then put back.
"""

import os
import pty
import select
import struct
import termios
import threading
import time
import tty
from fcntl import ioctl

from sim.chip_line import ACK

GRAIN_US = 400  # bytes of one answer are handed over in lots of this length
SPIN_US = 120  # select() wakes up late by about this; the rest is waited out awake
TCGETS2 = 0x802C542A  # struct termios2: four words, 20 bytes, then input and output speed
BAUD_BY_CONSTANT = {
    getattr(termios, name): int(name[1:])
    for name in dir(termios)
    if name[0] == "B" and name[1:].isdigit()
}


def host_speed(fd: int) -> int:
    """The speed set on a terminal, 0 for B0; also speeds without a constant, such as 1288000."""
    constant = termios.tcgetattr(fd)[5]
    if constant in BAUD_BY_CONSTANT:
        return BAUD_BY_CONSTANT[constant]
    return struct.unpack_from("I", ioctl(fd, TCGETS2, bytes(44)), 40)[0]


class PtyServer:
    """Serves one chip. `link`: a symbolic link to make; `trace(who, data, at_us)` is called."""

    def __init__(self, chip, link=None, trace=None):
        self.chip = chip
        self.link = link
        self.trace = trace
        self.master, self.slave = pty.openpty()
        # PS-01: kept open and raw, or a client that closes gives EIO and the next one its echo
        tty.setraw(self.slave)
        self._set_speed(115200)
        ioctl(self.master, termios.TIOCPKT, struct.pack("i", 1))
        self.flushed = False  # the host threw its output away since it last said something
        self.path = os.ttyname(self.slave)
        self.baud = 115200
        self.alarm, self.bell = os.pipe()
        self.thread = threading.Thread(target=self._serve, name="pn532", daemon=True)
        self.start_ns = time.monotonic_ns()
        os.set_blocking(self.master, False)

    def _set_speed(self, baud: int) -> None:
        settings = termios.tcgetattr(self.slave)
        settings[4] = settings[5] = getattr(termios, f"B{baud}")
        termios.tcsetattr(self.slave, termios.TCSANOW, settings)

    def start(self) -> "PtyServer":
        """Make the link and serve in a thread (PS-01)."""
        if self.link:
            if os.path.islink(self.link):  # left behind by a server that was killed
                os.unlink(self.link)
            try:
                os.symlink(self.path, self.link)
            except OSError:
                self._close()
                raise
        self.thread.start()
        return self

    def stop(self) -> None:
        """End the thread, close both ends, remove the link."""
        os.write(self.bell, b".")
        self.thread.join()
        self._close()
        if self.link and os.path.islink(self.link) and os.readlink(self.link) == self.path:
            os.unlink(self.link)

    def _close(self) -> None:
        for fd in (self.master, self.slave, self.alarm, self.bell):
            os.close(fd)

    def __enter__(self) -> "PtyServer":
        return self.start()

    def __exit__(self, *_) -> None:
        self.stop()

    def now_us(self) -> int:
        """Microseconds since the server was made: the chip's clock."""
        return (time.monotonic_ns() - self.start_ns) // 1000

    def _serve(self) -> None:
        watched = (self.master, self.alarm)
        while True:
            self._hand_over()
            ready = select.select(watched, (), (), self._patience())[0]
            if self.alarm in ready:
                return
            if self.master in ready:
                self._listen()

    def _hand_over(self) -> None:
        now_us = self.now_us()
        data = self.chip.due(now_us)
        if not data:
            return
        if self.trace:
            self.trace("chip", data, now_us)
        try:
            os.write(self.master, data)
        except BlockingIOError:
            return  # nobody reads: overrun

    def _patience(self) -> float | None:
        """Seconds to sleep: a little less than to the next event, 0 when it is near."""
        next_us = self.chip.next_us(GRAIN_US)
        if next_us is None:
            return None
        return max(0, next_us - self.now_us() - SPIN_US) / 1_000_000

    def _listen(self) -> None:
        packet = os.read(self.master, 4096)
        if packet[0] != termios.TIOCPKT_DATA:
            self.flushed |= bool(packet[0] & termios.TIOCPKT_FLUSHWRITE)
            return
        now_us = self.now_us()
        self.baud = host_speed(self.master) or self.baud  # PS-06: B0 is no speed
        data = self._put_back(packet[1:])
        if self.trace:
            self.trace("host", data, now_us)
        self.chip.feed(data, now_us, self.baud)

    def _put_back(self, data: bytes) -> bytes:
        """Data with the ACK behind SetSerialBaudRate, if a flush lost it and the speed is new."""
        flushed, self.flushed = self.flushed, False
        lost = flushed and self.chip.speed_granted == self.baud != self.chip.baud
        return ACK + data if lost and not data.startswith(ACK) else data
