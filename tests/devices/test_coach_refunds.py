# SPDX-License-Identifier: Apache-2.0
"""Coach tickets given back for cash: by the hours that are left, once, and no used one."""

from firmware.devices import coach_refunds
from firmware.devices.coach import COMMANDS, Coach
from firmware.errors import FormatError
from firmware.kernel import apdu
from firmware.neighbours.console import Console
from firmware.neighbours.line import Neighbour
from tests.devices.coach_stand import Matrix, Ride, open_card
from tests.devices.shop_stand import OTHER, PAN
from tests.small_card import LAST


class Trip(Ride):
    """A coach with refund rules that leaves at 14:30; it is 11:30."""

    def __init__(self, **more):
        Ride.__init__(self, "same_card_s: 0", refund_rules="24=90 2=80 0=50", **more)
        self.at(11, 30)
        assert self.type("depart 1430") == "ok"

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        settings.more.update({"product": "c1", "seats": "2"})
        line = Neighbour(lambda: self.keys, Console(COMMANDS), clock)
        self.trade = Coach(settings, parameters, clock, line, Matrix())
        return self.trade

    def at(self, hour, minute):
        self.stand.clock.now = (2026, 11, 21, hour, minute, 0)

    def sell(self, card, text="sell 1 9"):
        """Number of the sale."""
        self.type(text)
        assert self.tap(card) == "ok"
        return self.stand.records()[-1][1], self.stand.journal.next - 1


def test_ticket_should_go_back_by_the_hours_that_are_left():
    """Cash by the table, an EVENT with the number of the sale; the seat is free again."""
    for hour, minute, fen in ((11, 30, 2000), (12, 30, 2000), (12, 31, 1250), (14, 29, 1250)):
        trip, card = Trip(), open_card(PAN)
        _, sale = trip.sell(card)
        trip.at(hour, minute)
        said = trip.type("refund 1 %d" % sale)
        assert said == "give back %d.%02d, seat 1 is free\r\nok" % divmod(fen, 100), said
        assert card.balance_fen == 7500  # never on the card
        kind, values = trip.stand.records()[-1]
        assert (kind, values["reason"], values["reference"]) == ("event", "refund_cash", sale)
        assert (values["amount_fen"], values["full_fare_fen"]) == (fen, 2500)
        assert values["rule"] == "refund" and values["trade_data"][:1] == b"\x04"
        assert trip.type("sell 1 9 full 1") == "seat 1\r\nok pay 25.00"
        assert trip.type("cancel") == "ok"
        assert "退票 Given back: 1 笔 %d.%02d" % divmod(fen, 100) in trip.type("report")


def test_refund_should_be_refused():
    """Twice, for another seat or coach, when the coach has left or nobody knows when."""
    trip = Trip()
    _, sale = trip.sell(open_card(PAN))
    for text, said in (
        ("refund 2 %d" % sale, "has not sold seat 2"),
        ("refund 1 %d" % (sale + 5), "has not sold seat 1"),
    ):
        assert said in trip.type(text)
    trip.at(14, 30)
    assert "has left" in trip.type("refund 1 %d" % sale)
    trip.at(12, 0)
    assert "give back" in trip.type("refund 1 %d" % sale)
    for _ in range(2):
        assert "was given back: 20.00" in trip.type("refund 1 %d" % sale)
        trip.stand.restart()
    given = [one for _, one in trip.stand.records() if one["reason"] == "refund_cash"]
    assert len(given) == 1
    assert trip.type("sell 1 9 full 1").startswith("seat 1")


def test_a_used_ticket_should_not_go_back():
    """Also over a restart; another card's seat does."""
    trip, card = Trip(), open_card(PAN)
    _, sale = trip.sell(card)
    _, other = trip.sell(open_card(OTHER))
    trip.type("check 5")
    assert trip.tap(card) == "pass_valid"
    for _ in range(2):
        assert "it is used" in trip.type("refund 1 %d" % sale)
        trip.stand.restart()
    assert "give back 20.00" in trip.type("refund 2 %d" % other)
    assert "sign on" not in trip.type("check 5")
    assert trip.tap(open_card(OTHER)) == "no_ticket"


def test_tickets_of_cash_and_departure_should_outlast_a_restart():
    trip = Trip()
    trip.type("sell 1 5")
    said = trip.type("cash")
    sale = trip.stand.journal.next - 1
    assert "seat 1, sale %d" % sale in said
    trip.stand.restart()
    assert trip.trade.refunds.departs == (2026, 11, 21, 14, 30, 0)
    assert "give back 8.00" in trip.type("refund 1 %d" % sale)
    assert "Cash: 1" in trip.type("report")


def test_a_trip_should_begin_anew():
    trip = Trip()
    _, sale = trip.sell(open_card(PAN))
    assert trip.type("off").endswith("ok") and trip.type("on 8") == "ok"
    assert "has not sold" in trip.type("refund 1 %d" % sale)
    _, sale = trip.sell(open_card(OTHER))
    assert "depart HHMM" in trip.type("refund 1 %d" % sale)
    assert trip.type("depart 1475").startswith("error") and trip.type("depart 1400") == "ok"
    trip.stand.restart()
    assert "give back 20.00" in trip.type("refund 1 %d" % sale)


def test_without_rules_nothing_should_go_back():
    ride = Ride()
    ride.type("sell 1 5")
    assert ride.tap(open_card(PAN)) == "ok"
    assert "refund_rules" in ride.type("refund 1 %d" % (ride.stand.journal.next - 1))


def test_what_nobody_waits_for_should_go_back_whole():
    """A torn tap that was cancelled, and paid after all: at any time, once."""
    trip, card = Trip(), open_card(PAN)
    trip.type("sell 1 9")
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert trip.tap(card) == "last_record_lost"
    assert trip.type("cancel") == "ok"
    card.tear = None
    trip.keys.said = b""
    assert trip.tap(card) == "torn_recovered"
    trip.at(15, 0)  # it has left
    sale = next(iter(trip.trade.refunds.owed))
    assert b"refund 1 %d" % sale in trip.keys.said
    assert "give back 25.00" in trip.type("refund 1 %d" % sale)
    assert "was given back" in trip.type("refund 1 %d" % sale)


def test_rules_that_mean_nothing_should_be_refused():
    assert coach_refunds.rules_of("24=90 2=80 0=50") == [(24, 90), (2, 80), (0, 50)]
    assert coach_refunds.rules_of("") == []
    for text in ("24", "24=101", "2=80 24=90", "24=80 2=90", "2=80 2=70", "x=1", "-1=5", "2=80.5"):
        try:
            coach_refunds.rules_of(text)
        except FormatError:
            continue
        raise AssertionError(text)
