# SPDX-License-Identifier: Apache-2.0
"""Bills by number: paid once, locked while nobody knows, told until the office has heard it."""

from firmware.devices.utilities import COMMANDS, Utilities
from firmware.kernel import apdu
from firmware.neighbours.bills import Bills, packed, words_of
from firmware.neighbours.console import Console
from firmware.neighbours.line import Neighbour
from tests.devices.shop_stand import OTHER, PAN, Till
from tests.small_card import LAST, SmallCard


class Office:
    """A byte stream: bills by customer; what it was told last of each."""

    def __init__(self):
        self.bills = {1001: (5001, 600), 1002: (5002, 700)}
        self.states = {}
        self.out, self.deaf = b"", False

    def write(self, data):
        words = words_of(data.strip())
        if self.deaf or not words:
            return
        if words[0] == "A":
            bill = self.bills.get(int(words[2]))
            said = ("B %s %d %d" % ((words[1],) + bill)) if bill else "N %s none" % words[1]
            self.out += packed(said)
        else:
            self.states[int(words[2])] = words[3]
            self.out += packed("O " + words[1])

    def read(self, count, timeout_ms):
        data, self.out = self.out[:count], self.out[count:]
        return data

    def close(self):
        pass


class Counter(Till):
    """A kiosk for bills that is open; the office outlives its restarts."""

    def __init__(self, extra="", **more):
        self.office = Office()
        Till.__init__(self, extra, **more)

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        line = Neighbour(lambda: self.keys, Console(COMMANDS), clock)
        bills = Neighbour(lambda: self.office, Bills(), clock)
        self.trade = Utilities(settings, parameters, clock, line, bills)
        return self.trade

    def wait(self, seconds=3):
        """Let the line speak."""
        for _ in range(seconds):
            self.stand.clock.advance(1)
            self.stand.terminal.turn()

    def bill(self, customer):
        """Message that stands when a number was keyed and answered."""
        self.wait(6)
        said = self.type("bill %d" % customer)
        assert said == "ok", said
        self.wait()
        return self.trade.offer().message

    def torn(self, card, acted=True):
        card.tear = (apdu.INS_READ_RECORD, LAST, acted)
        assert self.tap(card) == "last_record_lost"


def test_bill_should_be_paid_once():
    """The record holds its number; the office may say what it likes, it is not asked for again."""
    counter = Counter()
    assert counter.bill(1001) == "pay_water"
    assert counter.tap(SmallCard(PAN)) == "ok"
    kind, values = counter.stand.records()[-1]
    assert (kind, values["reference"], values["amount_fen"]) == ("approved", 5001, 600)
    assert values["trade_data"] == b"\x01" + (1001).to_bytes(4, "big")
    assert values["rule"] == "water"
    counter.wait()
    assert counter.office.states[5001] == "paid"
    assert counter.bill(1001) == "bill_settled"
    assert counter.tap(SmallCard(OTHER)) is None
    counter.stand.restart()
    assert counter.bill(1001) == "bill_settled"
    assert counter.bill(1009) == "bill_none"


def test_bill_behind_a_torn_tap_should_be_locked():
    """Nobody pays it besides; settled by its card it is paid once."""
    counter, card = Counter(), SmallCard(PAN)
    counter.bill(1001)
    counter.torn(card)
    assert counter.tap(SmallCard(OTHER)) != "ok"
    assert counter.bill(1001) == "bill_held" and counter.office.states[5001] == "pending"
    counter.stand.restart()
    assert counter.bill(1001) == "bill_held"
    assert counter.tap(card) == "torn_recovered" and card.balance_fen == 9400
    counter.wait()
    assert counter.office.states[5001] == "paid" and counter.bill(1001) == "bill_settled"


def test_bill_of_a_tap_that_took_nothing_should_be_free_again():
    counter, card = Counter(), SmallCard(PAN)
    counter.bill(1001)
    counter.torn(card, False)
    counter.tap(card)
    assert counter.stand.kinds()[-1] == "void"
    assert counter.bill(1001) == "pay_water" and counter.office.states[5001] == "free"
    assert counter.tap(card) == "ok" and len(card.debits) == 1


def test_pending_bill_should_stay_locked():
    counter = Counter("torn_window_s: 60\n")
    counter.bill(1001)
    counter.torn(SmallCard(PAN))
    counter.wait(61)
    assert counter.stand.kinds()[-1] == "pending"
    assert counter.bill(1001) == "bill_held"
    counter.stand.restart()
    assert counter.bill(1001) == "bill_held" and counter.office.states[5001] == "pending"


def test_office_that_is_away_should_stop_further_bills_and_hear_of_the_last_one():
    counter = Counter(bill_kind="power")
    assert counter.bill(1001) == "pay_power"
    counter.office.deaf = True
    assert counter.tap(SmallCard(PAN)) == "ok"  # it is held for this terminal
    counter.wait(8)
    assert "no line" in counter.type("bill 1002") and counter.trade.offer().message == "bills_away"
    counter.stand.restart()
    counter.office.deaf = False
    counter.wait()
    assert counter.office.states[5001] == "paid"


def test_bill_that_is_left_should_be_free_for_others():
    counter = Counter()
    counter.bill(1002)
    counter.wait(125)
    assert counter.office.states[5002] == "free" and counter.tap(SmallCard(PAN)) is None
    counter.bill(1002)
    counter.type("cancel")
    assert counter.tap(SmallCard(PAN)) is None
