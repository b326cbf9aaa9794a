# SPDX-License-Identifier: Apache-2.0
"""World: what is around a terminal on the stage (stage.py), as a discrete-event simulation.

One thread, one clock. The terminal's calls move the clock; on the way everything that is due
happens in the order of its time: people come and go, machines speak, the plug is pulled. Nothing
waits, so a day lasts as long as its taps take to compute.

Who acts is a generator, started with `spawn`: it yields milliseconds to let pass, or
Until(names, timeout_ms) to be sent the terminal's next event of one of these names, None when the
time is over or the plug was pulled meanwhile.
"""

import heapq
import json
from collections import namedtuple

from firmware.errors import LinkLost
from sim.field import Field
from sim.timing import Timing
from sim.world_lines import Lines

Until = namedtuple("Until", ("names", "timeout_ms"))

READER_BAUD = 921600
OVER_BIT = 40  # as in stage.py, which runs on MicroPython and imports nothing from here
LOOK_MS = 15.0  # an empty look at type B, activation of a card of type A, three commands
RESET_MS = 13  # field off and on
TURN_MS = 50  # a turn in which nobody looks for a card
WAIT_MS = 1  # steps of a read that waits
SYNC_MS = 3  # a page is durable (micropython.md 10)
BUSY_MS = 8000  # so long after a person did anything a look lasts as long as it was asked to
# quiet for so long -> a look lasts so long, until something happens
IDLE_MS = ((300000, 30000), (30000, 5000), (BUSY_MS, 1000))
BOOT_MS = 3000
FWI_LOST = 7  # of the cards' ATS


class Clock:
    """The terminal's wall clock: right at the start, then as fast and as wrong as it is told."""

    def __init__(self, start_utc_s):
        self.shown_us = start_utc_s * 1_000_000
        self.since_us = 0
        self.ppm = 0

    def step(self, seconds):
        """Somebody sets it by so much."""
        self.shown_us += seconds * 1_000_000

    def go(self, ppm, now_us):
        """It goes so much too fast from now on."""
        self.shown_us, self.since_us = self._us(now_us), now_us
        self.ppm = ppm

    def utc_s(self, now_us):
        """What it shows; never below 0."""
        return max(0, self._us(now_us) // 1_000_000)

    def _us(self, now_us):
        spent_us = now_us - self.since_us
        return self.shown_us + spent_us + spent_us * self.ppm // 1_000_000


class World:
    """start(count) -> terminal process (stage_process.py) of the count-th start.

    `watch(event)` hears the terminal's events, each with `at_ms`.
    """

    def __init__(self, start, clock, watch, timing=None):
        self.start = start
        self.clock = clock
        self.watch = watch
        self.timing = timing or Timing()
        self.field = Field()
        self.now_us = 0
        self.agenda = []  # (at_us, order, call)
        self.order = 0
        self.waiting = []  # (Until, wake, generator)
        self.lines = Lines()
        self.pins = {}  # name -> level, 1 is active
        self.inputs = []  # names of those the terminal reads
        self.on_pin = {}  # name -> call(level), when the terminal sets it
        self.busy_us = 0  # when something happened last
        self.over = False
        self.starts = 0
        self.calls = 0
        self.cuts = set()  # numbers of calls at which the plug is pulled
        self.cards = []  # in the field, as the terminal found them
        self.idle_ms = IDLE_MS
        self.together = None  # Worlds of several terminals (worlds.py)
        self.target_us = 0  # until when time passes now

    # --- time and who acts in it ------------------------------------------------------------

    @property
    def now_ms(self):
        return self.now_us // 1000

    def at(self, at_us, call):
        """Do something at a time; not before now."""
        self.order += 1
        heapq.heappush(self.agenda, (max(at_us, self.now_us), self.order, call))

    def spawn(self, steps):
        """Let a generator act from now on."""
        self.at(self.now_us, lambda: self._go_on(steps, None))

    def _go_on(self, steps, value):
        try:
            wanted = steps.send(value)
        except StopIteration:
            return
        if not isinstance(wanted, Until):
            self.at(self.now_us + int(wanted * 1000), lambda: self._go_on(steps, None))
            return
        entry = [wanted.names, steps]
        self.waiting.append(entry)
        self.at(self.now_us + int(wanted.timeout_ms * 1000), lambda: self._wake(entry, None))

    def _wake(self, entry, value):
        if entry in self.waiting:
            self.waiting.remove(entry)
            self._go_on(entry[1], value)

    def stir(self):
        """Something happened: time is not skipped for a while."""
        self.busy_us = self.now_us

    def advance(self, until_us, stop=None):
        """Let time pass; stop() true ends it earlier."""
        while not (stop and stop()):
            if self.together:
                self.together.wait(self, until_us)
            if not self.agenda or self.agenda[0][0] > until_us:
                self.now_us = max(self.now_us, until_us)
                return
            at_us, _, call = heapq.heappop(self.agenda)
            self.now_us = max(self.now_us, at_us)
            call()

    @property
    def next_us(self):
        """When something happens here next: a call is due, or what is waited for is over."""
        due_us = min(self.target_us, self.agenda[0][0]) if self.agenda else self.target_us
        return max(self.now_us, due_us)

    def pass_ms(self, ms):
        """The same by milliseconds."""
        self.advance(self.now_us + int(ms * 1000))

    # --- the terminal -----------------------------------------------------------------------

    def run(self):
        """Until the terminal has ended in order. LinkLost when it ends otherwise."""
        self.process = self._booted()
        try:
            while True:
                line = self.process.readline()
                if line[:1] == "{":
                    self._report(json.loads(line))
                elif line[:1] == "?":
                    self._call(line[1:].split())
                elif not line:
                    if self.over and self.process.ended_well():
                        return
                    raise LinkLost("the terminal has ended" + self.process.last_words())
        finally:
            self.process.kill()

    def _booted(self):
        self.starts += 1
        return self.start(self.starts)

    def _report(self, event):
        event["at_ms"] = self.now_ms
        self.watch(event)
        name = event["event"]
        if name not in ("heap", "ready", "show", "lamp"):
            self.stir()
        for entry in [one for one in self.waiting if name in one[0]]:
            self.at(self.now_us, lambda entry=entry: self._wake(entry, event))

    def pull_plug(self):
        """The terminal is gone; it starts again BOOT_MS later, on the same journal."""
        self.process.kill()
        self.field.field_off()
        self.lines.drop()
        self._report({"event": "plug"})
        for entry in self.waiting[:]:
            self.at(self.now_us, lambda entry=entry: self._wake(entry, None))
        self.pass_ms(BOOT_MS)
        self.process = self._booted()

    def _call(self, words):
        self.calls += 1
        if self.calls in self.cuts:
            self.pull_plug()
            return
        process = self.process
        try:
            said = str(CALLS[words[0]](self, *words[1:]))
        except LinkLost as gone:
            said = "!" + str(gone)
        if process is not self.process:
            return  # the plug was pulled while time passed
        self.lines.pump(self.now_us)
        utc_s = self.clock.utc_s(self.now_us)
        ready = self.lines.ready(self.now_us) | self.over << OVER_BIT
        for place, name in enumerate(self.inputs):
            ready |= self.pins.get(name, 0) << (OVER_BIT + 1 + place)
        process.write(f"{self.now_us} {utc_s} {ready} {said}\n")

    # --- calls ------------------------------------------------------------------------------

    def _begin(self):
        return ""

    def _find(self, limit_ms):
        idle = self._idle_ms() if int(limit_ms) >= 100 else 0
        self.advance(
            self.now_us + (idle or int(limit_ms)) * 1000,
            lambda: bool(self.field.cards()) or self._woken(idle),
        )
        self.cards = self.field.cards()
        if not self.cards:
            return ""
        self.pass_ms(LOOK_MS)
        self.cards = self.field.cards()
        for card in self.cards:
            self.field.activate(card)
        return " ".join(f"{one.kind}:{one.uid.hex()}:{one.ats.hex()}" for one in self.cards)

    def _idle_ms(self):
        """How much time may be skipped, 0: none."""
        quiet_ms = (self.now_us - self.busy_us) / 1000
        return next((look_ms for since_ms, look_ms in self.idle_ms if quiet_ms > since_ms), 0)

    def _woken(self, idle):
        return idle and self.now_us - self.busy_us < BUSY_MS * 1000

    def _apdu(self, number, command):
        sent = bytes.fromhex(command)
        card = self.cards[int(number)]
        try:
            answer = self.field.transmit(card, sent)
        except LinkLost:
            self.pass_ms(self.timing.lost_ms(FWI_LOST, 3))
            raise
        timing, counts = self.timing, (len(sent), len(answer))
        spent_ms = timing.link_ms(*counts, READER_BAUD) + timing.rf_ms(*counts)
        self.pass_ms(spent_ms + timing.card_ms(card.busy_ms))
        if card not in self.field.cards():  # taken away while it computed
            raise LinkLost("the card left the field")
        return answer.hex()

    def _power(self, on):
        if on == "0":
            self.field.field_off()
        self.pass_ms(RESET_MS / 2)
        return ""

    def _reset(self):
        self.field.field_off()
        self.pass_ms(RESET_MS)
        return ""

    def _recover(self):
        return "yes"

    def _sync(self):
        self.pass_ms(SYNC_MS)
        return ""

    def _turn(self):
        idle = self._idle_ms()
        self.advance(self.now_us + (idle or TURN_MS) * 1000, lambda: self._woken(idle))
        return ""

    def _open(self, where, baud):
        return self.lines.open(where, int(baud), self.now_us)

    def _write(self, handle, data=""):
        self.lines.write(int(handle), bytes.fromhex(data), self.now_us)
        return ""

    def _read(self, handle, count, timeout_ms):
        """What is there; a call that waits does so until something is, or its time is over."""
        end_us = self.now_us + int(timeout_ms) * 1000
        while self.now_us < end_us and not self.lines.ready(self.now_us) >> int(handle) & 1:
            self.pass_ms(WAIT_MS)
            self.lines.pump(self.now_us)
        return self.lines.read(int(handle), int(count), self.now_us).hex()

    def _close(self, handle):
        self.lines.close(int(handle))
        return ""

    def _set(self, name, level):
        self.pins[name] = int(level)
        if name in self.on_pin:
            self.on_pin[name](int(level))
        return ""

    def _input(self, name):
        """The bit of READY that is its level."""
        if name not in self.inputs:
            self.inputs.append(name)
        return OVER_BIT + 1 + self.inputs.index(name)


CALLS = {
    name[1:]: getattr(World, name)
    for name in (
        "_begin", "_find", "_apdu", "_power", "_reset", "_recover", "_sync", "_turn",
        "_open", "_write", "_read", "_close", "_set", "_input",
    )
}  # fmt: skip
