# SPDX-License-Identifier: Apache-2.0
"""Engine B: our own ISO-DEP against the card's side of the simulator, block by block (PD-23,
PD-24; JR/T 0025.11 §7, §8.7, §13).
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.errors import LinkLost
from firmware.reader.iso_dep import EXCHANGE_MS, IsoDepCard, limit_index
from firmware.reader.targets import Target
from sim.faults import Fault, Faults
from tests.host.chip_stand import ChipStand, RadioCard

THRU, RF_CONFIGURATION = 0x42, 0x32
ATS = "0578807002"  # FSC 256, FWI 7, SFGI 0


def stand_for(faults=None, extra="same_card_s: 0"):
    return ChipStand(extra, faults=faults, own_card=IsoDepCard)


def card_of(ats=ATS, **terms):
    card = RadioCard(**terms)
    card.ats = bytes.fromhex(ats)
    return card


def paid(card, faults=None):
    """The stand after one tap that was approved."""
    stand = stand_for(faults)
    stand.radio.place(card)
    assert [one["outcome"] for one in stand.turn(1)] == ["approved"]
    return stand


def frames(stand):
    """[(frame, what the card said or b"")] of what went by raw."""
    return [(one.data, one.answer[1:]) for one in stand.sent if one.code == THRU]


def test_rats_should_ask_for_256_bytes_and_cid_0():
    """QT-057: E0 80, and not the chip's own E0 50."""
    stand = paid(card_of())
    assert frames(stand)[0] == (b"\xe0\x80", bytes.fromhex(ATS))
    assert [one.data for one in stand.sent if one.code == 0x12] == [b"\x04"]  # automatic RATS off
    assert 0x40 not in stand.codes()  # the chip's ISO-DEP is not asked


def test_both_engines_should_give_the_same_dialogue():
    """PD-23: equal APDUs; one command a block, registers and time limit once a card."""
    own, chips = card_of(), card_of()
    stand, other = paid(own), ChipStand("same_card_s: 0")
    other.radio.place(chips)
    other.turn(1)
    assert own.sent == chips.sent and own.debits == chips.debits == [5]
    tail = [one.code for one in stand.sent][[one.code for one in stand.sent].index(THRU) :]
    assert [code for code in tail if code == 0x08] == []  # registers before the first frame
    assert tail.count(RF_CONFIGURATION) == 1 + 2  # the card's time limit, and the reset behind it


@pytest.mark.parametrize(
    ("ats", "fsc"),
    [
        ("01", 32), ("0200", 16), ("0205", 64), ("020f", 256), ("031033", 16), ("034802", 256),
        ("0578807002", 256), ("037880", None), ("14788070024b4f4e4114010102030405060708ff", 256),
    ],
)  # fmt: skip
def test_ats_should_be_taken_with_its_defaults(ats, fsc):
    """QT-058: length byte alone, no TB(1), FSCI F, TC(1), 20 bytes; a broken one is no card."""
    card = card_of(ats)
    stand = stand_for()
    stand.radio.place(card)
    outcomes = [one["outcome"] for one in stand.turn(1)]
    assert outcomes == (["approved"] if fsc else [])
    if not fsc:
        assert card.sent == []


@pytest.mark.parametrize("fsc_code", [0, 2, 5, 8])
def test_commands_should_go_in_blocks_of_fsc(fsc_code):
    """QT-063: a GPO of 28 bytes to cards of 16, 32, 64 and 256 bytes; full blocks but the last."""
    stand = paid(card_of("02%02x" % fsc_code))
    fsc = (16, 24, 32, 40, 48, 64, 96, 128, 256)[fsc_code]
    sent = [frame for frame, _ in frames(stand)[1:] if frame[0] & 0xE2 == 0x02]
    chained = [frame for frame in sent if frame[0] & 0x10]
    assert all(len(frame) + 2 == fsc for frame in chained)
    assert all(len(frame) + 2 <= fsc for frame in sent)
    assert bool(chained) is (fsc < 31)


@pytest.mark.parametrize(("fwi", "busy_ms"), [(8, 70.0), (11, 600.0), (14, 900.0)])
def test_slow_cards_should_be_waited_for(fwi, busy_ms):
    """QT-059: FWI 8, 11 and 14 with a card that uses its time; TB(1) with B in its high half.

    At FWI 14 it takes longer than FWI 11 allows; 4.9 s an answer would be over the bound of a tap.
    """
    paid(card_of("0320%x0" % fwi, busy_ms=busy_ms))
    assert limit_index(330 << fwi) == (fwi + 3 if fwi < 14 else 0)


@pytest.mark.parametrize("sfgi", [0, 4, 8])
def test_guard_time_should_pass_before_the_first_block(sfgi):
    """QT-060: 302 us x 2^SFGI from the ATS on."""
    stand = paid(card_of("03207%x" % sfgi))
    rats, first = [one for one in stand.sent if one.code == THRU][:2]
    assert rats.data == b"\xe0\x80" and first.at_us - rats.done_us >= 302 << sfgi


@pytest.mark.parametrize("multiplier", [1, 59, 60, 63])
def test_waiting_time_extension_should_be_granted(multiplier):
    """QT-064: three in a row during GPO, the same WTXM back, its time waited; 60 to 63 as 59."""
    gpo = 3  # RATS, PPSE, SELECT before it
    faults = Faults({(THRU, gpo): Fault(wtx=(3, multiplier))})
    stand = paid(card_of(), faults)
    asked = [frame for frame, _ in frames(stand) if frame[0] == 0xF2]
    assert asked == [bytes((0xF2, multiplier))] * 3
    limits = [
        one.data[3] for one in stand.sent if one.code == RF_CONFIGURATION and one.data[0] == 2
    ]
    assert limit_index((330 << 7) * min(multiplier, 59)) in limits
    assert limits[-1] == limit_index(330 << 7)


def test_waiting_time_extension_of_nothing_should_be_a_protocol_error():
    """QT-064: the field is reset, nothing was charged."""
    card = card_of()
    stand = stand_for(Faults({(THRU, 3): Fault(wtx=(1, 0))}))
    stand.radio.place(card)
    assert [one["outcome"] for one in stand.turn(1)] == ["try_again"]
    assert stand.sent[-1].data == b"\x01\x01" and card.debits == []


def long_card():
    """Chains both ways: FSC 16, and answers over 253 bytes."""
    card = card_of("0200")
    card.records[3][2] += bytes.fromhex("9F5081F1") + bytes(241)  # 255 bytes with its status word
    return card


@pytest.mark.parametrize("how", [{"rf_lost": "out"}, {"rf_lost": "in"}, {"rf_damaged": True}])
def test_each_block_lost_or_damaged_once_should_be_made_good(how):
    """QT-065: at every frame behind RATS, both ways; each APDU reaches the card once."""
    whole = long_card()
    count = len(frames(paid(whole)))
    assert count >= 14  # blocks of commands, of answers, R(ACK) both ways
    for at in range(1, count):
        card = long_card()
        stand = paid(card, Faults({(THRU, at): Fault(**how)}))
        assert card.sent == whole.sent and card.debits == [5], at
        assert not [frame for frame, _ in frames(stand) if frame[0] & 0xF7 == 0xC2]


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_third_failure_of_a_block_should_end_the_attempt(lost):
    """QT-065: two R(NAK), then the field is reset and it is reported; the APDU went once."""
    card = card_of()
    stand = stand_for(Faults({(THRU, 2 + n): Fault(rf_lost="in") for n in range(lost)}))
    stand.radio.place(card)
    outcomes = [one["outcome"] for one in stand.turn(1)]
    assert outcomes == (["approved"] if lost < 3 else ["try_again"])
    naks = [frame for frame, _ in frames(stand) if frame[0] & 0xF6 == 0xB2]
    assert len(naks) == min(lost, 2)
    assert card.sent.count(card.sent[1]) == 1
    if lost == 3:
        assert [one.data for one in stand.sent[-2:]] == [b"\x01\x00", b"\x01\x01"]


@pytest.mark.parametrize("silent", [1, 2, 3])
def test_rats_should_be_repeated_twice_at_the_most(silent):
    """QT-066: silent once and twice, then an answer; after a third silence reset and poll."""
    card = card_of()
    stand = stand_for(Faults({(THRU, n): Fault(rf_lost="out") for n in range(silent)}))
    stand.radio.place(card)
    assert [one["outcome"] for one in stand.turn(1)] == ["approved"]
    rats = [at for at, one in enumerate(stand.sent) if one.data == b"\xe0\x80"]
    assert len(rats) == silent + 1
    between = [one.data for one in stand.sent[rats[-2] + 1 : rats[-1]]]
    reset = [b"\x01\x00", b"\x01\x01"]
    assert (between[:2] == reset and b"\x02\x00" in between) if silent == 3 else between == []


def test_card_without_iso_dep_and_card_of_type_b_should_stay_with_the_chip():
    stand, card = stand_for(), RadioCard(kind="B")
    stand.radio.place(card)
    assert [one["outcome"] for one in stand.turn(3)] == ["approved"]
    assert THRU not in stand.codes()


class Babble:
    """A chip whose card says what a list says; then it is silent."""

    def __init__(self, answers):
        self.answers = list(answers)
        self.bus = self
        self.clock = self
        self.now_ms = 0
        self.count = 0

    def ticks_ms(self):
        return self.now_ms

    def ticks_diff(self, later, earlier):
        return later - earlier

    def rest(self, duration_ms):
        self.now_ms += duration_ms

    def command(self, code, data, timeout_ms, spare=None):
        if code == 0x06:
            return b"\x00\x00"
        if code != THRU:
            return b""
        self.count += 1
        self.now_ms += timeout_ms
        return self.answers.pop(0) if self.answers else b"\x01"


BLOCKS = st.one_of(
    st.binary(min_size=1, max_size=6),
    st.sampled_from(
        [b"\x00\x02\x90\x00", b"\x00\x03\x90\x00", b"\x00\x12ab", b"\x00\x13cd", b"\x00\xa2",
         b"\x00\xa3", b"\x00\xf2\x01", b"\x00\xf2\x3b", b"\x00\xf2\x00", b"\x00\xc2", b"\x02"]
    ),
)  # fmt: skip


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(BLOCKS, max_size=40), st.integers(1, 261))
def test_no_card_should_break_or_hold_the_reader(answers, count):
    """Whatever comes: an answer with a status word, or LinkLost, in bounded time."""
    chip = Babble(answers)
    card = IsoDepCard(chip, Target(1, "A", b"\x04\x01\x02\x03", b"", 0x20))
    card._limit_us = 330 << 4
    began = chip.now_ms
    try:
        assert len(card.exchange(bytes(count))) >= 2
    except LinkLost:
        pass
    assert chip.count <= 200 and chip.now_ms - began <= EXCHANGE_MS + 1000


def test_two_cards_should_be_a_collision_without_rats_too():
    """PD-20, QT-056: their descriptions stand without an ATS between them."""
    stand = ChipStand(own_card=IsoDepCard)
    cards = RadioCard(), RadioCard("6228000100000028")
    stand.radio.place(*cards)
    assert stand.turn() == [] and {"event": "collision"} in stand.events
    assert [card.sent for card in cards] == [[], []]
    stand.radio.remove()
    stand.turn(4)
    stand.radio.place(cards[0])
    assert [one["outcome"] for one in stand.turn()] == ["approved"]
