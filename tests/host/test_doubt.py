# SPDX-License-Identifier: Apache-2.0
"""A clock in doubt at the edge of a band: what it decides goes to the rider, on each device."""

from firmware.devices import gate_setup, gate_wiring
from host_tools.fares import build, source
from tests.crew import Blob, a_crew
from tests.gate_stand import GateStand
from tests.small_card import SmallCard

FARES = """
version = 3
effective = 2026-01-01T00:00:00
ceiling_fen = 5000
drift_s = 5

[products.12]
kind = "flat"
group = "bus"
fen = 400

[products.park]
kind = "flat"
group = "park"
fen = 3000

[bands.morning]
times = ["06:00-10:00"]
percent = 50
"""


def table():
    return build.build(source.parse(FARES))


def doubted(clock, doubts):
    """The clock (10:15, outside the band) may be wrong by ten minutes or more, or is exact."""
    clock.in_doubt = lambda: doubts
    clock.error_s = lambda: 900


def test_bus_in_doubt_should_ask_the_cheaper_band():
    """TD-008: by stamp.exact(), not by whether the clock was ever set; the record says so."""
    crew = a_crew("same_card_s: 0\n", table=table(), fares="fares.bin")
    crew.key("on 4711")
    crew.key("line 12")
    for doubts, fen in ((False, 400), (True, 200)):
        doubted(crew.stand.clock, doubts)
        assert crew.tap(1 + doubts) == "ok"
        assert (crew.last()["amount_fen"], crew.last()["clock_trusted"]) == (fen, int(not doubts))


class Files:
    """A hal with one file."""

    def open_blob(self, path):
        return Blob(table())


class PricedGate(GateStand):
    """A gate with a fare table, put together as its settings say."""

    def make_gate(self, settings, parameters, clock, report):
        settings.more.update({"fares": "fares.bin", "product": "park"})
        gate = GateStand.make_gate(self, settings, parameters, clock, report)
        gate.price = gate_wiring.open_price(settings, parameters, Files(), report, gate)
        return gate


def test_gate_in_doubt_should_ask_the_cheaper_band():
    """TD-008, and what is offered is what is charged."""
    stand = PricedGate(extra="same_card_s: 0\n")
    assert gate_setup.read_lane("").lane == 1
    for number, (doubts, fen) in enumerate(((False, 3000), (True, 1500))):
        doubted(stand.clock, doubts)
        stand.turns()
        assert stand.gate.offer().fare_fen == fen
        event = stand.tap(SmallCard("622800012000001%d" % number))
        assert (event["message"], event["amount_fen"]) == ("ok", fen)
        stand.people("entered cleared")
