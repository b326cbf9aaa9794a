# SPDX-License-Identifier: Apache-2.0
"""Free and closed service, by key and by parameter: nobody pays, each pass is counted."""

from firmware.devices import duty
from firmware.devices.trade import Trade
from firmware.errors import FormatError
from firmware.kernel import apdu, tags, tlv
from tests.devices.shop_stand import Till
from tests.small_card import SmallCard
from tests.stand import Stand

PAN = "6228000100000010"


def open_card(pan=PAN):
    card = SmallCard(pan)
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])
    return card


def made(settings, parameters, clock, report):
    """As assemble.py makes it, of the flat-fare bus."""
    trade = Trade(settings, parameters)
    trade.name = settings.more.get("name", "bus")
    return duty.make(trade, settings, parameters, report)


def test_parameter_should_let_everybody_ride_and_count_them():
    """TD-066, TD-022: no GPO; a card that hides its number rides, too, and is counted."""
    stand = Stand("service: free\n", made)
    assert ("show", "Free today", 0) in stand.log and stand.shown() == "blue"
    for card, message in ((open_card(), "free_ride"), (SmallCard(), "number_unread")):
        assert stand.tap(card)["message"] == message
        assert card.asked(apdu.INS_GPO) == 0 and card.balance_fen == 10000
        assert stand.shown() == "green"
    found = [
        (kind, one["reason"], one["rule"], one["amount_fen"]) for kind, one in stand.records()
    ]
    assert found == [("event", "free_ride", "free", 0)] * 2
    assert stand.terminal.trade.passes == 2


def test_parameter_should_close_the_device():
    """TD-066: no card is looked for, and the panel says so."""
    stand = Stand("service: closed\n", made)
    assert stand.tap(open_card()) is None and stand.reader.looks == 0
    assert stand.shown() == "red" and ("show", "Out of service: closed", 0) in stand.log
    assert stand.records() == []


def test_mode_that_no_device_has_should_be_refused():
    """TD-066: at the start, by name; a taxi is not free, its meter names the amount."""
    stand, said = Stand("", made), []
    stand.settings.more["service"] = "half"
    try:
        made(stand.settings, stand.fleet, stand.clock, said.append)
        raise AssertionError("taken")
    except FormatError as wrong:
        assert "half" in str(wrong)
    stand.settings.more.update({"service": "free", "name": "taxi"})
    assert made(stand.settings, stand.fleet, stand.clock, said.append).mode == "open"
    assert said[0]["event"] == "service"


class Kiosk(Till):
    """A till with the key `service`."""

    def make(self, settings, parameters, clock, report):
        settings.more["service"] = "open"
        return duty.make(
            Till.make(self, settings, parameters, clock, report), settings, parameters, report
        )


def test_key_should_change_the_mode_and_outlive_a_restart():
    """TD-066: the passes of a mode stand in the event that ends it; sales go on as before."""
    till = Kiosk(price_fen="200")
    assert till.tap(open_card()) == "ok"
    assert till.type("service maybe").startswith("error WORD is open or free or closed")
    assert till.type("service free") == "ok service free"
    assert till.tap(open_card("6228000100000028")) == "free_ride"
    till.stand.restart()
    assert till.trade is not till.stand.terminal.trade and till.stand.terminal.trade.mode == "free"
    assert till.tap(open_card()) == "free_ride"
    assert till.type("service closed") == "ok service closed"
    assert till.tap(open_card()) is None
    till.stand.restart()
    assert till.stand.terminal.trade.mode == "closed"
    assert till.type("service open") == "ok service open"
    assert till.tap(open_card("6228000100000036")) == "ok"
    words = [one["reason"] for _, one in till.stand.records()]
    assert [one for one in words if one[:8] == "service_"] == [
        "service_free", "service_closed", "service_open",
    ]  # fmt: skip


def test_key_while_a_card_is_there_should_wait():
    """TD-066: what a card was asked does not change under it."""
    till = Kiosk(price_fen="200")
    till.stand.reader.field = [open_card()]
    till.stand.terminal.turn()
    assert till.type("service free") == "error a card is there: wait until it is taken away"
    assert till.stand.terminal.trade.mode == "open"
