# SPDX-License-Identifier: Apache-2.0
"""A case of the adversary: drawn from a number, played event by event, judged, made smaller.

    case = drawn(seed)                  family, cards, events: plain data
    faults = play(case)                 [] where nobody lost a fen
    smaller(case)                       the same fault with fewer events

Every event means something in any state of the city, or nothing, so that any may be left out.
"""

import random
from collections import namedtuple

from tests.adversary import judge
from tests.adversary.cards import bent, new_card
from tests.adversary.kinds import FAMILIES, KINDS, STORIES
from tests.adversary.unit import AdversaryUnit, City
from tests.host.torn_world import LAST

# cipher: of all record keys; cards: tuple of dicts (cards.new_card); liar: number of a row of
# capp_hostile that the first card is, None for a good one; events: tuples (word, ..)
Case = namedtuple("Case", "seed family cipher cards liar events")

MOST_EVENTS, MOST_AT, MOST_OPERATION = 16, 34, 14
WAITS_S = (1, 5, 20, 45, 62, 90, 125, 200, 700, 1500, 4000, 16000, 90000)
STEPS_S = (-86400, -3600, -300, -90, -30, 0, 30, 90, 300, 3600, 86400, None)
SHAKES = (("module", "pulled"), ("module", "locked"), ("module", "keys"), ("module", "deaf"))
CHANGES = (("freeze_fen", "5000"), ("freeze_fen", "3000"), ("transfer", "60 1 free"),
           ("passes", "none"), ("passes", "card"), ("missing_exit", "replace"),
           ("missing_entry", "refuse"), ("overtime", "refuse"), ("balance", "net"),
           ("unit_price_fen", "500"), ("least_fen", "300"), ("vehicle_class", "1"))  # fmt: skip


def drawn(seed):
    """The Case of a number."""
    dice = random.Random(seed)
    family = dice.choice(sorted(FAMILIES))
    places = FAMILIES[family][1]
    cards = tuple(_card(dice) for _ in range(2))
    liar = dice.randrange(200) if dice.random() < 0.08 else None
    events = [_event(dice, places) for _ in range(dice.randint(2, MOST_EVENTS))]
    if dice.random() < 0.7:
        events = _story(dice, family, places)
    events = tuple(events)
    return Case(seed, family, dice.choice(("3des", "3des", "sm4")), cards, liar, events)


def _story(dice, family, places):
    """Events of one or two stories that people live, with something going wrong in between."""
    events, card = [], 0
    for _ in range(dice.randint(1, 2)):
        for one in dice.choice(STORIES[family]):
            if isinstance(one, str):
                events.append(("wait", int(one)))
            elif isinstance(one, tuple):
                events.append(("does", *one))
            else:
                events += _visit(dice, one, card)
            if dice.random() < 0.2:
                events.append(_event(dice, places))
        card = int(dice.random() < 0.3)
    return events


def _visit(dice, at, card):
    """A tap that may be cut, and what people do then: wait, and tap again."""
    if dice.random() < 0.6:
        return [("tap", at, card, None)]
    events = [("power", at, card, (dice.randrange(MOST_OPERATION), dice.randrange(1000)))]
    if dice.random() < 0.7:
        where = LAST if dice.random() < 0.6 else dice.randint(1, MOST_AT)
        events = [("tap", at, card, (where, dice.random() < 0.7))]
    if dice.random() < 0.4:
        events.append(("wait", dice.choice(WAITS_S[:8])))
    return [*events, ("tap", at, card, None)]


def _card(dice):
    return {
        "r_mac": dice.random() < 0.5,
        "offset_fen": dice.choice((None, None, 1000)),
        "withheld": dice.choice(("absent", "zero")),
        "on_pass": dice.choice((None, "rides", "days")),
        "balance_fen": dice.choice((60000, 60000, 60000, 60000, 9000, 5100, 650, 150)),
    }


def _event(dice, places):
    at, card = dice.randrange(len(places)), int(dice.random() < 0.2)
    words = KINDS[places[at][0]]
    draw = dice.random()
    if draw < 0.42:
        return ("tap", at, card, None)
    if draw < 0.60:
        where = LAST if dice.random() < 0.6 else dice.randint(1, MOST_AT)
        return ("tap", at, card, (where, dice.random() < 0.7))
    if draw < 0.66:
        power = (dice.randrange(MOST_OPERATION), dice.randrange(1000))
        return ("power", at, card, power)
    if draw < 0.76:
        return ("wait", dice.choice(WAITS_S))
    if draw < 0.90 and words.beside.words:
        return ("does", at, dice.choice(words.beside.words))
    shakes = (
        ("off", at), ("hold", at, card), ("two", at), ("clock", at, dice.choice(STEPS_S)),
        ("deny", card, dice.random() < 0.5), ("full", at), ("up", at), ("read", at),
        ("set", at, *dice.choice(CHANGES)), (*dice.choice(SHAKES), at), ("mend", at),
        ("mend", at), ("top", card),
    )  # fmt: skip
    return dice.choice(shakes)


class Play:
    """A city in which a case happens; `faults`: texts of what must not be."""

    def __init__(self, case):
        self.case, self.city, self.faults, self.told = case, City(), [], []
        records, places = FAMILIES[case.family]
        self.units = [
            AdversaryUnit(self.city, KINDS[name], place, case.cipher) for name, *place in places
        ]
        self.cards = [
            new_card(at, records, spec, case.cipher) for at, spec in enumerate(case.cards)
        ]
        self.faces = list(self.cards)
        if case.liar is not None:
            self.faces[0] = bent(self.cards[0], case.liar)
        self.liars = [face is not card for face, card in zip(self.faces, self.cards, strict=True)]
        self.topped = [0, 0]
        self.taps = []  # judge.Seen, one a presentation

    def run(self):
        """Play all events, then judge."""
        for unit in self.units:
            unit.turns(4)
        for event in self.case.events:
            getattr(self, "_" + event[0])(*event[1:])
            for unit in self.units:
                unit.learn()
            self.faults += judge.now(self)
            if self.faults:
                break
        self._morning_after()
        self.faults += judge.evening(self)
        return self.faults

    def _morning_after(self):
        """Everything works again: what is open is settled, who is stuck comes for help."""
        self._deny(0, False)
        for _ in range(8):  # locks that stand open close, and are told of
            self._wait(5)
        for at, unit in enumerate(self.units):
            unit.clock.offset_s, unit.clock.is_set = 0, True
            self._up(at)
            self._mend(at)
            unit.restart()
            unit.beside.mend()
        self._wait(130)
        for unit in self.units:
            unit.learn()
        self.faults += judge.morning(self)

    # --- events

    def _tap(self, at, card, cut):
        self._presented(at, card, cut, None)

    def _power(self, at, card, power):
        self._presented(at, card, None, power)

    def _presented(self, at, card, cut, power):
        unit = self.units[at]
        before = judge.finals(self.cards[card])
        began_ms = self.city.ms
        event, colours, gone = unit.presents(self.faces[card], cut, power)
        unit.learn()
        seen = judge.Seen(unit, card, began_ms, unit.clock.offset_s, event, colours, gone, before,
                          judge.finals(self.cards[card]))  # fmt: skip
        self.taps.append(seen)
        self.told.append((unit.kind.name, unit.number, card, event and event["message"], colours))
        self.faults += judge.tap(self, seen)
        return event["message"] if event else ""

    def asks(self, unit, card):
        """Message of an undisturbed tap."""
        return self._presented(self.units.index(unit), card, None, None)

    def _hold(self, at, card):
        unit = self.units[at]
        before = judge.finals(self.cards[card])
        unit.hold(self.faces[card], 10)
        after = judge.finals(self.cards[card])
        paid = [atc for atc in after if atc not in before and after[atc]]
        if len(paid) > 1:
            self.faults.append(f"a card that stayed paid {len(paid)} times")

    def _two(self, at):
        unit = self.units[at]
        unit.reader.field = list(self.faces)
        unit.terminal.turn()
        unit.turns()

    def _wait(self, seconds):
        for part in (min(seconds, 25), max(0, seconds - 25)):
            self.city.ms += 1000 * part
            for unit in self.units:
                unit.beside.passes()
        for unit in self.units:
            unit.turns(2)

    def _does(self, at, what):
        self.units[at].beside.does(what)

    def _off(self, at):
        self.units[at].restart()
        self.units[at].turns(4)

    def _clock(self, at, step_s):
        clock = self.units[at].clock
        clock.is_set = step_s is not None
        clock.offset_s += step_s or 0

    def _deny(self, card, on):
        for unit in self.units:
            unit.denied.clear()
            if on:
                unit.denied[self.cards[card].pan] = ()

    def _full(self, at):
        self.units[at].fill()

    def _up(self, at):
        self.units[at].learn()
        self.units[at].acknowledge()

    def _read(self, at):
        self.units[at].journal.unsent(4000, 8)  # sent, and the answer is lost

    def _set(self, at, key, value):
        unit = self.units[at]
        unit.more[key] = value
        unit.restart()
        unit.turns(4)

    def _module(self, what, at):
        psam = self.units[at].psam
        if what == "pulled":
            psam.pulled = True
        elif what == "locked":
            psam.failures = psam.most_failures
        elif what == "keys":
            psam.keys.clear()
        else:
            psam.deaf_after = 3

    def _mend(self, at):
        unit = self.units[at]
        psam = unit.psam
        psam.pulled, psam.deaf_after, psam.failures = False, None, 0
        psam.keys.update(unit.masters)
        unit.pass_time(6)
        unit.turns(2)

    def _top(self, card):
        try:
            self.cards[card].top_up(1000)
        except ValueError:
            return
        self.topped[card] += 1000


def play(case):
    """Faults of a Case; the first ones."""
    return Play(case).run()


def smaller(case, fault):
    """The Case with as few events as still give a fault that begins alike."""
    kind = word_of(fault)

    def fails(events):
        try:
            found = play(case._replace(events=tuple(events)))
        except Exception as why:  # noqa: BLE001 - whatever it is, it is the finding
            found = [f"raised {type(why).__name__}: {why}"]
        return any(word_of(one) == kind for one in found)

    events, size = list(case.events), len(case.events) // 2 or 1
    while size:
        at = 0
        while at < len(events):
            left = events[:at] + events[at + size :]
            if fails(left):
                events = left
            else:
                at += size
        size //= 2
    return case._replace(events=tuple(events))


def word_of(fault):
    """What a fault begins with: up to its first colon."""
    return fault.partition(":")[0].rpartition(".")[2].replace("raised ", "")
