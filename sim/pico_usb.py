# SPDX-License-Identifier: Apache-2.0
"""The USB port of an emulated Pico as a pty, for tools that talk to a board's prompt.

usb = Usb(pico)
tool = subprocess.Popen(["mpremote", "connect", usb.port, ..])
pico.run(lambda: usb.carry() or tool.poll() is not None, limit_ms)
"""

import os
import pty
import select
import time
import tty

PIECE = 64  # bytes of a full-speed USB packet, handed over at each look


class Usb:
    """`port`: a path for pyserial; what the board prints goes to the Pico's events too.

    To be made before the board runs. The emulator's host is left as restless as it is: without
    its empty packets the end of what a board prints was seen to stay in the board.
    """

    def __init__(self, pico):
        pico.restless()
        self.pico = pico
        self.cdc = pico.device.cdc
        self.looked = time.monotonic(), pico.now_ms
        self.note = pico.device.cdc.on_serial_data
        self._host, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._host, False)
        self.port = os.ttyname(self._slave)
        self.unread = b""
        self.cdc.on_serial_data = self._heard

    def carry(self) -> None:
        """Hand over what has come from the tool; to be called while the processor runs.

        A board that waits runs through its time faster than this machine does, and its watchdog
        would not wait for the tool: what it is ahead since the last look is waited for here.
        """
        self._flush()
        since_s, since_ms = self.looked
        ahead_s = (self.pico.now_ms - since_ms) / 1000 - (time.monotonic() - since_s)
        ready = select.select([self._host], [], [], max(0, ahead_s))[0]
        self.looked = time.monotonic(), self.pico.now_ms
        if ready:
            for value in os.read(self._host, PIECE):
                self.cdc.send_serial_byte(value)

    def close(self) -> None:
        """Pull the plug."""
        os.close(self._host)
        os.close(self._slave)

    def _heard(self, data) -> None:
        self.note(data)
        self.unread += bytes(data)
        self._flush()

    def _flush(self) -> None:
        """A tool that does not read must not hold up the board; nothing is lost meanwhile."""
        try:
            while self.unread:
                self.unread = self.unread[os.write(self._host, self.unread) :]
        except BlockingIOError:
            pass
