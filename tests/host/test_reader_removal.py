# SPDX-License-Identifier: Apache-2.0
"""A card that is taken away is noticed soon, one that stays is not a new one (PD-26), and the
field is reset as the book wants it (PD-27): by the virtual chip's clock.
"""

import pytest

from firmware.errors import LinkLost
from firmware.kernel.apdu import PPSE
from firmware.reader.iso_dep import IsoDepCard
from sim.field import Field
from tests.host.bus_stand import BUSES, Host
from tests.host.chip_stand import RF_CONFIGURATION, TAKE_A_LOOK, ChipStand, RadioCard

ENGINES = (None, IsoDepCard)
GENERAL_STATUS, DIAGNOSE = 0x04, 0x00
NOTICED_US = 100_000
SELECT_PPSE = b"\x00\xa4\x04\x00\x0e" + PPSE + b"\x00"


def card_of(fwi):
    card = RadioCard()
    card.ats = bytes((5, 0x78, 0x80, fwi << 4, 0x02))
    return card


@pytest.mark.parametrize("own_card", ENGINES)
@pytest.mark.parametrize("fwi", range(9))
@pytest.mark.parametrize("name", ("hsu", "spi", "i2c"))
def test_card_taken_away_between_two_apdus_should_be_noticed(name, fwi, own_card):
    """PD-26: within 100 ms up to FWI 6; behind that three of its own waiting times, which the book
    gives a card (QT-065) and no reader may cut short.
    """
    field = Field()
    field.place(card_of(fwi))
    host = Host(BUSES[name], field, own_card=own_card).opened()
    (card,) = host.pn532.find(200)
    assert card.exchange(SELECT_PPSE)[-2:] == b"\x90\x00"
    field.remove()
    begin_us = host.clock.us
    with pytest.raises(LinkLost):
        card.exchange(SELECT_PPSE)
    waiting_us = 3 * 332 * 2**fwi if fwi > 6 else 0
    # engine B: the chip has limits of 100 us x 2^n alone, the next longer one
    steps_us = 3 * 100 * 2 ** (fwi + 2) if own_card and fwi > 5 else 0
    assert host.clock.us - begin_us <= max(NOTICED_US, waiting_us + 30_000, steps_us + 30_000)


@pytest.mark.parametrize("own_card", ENGINES)
def test_terminal_should_notice_removal_while_it_waits_for_it(own_card):
    """PD-26: ready for the next rider within 100 ms, by polls alone, not by GetGeneralStatus."""
    stand = ChipStand(own_card=own_card)
    stand.radio.place(RadioCard())
    assert len(stand.turn()) == 1
    stand.turn(5)
    stand.radio.remove()
    begin_us = stand.chip_clock.us
    while {"event": "ready"} not in stand.events:
        stand.terminal.turn()
    assert stand.chip_clock.us - begin_us <= NOTICED_US
    assert GENERAL_STATUS not in stand.codes()
    assert stand.codes().count(DIAGNOSE) == 1  # the echo of the raised speed


@pytest.mark.parametrize("own_card", ENGINES)
def test_card_that_stays_should_not_be_taken_for_a_new_one(own_card):
    """PD-26: nobody pays for one who stays, and the card is asked nothing more."""
    stand = ChipStand("same_card_s: 0", own_card=own_card)
    card = RadioCard()
    stand.radio.place(card)
    assert len(stand.turn()) == 1
    sent = len(card.sent)
    assert stand.turn(100) == [] and len(card.sent) == sent and len(card.debits) == 1
    stand.radio.remove()
    stand.turn(4)
    stand.radio.place(card)
    assert len(stand.turn()) == 1 and len(card.debits) == 2


@pytest.mark.parametrize("own_card", ENGINES)
def test_every_field_reset_of_a_day_should_keep_its_times(own_card):
    """PD-27: off 5.1..10 ms where it comes on again, on 5.1 ms or more before a look (JR/T 0025.11
    A.1), at each reset the terminal does: taps, removals, refusals, type B, two cards.
    """
    stand = ChipStand("same_card_s: 0", own_card=own_card)
    two = (RadioCard(), RadioCard("6228000100000028"))
    for cards in ((RadioCard(),), (RadioCard(kind="B"),), two):
        stand.radio.place(*cards)
        stand.turn(4)
        stand.radio.remove()
        stand.turn(5)
    resets, off_us, on_us = [], None, None
    for one in stand.sent:
        if one.code == RF_CONFIGURATION and one.data == b"\x01\x00":
            off_us = one.done_us
        elif one.code == RF_CONFIGURATION and one.data == b"\x01\x01":
            if off_us is not None:
                resets.append(one.done_us - off_us)
            off_us, on_us = None, one.done_us
        elif one.code == TAKE_A_LOOK and on_us is not None:
            assert one.at_us - on_us >= 5100
            on_us = None
    assert len(resets) > 10 and min(resets) >= 5100
    assert [one for one in resets if one > 10_000] == []
