# SPDX-License-Identifier: Apache-2.0
"""Scenic-spot gate: paid, opened, passed, not passed and unknown are separate facts (TD-060).

The sale is the loop's; the lane is gate_machine.py; whom it was opened for is gate_people.py; what
turns the arms is a controller (firmware/neighbours/relay_gate.py, tpw.py, digicon.py):

    turn()                events since the last turn: words of gate_machine.EVENTS, and `opened`
                          (it has done so), `exited` (somebody left against the lane's direction)
    order(word, persons)  open, close, release, or a policy: controlled, free, exit_only, closed
    fire()                True while the fire input says so, None where only turn() tells
    passages              people the machine has counted, None where it does not count
    one_by_one            True where `opened` is one person's, False where it is everybody's
    close()

Each fact is an EVENT record whose `reference` is the sequence of the sale (docs/gate.md).
"""

from firmware.devices import gate_modes, gate_people
from firmware.devices.gate_figures import Figures
from firmware.devices.gate_machine import MOST_PERSONS, Machine
from firmware.devices.gate_people import Graces, Grant, Passback
from firmware.devices.gate_price import FlatPrice
from firmware.devices.gate_setup import read_lane
from firmware.devices.gate_words import WORDS
from firmware.devices.trade import PASSES, Charge, Offer, Trade
from firmware.errors import JournalFull
from firmware.formats import fields, record
from firmware.formats.fields import U8, U16, U32, Word

# The `trade_data` of a gate's records. tickets: number of an e-ticket, 0 for a card
GATE_DATA = (("lane", U8), ("mode", U8), ("ticket", U32), ("count", U16), ("kind", Word(16)))

ENTRY, EXIT = 1, 2  # `direction` of the records
STANDS = {  # state of the lane -> what stands on the panel while it sells nothing
    "ALARM": "gate_alarm",
    "EMERGENCY": "gate_fire",
    "CLEAR": "gate_fire",
    "FAULT": "gate_fault",
}
AT_WORK = {"OPEN": "gate_walk", "PASSING": "gate_walk", "CLOSE": "gate_wait"}
# What an alarm is written down as, by the event that raised it
ALARMS = {"second": "tailgating", "reverse": "reverse", "timeout": "lane_blocked"}
MOTION = ("entered", "second", "reverse", "blocked", "retreated")  # no alarm where all may walk


class Gate(Trade):
    """One lane."""

    name, code = "gate", 0
    words = WORDS

    def __init__(self, settings, parameters, controller, neighbours=(), price=None):
        """neighbours: objects with turn(gate), restore(recent) and close(); price: gate_price."""
        Trade.__init__(self, settings, parameters)
        self.lane = read_lane(settings.more.get("gate_lane", ""))
        self.controller = controller
        self.neighbours = neighbours
        self.price = price or FlatPrice(parameters)
        self.when = None  # local moment that prices hold for while a card is there
        self.machine = Machine(self.lane.times)
        self.mode = self.lane.mode
        self.kind, self.persons = self.lane.kind, 1  # of the next card; a key may say otherwise
        self.inside = []  # Grants that the lane is open for, oldest first
        self.late = None  # the Grant that has just not passed, while the arms close
        self.figures = Figures()
        self.free_people = 0  # through since the fire input or the mode let everybody go
        self.day = None
        self.now_ms = 0
        self.cause = ""  # event that is being worked on
        self.policy = ""  # what the controller was told last

    def attach(self, house):
        """The terminal is there."""
        Trade.attach(self, house)
        self.ticks = house.clock.ticks_ms()
        self.graces = Graces(self.lane.grace_s, house.clock)
        self.passback = Passback(self.lane.passback_min * 60, house.clock)

    def restore(self, recent):
        """Who was let in before the power went, and whether anybody knows that he went through."""
        untold = gate_people.restored(
            recent, self.house.clock, self.house.stamp, self.graces, self.passback
        )
        for grant in untold:
            self._note("unknown", grant, grant.persons)
        for neighbour in self.neighbours:
            neighbour.restore(recent)
        self.day = self.house.stamp.today()
        self.controller.order("close", 0)

    def turn(self):
        """What the lane, the neighbours and the time say."""
        ticks = self.house.clock.ticks_ms()
        self.now_ms += max(0, self.house.clock.ticks_diff(ticks, self.ticks))
        self.ticks = ticks
        for event in self.controller.turn():
            self._happened(event)
        for neighbour in self.neighbours:
            neighbour.turn(self)
        self.cause = "timeout"
        self._do(self.machine.turn(self.now_ms))
        if not self.house.busy():
            self.graces.forget()
            self._tell_policy()
            if self.day != self.house.stamp.today():
                self.count_day()

    def close(self):
        """Service ends: the arms stay as the controller leaves them without us."""
        self.controller.order("close", 0)
        for one in self.neighbours:
            one.close()
        self.controller.close()

    # --- what the loop asks

    def offer(self):
        """What stands on the panel, and whether anything is sold."""
        stands = self._stands()
        if not stands and self.machine.let_in >= self.lane.queue:
            stands = AT_WORK.get(self.machine.state)
        elif not stands and self.machine.state == "CLOSE":
            stands = AT_WORK["CLOSE"]
        charge = None if stands else self._asked("")
        if charge is None:
            return Offer(stands or "no_amount", None, False)
        return Offer("ready", charge.amount_fen, True)

    def reads_first(self):
        """The number decides whether anything is due (TD-063)."""
        known = self.graces.grants or self.passback.rows or self.lane.direction == EXIT
        return bool(known or self.mode == "fare_waived" or self.price.by_number())

    def begin(self):
        """A card is there: its price is that of this moment."""
        self.when = self.house.clock.local_now()
        self._feed("tap")

    def charge(self, pan):
        """Charge of a card for the persons that were keyed."""
        asked = self._asked(pan)
        if asked is None:  # refuse() says so: what has no price is no gift
            return Charge(self.parameters.ceiling_fen, 0, "", "", self.persons)
        if pan and self.mode == "fare_waived":
            return Charge(0, asked.full_fare_fen, "waived", "waived", self.persons)
        return asked

    def _asked(self, pan):
        when = self.when or self.house.clock.local_now()
        return self.price.charge(self.kind, pan, self.persons, when)

    def refuse(self, pan, psn):
        """Message that keeps a card from paying, or lets it through."""
        if self.controller.fire():
            return "gate_fire"  # TD-065: the wire is asked, also in the middle of a tap
        if self._stands():
            return self._stands()
        if self.graces.find(pan, psn):
            return "re_entry"
        if self.passback.holds(pan, self.lane.direction):
            return "passback"
        if self.lane.direction == EXIT:
            return "pass_valid"
        return "" if self._asked(pan) else "no_amount"

    def _stands(self):
        return STANDS.get(self.machine.state) or gate_modes.MESSAGES.get(self.mode)

    def onto(self, values):
        """Lane, mode and kind stand in each record."""
        Trade.onto(self, values)
        values["direction"] = self.lane.direction
        values["fares_version"] = self.price.version
        values["trade_data"] = self.data()

    def data(self, ticket=0, count=0, kind=None):
        """Bytes of GATE_DATA."""
        return fields.pack(
            GATE_DATA,
            {
                "lane": self.lane.lane,
                "mode": gate_modes.MODES.index(self.mode),
                "ticket": ticket,
                "count": min(0xFFFF, count),
                "kind": self.kind if kind is None else kind,
            },
        )

    def after(self, sold):
        """The result is durable and shown: let in who may go, once (TD-001)."""
        values, message, self.when = sold.values, sold.message, None
        if message == "re_entry":
            self.let_in_again(sold.pan)
        elif message in PASSES or message in ("ok", "concession", "torn_recovered"):
            persons = values["riders"] if values and values["riders"] else 1
            psn = values["psn"] if values else 0
            self.let_in(Grant(sold.sequence, sold.pan, psn, persons))
        elif sold.outcome.taken is None:
            self._feed("torn")
        else:
            self._feed("refused")

    # --- people

    def let_in(self, grant):
        """Open for the people of a grant, whose record is durable."""
        self.inside.append(grant)
        self.figures.count("let_in", grant.persons)
        self.persons, self.kind = 1, self.lane.kind
        self._feed("approved", grant.persons)

    def let_in_again(self, pan):
        """Open for who paid and did not go through (TD-063)."""
        grant = self.graces.find(pan, None)
        if grant:
            self.graces.take(grant)
            grant.opened = False
            self.let_in(grant)

    def key(self, word, number=0):
        """A key of the attendant: a mode, `operator`, `persons`, `kind_NAME`, `day_count`."""
        if word in gate_modes.MODES:
            self.set_mode(word)
        elif word == "operator":
            self._feed("operator")
        elif word == "persons" and 1 <= number <= MOST_PERSONS:
            self.persons = number
        elif word.startswith("kind_"):
            self.kind = word[5:21]
        elif word == "day_count":
            self.count_day()

    def set_mode(self, mode):
        """Another mode, written down; the arms follow when nobody is in the lane (TD-066)."""
        if mode != self.mode:
            self.mode = mode
            self._note("mode_" + mode)

    def _tell_policy(self):
        policy = gate_modes.policy_of(self.mode)
        if policy != self.policy and self.machine.state == "IDLE":
            self.policy = policy
            self.controller.order(policy, 0)

    # --- the lane

    def _happened(self, event):
        free = self.mode == "free" and self.machine.state == "IDLE"
        if event == "opened":
            for grant in self.inside[: 1 if self.controller.one_by_one else None]:
                if not grant.opened:
                    grant.opened = True
                    self._note("opened", grant, grant.persons)
        elif event == "exited":
            self.figures.count("exited")
        elif not (free and event in MOTION):
            self._feed(event)

    def _feed(self, event, persons=1):
        self.cause = event
        self._do(self.machine.feed(event, self.now_ms, persons))

    def _do(self, actions):
        for action in actions:
            if action in ("open", "close", "release"):
                self.controller.order(action, self.machine.let_in)
            else:
                getattr(self, "_" + action)()

    def _passed(self):
        """One of those who were let in first is through."""
        self.figures.count("passed")
        late = not self.inside and self.late
        grant = self.inside[0] if self.inside else self.late
        if not grant:
            self.figures.count("passed", -1)
            return self._stray()
        grant.persons -= 1
        grant.through += 1
        self.passback.note(grant.pan, self.lane.direction)
        if late and grant in self.graces.grants:  # the arms caught nobody: he went through
            self.graces.take(grant)
        if not grant.persons or late:
            self._write_passed(grant)
            self.inside, self.late = self.inside[1:], None
        return None

    def _write_passed(self, grant):
        if grant.through:
            self._note("passed", grant, grant.through)
            grant.through = 0

    def _not_passed(self):
        self._settle("not_passed")
        self.house.show("not_passed")

    def _unknown(self):
        self._settle("unknown")

    def _settle(self, reason):
        """Nobody else who was let in is coming now; they may come again (TD-060, TD-063)."""
        for grant in self.inside:
            self._write_passed(grant)
            self.figures.count(reason, grant.persons)
            self._note(reason, grant, grant.persons)
            self.graces.add(grant)
            self.late = grant if reason == "not_passed" else None
        self.inside = []

    def _stray(self):
        """Somebody through whom nobody let in: counted where all may walk, else written down."""
        if self.mode == "free" or self.machine.state in ("EMERGENCY", "CLEAR"):
            self.figures.count("free")
            self.free_people += 1
        else:
            self.figures.count("stray")
            self._note("stray")

    def _alarm(self):
        reason = ALARMS.get(self.cause, "intrusion")
        self.figures.count(reason)
        self.house.show("gate_alarm")
        self._note(reason)

    def _quiet(self):
        pass  # the panel follows the offer

    def _fire(self):
        """TD-065: what follows is free and counted; TD-067: nobody is known to be inside."""
        self.passback.forget_all()
        self.free_people = 0
        self._note("fire")

    def _fire_over(self):
        self._note("fire_over", None, 0, self.free_people)

    def _fault(self):
        self._note("gate_fault")

    def count_day(self):
        """The machine's figures against ours, once a day and when asked (TD-069)."""
        self.day = self.house.stamp.today()
        event = self.figures.day_count(self.controller.passages)
        self.house.report(event)
        self._note("day_count", None, 0, abs(event["difference"]))

    # --- what lasts

    def _note(self, reason, grant=None, people=0, count=0):
        """An EVENT record; where the journal has no room for it, it is counted."""
        values = self.house.stamp.onto(record.blank(record.EVENT))
        values["reason"], values["riders"] = reason, people
        if grant:
            values["reference"] = grant.sequence
            is_ticket = grant.pan[:1] == "T"
            ticket = int(grant.pan[1:], 16) if is_ticket else 0
            values["trade_data"] = self.data(ticket, count)
            if not is_ticket and grant.pan:
                values["pan"] = record.pan_bytes(grant.pan)
                values["psn"] = grant.psn
        elif count:
            values["trade_data"] = self.data(0, count)
        try:
            self.house.journal.append(record.pack(values))
        except JournalFull:
            self.figures.count("unwritten")


def make(settings, parameters, hal, clock, report):
    """Trade of a gate: its controller by `gate_kind`, the others as far as they are named."""
    from firmware.devices import gate_wiring  # the gate alone: beside its class for the tests

    controller, neighbours = gate_wiring.open_all(settings, hal, clock)
    gate = Gate(settings, parameters, controller, neighbours)
    if "fares" in settings.more:
        gate.price = gate_wiring.open_price(settings, parameters, hal, report, gate)
    return gate
