# SPDX-License-Identifier: Apache-2.0
"""The SPI and I2C faces of the virtual chip, bit by bit, without our driver (PS-29)."""

import pytest

from sim.chip import Chip
from sim.chip_bus import I2cFace, SpiFace
from sim.timing import Timing
from tests.host.chip_stand import ChipClock
from tests.host.virtual_host import ACK, NACK, FakeField, answer, command, frame

VERSION = frame(bytes.fromhex("d50332010607"))
ASK = command("02")


def turned(data):
    """Bits in the opposite order, the slow way."""
    return bytes(int(format(one, "08b")[::-1], 2) for one in data)


class SpiHost:
    """A host that sends bytes as they are on the wire, least significant bit first."""

    def __init__(self, power="awake", **pins):
        self.clock = ChipClock()
        self.chip = Chip(FakeField(), Timing(), power=power)
        self.face = SpiFace(self.chip, self.clock, **pins)

    def say(self, data, turning=turned):
        self.face.select()
        got = self.face.transfer(turning(data))
        self.face.release()
        return turning(got)

    def state(self):
        return self.say(b"\x02\x00")[1]

    def read(self, count):
        return self.say(b"\x03" + bytes(count))[1:]


class I2cHost:
    def __init__(self, power="awake", **pins):
        self.clock = ChipClock()
        self.chip = Chip(FakeField(), Timing(), power=power)
        self.face = I2cFace(self.chip, self.clock, **pins)

    def rest(self, us=2000):
        self.clock.us += us

    def write(self, data):
        self.rest()
        return self.face.write(data)

    def read(self, count):
        self.rest()
        return self.face.read(count)


def test_spi_should_give_frame_after_frame_with_a_state_before_each():
    """PS-29: 02 state, 01 write, 03 read; the ACK first, then the answer of the same core."""
    host = SpiHost()
    assert host.state() == 0
    host.say(b"\x01" + ASK)
    assert host.state() == 1 and host.read(6) == ACK
    host.clock.us += 1000
    assert host.state() == 1 and host.read(len(VERSION)) == VERSION
    assert host.state() == 0
    host.say(b"\x01" + NACK)
    assert host.state() == 1 and host.read(len(VERSION)) == VERSION
    assert answer("0332010607") == ACK + VERSION and host.face.faults == []


def test_spi_should_send_the_least_significant_bit_first():
    """PS-29: bytes that are not turned round are no operation; a peripheral may turn them."""
    host = SpiHost()
    host.say(b"\x01" + ASK, turning=bytes)
    assert host.state() == 0
    host = SpiHost(lsb_first=True)
    host.say(b"\x01" + ASK, turning=bytes)
    assert host.say(b"\x02\x00", turning=bytes)[1] == 1
    assert host.say(b"\x03" + bytes(6), turning=bytes)[1:] == ACK


def test_spi_should_take_the_time_of_its_bits():
    host = SpiHost(hz=1_000_000)
    host.say(b"\x01" + ASK)
    assert host.clock.us == 8 * (1 + len(ASK))
    assert SpiHost(hz=5_000_001).face.faults == ["5000001 Hz"]


def test_spi_read_should_be_one_transaction_and_not_too_early():
    """PS-29: what was not read is gone, only NACK brings it again; zeros behind the end."""
    host = SpiHost()
    assert host.read(6) == bytes(6) and host.face.faults == ["read when not ready"]
    host.say(b"\x01" + ASK)
    assert host.state() and host.read(3) == ACK[:3]
    host.clock.us += 1000
    assert host.state() and host.read(8) == VERSION[:8]
    assert host.state() == 0
    host.say(b"\x01" + NACK)
    assert host.state() and host.read(40) == VERSION + bytes(40 - len(VERSION))


def test_spi_chip_should_be_deaf_until_its_oscillator_is_up():
    """PS-29: the chip select wakes it; PowerDown decides by its own bit, and LowVbat wants SAM."""
    for power, spoken in (("asleep", ASK), ("low_vbat", command("14", b"\x01"))):
        host = SpiHost(power)
        host.say(b"\x01" + spoken)
        host.clock.us += 1500
        host.say(b"\x01" + spoken)
        assert host.state() == 0
        host.clock.us += 1000
        host.say(b"\x01" + spoken)
        assert host.state() == 1 and host.read(6) == ACK
    host = SpiHost("low_vbat")
    host.say(b"\x00")
    host.clock.us += 3000
    host.say(b"\x01" + ASK)
    host.clock.us += 3000
    assert host.state() == 0
    for source, awakes in ((b"\x20", True), (b"\x10", False)):
        host = SpiHost()
        host.say(b"\x01" + command("16", source))
        host.clock.us += 1000
        assert host.state() and host.read(6) == ACK
        assert host.state() and host.read(10)[6:8] == b"\x17\x00"
        assert host.chip.power == ("asleep" if awakes else "dead")
        host.say(b"\x00")
        host.clock.us += 3000
        host.say(b"\x01" + ASK)
        assert host.state() == awakes


def test_i2c_should_begin_each_read_with_the_state():
    """PS-29: a read begins at the state and at the first byte; NACK repeats what was cut."""
    host = I2cHost()
    assert host.read(1) == b"\x00"
    assert host.write(ASK)
    assert host.read(1) == b"\x01" and host.read(1) == b"\x01"
    assert host.read(7) == b"\x01" + ACK
    assert host.read(5) == b"\x01" + VERSION[:4]
    assert host.read(1) == b"\x00"
    assert host.write(NACK)
    assert host.read(20) == (b"\x01" + VERSION + bytes(20))[:20]
    assert host.read(7) == bytes(7)
    assert host.face.faults == ["read when not ready"]


def test_i2c_should_want_the_bus_free_and_take_its_time():
    host = I2cHost(hz=100_000)
    assert host.face.write(ASK)
    assert host.clock.us == 90 * (1 + len(ASK))
    assert host.face.read(1) == b"\x01" and host.face.faults == ["bus free for 0 us"]
    assert I2cHost(hz=400_001).face.faults == ["400001 Hz"]


def test_i2c_chip_asleep_should_leave_its_address_or_stretch_the_clock():
    """PS-29: nobody takes the address for 2 ms, or the clock is held so long."""
    host = I2cHost("asleep")
    assert host.face.write(b"\x00") is False and host.face.read(1) is None
    host.rest(2000)
    assert host.face.write(ASK) is True
    host = I2cHost("asleep", stretches=True)
    assert host.face.write(ASK) is True and host.clock.us >= 2000
    assert host.read(1) == b"\x01"
    host = I2cHost("asleep")
    host.chip.reset("dead")
    for _ in range(20):
        assert host.write(ASK) is False


@pytest.mark.parametrize("kind", (SpiHost, I2cHost))
def test_pin_should_be_low_while_there_is_something_to_fetch(kind):
    """PS-29: P70_IRQ."""
    host = kind(irq=True)
    assert host.face.irq(3) is False and host.clock.us == 3000
    host.say(b"\x01" + ASK) if kind is SpiHost else host.write(ASK)
    assert host.face.irq(0) is True


@pytest.mark.parametrize("kind", (SpiHost, I2cHost))
def test_reset_pin_should_begin_anew(kind):
    """PS-29: held low the chip is not there; let go it is in LowVbat, whatever it was."""
    host = kind(reset=True)
    host.chip.power = "dead"
    host.face.reset(0)
    assert (host.state() == 0) if kind is SpiHost else (host.read(1) is None)
    host.face.reset(1)
    assert host.chip.power == "low_vbat" and host.face.resets == 1
