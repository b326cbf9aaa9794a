# SPDX-License-Identifier: Apache-2.0
"""A device with records of the card on a torn link: one stand for all of them.

    class Gate(Unit):
        key = (KEY_USE, VERSIONS["metro"])
        def trade(self, settings, parameters, relay, clock, keys): ...

    crossing = Crossing(unit, card, (0, 400), "approved", ("ok",), lambda card: ..)
    assert cut_everywhere(crossing, acted) > 10

The link is cut at every exchange of a tap, before the card has the command or behind its answer.
Real device, kernel, journal and module driver; simulated card and PSAM.
"""

from collections import namedtuple
from functools import cache

from firmware.devices.card_trade import EVERY, Keys, factor_by
from firmware.neighbours.relay import Relay
from sim import capp_keys
from sim.capp_profile import Extension
from sim.card import Card
from sim.flash import Flash
from sim.issuer import Authority, Profile
from sim.psam import Psam
from tests.devices.parking_stand import PAN, Barrier
from tests.host.card_reading import last_of
from tests.host.test_psam import Contacts, module_over
from tests.host.torn_world import Rim
from tests.stand import Stand

MOST = 60  # exchanges of a tap
AGAIN = 4  # taps until it is settled
SETTLED = ("torn_recovered", "stamp_proven")
CASES = [(r_mac, acted) for r_mac in (False, True) for acted in (False, True)]

# One tap that is to come to pass once. unit(), card(): new ones as they are before it; finals: fen
# of all debits that are final on the card afterwards, () of GPO kinds that debit nothing; kind: of
# its record; says: messages a tap may end with, the undisturbed one first; stands(card): True when
# the record on the card says that it came to pass
Crossing = namedtuple("Crossing", ("unit", "card", "finals", "kind", "says", "stands"))


class Unit(Stand):
    """A device with a simulated PSAM in its slot, its `barrier` at a relay. A subclass names its
    `key` and makes its trade(settings, parameters, relay, clock, keys)."""

    flash, limits = Flash(9, 4096), (2560, 1000)
    key = (0, 0)  # (key use, version)
    wanted = ()  # further keys
    fleet_lines = ""  # further lines of the parameters
    starts = (2026, 11, 21, 10, 0, 0)

    def __init__(self):
        self.barrier = Barrier()
        keys = (self.key,) + tuple(self.wanted)  # noqa: RUF005
        psam = Psam({key: capp_keys.known_master(*key) for key in keys})
        self.module = module_over(Contacts(psam), wanted=list(keys))
        lines = f"same_card_s: 0\nca: {authority().ca_line()}\n"
        super().__init__(lines + self.fleet_lines, self._make)
        self.clock.now = self.starts

    def _make(self, settings, parameters, clock, report):
        relay = Relay(lambda: self.barrier, 500, clock)
        keys = Keys({EVERY: self.key}, factor_by("pan:01"))
        return self.trade(settings, parameters, relay, clock, keys)

    def opened(self):
        """How often somebody was let through."""
        return self.barrier.pulses

    def lost(self, card, at, acted):
        """(event, did it come to pass) of a tap cut at exchange `at`; -1: at its last record."""
        rim = Rim(card, last_of)
        rim.cut = (at, acted)
        return self.tap(rim), rim.fired

    def settled(self, card, says):
        """Tap until somebody is let through; what the panel said last."""
        for _ in range(AGAIN):
            event = self.tap(card)
            if event["outcome"] in ("approved", "recovered") or event["message"] in says:
                break
        assert self.terminal.torn_taps.open == [] and self.journal.pending() == []
        return event["message"]


@cache
def authority():
    """A CA whose index is that of no other test key."""
    return Authority.generate(index=0xE4)


@cache
def image(r_mac, records):
    extended = Extension(records, r_mac=r_mac)
    return authority().issue_issuer().personalise(PAN, Profile(extended=extended))


def new_card(r_mac, *records):
    """A card with 100.00 yuan and these records, never used."""
    return Card(image(r_mac, records))


def finals(card):
    """Fen of the debits that are final, in the order of the card's log."""
    return tuple(fen for _, fen, final in card.debits if final)


def cut_everywhere(crossing, acted):
    """How many exchanges were cut, each in a world of its own; AssertionError for a debit without
    its stamp or the other way round, for one too many, or for who was let through without it.
    """
    recovered = 0
    for at in range(1, MOST):
        card, unit = crossing.card(), crossing.unit()
        before = finals(card)  # a freeze debits nothing: the same afterwards
        event, fired = unit.lost(card, at, acted)
        if not fired:
            assert event["message"] == crossing.says[0], event
            break
        came, opened = crossing.stands(card), unit.opened()
        assert finals(card) == (crossing.finals if came else before) and opened <= came, at
        message = unit.settled(card, crossing.says)
        assert message in crossing.says + SETTLED, (at, message)
        recovered += message in SETTLED
        assert crossing.stands(card) and finals(card) == crossing.finals, at
        assert unit.kinds().count(crossing.kind) == 1 and unit.opened() - opened == 1, at
    assert recovered == acted
    return at - 1


def never_back(crossing, acted):
    """(unit, card) of who was torn at the last record and never comes again: unknown is neither
    paid nor unpaid, and the record keeps the stamp.
    """
    card, unit = crossing.card(), crossing.unit()
    before = finals(card)
    event, fired = unit.lost(card, -1, acted)
    assert fired and event["taken"] is None and unit.opened() == 0
    unit.clock.advance(10**4)
    for _ in range(4):
        unit.terminal.turn()
    assert unit.kinds() == ["pending"] and unit.records()[0][1]["extension"]
    assert finals(card) == (crossing.finals if acted else before)
    assert crossing.stands(card) is acted
    return unit, card
