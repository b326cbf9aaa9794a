# SPDX-License-Identifier: Apache-2.0
"""The virtual gate on a pty, for a terminal that speaks TPW to it; words of a script or of keys.

    with GateServer(VirtualGate()) as server:  settings: gate: serial:<server.path>
        server.say("normal")

Words: those of sim/gate.py WALKS, and fire, clear, mute, speak.
"""

from firmware.errors import FormatError
from sim.gate import WALKS
from sim.pty_line import PtyLine

LOG_MOST = 200  # words of the lane's log that are kept
SWITCHES = {
    "fire": ("fire", True),
    "clear": ("fire", False),
    "mute": ("mute", True),
    "speak": ("mute", False),
}


class GateServer(PtyLine):
    """machine: VirtualGate; watch(word) is called for what happens in the lane."""

    def __init__(self, machine, watch=None):
        super().__init__(machine)
        self.watch = watch
        self.seen = 0

    def say(self, word):
        """Somebody walks, or a switch is thrown. FormatError for a word that is neither."""
        with self.lock:
            if word in SWITCHES:
                name, value = SWITCHES[word]
                setattr(self.machine, name, value)
            elif word in WALKS:
                self.machine.walk(word)
            else:
                known = ", ".join([*WALKS, *SWITCHES])
                raise FormatError(f"{word}: the gate knows {known}")

    def passed(self):
        """People through so far."""
        with self.lock:
            return self.machine.passed

    def talk(self, data, now_ms):
        """Its board answers what it is asked and says nothing else; events: words of the lane."""
        answer = self.machine.feed(data, now_ms)
        log = self.machine.log
        news = log[self.seen :]
        del log[:-LOG_MOST]
        self.seen = len(log)
        return [word for _, word in news], answer

    def heard(self, events):
        """To who watches."""
        for word in events if self.watch else ():
            self.watch(word)
