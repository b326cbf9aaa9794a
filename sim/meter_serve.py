# SPDX-License-Identifier: Apache-2.0
"""A virtual meter on a pseudo terminal, in a thread: only bytes, time and the driver's commands.

    with MeterServer(Meter("jtt905")) as server: ...   # server.path is the device
        server.do("in"); server.until("signed_in", 5)

The slave end is kept open, raw, so that a terminal may come and go. What nobody reads is lost.
"""

import contextlib
import os
import pty
import queue
import select
import threading
import time
import tty

TICK_S = 0.02


class MeterServer:
    """meter: of sim/meter.py; link: a symbolic link to make."""

    def __init__(self, meter, link=None):
        self.meter = meter
        self.link = link
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(self.slave)
        self.events: queue.Queue = queue.Queue()
        self.lock = threading.Lock()  # between the line's thread and who presses keys
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._serve, name="meter", daemon=True)
        self.start_s = time.monotonic()

    def now_ms(self):
        """Milliseconds since the meter was switched on."""
        return int((time.monotonic() - self.start_s) * 1000)

    def do(self, text):
        """A command of the driver; FormatError at the wrong moment."""
        with self.lock:
            self.meter.do(text)

    def until(self, words, timeout_s):
        """The next event whose word is in `words`, None when it does not come in time."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            try:
                event = self.events.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                return None
            if event[0] in words:
                return event
        return None

    def __enter__(self):
        if self.link:
            if os.path.islink(self.link):
                os.unlink(self.link)
            os.symlink(self.path, self.link)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        os.close(self.master)
        os.close(self.slave)
        if self.link and os.path.islink(self.link) and os.readlink(self.link) == self.path:
            os.unlink(self.link)

    def _serve(self):
        while not self.over.is_set():
            ready = select.select([self.master], (), (), TICK_S)[0]
            data = os.read(self.master, 4096) if ready else b""
            with self.lock:
                now_ms = self.now_ms()
                for event in self.meter.feed(data, now_ms):
                    self.events.put(event)
                said = self.meter.outgoing(now_ms)
            with contextlib.suppress(BlockingIOError):  # nobody reads: overrun
                os.write(self.master, said)
