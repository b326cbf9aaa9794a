# SPDX-License-Identifier: Apache-2.0
"""Faster than 106 kbit/s on the air: by setting, by TA1, and back after a refusal (PD-25)."""

import pytest

from firmware.errors import LinkLost
from firmware.reader.iso_dep import IsoDepCard
from sim.faults import Fault, Faults
from tests.host.bus_stand import Host
from tests.host.chip_stand import ChipStand, RadioCard, hsu
from tests.host.virtual_host import FakeCard, FakeField

# length, T0, TA1 (none in the first), TB1, TC1
NO_TA1, TO_212, TO_424 = "04687002", "0578917002", "0578337002"
SAME_ONLY, ONLY_OUT = "0578807002", "0578037002"  # 424 to the card, 106 back
ENGINES = (None, IsoDepCard)
ASK = b"\x01\x02\x00"  # 258 bytes


class PpsCard(FakeCard):
    """A card with these ATS bytes."""

    def __init__(self, ats):
        super().__init__(ats=bytes.fromhex(ats))


def found(ats, kbps=424, own_card=None, faults=None):
    """(Host, the card it found, commands sent while it was found)."""
    sent = []
    host = Host(hsu, FakeField(PpsCard(ats)), faults, kbps=kbps, own_card=own_card).opened()
    host.pn532._trace = lambda way, frame, at_us: way == ">" and sent.append(frame[6:-2])
    (card,) = host.pn532.find(200)
    return host, card, sent


def asked(sent, own_card):
    """The speeds that were asked for, as PSL or PPS has them."""
    if own_card:
        return [one[2:] for one in sent if one[:2] == b"\x42\xd0"]
    return [one[1:] for one in sent if one[0] == 0x4E]


CASES = (
    (NO_TA1, 424, [], 0),
    (TO_212, 424, [b"\x01\x01\x01"], 1),
    (TO_424, 424, [b"\x01\x02\x02"], 2),
    (TO_424, 212, [b"\x01\x01\x01"], 1),
    (TO_424, 106, [], 0),
    (TO_212, 106, [], 0),
    (ONLY_OUT, 424, [], 0),
    (SAME_ONLY, 424, [], 0),
)


@pytest.mark.parametrize("ats, kbps, psl, code", CASES)
def test_psl_should_be_sent_as_setting_and_ta1_allow(ats, kbps, psl, code):
    """PD-25: no TA1, 212 and 424: 4E absent, 1 1 and 2 2; both engines are then at that speed."""
    host, card, sent = found(ats, kbps)
    assert asked(sent, None) == psl
    (target,) = host.chip.radio.targets
    assert target.divisors() == (2**code, 2**code)
    assert len(card.exchange(ASK)) == 258
    host, card, sent = found(ats, kbps, IsoDepCard)
    assert asked(sent, IsoDepCard) == ([bytes((0x11, code << 2 | code))] if code else [])
    (target,) = host.chip.radio.targets
    assert target.divisors() == (2**code, 2**code)
    assert len(card.exchange(ASK)) == 258


@pytest.mark.parametrize("status", (0x01, 0x02, 0x0B, 0x13, 0x26, 0x27))
def test_refused_psl_should_fall_back_to_106_and_the_session_go_on(status):
    """PD-25: whatever the status; the card may have agreed all the same, so it begins anew."""
    faults = Faults({(0x4E, 0): Fault(status=status)})
    host, card, sent = found(TO_424, 424, None, faults)
    assert len(asked(sent, None)) == 1 and sent.count(b"\x32\x01\x00") == 1  # a field reset
    assert host.chip.radio.targets[0].divisors() == (1, 1)
    assert len(card.exchange(ASK)) == 258


def test_refusal_frame_should_fall_back_as_well():
    """PD-25: a chip that knows no InPSL answers with the error frame."""
    host, card, _ = found(TO_212, 424, None, Faults({(0x4E, 0): Fault(error_frame=True)}))
    assert host.chip.radio.targets[0].divisors() == (1, 1)
    assert len(card.exchange(ASK)) == 258


def test_card_that_knows_no_pps_should_be_read_by_our_own_blocks():
    """PD-25: silence is the refusal of ISO/IEC 14443-4; nothing else is asked for again."""
    host, card, sent = found(TO_424, 424, IsoDepCard, Faults({(0x42, 1): Fault(rf_lost="out")}))
    assert len(asked(sent, IsoDepCard)) == 1
    assert host.chip.radio.targets[0].divisors() == (1, 1)
    assert len(card.exchange(ASK)) == 258


def test_agreement_that_was_lost_should_cost_one_exchange():
    """PD-25: the card is faster and the reader does not know; found anew, both are."""
    faults = Faults({(0x42, 1): Fault(rf_lost="in")})
    host, card, _ = found(TO_424, 424, IsoDepCard, faults)
    assert host.chip.radio.targets[0].divisors() == (4, 4)
    with pytest.raises(LinkLost):
        card.exchange(ASK)
    assert host.chip.radio.targets[0].card.seen == []
    host.pn532.reset_field()
    (card,) = host.pn532.find(200)
    assert len(card.exchange(ASK)) == 258


@pytest.mark.parametrize("own_card", ENGINES)
def test_next_card_should_begin_at_106(own_card):
    """PD-25: what the last card agreed to is no word of the next."""
    host, card, _ = found(TO_424, 424, own_card)
    card.exchange(ASK)
    host.chip.radio.field.here[:] = [PpsCard(NO_TA1)]
    host.pn532.reset_field()
    (card,) = host.pn532.find(200)
    assert host.chip.radio.targets[0].divisors() == (1, 1)
    assert len(card.exchange(ASK)) == 258


@pytest.mark.parametrize("own_card", ENGINES)
def test_tap_should_be_faster_and_worth_the_same(own_card):
    """PD-25: the whole terminal at 106 and at 424, the same card and the same debit."""
    took = []
    for kbps in (106, 424):
        stand = ChipStand(own_card=own_card, kbps=kbps)
        card = RadioCard()
        card.ats = bytes.fromhex(TO_424)
        stand.radio.place(card)
        (tap,) = stand.turn()
        assert (tap["outcome"], tap["amount_fen"]) == ("approved", 200)
        assert stand.kinds() == ["approved"]
        took.append(tap["us"])
    assert took[1] < took[0] * 0.75


def test_cards_of_type_b_should_be_left_at_106():
    """PD-25: no TA1 there."""
    for own_card in ENGINES:
        stand = ChipStand(own_card=own_card, kbps=424)
        stand.radio.place(RadioCard(kind="B"))
        assert [one["outcome"] for one in stand.turn()] == ["approved"]
        assert 0x4E not in stand.codes()
