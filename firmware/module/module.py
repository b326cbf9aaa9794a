# SPDX-License-Identifier: Apache-2.0
"""Module(holder, clock): state, lock-out and sessions before whatever holds the keys.

A holder has four calls, each of which may raise LinkLost (nothing answers) and FormatError (what
answers is no module):

    open() -> state word                     found, asked who it is and whether it has the keys
    present()                                is it still there?
    derive(key_use, version, factor) -> reason           "" when the key is derived
    mac(initial_value, data) -> (reason, 4 bytes)        with the key that was derived last
    keeps_key                                False: each MAC wants its key derived anew
    works_ahead                              True: it has these two as well
    begin_derive(..), begin_mac(..)          begins what the same without `begin_` will answer

A reason is a word of psam.py's table; LOCKED is the holder's own lock-out. Besides, calls that
fail one behind the other are counted here: `most_failures` of them lock the module until the next
start. Silence is a state and no failure.
"""

from firmware.errors import FormatError, LinkLost
from firmware.module import ABSENT, FAULT, LOCKED, READY

MOST_FAILURES = 10
LOOK_MS = 5000  # how often idle time looks for the module, or whether it is still there
FACTORS = (8, 16)  # bytes of a card's factor (capp.md 2.6)
SILENT, RUBBISH = "silent", "rubbish"


class Module:
    """What devices see. on_state(word): told of each change, by whoever attaches it.

    look_ms: how often idle() looks; 0: never, for one that cannot be pulled out.
    """

    def __init__(self, holder, clock, most_failures=MOST_FAILURES, look_ms=LOOK_MS):
        self.holder = holder
        self.clock = clock
        self.look_ms = look_ms
        self.most_failures = most_failures
        self.failures = 0  # in a row
        self.on_state = None
        self.derived = None  # the Session whose key the holder has derived last
        self.reason = ""  # why the last call failed that did
        self._state = ABSENT
        self._looked_ms = clock.ticks_ms()

    def state(self):
        """Word of STATES."""
        return self._state

    def check(self):
        """Open it anew and ask who it is (QX-071)."""
        self._looked_ms = self.clock.ticks_ms()
        self.derived = None
        if self.failures >= self.most_failures:
            self._be(LOCKED)
        if self._state != LOCKED:
            reason, word = self.ask(self.holder.open)
            self._be(FAULT if reason == RUBBISH else word or ABSENT)
        return self._state

    def idle(self):
        """From time to time: one that came is found, one that left is missed (QX-071)."""
        now_ms = self.clock.ticks_ms()
        waits = self.clock.ticks_diff(now_ms, self._looked_ms) < self.look_ms
        if waits or not self.look_ms or self._state == LOCKED:
            return
        self._looked_ms = now_ms
        if self._state != READY:
            self.check()
        elif self.ask(self.holder.present)[0] == RUBBISH:
            self._be(FAULT)

    def session(self, key_use, version, factor):
        """A Session whose key is derived (QX-072), None where that cannot be had."""
        if self._state != READY:
            return None
        if len(factor) not in FACTORS or not (0 <= key_use < 256 and 0 <= version < 256):
            self.reason = "factor"
            return None
        made = Session(self, key_use, version, bytes(factor))
        return made if made.derive() else None

    def ahead(self, key_use, version, factor):
        """Let the module begin to derive what session() of the same will ask for. It holds no key
        from here on: where that is never asked for, nothing is but time.
        """
        if self.holder.works_ahead and self._state == READY and len(factor) in FACTORS:
            self.derived = None
            self.ask(self.holder.begin_derive, key_use, version, factor)

    def ask(self, call, *values):
        """(reason, answer) of a call of the holder."""
        try:
            return "", call(*values)
        except LinkLost as gone:
            self.reason = str(gone)
            self.derived = None
            self._be(ABSENT)
            return SILENT, None
        except FormatError as wrong:
            self.reason = str(wrong)
            return RUBBISH, None

    def is_well(self, reason):
        """A call has ended, "" where it did well: counted, True for that."""
        if reason and reason != SILENT:
            self.reason = reason
            self.derived = None
            self.failures += 1
            if reason == LOCKED or self.failures >= self.most_failures:
                self._be(LOCKED)
        elif not reason:
            self.failures = 0
        return not reason

    def _be(self, word):
        if word != self._state:
            self._state = word
            if self.on_state:
                self.on_state(word)


class Session:
    """One key of the module, derived for one card."""

    def __init__(self, module, key_use, version, factor):
        self.module = module
        self.names = (key_use, version, factor)
        self.dead = False

    def derive(self):
        """Let the holder have this session's key; False, and dead, where it has none."""
        module = self.module
        reason, said = module.ask(module.holder.derive, *self.names)
        self.dead = not module.is_well(reason or said)
        module.derived = None if self.dead else self
        return not self.dead

    def ahead(self, initial_value, data):
        """Let the module begin what mac() of the same will ask for: this session's key, where
        another one's has taken its place, else the MAC. What goes wrong, mac() says.
        """
        module = self.module
        if module.derived is not self:
            module.ahead(*self.names)
        elif module.holder.works_ahead and not self.dead and module.state() == READY:
            module.ask(module.holder.begin_mac, initial_value, data)

    def mac(self, initial_value, data):
        """4 bytes over `data`; None, and ever after, where the module fails (QX-073)."""
        module = self.module
        if self.dead or module.state() != READY:
            self.dead = True
            return None
        # a module holds one derived key: another session's may have taken its place
        if module.derived is not self and not self.derive():
            return None
        reason, said = module.ask(module.holder.mac, initial_value, data)
        if not module.is_well(reason or said[0]):
            self.dead = True
            return None
        if not module.holder.keeps_key:
            module.derived = None
        return said[1]
