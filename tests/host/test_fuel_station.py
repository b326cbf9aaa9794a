# SPDX-License-Identifier: Apache-2.0
"""Two pumps of a station at their hub, with simulated cards: a sum whose completion failed at its
pump is completed or set free at the other one, never twice, whatever was cut.
"""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from firmware.devices import fuel_station
from firmware.devices.fuel import Fuel
from firmware.devices.fuel_fills import Fill
from firmware.errors import FormatError
from firmware.neighbours import pump
from host_tools.lanes.fills import Fills
from sim.beside_fuel import is_frozen
from sim.capp_profile import KEY_USE, VERSIONS
from sim.flash import Flash
from sim.lane_peers import LaneEnd
from sim.pty_line import PtyLine
from tests.devices.fuel_stand import FREEZE_FEN, Wire
from tests.hand_clock import HandClock
from tests.host.console import ROOT
from tests.host.record_torn import MOST, Unit, finals, new_card
from tests.host.test_lanes import wait

POURED_ML, POURED_FEN = 3000, 2400


class HubWire(LaneEnd):
    """A pump's line to the hub; `cut`: nothing passes."""

    def __init__(self, hub, name, clock):
        super().__init__()
        self.hub, self.clock, self.cut = hub, clock, False
        self.port = hub.add(name)

    def turn(self):
        self._exchange()
        return super().turn()

    def flush(self):
        self._exchange()

    def _exchange(self):
        now_ms, said = self.clock.ms, b""
        if not self.cut:
            self.hub.feed(self.port, self.outgoing(now_ms), now_ms)
            said = self.hub.outgoing(self.port, now_ms)
        self.feed(said, now_ms)

    def close(self):
        pass


class Post(Unit):
    """Pump 1, beside which the fills happen; minute: of its clock."""

    flash = Flash(9, 4096)
    key = (KEY_USE, VERSIONS["fuel"])
    fleet_lines = "merchant: 104310055110001"
    number, stop, product = 1, 1, "92"

    def __init__(self, hub, minute=0):
        self.hub, self.wire = hub, None
        self.starts = (2026, 11, 21, 10, minute, 0)
        super().__init__()
        self.turns()

    def trade(self, settings, parameters, relay, clock, keys):
        settings.more.update({"freeze_fen": str(FREEZE_FEN), "product": self.product})
        named = settings._replace(
            terminal=self.number, ifd_serial=f"{self.number:08d}", stop=self.stop
        )
        link = pump.PumpLink()
        self.wire = self.wire or Wire(link, clock)
        self.wire.link, self.wire.clock = link, clock
        made = Fuel(named, parameters, clock, keys, link, self.wire, self.events.append)
        self.line = HubWire(self.hub, f"pump {self.number}", clock)
        made.station = fuel_station.Station(self.line, named, self.product, clock)
        return made

    def says(self, state, quantity=0):
        self.wire.state, self.wire.quantity = state, quantity
        self.turns()

    def turns(self, count=6):
        self.reader.field = []
        for _ in range(count):
            self.terminal.turn()

    def fills(self, card, quantity):
        """What a driver does who goes to the other pump, or comes back."""
        self.says(pump.LIFTED)
        assert self.tap(card)["message"] == "frozen"
        self.says(self.wire.state)
        self.says(pump.FILLED, quantity)
        self.turns()


class Beside(Post):
    """Pump 2."""

    flash = Flash(9, 4096)
    number, stop, product = 2, 2, "diesel"


@pytest.fixture
def hub():
    made = Fills(":memory:", lambda text: None)
    yield made
    made.close()


def filled(hub, r_mac=False, quantity=POURED_ML):
    """(card with a fill that waits, its pump)."""
    card, post = new_card(r_mac, "fuel", "rides"), Post(hub)
    post.fills(card, quantity)
    return card, post


def paid_at(post, card, fen):
    """Tap until the panel has said what becomes of it."""
    event = post.tap(card)
    assert event["message"] == "fuel_asked", event
    post.turns()
    event = post.tap(card)
    assert event["message"] == ("ok" if fen else "fuel_none") and event["amount_fen"] == fen
    post.turns()


@pytest.mark.parametrize("quantity", (POURED_ML, 0))
def test_another_pump_should_complete_what_was_poured(hub, quantity):
    """QX-054, QX-055: sum, product and fill of the first pump, which forgets it; a second tap is
    a new fill. The record names who froze.
    """
    card, post = filled(hub, True, quantity)
    other, fen = Beside(hub, 9), quantity * POURED_FEN // POURED_ML
    paid_at(other, card, fen)
    assert not is_frozen(card) and finals(card) == (fen,)
    kind, values = other.records()[-1]
    assert (kind, values["reference"]) == ("approved" if fen else "stamped", 1)
    assert values["fare_class"] == "92" and b"00000001" in values["extension"]
    post.turns()
    assert not post.terminal.trade.fills.by_order and not hub.due()
    other.says(pump.LIFTED)
    assert other.tap(card)["message"] == "frozen"


@pytest.mark.parametrize("acted", (False, True))
def test_a_completion_lost_anywhere_at_its_pump_should_be_taken_once(acted):
    """QX-035, QX-038, QX-051: torn at the first pump, which may lose its power; then at the other
    one. The card says whether it is open still; what the first one does not know is pending.
    """
    came = 0
    for at in range(1, MOST):
        hub = Fills(":memory:", lambda text: None)
        card, post = filled(hub)
        event, fired = post.lost(card, at, acted)
        if not fired:
            assert event["message"] == "ok"
            break
        took, doubt = not is_frozen(card), len(post.journal.pending())
        assert finals(card) == ((POURED_FEN,) if took else ())
        other = Beside(hub, 9)
        if took:
            assert other.tap(card)["message"] == "pump_lift", at  # nothing is open: a new fill
        else:
            paid_at(other, card, POURED_FEN)
        assert finals(card) == (POURED_FEN,) and not is_frozen(card), at
        if at % 2:
            post.restart()
        post.clock.advance(10**4)
        post.turns(12)
        kinds = post.kinds()
        assert (kinds.count("approved"), kinds.count("pending")) == (0, doubt), (at, kinds)
        assert other.kinds().count("approved") == (not took)
        assert took or not post.terminal.trade.fills.by_order
        came += took
        hub.close()
    assert came == acted and at > 10


@pytest.mark.parametrize("acted", (False, True))
def test_a_completion_lost_anywhere_at_the_other_pump_should_be_taken_once(acted):
    """QX-035, QX-038: the driver walks back to his pump; or he stays."""
    for at in range(1, MOST):
        hub = Fills(":memory:", lambda text: None)
        card, post = filled(hub)
        other = Beside(hub, 9)
        assert other.tap(card)["message"] == "fuel_asked"
        other.turns()
        event, fired = other.lost(card, at, acted)
        if not fired:
            assert event["message"] == "ok"
            break
        took = not is_frozen(card)
        back = at % 2 and not took
        if back:
            post.clock.now = (2026, 11, 21, 10, 10, 0)
            assert post.tap(card)["message"] == "ok"
        else:
            assert other.settled(card, ("ok",)) in ("ok", "torn_recovered")
        assert finals(card) == (POURED_FEN,) and not is_frozen(card), at
        other.clock.advance(10**4)
        other.turns(12)
        post.turns(12)
        sales = post.kinds().count("approved") + other.kinds().count("approved")
        assert sales == 1 and not post.terminal.trade.fills.by_order, at
        assert not hub.due()
        hub.close()
    assert at > 10


def test_without_the_hub_nobody_should_be_asked(hub):
    """A line that is cut, a fill that is not noted: to the pump it was filled at; no GPO."""
    card, post = filled(hub)
    other = Beside(hub, 9)
    atc = card.state["atc"]
    other.line.cut = True
    other.turns(12)
    assert other.tap(card)["message"] == "other_pump"
    other.line.cut = False
    other.turns()
    hub._file.execute("DELETE FROM fills")
    assert other.tap(card)["message"] == "fuel_asked"
    other.turns()
    assert other.tap(card)["message"] == "other_pump" and card.state["atc"] == atc
    post.restart()  # tells the hub of what waits
    post.turns()
    other.clock.advance(100)
    paid_at(other, card, POURED_FEN)


def test_who_has_paid_elsewhere_should_be_told_behind_any_restart(tmp_path):
    """The hub's process, and both pumps: the first one forgets what the other one has taken."""
    hub = Fills(str(tmp_path / "fills.db"), lambda text: None)
    card, post = filled(hub)
    post.line.cut = True
    other = Beside(hub, 9)
    paid_at(other, card, POURED_FEN)
    assert post.terminal.trade.fills.by_order
    hub.close()
    again = Fills(str(tmp_path / "fills.db"), lambda text: None)
    for one in (other, post):
        one.hub = again
        one.restart()
        one.turns()
    assert not post.terminal.trade.fills.by_order and not again.due()
    again.close()


def test_a_fill_should_fit_the_card_to_the_fen():
    """QX-049: terminal, number, sum, card, and noted behind the freeze."""
    moment = (2026, 11, 21, 10, 5, 0)
    fill = Fill(7, "6228000100000010", 5000, 2400, bytes(25), 9)
    found = fuel_station.told(fuel_station.noted_body(1, fill, moment, "92"))
    card = {"entry_gate": 1, "entry_number": 7, "frozen_fen": 5000, "entry_time": moment}
    assert fuel_station.fits(found, card, fill.pan) and fuel_station.product_of(found) == "92"
    for name, value in (
        ("entry_gate", 2), ("entry_number", 8), ("frozen_fen", 4999),
        ("entry_time", (2026, 11, 21, 10, 5, 1)),
    ):  # fmt: skip
        assert not fuel_station.fits(found, {**card, name: value}, fill.pan), name
    assert not fuel_station.fits(found, card, "6228000100000028")
    for count in range(fuel_station.SIZE):
        with pytest.raises(FormatError):
            fuel_station.told(bytes(count))


def test_pumps_of_one_number_should_not_take_each_others_fills(hub):
    """QX-038: the stamp of a completion names the place alone; a short word, too."""

    class Twin(Beside):
        stop = 1

    card, _ = filled(hub)
    assert Twin(hub, 9).tap(card)["message"] == "other_pump" and finals(card) == ()

    class Nameless(Beside):
        stop = 0

    with pytest.raises(FormatError, match="stop"):
        Nameless(hub)


class End(LaneEnd):
    """A pump's end of a pty: the Neighbour of its station, turned as its loop would."""

    def __init__(self, number):
        super().__init__()
        settings = SimpleNamespace(terminal=number, stop=number)
        self.station = fuel_station.Station(self, settings, "92", HandClock())
        self.paid: list[int] = []

    def outgoing(self, now_ms):
        self.paid += self.station.turn()
        return super().outgoing(now_ms)


def test_command_should_serve_two_pumps(tmp_path):
    """Each at a pty: what one has noted the other one is told, and the first that it was paid."""
    one, other = End(1), End(2)
    one.station.note(Fill(7, "6228000100000010", 5000, 2400, bytes(25), 9))
    card = {"entry_gate": 1, "entry_number": 7, "frozen_fen": 5000, "entry_time": (2000, 1, 1)}
    with PtyLine(one) as first, PtyLine(other) as second:
        argv = [
            sys.executable, "-m", "host_tools.cli.main", "fills", "--store",
            str(tmp_path / "fills.db"), "--pump", first.path, "--pump", second.path,
        ]  # fmt: skip
        running = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            wait(lambda: not one.station.untold and not other.station.line.silent)
            with second.lock:
                assert other.station.fill_of(card, "6228000100000010")[0] == "fuel_asked"
            wait(lambda: other.station.known)
            _, fill, product = other.station.fill_of(card, "6228000100000010")
            assert (fill.amount_fen, product) == (2400, "92")
            with second.lock:
                other.station.pay(1, 7)
            wait(lambda: one.paid == [7] and not other.station.untold)
        finally:
            running.terminate()
            said = running.communicate(timeout=10)[0]
    assert "0 fills wait" in said and "stopped" in said
