# SPDX-License-Identifier: Apache-2.0
"""SPI and I2C byte by byte, and one session over all three buses, on both interpreters."""

from firmware.errors import ChipError, LinkLost
from firmware.reader.bus import Hsu
from firmware.reader.frame import ACK, NACK, encode
from firmware.reader.i2c import ASLEEP_LIMIT_MS, I2c
from firmware.reader.pn532 import Pn532
from firmware.reader.spi import TURNED, Spi
from tests.reader.pins import I2cPins, SpiPins, turned
from tests.reader.scripted import Chip, Clock, Line

FOUND = bytes.fromhex("010100042007041122334455660b788084024b4f4e411401")
VERSION = encode(b"\xd4\x02")


class CardChip(Chip):
    """A chip with a card that answers with as many bytes as it is asked for.

    spoilt: number of the exchange, from 0, whose answer is damaged until it is asked for again;
    refused_at: number of the one that gets a status.
    """

    spoilt = refused_at = -1
    count = 0
    last = spoilt_answer = b""

    def __call__(self, data, baud):
        if data == NACK:
            return [(0.2, self.last)]
        reply = Chip.__call__(self, data, baud)
        if reply and reply[-1][1] not in (ACK, self.spoilt_answer):
            self.last = reply[-1][1]
        return reply

    def _command(self, code, data):
        if code == 0x4A:
            kind_a = data == b"\x02\x00"
            return [(1, ACK), (9, encode(b"\xd5\x4b" + (FOUND if kind_a else b"\x00")))]
        if code != 0x40:
            return Chip._command(self, code, data)
        number, self.count = self.count, self.count + 1
        body = bytes([one & 0xFF for one in range(data[1] << 8 | data[2])])
        status = b"\x01" if number == self.refused_at else b"\x00"
        self.last = encode(b"\xd5\x41" + status + body)
        answer = self.last
        if number == self.spoilt:
            answer = self.spoilt_answer = answer[:-2] + bytes((answer[-2] ^ 1, 0))
        return [(1, ACK), (5, answer)]


def buses():
    """(name, make() -> (bus, its line, chip)) of each way to a chip."""

    def hsu():
        chip = CardChip()
        line = Line(chip)
        return Hsu(line, line.clock), line, chip

    def spi(**pins):
        chip = CardChip()
        chip._woken = True
        line = SpiPins(chip, **pins)
        return Spi(line, line.clock), line, chip

    def i2c(**pins):
        chip = CardChip()
        chip._woken = True
        line = I2cPins(chip, **pins)
        return I2c(line, line.clock), line, chip

    return (
        ("hsu", hsu),
        ("spi", spi),
        ("spi, the system's chip select", lambda: spi(held=False)),
        ("spi, bits turned by the peripheral", lambda: spi(lsb_first=True)),
        ("spi, pin", lambda: spi(irq=True)),
        ("i2c", i2c),
        ("i2c, 5 ms", lambda: i2c(free_us=5000)),
        ("i2c, pin", lambda: i2c(irq=True)),
    )


def session(bus, line, chip):
    """What is found, PPSE, a long record, a damaged one, a lost one, one more."""
    pn532 = Pn532(bus, line.clock)
    results = [pn532.open()]
    pn532.power(True)
    (card,) = pn532.find(100)
    results += [card.kind, card.uid, card.ats]
    chip.spoilt, chip.refused_at = 3, 4
    for count in (40, 252, 258, 258, 258, 5):
        try:
            results.append(card.exchange(bytes((count >> 8, count & 0xFF, 0, 0))))
        except ChipError as error:
            results.append(error.code)
    return results


def test_session_should_be_the_same_over_every_bus():
    """PD-31: the command layer does not know what it speaks over."""
    (_, hsu), *others = buses()
    expected = session(*hsu())
    shown = [one if isinstance(one, int) else len(one) for one in expected[4:]]
    assert shown == [40, 252, 258, 258, 1, 5]
    for name, make in others:
        assert session(*make()) == expected, name


def test_bits_should_be_turned_by_a_table():
    """PD-32."""
    assert turned(bytes(range(256))) == TURNED and TURNED[1] == 0x80 and TURNED[0xD4] == 0x2B


def test_spi_should_select_write_look_and_read():
    """PD-32: each operation with its bits turned round, looks 0.5 ms apart."""
    line = SpiPins(lambda data, baud: [(1.2, ACK)], asleep=False)
    bus = Spi(line, line.clock)
    bus.write(VERSION)
    assert bus.read(6, 20) == ACK
    kinds = [one[0] for one in line.log]
    assert kinds == ["01", "02", "02", "02", "03"]
    assert line.log[0][3] == VERSION  # PD-17: the frame in one transaction
    looks = [one[1] for one in line.log if one[0] == "02"]
    assert [later - earlier >= 500 for earlier, later in zip(looks, looks[1:])] == [True] * 2


def test_spi_should_not_look_at_all_with_a_pin():
    """PD-32: the pin says when; and how long nothing came."""
    line = SpiPins(lambda data, baud: [(1.2, ACK)], asleep=False, irq=True)
    bus = Spi(line, line.clock)
    bus.write(VERSION)
    assert bus.read(6, 20) == ACK and bus.read(1, 3) == b"" and bus.read(1, 0) == b""
    assert [one[0] for one in line.log] == ["01", "03"]


def test_spi_should_not_look_more_often_when_it_is_asked_more_often():
    """PD-32: the caller that computes meanwhile asks all the time."""
    line = SpiPins(lambda data, baud: [], asleep=False)
    bus = Spi(line, line.clock)
    bus.write(VERSION)
    for _ in range(40):
        assert bus.read(281, 0) == b""
        line.clock.now_us += 50
    looks = [one for one in line.log if one[0] == "02"]
    assert 3 <= len(looks) <= 5


def test_spi_should_wake_by_its_chip_select():
    """PD-14, PD-32: low for 2 ms, or a state read for so long; then the chip hears."""
    for held in (True, False):
        line = SpiPins(lambda data, baud: [(0, ACK)], held=held)
        bus = Spi(line, line.clock)
        bus.wake()
        ((kind, begin_us, end_us, _),) = line.log
        assert kind == "nobody" and 2000 <= end_us - begin_us <= 2100
        bus.write(VERSION)
        assert line.log[-1][0] == "01" and not line.asleep


def test_spi_should_read_as_much_as_there_is():
    """PD-32: the end of a frame is in its head; where the select cannot be held, the longest."""
    answer = encode(b"\xd5\x03\x32\x01\x06\x07")
    for held, sizes in ((True, [6, len(answer)]), (False, [6, 281])):
        line = SpiPins(lambda data, baud: [(0, ACK), (0, answer)], asleep=False, held=held)
        bus = Spi(line, line.clock)
        bus.write(VERSION)
        assert bus.read(6, 5) == ACK and bus.read(len(answer), 5) == answer
        assert [len(one[3]) for one in line.log if one[0] == "03"] == sizes


def test_i2c_should_read_a_frame_whole_or_again():
    """PD-33: the state alone, then the frame; a long one is asked for again by NACK."""
    short, long = encode(b"\xd5\x41\x00" + bytes(10)), encode(b"\xd5\x41\x00" + bytes(258))
    for answer, reads in ((short, [1, 7, 1, 25]), (long, [1, 7, 1, 25, 1, 1 + len(long)])):
        said = {NACK: [(0, answer)], VERSION: [(0, ACK), (0, answer)]}
        line = I2cPins(lambda data, baud, said=said: said[data], asleep=False)
        bus = I2c(line, line.clock)
        bus.write(VERSION)
        assert bus.read(6, 20) == ACK and bus.read(len(answer), 50) == answer
        assert [len(one[3]) for one in line.log if one[0] == "read"] == reads
        assert [one[3] for one in line.log if one[0] == "write"][1:] == [NACK] * (answer is long)


def test_i2c_should_keep_the_bus_free_as_it_is_set():
    """PD-33: between any two transactions, also while nobody answers."""
    for free_us in (2, 1300, 5000):
        line = I2cPins(lambda data, baud: [(0, ACK)], asleep=False, free_us=free_us)
        bus = I2c(line, line.clock)
        for _ in range(3):
            bus.write(VERSION)
            assert bus.read(6, 30) == ACK and bus.read(1, 20) == b""
        gaps = [later[1] - earlier[2] for earlier, later in zip(line.log, line.log[1:])]
        assert free_us <= min(gaps) <= free_us + 600


def test_i2c_should_try_an_address_that_nobody_takes_within_a_limit():
    """PD-33, PD-14: asleep for 2 ms, or gone for good."""
    line = I2cPins(lambda data, baud: [(0, ACK)])
    bus = I2c(line, line.clock)
    bus.write(VERSION)
    kinds = [one[0] for one in line.log]
    assert kinds[-1] == "write" and set(kinds[:-1]) == {"nobody"} and len(kinds) <= 4
    assert bus.read(6, 20) == ACK
    line = I2cPins(lambda data, baud: [(0, ACK)])
    line.hears = lambda: False
    bus = I2c(line, line.clock)
    begin_us = line.clock.now_us
    bus.write(VERSION)
    took_us = line.clock.now_us - begin_us
    assert ASLEEP_LIMIT_MS * 1000 <= took_us <= (ASLEEP_LIMIT_MS + 3) * 1000
    assert bus.read(6, 20) == b""


class Noise:
    """A chip that says anything: `draw()` gives the next byte, whatever it is asked."""

    irq = None
    hz = 1000000
    free_us = 1300
    lsb_first = False

    def __init__(self, draw, held):
        self.clock = Clock()
        self.held = held
        self._draw = draw

    def pause_us(self, duration_us):
        self.clock.now_us += duration_us

    def select(self):
        """Nobody is there."""

    release = select

    def transfer(self, data):
        self.clock.now_us += 8 * len(data)
        return bytes([self._draw() for _ in data])

    def write(self, data):
        self.clock.now_us += 20 * len(data)
        return self._draw() > 100

    def read(self, count):
        self.clock.now_us += 20 * count
        return self.transfer(bytes(count)) if self._draw() > 20 else None


def test_line_that_says_anything_should_be_an_error_in_time():
    """PD-10, PD-34: a level that is stuck, a wire that is loose, a foreign chip: no answer is made
    of it, no wait is without end.
    """
    state = [1]

    def drawn():
        state[0] = (state[0] * 1103 + 12345) & 0xFFFFFF
        return state[0] >> 11 & 0xFF

    for draw in (lambda: 0, lambda: 0xFF, lambda: 0x80, lambda: 0x01, drawn):
        for make, held in ((Spi, True), (Spi, False), (I2c, True)):
            line = Noise(draw, held)
            pn532 = Pn532(make(line, line.clock), line.clock)
            begin_us = line.clock.now_us
            try:
                pn532.open()
            except LinkLost:
                pass
            else:
                raise AssertionError("a version was read")
            assert line.clock.now_us - begin_us <= 1000000
            assert pn532.recover() is False


def test_stale_frames_should_be_thrown_away():
    """PD-10: behind an abort nothing of the old answer is left."""
    for _, make in buses()[1:]:
        bus, line, _ = make()
        line.asleep = False
        line._answer = lambda data, baud: [(0, encode(b"\xd5\x41\x00")), (0, ACK)]
        bus.write(ACK)
        bus.drain()
        line._answer = lambda data, baud: []
        assert bus.read(1, 20) == b""


def test_state_that_says_ready_for_ever_should_not_hold_the_reader():
    """PD-10, PD-34: a data line or an IRQ pin that is stuck: silence, and out of order."""

    class Stuck:
        """`level` on every bit the chip should drive."""

        hz, free_us, held, lsb_first = 400_000, 1300, True, False

        def __init__(self, level, pin):
            self.clock = Line(None).clock
            self.level = bytes((level,))
            self.irq = self._wait if pin else None

        def _wait(self, timeout_ms):
            return True

        def pause_us(self, duration_us):
            self.clock.now_us += duration_us

        def select(self):
            pass

        def release(self):
            pass

        def transfer(self, data):
            self.clock.now_us += 20 * len(data)
            return self.level * len(data)

        def write(self, data):
            self.clock.now_us += 25 * len(data)
            return True

        def read(self, count):
            self.clock.now_us += 25 * count
            return self.level * count

    for level in (0x00, 0xFF):
        for pin in (False, True):
            for bus in (Spi, I2c):
                line = Stuck(level, pin)
                chip = Pn532(bus(line, line.clock), line.clock)
                begin_us = line.clock.now_us
                try:
                    chip.command(0x02, b"", 50)
                except ChipError as error:
                    assert error.code == -1
                assert line.clock.now_us - begin_us < 300_000
                assert not chip.recover()
