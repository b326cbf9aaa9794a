# SPDX-License-Identifier: Apache-2.0
"""Targets of our own ISO-DEP: the bytes are the card's blocks, or what the air makes of good ones.

A target takes any bytes and returns None; an AssertionError, or any other exception, is a finding.
"""

from firmware.errors import LinkLost
from firmware.reader.iso_dep import EXCHANGE_MS, IsoDepCard
from firmware.reader.targets import Target, read_ats
from sim.iso_dep import Picc
from tests.fuzz.choices import Choices
from tests.fuzz.parsers import REFUSED, parsed

READ_REGISTER, RF_CONFIGURATION, THRU = 0x06, 0x32, 0x42
TARGET = Target(1, "A", b"\x04\x01\x02\x03", b"", 0x20)
ATS = ("0578807002", "0200", "02", "0320f0", "0578b39102", "03208e", "01")  # FSC, FWI, SFGI, TA1
SPEEDS = (106, 424)
MOST_FRAMES = 400  # of one exchange, S(WTX) and repetitions included
TIME_OUT, CRC = b"\x01", b"\x02"


class Chip:
    """InCommunicateThru and the registers round it; its own bus and clock. say(frame) -> the
    status and what the card says.
    """

    def __init__(self, say, kbps):
        self.say = say
        self.kbps = kbps
        self.bus = self.clock = self
        self.now_ms = 0
        self.frames = []
        self.fsc = 32

    def ticks_ms(self):
        return self.now_ms

    def ticks_us(self):
        return self.now_ms * 1000

    def ticks_diff(self, later, earlier):
        return later - earlier

    def rest(self, duration_ms):
        assert 0 <= duration_ms <= 100
        self.now_ms += duration_ms

    def command(self, code, data, timeout_ms, spare=None):
        if code == READ_REGISTER:
            return b"\x00\x00"
        if code != THRU:
            assert code != RF_CONFIGURATION or data[:1] == b"\x02" and data[3] <= 16
            return b""
        self.frames.append(data)
        _judge(data, self.fsc)
        while spare and spare():
            pass
        answer = self.say(data)
        self.now_ms += timeout_ms if answer[:1] == TIME_OUT else 1
        return answer


def _judge(frame, fsc):
    """A frame to a card is RATS, PPS, or a block of the book without CID and NAD."""
    pcb = frame[0]
    if pcb in (0xE0, 0xD0):
        assert len(frame) == (2 if pcb == 0xE0 else 3)
    elif pcb & 0xEE == 0x02:
        assert 1 < len(frame) <= fsc - 2, "a block of %d bytes" % len(frame)
    elif pcb & 0xE6 == 0xA2:
        assert len(frame) == 1
    else:
        assert pcb == 0xF2 and len(frame) == 2 and frame[1], "S-block %s" % frame.hex()


def _card(chip, ats):
    """An IsoDepCard that was activated, None when it is no card."""
    card = IsoDepCard(chip, TARGET)
    try:
        if not card.activate():
            return None
    except LinkLost as lost:
        assert str(lost)
        return None
    if ats is not None:
        chip.fsc = read_ats(ats).fsc
    return card


def talk_in_blocks(data):
    """A card that says anything: an answer with its status word, or LinkLost, in bounded time."""
    choices = Choices(data)
    chip = Chip(lambda frame: _babble(choices, frame), choices.one_of(SPEEDS))
    sizes = [1 + choices.byte() for _ in range(3)]
    card = _card(chip, None)
    view = parsed(read_ats, card.ats) if card else REFUSED
    assert card is None or view is not REFUSED
    if card is None:
        return
    chip.fsc = view.fsc
    slowest_ms = 59 * (330 << view.fwi) // 1000 + 100  # one S(WTX), as long as can be
    for size in sizes:
        began_ms, frames = chip.now_ms, len(chip.frames)
        try:
            answer = card.exchange(bytes(size), _slices(choices.below(4)))
            assert 2 <= len(answer) <= 4096 + 256
        except LinkLost as lost:
            assert str(lost)
            break  # the reader resets the field
        finally:
            assert len(chip.frames) - frames <= MOST_FRAMES
            assert chip.now_ms - began_ms <= EXCHANGE_MS + slowest_ms


def _babble(choices, frame):
    """Status and answer: blocks that are due and blocks that are not, silence, damage, noise."""
    if not choices.left():
        return TIME_OUT
    if frame[0] == 0xE0:
        size = choices.below(32)
        ats = bytes.fromhex(ATS[size % len(ATS)])[1:] if size > 7 else choices.take(size)
        return b"\x00" + bytes((len(ats) + 1,)) + ats
    if frame[0] == 0xD0:
        return choices.one_of((b"\x00\xd0", TIME_OUT, b"\x00\xd1", CRC))
    how, number = choices.below(10), frame[0] & 1
    if how < 2:
        block = bytes((0x02 | how << 4 | number,)) + choices.take(choices.below(64))
    elif how < 4:
        block = bytes((0xA2 | number ^ (how & 1),))
    elif how == 4:
        block = bytes((0xF2, choices.byte()))
    elif how == 5:
        block = bytes((choices.byte(),)) + choices.take(choices.below(4))
    elif how == 6:
        return choices.one_of((TIME_OUT, CRC, b"", b"\x27", b"\x40", b"\x00"))
    else:
        block = bytes((0x02 | number,)) + choices.take(choices.byte()) + b"\x90\x00"
    return b"\x00" + block


def _slices(count):
    """A spare-time hook with so much work; None without any."""
    left = [None] * count
    return (lambda: bool(left) and not left.pop()) if count else None


class EchoCard:
    """A card whose answer tells which command it was, as long as that asks; `acted` on each."""

    kind = "A"

    def __init__(self, ats):
        self.ats = ats
        self.acted = []

    def answer(self, command):
        count = int.from_bytes(command[:2], "big") % 600
        return bytes((len(command) + at) & 0xFF for at in range(count)) + b"\x90\x00"

    def activate(self, card):
        """Nothing to power up."""

    def transmit(self, card, command):
        self.acted.append(command)
        return self.answer(command)

    def busy_ms(self, card):
        return 0.0


def bend_the_air(data):
    """A good card whose blocks are lost and damaged both ways: the right answer or LinkLost, and
    each command done once at the most; two failures are always made good (PD-24).
    """
    choices = Choices(data)
    ats = bytes.fromhex(choices.one_of(ATS))
    ats = bytes((len(ats),)) + ats[1:]
    echo = EchoCard(ats)
    picc, failures = Picc(echo, echo), []

    def say(frame):
        how = choices.below(8) if frame[0] not in (0xE0, 0xD0) and choices.left() else 0
        if how in (4, 5):
            failures.append(frame)
            return TIME_OUT
        wtx = (1 + choices.below(3), 1 + choices.below(63)) if how == 3 else (0, 1)
        answer = picc.answer(frame, wtx)
        if answer is None:
            return TIME_OUT
        if how in (6, 7):
            failures.append(frame)
            return TIME_OUT if how == 6 else CRC
        return b"\x00" + answer

    chip = Chip(say, choices.one_of(SPEEDS))
    card = _card(chip, ats)
    assert card is not None and card.ats == ats
    for _ in range(3):
        command = choices.take(2) + bytes(choices.byte())
        before = len(echo.acted)
        failures[:] = []
        try:
            answer = card.exchange(command, _slices(choices.below(4)))
        except LinkLost as lost:
            assert str(lost) and len(failures) > 2 or chip.now_ms > EXCHANGE_MS, lost
            assert echo.acted[before:] in ([], [command])
            return
        assert answer == echo.answer(command)
        assert echo.acted[before:] == [command], "done %d times" % (len(echo.acted) - before)
