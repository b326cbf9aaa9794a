# SPDX-License-Identifier: Apache-2.0
"""Front and rear reader of a bus: one is on the stand, of the other the protocol at the wire."""

from firmware.neighbours.twin import LOST_MS, Trip, Twin
from tests.crew import Crew, Wire

PAN = "62280001000001"
TRIP = Trip(True, 4711, 8, 12, 2, 5)


class Pair:
    """A crew on the stand, and the other end of its line to the other reader."""

    def __init__(self, **more):
        self.crew = Crew("same_card_s: 60\n", **more)
        self.other = Twin(not self.crew.trade.twin.protocol.is_front)
        self.ms = 0

    def talk(self, seconds=1, is_cut=False):
        """Let both speak for so long, or be cut off from each other."""
        wire = self.crew.wires.setdefault("twin", Wire())
        for _ in range(4 * seconds):
            self.ms += 250
            self.crew.stand.clock.ms += 250
            said = self.other.outgoing(self.ms)
            wire.heard += b"" if is_cut else said
            self.crew.stand.terminal.turn()
            self.other.feed(b"" if is_cut else wire.said, self.ms)
            wire.said = b""


def a_rear(where="serial:twin rear"):
    """A Pair whose rear reader is on the stand."""
    return Pair(twin=where)


def test_rear_should_sell_what_the_front_is_signed_on_for():
    """TD-030, TD-037: driver, shift, line, direction and stop come over the link."""
    pair = a_rear()
    pair.talk()
    assert pair.crew.tap(1) is None
    pair.other.tell(TRIP)
    pair.talk(2)
    assert pair.crew.tap(1) == "ok"
    names = ("driver", "shift", "line", "direction", "stop")
    assert tuple([pair.crew.last()[name] for name in names]) == TRIP[1:]
    pair.talk(2)
    assert pair.other.totals == (1, 200) and pair.other.has_boarded(PAN, 1)
    pair.other.tell(Trip(False, 0, 0, 12, 2, 5))
    pair.talk(2)
    assert pair.crew.tap(2) is None
    reasons = [one["reason"] for _, one in pair.crew.stand.records()]
    assert reasons == ["shift_opened", "ok", "shift_closed"]


def test_card_that_boarded_at_the_front_should_be_known_at_the_rear():
    """TD-037: it does not pay again, however long it rides; others do."""
    pair = a_rear()
    pair.other.tell(TRIP)
    pair.talk()
    pair.other.board(PAN, 1)
    pair.talk(2)
    pair.talk(90)
    assert pair.crew.tap(1) == "already_paid" and pair.crew.stand.shown() == "blue"
    assert pair.crew.tap(2) == "ok"


def cut_off(where):
    """A Pair on a trip, the link lost."""
    pair = a_rear(where)
    pair.other.tell(TRIP)
    pair.talk(2)
    pair.talk(LOST_MS // 1000 + 1, is_cut=True)
    return pair


def test_rear_should_stop_when_the_link_is_lost():
    """TD-037: until it is there again."""
    pair = cut_off("serial:twin rear")
    assert pair.crew.tap(1) is None
    pair.talk(2)
    assert pair.crew.tap(3) == "ok"


def test_rear_should_go_on_where_the_parameter_says_so():
    """TD-037: with the last trip."""
    pair = cut_off("serial:twin rear open")
    assert pair.crew.tap(1) == "ok" and pair.crew.last()["line"] == 12


def test_front_should_tell_and_go_on_alone():
    """TD-037: the driver hears of a rear reader that is silent; riders pay at the front."""
    pair = Pair(console="serial:console", twin="serial:twin front")
    crew = pair.crew
    crew.key("on 4711 8")
    crew.key("line 12 back")
    pair.talk(2)
    assert pair.other.trip == Trip(True, 4711, 8, 12, 2, 0)
    assert crew.tap(1) == "ok"
    pair.talk(2)
    assert pair.other.has_boarded(PAN, 1)
    pair.other.board("62280001000002", 1)
    pair.other.totals = (1, 200)
    pair.talk(2)
    assert crew.tap(2) == "already_paid"
    assert "  后门 Rear reader: 1 笔 2.00" in crew.key("statement")
    crew.wires["console"].said = b""
    pair.talk(LOST_MS // 1000 + 1, is_cut=True)
    assert b"note the rear reader is silent" in crew.wires["console"].said
    assert crew.tap(3) == "ok"
