# SPDX-License-Identifier: Apache-2.0
"""The virtual gate on a pty, for a terminal that speaks TPW to it; words of a script or of keys.

    with GateServer(VirtualGate()) as server:  settings: gate: serial:<server.path>
        server.say("normal")

Words: those of sim/gate.py WALKS, and fire, clear, mute, speak.
"""

import os
import pty
import select
import threading
import time
import tty

from firmware.errors import FormatError
from sim.gate import WALKS

SWITCHES = {
    "fire": ("fire", True),
    "clear": ("fire", False),
    "mute": ("mute", True),
    "speak": ("mute", False),
}
TURN_S = 0.02


class GateServer:
    """Serves one VirtualGate in a thread; watch(word) is called for what happens in the lane."""

    def __init__(self, gate, watch=None):
        self.gate = gate
        self.watch = watch
        self.lock = threading.Lock()
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)  # kept open: a terminal that closes is no hang-up
        self.path = os.ttyname(self.slave)
        self.began_s = time.monotonic()
        self.over = threading.Event()
        self.seen = 0
        self.thread = threading.Thread(target=self._serve, name="gate", daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        os.close(self.master)
        os.close(self.slave)

    def say(self, word):
        """Somebody walks, or a switch is thrown. FormatError for a word that is neither."""
        with self.lock:
            if word in SWITCHES:
                name, value = SWITCHES[word]
                setattr(self.gate, name, value)
            elif word in WALKS:
                self.gate.walk(word)
            else:
                known = ", ".join([*WALKS, *SWITCHES])
                raise FormatError(f"{word}: the gate knows {known}")

    def passed(self):
        """People through so far."""
        with self.lock:
            return self.gate.passed

    def _serve(self):
        while not self.over.is_set():
            ready = select.select((self.master,), (), (), TURN_S)[0]
            data = os.read(self.master, 4096) if ready else b""
            with self.lock:
                answer = self.gate.feed(data, self._now_ms())
                news = [word for _, word in self.gate.log[self.seen :]]
                self.seen = len(self.gate.log)
            if answer:
                os.write(self.master, answer)
            for word in news if self.watch else ():
                self.watch(word)

    def _now_ms(self):
        return int((time.monotonic() - self.began_s) * 1000)
