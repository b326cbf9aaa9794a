# SPDX-License-Identifier: Apache-2.0
"""Raw frames through InCommunicateThru: the card's side of ISO/IEC 14443-4 (PS-14)."""

import pytest

from sim.faults import Fault, Faults
from sim.iso_dep import read_ats, speed_allowed
from sim.timing import Timing
from tests.host.virtual_host import ATS, FakeCard, FakeField, answer, command, started

AIR = Timing(link=False)


def ms(time_ms):
    """To the chip's whole microseconds."""
    return pytest.approx(time_ms, abs=0.01)


class Raw:
    """A reader that sends blocks: a chip with automatic RATS off and the card listed."""

    def __init__(self, *cards, faults=None, timing=None, rats=None, field=None):
        self.host = started(*cards, faults=faults, timing=timing, field=field)
        self.host.ask(command("1200"))
        self.host.ask(command("4a0100"))
        if rats:
            self.block(rats)

    def block(self, text, more=b""):
        """Status and data of one raw frame; the status alone when the card is silent."""
        heard = self.host.ask(command("42", bytes.fromhex(text) + more))
        for count in range(260):
            if heard == answer("43", heard[6 + 7 : 6 + 7 + count]):
                return heard[13 : 13 + count]
        long = heard[6 + 10 : -2]
        assert heard == answer("43", long)
        return long

    def took(self, act):
        """(what `act` returned, milliseconds of the chip's clock)."""
        begin_us = self.host.now_us
        return act(), (self.host.now_us - begin_us) / 1000

    def whole(self, pieces):
        """Send a command in pieces, read its answer; what is lost is asked for again."""
        number = 0
        for piece in pieces:
            chained = 0x10 if piece is not pieces[-1] else 0
            sent = bytes((2 | chained | number,)) + piece
            back = self.again(sent, bytes((0xB2 | number,)))
            while back[0] == 0xF2:
                back = self.again(back, bytes((0xB2 | number,)))
            if chained:
                assert back == bytes((0xA2 | number,))
                number ^= 1
        answer_so_far = b""
        while True:
            assert back[0] & 0xEF == 2 | number
            answer_so_far += back[1:]
            number ^= 1
            if not back[0] & 0x10:
                return answer_so_far
            ack = bytes((0xA2 | number,))
            back = self.again(ack, ack)

    def again(self, sent, repeat):
        """The answer to a block: behind silence `repeat`, or the block when it never came."""
        back = self.block(sent.hex())
        if back == b"\x01":
            back = self.block(repeat.hex())
            if back[1] == repeat[0] & 1 ^ 0xA3 and sent != repeat and sent[0] & 0xC0 == 0:
                back = self.block(sent.hex())
        return back[1:]

    def read(self, first):
        """Follow a chained answer from its first block to its end."""
        whole, number = b"", 0
        block = first
        while True:
            assert block[0] == 0 and block[1] & 0xEF == 2 | number, block.hex()
            whole += block[2:]
            if not block[1] & 0x10:
                return whole
            number ^= 1
            block = self.block("%02x" % (0xA2 | number))


@pytest.mark.parametrize("fsdi, fsd", [(0, 16), (2, 32), (5, 64), (7, 128), (8, 256), (15, 256)])
def test_answers_should_be_chained_by_the_fsd_of_rats(fsdi, fsd):
    """PS-14: RATS with any FSDI."""
    card = FakeCard()
    raw = Raw(card)
    assert raw.block("e0%x0" % fsdi) == b"\x00" + ATS
    first = raw.block("02", b"\x01\x02")
    assert len(first) == 1 + 1 + min(258, fsd - 3)
    assert raw.read(first) == card.exchange(b"\x01\x02")
    assert card.seen == [b"\x01\x02"] * 2


def test_card_that_has_left_should_be_silent_to_r_nak():
    """PS-14, PS-21: nobody's action is needed for R(ACK), but the card is."""
    field = FakeField(FakeCard())
    raw = Raw(field=field, rats="e080")
    assert raw.block("b2") == b"\x00\xa3"
    field.here = []
    assert raw.block("b2") == b"\x01"


def test_chained_command_should_reach_the_card_whole():
    """PS-14: I-blocks of 261 bytes, R(ACK) for each but the last."""
    card = FakeCard()
    raw = Raw(card, rats="e080")
    c_apdu = b"\x00\x05" + bytes(range(256)) + b"\x01\x02\x03"
    assert raw.block("12", c_apdu[:100]) == b"\x00\xa2"
    assert raw.block("13", c_apdu[100:200]) == b"\x00\xa3"
    assert raw.block("02", c_apdu[200:]) == b"\x00\x02" + bytes(range(5))
    assert card.seen == [c_apdu]


def test_repeated_block_should_be_answered_and_not_executed_again():
    """PS-14: rules 11 and 12."""
    card = FakeCard()
    raw = Raw(card, rats="e080")
    first = raw.block("020003")
    assert raw.block("020003") == first
    assert raw.block("b2") == first, "R(NAK) with the card's number: rule 11"
    assert raw.block("b3") == b"\x00\xa2", "R(NAK) with the other number: rule 12"
    assert raw.block("b2") == first, "R(ACK) did not take the place of the last block"
    assert len(card.seen) == 1
    assert raw.block("030001") == b"\x00\x03\x00"
    assert len(card.seen) == 2


@pytest.mark.parametrize("lost", ["out", "in"])
def test_lost_block_should_be_recovered_by_r_nak(lost):
    """PS-14, PS-19: lost on its way out or back."""
    card = FakeCard()
    raw = Raw(card, faults=Faults({(0x42, 1): Fault(rf_lost=lost)}), rats="e080")
    assert raw.block("020003") == b"\x01"
    again = raw.block("b2")
    if lost == "out":
        assert again == b"\x00\xa3"  # never came: the card's number is still 1
        again = raw.block("020003")
    assert again == b"\x00\x02\x00\x01\x02"
    assert len(card.seen) == 1


def test_every_repeat_of_a_reader_should_be_understood():
    """PS-14: a chained answer, a chained command and S(WTX), each block lost once either way."""
    for lost in ("out", "in"):
        for at in range(1, 9):
            card = FakeCard()
            faults = Faults({(0x42, at): Fault(rf_lost=lost), (0x42, 2): Fault(wtx=(1, 2))})
            faults.at[(0x42, at)] = Fault(rf_lost=lost, wtx=(1, 2) if at == 2 else (0, 1))
            raw = Raw(card, faults=faults, rats="e000")  # FSD 16
            c_apdu = b"\x00\x20" + bytes(10)
            assert raw.whole([c_apdu[:6], c_apdu[6:]]) == bytes(range(32)), (lost, at)
            assert card.seen == [c_apdu], (lost, at)


def test_damaged_answer_should_be_status_02():
    """PS-14, PS-19."""
    raw = Raw(FakeCard(), faults=Faults({(0x42, 1): Fault(rf_damaged=True)}), rats="e080")
    assert raw.block("020003") == b"\x02"
    assert raw.block("b2") == b"\x00\x02\x00\x01\x02"


def test_waiting_time_extension_should_be_asked_for_and_granted():
    """PS-14, PS-19: S(WTX) with the multiplier that was asked for."""
    card = FakeCard()
    raw = Raw(card, faults=Faults({(0x42, 1): Fault(wtx=(2, 5))}), rats="e080")
    assert raw.block("020003") == b"\x00\xf2\x05"
    assert raw.block("f204") == b"\x01", "another multiplier is not an answer"
    assert raw.block("f205") == b"\x00\xf2\x05"
    assert raw.block("f205") == b"\x00\x02\x00\x01\x02"
    assert len(card.seen) == 1


def test_deselected_card_should_be_silent_until_rats():
    """PS-14: S(DESELECT)."""
    raw = Raw(FakeCard(), rats="e080")
    assert raw.block("c2") == b"\x00\xc2"
    assert raw.block("020001") == b"\x01"


def test_pps_should_be_granted_only_right_after_rats_and_by_ta1():
    """PS-14, PS-17: and the air is faster from then on, until the next RATS."""
    fast = bytes.fromhex("0578338002")
    raw = Raw(FakeCard(ats=fast), rats="e080", timing=AIR)
    assert raw.took(lambda: raw.block("d0110a")) == (b"\x00\xd0", ms(AIR.raw_ms(3, 1)))
    assert raw.block("020001") == b"\x01", "the host has not told the chip to be faster"
    raw.host.ask(command("08" + "630220" + "630320"))  # TxMode, RxMode
    long = raw.took(lambda: raw.block("02", b"\x01\x00"))
    assert long[1] == ms(AIR.raw_ms(3, 254, 4))
    raw.block("c2")
    raw.host.ask(command("08" + "630200" + "630300"))
    assert raw.took(lambda: raw.block("e080")) == (b"\x00" + fast, ms(AIR.raw_ms(2, 5)))
    assert raw.took(lambda: raw.block("020064"))[1] == ms(AIR.raw_ms(3, 101))
    assert Raw(FakeCard(), rats="e080").block("d0110f") == b"\x01"
    raw = Raw(FakeCard(ats=fast), rats="e080")
    raw.block("020001")
    assert raw.block("d0110a") == b"\x01"


def test_cid_should_be_echoed_and_checked():
    raw = Raw(FakeCard(), rats="e083")
    assert raw.block("0a030003") == b"\x00\x0a\x03\x00\x01\x02"
    assert raw.block("0b040003") == b"\x01"


@pytest.mark.parametrize("noise", ["", "00", "26", "ff", "a2", "e080", "c3", "f201", "060004"])
def test_noise_should_get_silence(noise):
    assert Raw(FakeCard(), rats="e080").block(noise) == b"\x01"


def test_card_taken_away_should_be_silent():
    field = FakeField(FakeCard(), cut=(0, "after"))
    raw = Raw(field=field, rats="e080")
    assert raw.block("020003") == b"\x01"
    assert raw.block("b2") == b"\x01"


def test_answer_behind_the_time_limit_should_be_lost_and_recoverable():
    card = FakeCard(busy_ms=60)
    raw = Raw(card, timing=Timing(link=False), rats="e080")
    raw.host.ask(command("3202000b0a"))  # 51.2 ms
    assert raw.block("020003") == b"\x01"
    assert raw.block("b2") == b"\x00\x02\x00\x01\x02"
    assert len(card.seen) == 1
    raw.host.ask(command("3202000b0c"))
    assert raw.block("030001") == b"\x00\x03\x00"


ATS_TABLE = [
    ("01", (32, 0, 4, 0)), ("0202", (32, 0, 4, 0)), ("0208", (256, 0, 4, 0)),
    ("031877", (256, 0x77, 4, 0)),
    ("032891", (256, 0, 9, 1)), ("034802", (256, 0, 4, 0)), ("0578338002", (256, 0x33, 8, 0)),
    ("", (32, 0, 4, 0)),
]  # fmt: skip


def test_ats_should_be_read_by_its_own_bits():
    for text, wanted in ATS_TABLE:
        assert tuple(read_ats(bytes.fromhex(text))) == wanted, text


def test_speeds_should_follow_ta1():
    assert speed_allowed(0, 0, 0) and not speed_allowed(0, 1, 0)
    assert speed_allowed(0x13, 2, 1) and not speed_allowed(0x13, 1, 2)
    assert speed_allowed(0x91, 1, 1) and not speed_allowed(0x91, 1, 0)
