# SPDX-License-Identifier: Apache-2.0
"""What stands beside the terminal of a tabletop, by its device; each a simulated machine.

with BESIDE[device](changed) as beside:    changed(): state() has other values
    beside.settings                        lines for the terminal's settings
    beside.words                           (word, Chinese, English) that say() takes
    beside.say("normal")                   FormatError for another word
    beside.state()                         dict for the page; {} where nothing is to be seen
"""

from contextlib import AbstractContextManager

from firmware.errors import FormatError
from sim.gate import VirtualGate
from sim.gate_server import GateServer


class Nothing(AbstractContextManager):
    """A reader alone."""

    words: tuple[tuple[str, str, str], ...] = ()

    def __init__(self, changed):
        self.changed = changed

    def __exit__(self, *_):
        """Nothing was opened."""

    @property
    def settings(self):
        """Nothing to set."""
        return ""

    def say(self, word):
        """Nobody listens."""
        raise FormatError(f"{word}: nothing stands beside this terminal")

    def state(self):
        """Nothing to be seen."""
        return {}


class Gate(Nothing):
    """A lane with arms, and people who walk: a board of the TPW type on a pty."""

    words = (
        ("normal", "走过", "Walk in"),
        ("turn_back", "折返", "Turn back"),
        ("tailgate", "尾随", "Tailgate"),
        ("exit", "走出", "Walk out"),
        ("fire", "火警", "Fire"),
        ("clear", "解除", "Fire is over"),
    )

    def __init__(self, changed):
        super().__init__(changed)
        self.gate = VirtualGate()
        self.server = GateServer(self.gate, watch=self._happened)
        self.happened = ""

    @property
    def settings(self):
        """Settings of the terminal in front of it."""
        return f"gate: serial:{self.server.path}\ngate_kind: tpw\n"

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def say(self, word):
        """Somebody walks, or there is fire."""
        if word not in [one for one, _, _ in self.words]:
            raise FormatError(f"{word}: the gate does not know this")
        self.server.say(word)

    def state(self):
        """Arms, and who went through."""
        with self.server.lock:
            gate = self.gate
            return {
                "kind": "gate",
                "open": bool(gate.arms_open or gate.free or gate.fire),
                "passed": gate.passed,
                "exited": gate.exited,
                "happened": self.happened,
            }

    def _happened(self, word):
        self.happened = word
        self.changed()


BESIDE = {"bus": Nothing, "gate": Gate}
