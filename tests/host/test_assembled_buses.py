# SPDX-License-Identifier: Apache-2.0
"""A terminal as its settings put it together, over SPI and I2C: issued cards pay, to the fen.

Everything is real but the bus: the virtual chip's faces stand where hal opens one (PD-31).
"""

import pytest

from firmware import settings
from firmware.assemble import assemble
from firmware.errors import FormatError
from firmware.formats import parameters
from sim.chip import Chip
from sim.chip_bus import I2cFace, SpiFace
from sim.field import Field
from sim.flash import Flash
from sim.parameter_file import parameter_text
from sim.profile import Profile
from sim.timing import Timing
from sim.wallet import Wallet
from tests.host.chip_stand import ChipClock, PinnedWire

FARE_FEN = 200
UNIT = "terminal: 1\nreader: {reader}\njournal: file:none\nparameters: none\njournal_blocks: 16\n"
CARDS = (
    ("long", "adult", "62280001", Profile(bits=1984)),
    ("plain", "adult", "62280001", Profile()),
    ("b", "adult", "62280001", Profile(kind="B", uid="A1B2C3D4")),
)
READERS = (
    ("serial:/dev/serial0,reset=24", ""),
    ("spi:0.0,irq=25,reset=24", ""),
    ("spi:0.0,cs=8", "reader_engine: own\n"),
    ("spi:0.0,hz=5000000", "reader_speed: 424\n"),
    ("i2c:1", ""),
    ("i2c:1,irq=25", "reader_engine: own\nreader_speed: 212\n"),
)


class BenchHal(ChipClock):
    """hal with counted time, a flash in memory and the virtual chip behind every bus."""

    def __init__(self):
        super().__init__()
        self.radio = Field()
        self.chip = Chip(self.radio, Timing())
        self.opened = []
        self.drawn = 0

    def random_bytes(self, count):
        self.drawn += 1
        return bytes((self.drawn * 29 + 7 * at + 1) & 0xFF for at in range(count))

    def unload(self, names):
        """Memory is not short here."""

    def collect(self):
        """Likewise."""

    sweep = collect

    def heap(self):
        """No heap of its own, as hal.heap() of CPython."""
        return None, None

    def open_flash(self, path, block_count, block_size=4096):
        return Flash(block_count, block_size)

    def open_serial(self, where, baud, ring=0):
        self.opened.append(("serial", where))
        return PinnedWire(self.chip, self)

    def open_bus(self, kind, where):
        self.opened.append((kind, where))
        irq, reset = "irq=" in where, "reset=" in where
        if kind == "i2c":
            return I2cFace(self.chip, self, irq=irq, reset=reset)
        hz = 5_000_000 if "hz=5000000" in where else 1_000_000
        return SpiFace(self.chip, self, hz=hz, held="cs=" in where, irq=irq, reset=reset)


@pytest.fixture(scope="module")
def wallet(tmp_path_factory):
    return Wallet.create(tmp_path_factory.mktemp("wallets") / "buses", CARDS)


@pytest.mark.parametrize("reader, more", READERS)
def test_issued_cards_should_pay_over_every_bus_of_the_settings(wallet, reader, more):
    """PD-31: a certificate of 248 bytes makes a record that only an extended frame can carry."""
    hal, events = BenchHal(), []
    unit = settings.parse(UNIT.format(reader=reader) + more)
    fleet = parameters.parse(parameter_text(wallet.parameters(), FARE_FEN), "wallet")
    terminal = assemble(unit, fleet, hal, events.append)
    assert hal.opened == [unit.reader]
    for name, *_ in CARDS:
        card = wallet.card(name)
        card.path = None  # the wallet stays as it is
        before_fen = card.balance_fen
        hal.radio.place(card)
        terminal.turn()
        taps = [one for one in events if one["event"] == "tap"]
        assert (taps[-1]["outcome"], taps[-1]["card"][-4:]) == ("approved", card.pan[-4:])
        assert any(final for _, _, final in card.debits)
        assert card.balance_fen == before_fen - FARE_FEN
        answers = [len(r_apdu) for one in hal.radio.sent(card) for _, r_apdu in one]
        assert name != "long" or max(answers) > 252
        hal.radio.remove()
        for _ in range(5):
            terminal.turn()
    assert len(taps) == len(CARDS) == len(list(terminal.parts.journal.records()))


def test_stuck_chip_should_be_reported_as_reset_by_its_pin(wallet):
    """PD-34: the event reaches the report of the terminal; without a pin there is none."""
    for reader, pulled in (("spi:0.0,irq=25,reset=24", 1), ("spi:0.0,irq=25", 0)):
        hal, events = BenchHal(), []
        fleet = parameters.parse(parameter_text(wallet.parameters(), FARE_FEN), "wallet")
        unit = settings.parse(UNIT.format(reader=reader))
        terminal = assemble(unit, fleet, hal, events.append)
        hal.chip.reset("dead")
        terminal.turn()
        said = [one["text"] for one in events if one["event"] == "reader"]
        assert said.count("reset by its pin") == pulled
        out_of_order = [one for one in events if "out of order" in one.get("line2", "")]
        assert bool(out_of_order) is not bool(pulled)


def test_wiring_that_cannot_be_should_stop_the_start():
    """What stands behind the kind is judged where the bus is opened, before anything is sold."""
    from firmware import hal

    for reader in ("spi:0.0,hz=9000000", "spi:zero", "i2c:1,cs=3", "serial:/dev/null,led=3"):
        unit = settings.parse(UNIT.format(reader=reader))
        kind, where = unit.reader
        with pytest.raises(FormatError, match=where.split(",")[0]):
            hal.open_serial(where, 115200) if kind == "serial" else hal.open_bus(kind, where)
