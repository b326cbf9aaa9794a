# SPDX-License-Identifier: Apache-2.0
"""A machine beside a terminal, at the far end of a pseudo terminal; raw, no echo, one thread.

    with PtyLine(machine) as line: ...       # line.path is the device

The machine is one as a stage plugs it in too (sim/world_lines.py): feed(data, now_ms) -> events,
outgoing(now_ms) -> bytes. The slave end is kept open, so that a terminal may come and go; what
nobody reads is lost, as on a wire.
"""

import contextlib
import os
import pty
import select
import threading
import time
import tty

TICK_S = 0.02


class PtyLine:
    """link: a symbolic link to make. Whoever touches the machine meanwhile holds `lock`."""

    def __init__(self, machine, link=None):
        self.machine = machine
        self.link = link
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(self.slave)
        self.began_s = time.monotonic()
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._serve, name="line", daemon=True)

    def now_ms(self):
        """Milliseconds since the machine was switched on."""
        return int((time.monotonic() - self.began_s) * 1000)

    def heard(self, events):
        """Events of the machine, in the line's thread, without the lock; nobody wants them."""

    def talk(self, data, now_ms):
        """(events, bytes to say) of what came; `lock` is held."""
        return self.machine.feed(data, now_ms), self.machine.outgoing(now_ms)

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
                events, said = self.talk(data, self.now_ms())
            with contextlib.suppress(BlockingIOError):  # nobody reads: overrun
                os.write(self.master, said)
            self.heard(events)
