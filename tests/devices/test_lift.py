# SPDX-License-Identifier: Apache-2.0
"""A lift: a card frees the floors of its zone and no other one; no card sees a GPO."""

from firmware.devices.lift import Floors, Lift, floors_of
from firmware.errors import FormatError
from firmware.formats import allow_list
from firmware.formats.allow_list import ALWAYS, AllowList, Window
from firmware.neighbours.relay import Relay
from tests.devices.test_access import NIGHT, PAN, STRANGER, Bytes, Strike, open_card
from tests.stand import Stand

CELLAR = "6228000100000044"
HOURS = tuple([Window(zone, 127, 0, 1440, *ALWAYS) for zone in (1, 2, 3)])
LIST = allow_list.pack(5, bytes(8), HOURS, {PAN: 1, NIGHT: 2, CELLAR: 3})


def a_lift(**more):
    """(Stand, {floor: Strike})"""
    strikes = {3: Strike(), 4: Strike()}

    def make(settings, parameters, clock, report):
        settings.more.update(more)
        relays = {
            floor: Relay(lambda floor=floor: strikes[floor], 5000, clock) for floor in (3, 4)
        }
        floors = floors_of("1=3 2=4,3", relays)
        return Lift(settings, parameters, AllowList(Bytes(LIST)), Floors(relays), clock, floors)

    return Stand("", make), strikes


def test_card_should_free_its_floors_alone_for_so_long():
    """TD-001, TD-022: noted before, read freely, nothing debited."""
    for pan, message, freed, data in (
        (PAN, "access_granted", (3,), b"\x01\x01\x03"),
        (NIGHT, "access_granted", (3, 4), b"\x01\x02\x03\x04"),
        (CELLAR, "no_floor", (), b""),
        (STRANGER, "not_listed", (), b""),
    ):
        stand, strikes = a_lift()
        card = open_card(pan)
        before = card.atc, card.balance_fen
        assert stand.tap(card)["message"] == message
        assert (card.atc, card.balance_fen) == before and card.asked(0xA8) == 0
        assert tuple([one for one in (3, 4) if strikes[one].levels]) == freed
        values = stand.records()[-1][1]
        assert (values["reason"], values["trade_data"]) == (message, data)
        stand.clock.advance(5)
        stand.terminal.turn()
        for floor in freed:
            assert strikes[floor].levels == [1, 0]


def test_floor_that_cannot_be_set_should_put_the_reader_out_of_order():
    """TD-019: and no other card is served until it can."""
    stand, strikes = a_lift()
    strikes[4].gone = True
    stand.tap(open_card(NIGHT))
    assert ("show", "Door out of order", 0) in stand.log and strikes[3].levels == [1]
    assert stand.tap(open_card(PAN)) is None
    strikes[4].gone = False
    stand.clock.advance(6)
    stand.terminal.turn()
    assert stand.tap(open_card(NIGHT))["message"] == "access_granted" and 1 in strikes[4].levels


def test_passback_should_hold_over_a_restart():
    """TD-067."""
    stand, _ = a_lift(passback_s="60")
    assert stand.tap(open_card(PAN))["message"] == "access_granted"
    stand.restart()
    assert stand.tap(open_card(PAN))["message"] == "passed_already"


def test_floors_that_cannot_be_should_be_refused():
    assert floors_of("1=3 2=4,3,4", (3, 4)) == {1: (3,), 2: (3, 4)}
    for bad in ("1", "1=", "1=5", "0=3", "1=3 1=4", "256=3", "1=3,", "x=3"):
        try:
            floors_of(bad, (3, 4))
        except FormatError:
            continue
        raise AssertionError(bad)
