# SPDX-License-Identifier: Apache-2.0
"""hal's SPI and I2C: wiring texts, the libraries of Linux, machine of a board."""

import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware import hal
from firmware.errors import FormatError, LinkLost
from firmware.hal import pins_cpython
from firmware.hal.wiring import read_bus, read_pins, read_wiring
from firmware.reader.i2c import I2c
from firmware.reader.pn532 import Pn532
from firmware.reader.spi import Spi
from sim.chip import Chip
from sim.chip_bus import I2cFace, SpiFace
from sim.timing import Timing
from tests.host.chip_stand import ChipClock
from tests.host.pin_libraries import Message, SMBus, SpiDev, gpiod_of
from tests.host.unix_port import run_micropython
from tests.host.virtual_host import FakeCard, FakeField


def test_wiring_should_name_bus_device_and_pins():
    number, device, wired = read_bus("spi", "0.0,irq=25,reset=24")
    assert (number, device, wired["irq"], wired["reset"], wired["cs"]) == (0, 0, 25, 24, None)
    assert wired["hz"] == 1_000_000
    number, device, wired = read_bus("spi", "1:sck=10,mosi=11,miso=12,cs=13,hz=5000000")
    assert (number, device) == (1, None)
    assert [wired[name] for name in ("sck", "mosi", "miso", "cs", "hz")] == [
        10, 11, 12, 13, 5_000_000,
    ]  # fmt: skip
    number, device, wired = read_bus("i2c", "1")
    assert (number, device, wired["irq"], wired["free_us"]) == (1, None, None, 1300)
    assert read_bus("i2c", "0,sda=4,scl=5,hz=100000,free_us=5000")[2]["free_us"] == 5000
    assert read_wiring("1:tx=4,rx=5,reset=6")[1][2] == ("reset", 6)
    assert read_pins("", "nothing", ("irq",)) == []


@pytest.mark.parametrize(
    "kind, text",
    [
        ("spi", ""),
        ("spi", "a"),
        ("spi", "0."),
        ("spi", "0.0.0"),
        ("spi", "0,irq"),
        ("spi", "0,irq="),
        ("spi", "0,irq=x"),
        ("spi", "0,irq=-1"),
        ("spi", "0,irq=1,irq=2"),
        ("spi", "0,sda=4"),
        ("spi", "0,hz=0"),
        ("spi", "0,hz=5000001"),
        ("spi", "0,,irq=1"),
        ("spi", "\u0663"),
        ("i2c", "1.0"),
        ("i2c", "1,cs=8"),
        ("i2c", "1,hz=400001"),
    ],
)
def test_wrong_wiring_should_be_a_format_error(kind, text):
    with pytest.raises(FormatError, match=":"):
        read_bus(kind, text)


@given(
    st.sampled_from(("spi", "i2c")),
    st.text(alphabet="0123456789.,:=irqesthzcpdalfu_x\u00b2 ", max_size=40),
)
def test_any_wiring_should_be_read_or_refused(kind, text):
    try:
        number, device, wired = read_bus(kind, text)
    except FormatError:
        return
    assert number >= 0 and (device is None or device >= 0)
    assert all(value is None or value >= 0 for value in wired.values())


class Bench:
    """A virtual chip behind the libraries of Linux; `line` is what hal opened."""

    def __init__(self, monkeypatch, kind, where, **pins):
        self.clock = ChipClock()
        self.chip = Chip(FakeField(FakeCard()), Timing())
        face = (SpiFace if kind == "spi" else I2cFace)(
            self.chip, self.clock, irq=True, reset=True, **pins
        )
        self.face, self.requests = face, []
        SpiDev.face = SMBus.face = face
        monkeypatch.setitem(sys.modules, "spidev", SimpleNamespace(SpiDev=SpiDev))
        monkeypatch.setitem(sys.modules, "smbus2", SimpleNamespace(SMBus=SMBus, i2c_msg=Message))
        monkeypatch.setitem(sys.modules, "gpiod", gpiod_of(face, self.requests))
        # the chip's time is counted, so is the host's
        monkeypatch.setattr(pins_cpython, "time", self)
        self.line = hal.open_bus(kind, where)

    def sleep(self, duration_s):
        self.clock.us += round(duration_s * 1_000_000)

    def monotonic_ns(self):
        return self.clock.us * 1000


CASES = (
    ("spi", "0.0", {"held": False}),
    ("spi", "0.1,irq=25,hz=2000000", {"held": False, "hz": 2_000_000}),
    ("spi", "0.0,cs=8,irq=25,reset=24", {}),
    ("i2c", "1", {}),
    ("i2c", "1,irq=25,reset=24,free_us=1300", {}),
)


@pytest.mark.parametrize("kind, where, pins", CASES)
def test_linux_libraries_should_carry_a_session(monkeypatch, kind, where, pins):
    """PD-31, PD-32, PD-33: driver, line and library, down to the chip."""
    bench = Bench(monkeypatch, kind, where, **pins)
    bus = (Spi if kind == "spi" else I2c)(bench.line, bench.clock)
    pn532 = Pn532(bus, bench.clock)
    assert pn532.open() == b"\x32\x01\x06\x07"
    pn532.power(True)
    (card,) = pn532.find(200)
    assert len(card.exchange(b"\x01\x02\x00")) == 258
    assert bench.face.faults == []
    waits = sum(one.waits for one in bench.requests)
    assert (waits > 0) is ("irq" in where)
    looks = [one for one in bench.face.transactions[1:] if one[0] == "02"]
    assert not (looks and "irq" in where)  # PD-32
    assert (bench.line.reset is not None) is ("reset" in where)
    if bench.line.reset:
        bench.line.reset(0)
        bench.line.reset(1)
        assert bench.face.resets == 1
    bench.line.close()
    assert all(one.released for one in bench.requests)


def test_chip_select_of_the_system_should_be_left_to_it(monkeypatch):
    bench = Bench(monkeypatch, "spi", "0.0", held=False)
    assert bench.requests == [] and bench.line.held is False and bench.line._bus.no_cs is False
    assert bench.line._bus.opened == (0, 0) and bench.line._bus.max_speed_hz == 1_000_000
    bench = Bench(monkeypatch, "spi", "1.1,cs=8")
    assert bench.line.held is True and bench.line._bus.no_cs is True


@pytest.mark.parametrize("kind, library", [("spi", "spidev"), ("i2c", "smbus2")])
def test_missing_library_should_be_named_with_its_remedy(monkeypatch, kind, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(FormatError, match=library + r".*pip install .*faretap\[buses\]"):
        hal.open_bus(kind, "0")


def test_missing_pins_should_be_named_too(monkeypatch):
    Bench(monkeypatch, "spi", "0.0", held=False)
    monkeypatch.setitem(sys.modules, "gpiod", None)
    with pytest.raises(FormatError, match="gpiod"):
        hal.open_bus("spi", "0.0,irq=25")
    with pytest.raises(FormatError, match="gpiod"):
        hal.open_serial("/dev/null,reset=24", 115200)


def test_absent_bus_should_be_a_lost_link(monkeypatch):
    Bench(monkeypatch, "spi", "0.0", held=False)
    for kind in ("spi", "i2c"):
        with pytest.raises(LinkLost, match="No such file|/dev/"):
            hal.open_bus(kind, "7")
    with pytest.raises(FormatError, match="system sets the speed"):
        hal.open_bus("i2c", "1,hz=100000")


def test_broken_line_should_be_a_lost_link(monkeypatch):
    def fail(*_):
        raise OSError(5, "controller")

    bench = Bench(monkeypatch, "spi", "0.0", held=False)
    bench.line._bus.xfer2 = fail
    with pytest.raises(LinkLost, match="controller"):
        bench.line.transfer(b"\x02\x00")
    bench = Bench(monkeypatch, "i2c", "1")

    def unplugged(*_):
        raise OSError(19, "no such device")

    bench.line._bus.i2c_rdwr = unplugged
    with pytest.raises(LinkLost):
        bench.line.read(1)


def test_reset_pin_of_a_serial_line_should_stand_behind_its_path(monkeypatch, tmp_path):
    """PD-34: serial:/dev/serial0,reset=24; the pins are given back when there is no such line."""
    bench = Bench(monkeypatch, "spi", "0.0", held=False)
    with pytest.raises(LinkLost):
        hal.open_serial("%s,reset=24" % (tmp_path / "absent"), 115200)
    assert [one.released for one in bench.requests] == [True]
    for text in ("led=3", "irq=25", "reset=x"):
        with pytest.raises(FormatError):
            hal.open_serial("/dev/null," + text, 115200)


def test_unix_port_should_say_that_it_has_no_buses():
    printed = run_micropython(
        "try: hal.open_bus('spi', '0')\nexcept FormatError as error: show(str(error))\n"
    )
    assert "no such bus" in printed[0]


MACHINE = """
import sys
log = []
class Pin:
    OUT, IN, PULL_UP = 1, 2, 3
    low_after = 3
    def __init__(self, number, *how, value=None):
        self.number = number
        log.append(["pin", number])
    def value(self, *level):
        if level:
            log.append(["set", self.number, level[0]])
            return None
        Pin.low_after -= 1
        return int(Pin.low_after > 0)
class SPI:
    def __init__(self, number, baudrate, **pins):
        log.append(["spi", number, baudrate, sorted(pins)])
    def write_readinto(self, out, back):
        log.append(["transfer", bytes(out).hex()])
        for at in range(len(back)):
            back[at] = at + 1
class I2C:
    there = True
    def __init__(self, number, freq, **pins):
        log.append(["i2c", number, freq, sorted(pins)])
    def writeto(self, address, data):
        log.append(["write", address, bytes(data).hex()])
        if not self.there: raise OSError(5)
    def readfrom(self, address, count):
        if not self.there: raise OSError(19)
        return bytes([1] * count)
class Machine: pass
machine = Machine()
machine.Pin, machine.SPI, machine.I2C = Pin, SPI, I2C
sys.modules["machine"] = machine
from firmware.hal import pins_board
"""


def test_board_should_drive_its_spi_and_pins():
    """PD-32, PD-34 by machine.SPI and machine.Pin, as a stand-in has them; no board was used."""
    log, got, low, quiet = run_micropython(
        MACHINE + "line = pins_board.open_bus('spi', "
        "'1,sck=10,mosi=11,miso=12,cs=13,irq=14,reset=15')\n"
        "line.select()\ngot = line.transfer(b'\\x02\\x00')\nline.release()\n"
        "line.reset(0)\nline.reset(1)\n"
        "low = line.irq(50)\nPin.low_after = 10000000\nquiet = line.irq(2)\nline.pause_us(10)\n"
        "show(log)\nshow(got.hex())\nshow(low)\nshow(quiet)\n"
    )
    assert ["spi", 1, 1000000, ["miso", "mosi", "sck"]] in log
    assert log[-5:] == [
        ["set", 13, 0], ["transfer", "0200"], ["set", 13, 1], ["set", 15, 0], ["set", 15, 1],
    ]  # fmt: skip
    assert (got, low, quiet) == ("0102", True, False)


def test_board_should_drive_its_i2c():
    """PD-33 by machine.I2C: an address that nobody takes is no error."""
    printed = run_micropython(
        MACHINE + "line = pins_board.open_bus('i2c', '0,sda=4,scl=5,hz=100000')\n"
        "show([line.write(b'\\x00\\xff'), line.read(2).hex(), line.irq, line.free_us])\n"
        "I2C.there = False\nshow([line.write(b'\\x00'), line.read(2)])\nshow(log)\nline.close()\n"
    )
    assert printed[0] == [True, "0101", None, 1300] and printed[1] == [False, None]
    assert printed[2][-3:] == [
        ["i2c", 0, 100000, ["scl", "sda"]], ["write", 0x24, "00ff"], ["write", 0x24, "00"],
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["1", "1.0,cs=3", "1,cs=13,free_us=3", "x,cs=3"])
def test_board_should_refuse_what_it_cannot_wire(text):
    printed = run_micropython(
        MACHINE
        + "try: pins_board.open_bus('spi', %r)\n" % text
        + "except FormatError as error: show(str(error))\n"
    )
    assert printed and text[0] in printed[0]
