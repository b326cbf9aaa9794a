# SPDX-License-Identifier: Apache-2.0
"""A scenic gate on the stage: the virtual gate of sim/gate.py behind its board or its pins, people
who walk, turn back or crawl, e-tickets at a scanner, a second lane, an attendant.

Settings that go with it: gate: serial:gate, or pins of any names; tickets: serial:scanner, twin:
serial:twin, console: serial:console
"""

from firmware.devices.gate_words import WORDS
from sim.beside import Beside
from sim.gate import VirtualGate
from sim.gate_balance import gate_balance
from sim.gate_faces import FACES, RelayFace
from sim.gate_tickets import OtherLane, Scanner, TicketOffice
from sim.world import Until

TICK_MS = 50
LEAVE_MS = 9000  # whoever stays outside: the arms close behind nobody
LANE_MS = 60000  # nobody is in the lane for longer
SCAN_MS, SCANS, AGAIN_MS = 3000, 6, 2500  # a code is shown, so often, after so long
OUTAGE_MS = 15000  # so long behind a power cut nobody wonders about closed arms
LET_IN = ("ok", "concession", "torn_recovered", "re_entry", "free_ride", "ticket_ok")
LATER = ("gate_wait", "gate_walk", "ready")  # not an answer to a code
SAID = {row.split("|")[4]: row.split("|")[0] for row in WORDS.split("\n") if row}


class BesideGate(Beside):
    """One lane."""

    def __init__(self, play):
        super().__init__(play)
        settings = play.scenario.settings
        self.gate = VirtualGate()
        self.face = FACES[settings.get("gate_kind", "relay").split()[0]](self.gate)
        self.scanner, self.lane = Scanner(), OtherLane()
        self.office = TicketOffice(play.scenario.seed, play.local)
        self.world.lines.peers.update(gate=self, scanner=self.scanner, twin=self.lane)
        self.contacts = []  # (word, name of the pin) of inputs
        if isinstance(self.face, RelayFace):
            self._wire(self.face, settings["gate"])
        self.turning = self.fails_at_open = self.is_evacuated = False
        self.cut_ms = -OUTAGE_MS  # when the power failed last
        self.logged = 0  # what the gate has done and was told
        self._turn()

    def _wire(self, face, text):
        """Connect contacts and relays to the pins that the settings name."""
        for one in text.split():
            word, _, name = one.partition("=")
            if word in face.pins:
                self.contacts.append((word, name))
            else:
                self.world.on_pin[name] = lambda level, word=word: self._set(word, level)

    def verbs(self):
        return {
            **super().verbs(),
            "fire": self.fire,
            "cut_at_open": self.cut_at_open,
            "walk": self.walk,
            "issue": self.office.issue,
            "ticket": self.ticket,
            "other_lane": self.other_lane,
        }

    def heard(self, event):
        if event["event"] == "plug":
            self.cut_ms = event["at_ms"]

    # --- what a step does

    def fire(self, burns):
        """The fire input says so, or is released; the attendant then closes the gate."""
        self.gate.fire = burns
        self.is_evacuated = True
        if not burns:
            self.world.spawn(self._end_fire())
        self._turn()

    def _end_fire(self):
        yield 2000
        self.keys.key("reset")
        yield 4000
        self.is_evacuated = False

    def cut_at_open(self):
        """The power fails when the arms are told to open the next time: paid, and not opened."""
        self.fails_at_open = True

    def walk(self, how="normal", count=1, card=""):
        """People come who have neither tapped nor shown a ticket; how: a word of sim/gate.py."""
        self._turn()
        for _ in range(count):
            self.gate.walk(how)
        self._go()

    def ticket(
        self, card="", text="", ends=("ticket_ok",), walk="normal", returns=False, note="", **row
    ):  # fmt: skip
        """Somebody shows the e-ticket `card`, or a code that is none; row: of TicketOffice. The
        word before the # is its kind; the same name is the same ticket again. Who has a code from
        the terminal before shows that one.
        """
        text, persons = text or self.play.handed.get(card, ""), row.pop("persons", 1)
        if not text:
            text, persons = self.office.issue(card, persons=persons, **row)
        self.play.narrate(note)
        self.play.join(self._show(card, text, tuple(ends), walk, persons, returns))

    def other_lane(self, card, note=""):
        """The ticket is used at the other lane, which tells this one."""
        self.play.narrate(note)
        self.lane.use(self.office.rows[card])

    # --- the lane

    def feed(self, data, now_ms):
        """Bytes to the board; those that open it may find the power gone."""
        was_open = self.gate.arms_open
        self.face.feed(data, now_ms)
        if self.fails_at_open and self.gate.arms_open and not was_open:
            self.gate.arms_open, self.gate.admitted = False, 0  # they had not begun to move
            self._fail()
        self._go()

    def outgoing(self, now_ms):
        """Bytes of the board."""
        return self.face.outgoing(now_ms)

    def _set(self, word, level):
        if self.fails_at_open and word == "open" and level:
            self._fail()
            return
        self.face.set(word, level, self.world.now_ms)
        self._go()

    def _fail(self):
        self.fails_at_open = False
        self.world.pull_plug()

    def _go(self):
        """Time passes in the lane from now on, until nothing moves any more."""
        if not self.turning:
            self.turning = True
            self.world.spawn(self._keep_turning())

    def _keep_turning(self):
        while self.face.is_busy():
            self._turn()
            yield TICK_MS
        self.turning = False
        self._turn()

    def _turn(self):
        before = self.gate.beams()
        self.face.turn(self.world.now_ms)
        for _, word in self.gate.log[self.logged :]:
            self.tell("gate", word)
        self.logged = len(self.gate.log)
        if self.gate.beams() != before:
            self.world.stir()
        for word, name in self.contacts:
            self.world.pins[name] = self.face.pins[word]

    # --- people

    def may_end(self):
        """Who was let in before comes free; whoever stood there in a fire goes away."""
        return ("re_entry", "gate_fire", "") if self.is_evacuated else ("re_entry", "gate_fire")

    def before(self):
        """Nobody comes to pay while the place is evacuated."""
        while self.is_evacuated:
            yield 1000

    def visited(self, name, message, after):
        """Whoever was let in walks as `walk` says, `stays` outside, and may come back."""
        if message not in LET_IN:
            return
        walked = yield from self._walk(after.get("walk", "normal"), after.get("persons", 1), name)
        if after.get("returns") or not walked:
            self.play.do_tap(name, ends=["re_entry"], persons=after.get("persons", 1))

    def _walk(self, how, persons, name):
        """Generator: False when the arms stayed closed because the power had failed."""
        if how == "stays":
            yield LEAVE_MS
            return True
        told = len(self.gate.log)
        self.walk(how, persons)
        end_ms = self.world.now_ms + LANE_MS
        while (self.gate.waiting or self.gate.walking) and self.world.now_ms < end_ms:
            yield TICK_MS
        gave_up = "gives up" in [word for _, word in self.gate.log[told:]]
        if not gave_up:
            return True
        is_cut = self.world.now_ms - self.cut_ms < OUTAGE_MS
        if not is_cut and not self.is_evacuated:
            when = self.play.when()
            self.play.wrong.append(f"{when}: {name} was let in, the arms stayed closed")
        return False

    def _show(self, name, text, ends, walk, persons, returns):
        yield from self.before()
        message = ""
        for _ in range(SCANS):
            self.world.stir()
            self.scanner.show(text)
            message = yield from self._answer()
            if message and message not in LATER:
                break
            yield AGAIN_MS
        self.play.ended(name or "a code", message, ends + self.may_end())
        if message not in LET_IN:
            return
        walked = yield from self._walk(walk, persons, name)
        if returns or not walked:
            self.play.join(self._show(name, text, ("re_entry",), "normal", persons, False))

    def _answer(self):
        """Generator: message of the panel that follows a code, "" for none."""
        end_ms = self.world.now_ms + SCAN_MS
        while self.world.now_ms < end_ms:
            event = yield Until(("show",), end_ms - self.world.now_ms)
            message = SAID.get(event["line2"], "") if event else ""
            if message:
                self.tell("scanner", event["line2"])
                return message
        return ""

    def balance(self, records):
        """Paid = passed + known exceptions; the lane's count = the journal's (TD-060, TD-069)."""
        return gate_balance(self.gate, records)
