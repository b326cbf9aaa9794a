# SPDX-License-Identifier: Apache-2.0
"""Engine A, the chip's ISO-DEP, and engine B, our own, before the virtual chip: the same card, the
same questions, the same answers.
"""

import pytest

from firmware.errors import FormatError, LinkLost
from firmware.reader import opening
from firmware.reader.frame import NACK
from firmware.reader.iso_dep import IsoDepCard
from sim.faults import Fault, Faults
from sim.timing import pieces
from tests.cards import SESSIONS, SHARED_SESSIONS, load, session_names
from tests.host.chip_stand import ChipStand, RadioCard

EXCHANGE, THRU, RF_CONFIGURATION, WRITE_REGISTER = 0x40, 0x42, 0x32, 0x08
ENGINES = {"A": None, "B": IsoDepCard}
CODE = {"A": EXCHANGE, "B": THRU}
engines = pytest.mark.parametrize("engine", ENGINES)
UID = bytes.fromhex("04112233445566")


class Echo:
    """A card whose answer is as long as the first two bytes of the command say."""

    kind = "A"
    uid = UID

    def __init__(self, ats="0578807002", busy_ms=0.0):
        self.ats, self.busy_ms = bytes.fromhex(ats), busy_ms
        self.seen = []

    def power_up(self):
        """Nothing to forget."""

    def exchange(self, command):
        self.seen.append(command)
        return self.answer(command)

    def answer(self, command):
        count = int.from_bytes(command[:2], "big")
        return bytes((count + at) & 0xFF for at in range(count - 2)) + b"\x90\x00"


class Recorded(Echo):
    """A card that gives the answers of a recording in their order."""

    def __init__(self, exchanges, ats):
        super().__init__(ats)
        self.exchanges = exchanges

    def answer(self, command):
        wanted, answer, _ = self.exchanges[len(self.seen) - 1]
        assert command == wanted
        return answer


def found(engine, card, faults=None):
    """(ChipStand, the driver's card)."""
    stand = ChipStand(own_card=ENGINES[engine])
    stand.radio.place(card)
    stand.pn532.power(True)
    (seen,) = stand.pn532.find(100)
    if faults:
        stand.chip.faults, stand.chip.exchanges, stand.chip.per_code = Faults(faults), 0, {}
    stand.sent[:] = []
    return stand, seen


@engines
def test_long_answers_should_come_whole(engine):
    """PD-04: 250 to 258 bytes and 262, and the exchange behind each."""
    card = Echo()
    _, seen = found(engine, card)
    for count in [*range(250, 259), 262]:
        command = count.to_bytes(2, "big") + b"\xb2"
        assert (
            seen.exchange(command) == card.answer(command) and len(card.answer(command)) == count
        )
        assert seen.exchange(b"\x00\x02") == b"\x90\x00"


@engines
def test_long_commands_should_arrive_unchanged(engine):
    """PD-05, PD-16: up to 261 bytes; in engine A in one command."""
    card = Echo()
    stand, seen = found(engine, card)
    for count in (4, 252, 253, 255, 256, 260, 261):
        command = b"\x00\x02" + bytes((count - at) & 0xFF for at in range(count - 2))
        stand.sent[:] = []
        assert seen.exchange(command) == b"\x90\x00" and card.seen[-1] == command
        assert engine == "B" or [one.code for one in stand.sent] == [EXCHANGE]
    stand.sent[:] = []
    for count in (0, 262):
        with pytest.raises(FormatError):
            seen.exchange(bytes(count))
    assert stand.sent == []


@engines
def test_damaged_answer_should_be_repeated_by_the_chip_alone(engine):
    """PD-07: one NACK; the card sees each command once."""
    for at in range(3):
        card, written = Echo(), []
        stand, seen = found(engine, card, {at: Fault(wrong_dcs=True)})
        write = stand.pn532.bus.write
        stand.pn532.bus.write = lambda data, written=written, write=write: (
            written.append(bytes(data)) or write(data)
        )
        for count in (20, 200, 258):
            command = count.to_bytes(2, "big")
            assert seen.exchange(command) == card.answer(command)
        assert len(card.seen) == 3 and written.count(NACK) == 1


def test_answer_in_parts_should_be_joined():
    """PD-11: 300 bytes, 100 at a time."""
    card = Echo()
    stand, seen = found("A", card, {at: Fault(mi_split=100) for at in range(3)})
    command = (300).to_bytes(2, "big")
    assert seen.exchange(command) == card.answer(command)
    assert [one.code for one in stand.sent] == [EXCHANGE] * 3 and len(card.seen) == 1


@engines
def test_slow_card_should_be_waited_for(engine):
    """PD-22: FWI 8, five S(WTX), 1.5 s in all, with the settings as they are."""
    card = Echo("0578808002", busy_ms=1500.0)
    stand, seen = found(engine, card, {0: Fault(wtx=(5, 4))})
    began_us = stand.chip_clock.us
    assert seen.exchange(b"\x00\x20") == card.answer(b"\x00\x20")
    assert stand.chip_clock.us - began_us >= 1_500_000
    asked = [one.data for one in stand.sent if one.data[:1] == b"\xf2"]
    assert asked == ([b"\xf2\x04"] * 5 if engine == "B" else [])


def recordings():
    """(folder, name) of each session file, ours and those beside the checkout."""
    ours = [pytest.param(SESSIONS, name, id=name) for name in session_names()]
    beside = session_names(SHARED_SESSIONS)
    return ours + [pytest.param(SHARED_SESSIONS, name, id="shared-" + name) for name in beside]


@pytest.mark.parametrize("ats", ["0578807002", "0202"])
@pytest.mark.parametrize("folder, name", recordings())
def test_recorded_sessions_should_be_the_same_through_both(folder, name, ats):
    """PD-23: equal R-APDUs; one command a block, time limit and registers once a card."""
    for exchanges in load(name, folder).presentations:
        told = [one for one in exchanges if one[1] is not None]
        answers = {}
        for engine in ENGINES:
            stand, seen = found(engine, Recorded(told, ats))
            answers[engine] = [seen.exchange(command) for command, _, _ in told]
            assert {one.code for one in stand.sent} <= {CODE[engine]}, "settings in between"
            if engine == "A":
                assert len(stand.sent) == len(told)
                continue
            fsc = 256 if ats.startswith("05") else 32
            blocks = [len(pieces(len(command), fsc - 3)) + len(pieces(len(answer), 253)) - 1
                      for command, answer, _ in told]  # fmt: skip
            assert len(stand.sent) == sum(blocks)
        assert answers["A"] == answers["B"] == [answer for _, answer, _ in told]


@pytest.mark.parametrize("way", ["out", "in"])
@pytest.mark.parametrize("knob", ["rf_lost", "rf_damaged"])
@engines
def test_each_block_lost_or_damaged_once_should_be_made_good(engine, knob, way):
    """PD-24: chained both ways, each block, each way; the card has executed each APDU once."""
    commands = [b"\x00\x02" + bytes(40), b"\x01\x02\xb2", b"\x01\x2c" + bytes(30)]
    whole = Echo("0200")
    stand, seen = found(engine, whole)
    answers = [seen.exchange(command) for command in commands]
    count = len(stand.sent)
    for at in range(count) if engine == "B" else range(len(commands)):
        for block in range(1 if engine == "B" else 14):
            card = Echo("0200")
            fault = Fault(**{knob: way}, rf_block=block)
            _, seen = found(engine, card, {at: fault})
            assert [seen.exchange(command) for command in commands] == answers, (at, block)
            assert card.seen == commands


@engines
def test_work_should_be_done_between_sending_and_receiving_alone(engine):
    """PD-28: whatever it takes, the answer is the same, and so is it without any."""
    for took_us in (0, 3_000, 40_000, 2_000_000):
        card = Echo(busy_ms=30.0)
        stand, seen = found(engine, card)
        stand.slices = 0

        def spare(stand=stand, took_us=took_us):
            assert stand.sent and not stand.sent[-1].done_us, "not between the two"
            stand.chip_clock.us += took_us
            stand.slices += 1
            return stand.slices < 6

        for count in (20, 258):
            command = count.to_bytes(2, "big")
            assert seen.exchange(command, spare) == card.answer(command)
        assert stand.slices


def test_poll_should_end_where_the_chip_was_left_to_wait_for_ever():
    """PD-18: by an abort; the finite number of retries is set again."""
    stand = ChipStand()
    stand.pn532.power(True)
    stand.chip.configuration[0x05] = b"\xff\x01\xff"
    began_us = stand.chip_clock.us
    assert stand.pn532.find(100) == []
    assert stand.chip_clock.us - began_us <= 120_000
    stand.pn532.find(100)
    assert stand.chip.configuration[0x05] == opening.SETTINGS[1][1][1:]


def test_cards_of_both_types_should_serve_the_same_session():
    """PD-19: one after the other, the dialogue is the same but for the number of the card."""
    sent = []
    for kind in ("A", "B", "A"):
        stand, card = ChipStand("same_card_s: 0"), RadioCard(kind=kind)
        stand.radio.place(card)
        assert [one["outcome"] for one in stand.turn(2)] == ["approved"]
        sent.append([command for command in card.sent if command[1] != 0xA8])
    assert sent[0] == sent[1] == sent[2]


@engines
def test_card_that_is_gone_should_be_noticed_within_a_tenth_of_a_second(engine):
    """PD-26: between two APDUs, FWI 6 and less; and while its removal is waited for."""
    card = Echo("0578806002")
    stand, seen = found(engine, card)
    seen.exchange(b"\x00\x02")
    stand.radio.remove()
    began_us = stand.chip_clock.us
    with pytest.raises(LinkLost):
        seen.exchange(b"\x00\x02")
    assert stand.chip_clock.us - began_us <= 100_000

    stand, card = ChipStand("same_card_s: 0", own_card=ENGINES[engine]), RadioCard()
    stand.radio.place(card)
    assert len(stand.turn(1)) == 1 and stand.turn(20) == []  # it stays, and is no new one
    assert not stand.terminal.is_idle() and stand.terminal.silent == 0
    stand.radio.remove()
    began_us = stand.chip_clock.us
    while not stand.terminal.silent:
        stand.turn(1)
    assert stand.chip_clock.us - began_us <= 100_000
    assert 0x04 not in stand.codes()  # GetGeneralStatus would not know


class WatchedFlash:
    """The flash of a stand, which must not be touched while an answer is due."""

    def __init__(self, stand):
        self.stand, self.flash = stand, stand.flash
        self.writes = 0

    def __getattr__(self, name):
        return getattr(self.flash, name)

    def writeblocks(self, *arguments):
        self._quiet()
        return self.flash.writeblocks(*arguments)

    def ioctl(self, op, arg):
        if op in (3, 6):  # durable, erase
            self._quiet()
        return self.flash.ioctl(op, arg)

    def _quiet(self):
        self.writes += 1
        assert self.stand.sent[-1].done_us, "between a command and its answer"


@engines
def test_flash_should_rest_while_an_answer_is_due(engine):
    """PD-30: over whole taps with background work, and in idle time."""
    stand = ChipStand("same_card_s: 0", own_card=ENGINES[engine])
    watched = WatchedFlash(stand)
    stand.flash = watched
    stand.restart()
    for pan in ("6228000100000010", "6228000100000028"):
        stand.radio.place(RadioCard(pan, busy_ms=5.0))
        assert [one["outcome"] for one in stand.turn(1)] == ["approved"]
        stand.radio.remove()
        stand.turn(4)
    assert watched.writes >= 6
