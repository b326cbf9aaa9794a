# SPDX-License-Identifier: Apache-2.0
"""Pay station of a car park, or an attendant's handheld reader (`lane: pay`): the driver pays
inside and drives out within the time to leave. Entries lie in the store of the exit lane.

The first tap reads the number and asks the exit lane, which marks the entry as asked for, durably:
from here on it lets nobody out for money with that card until this station has said what became of
it. The price stands on the panel, the same card pays it with a second tap within `quote_s`. The
record of the debit carries what the exit lane is told, so that a payment it has not heard of goes
on after a cut of line or power (TD-012): it is said until it is answered. What nobody pays is let
go; a debit of which nobody knows (*pending*) is not, the attendant at the exit decides. No price
is asked while the line is lost.

| setting | value |
|---|---|
| stop | number of the station, 1..255, that no other station has |
| store | serial:PATH, the line to the lane with the store (`pay_lines` there) |
| product, fares | as of parking.py |
"""

from collections import namedtuple

from firmware.devices import parking_rules, window
from firmware.devices.lane_store import (
    KEY,
    RELEASE,
    TOLD,
    WIDE,
    Entry,
    Payment,
    key_of,
    pack_entry,
    pack_told,
    unpack_entry,
    unpack_payment,
)
from firmware.devices.trade import Charge, Offer, Trade
from firmware.errors import FormatError
from firmware.formats import record

QUOTE_S, ANSWER_S = 60, 3
MOST_QUOTES, MOST_OWED = 8, 64
NOTHING = Charge(0, 0, "", "time", 1)

# A price that was told. fare: of what is due; since: window in which it can be paid
Quote = namedtuple("Quote", ("pan", "entry", "payment", "fare", "since"))


class PayStation(Trade):
    """`owed`: bodies that the exit lane has yet to answer, oldest first."""

    name, code, needs_number = "parking", 7, True
    words = parking_rules.WORDS + parking_rules.STORE_ROWS

    def __init__(self, settings, parameters, neighbour, tariff, clock):
        """neighbour: of a LaneLine. FormatError for settings that mean nothing."""
        Trade.__init__(self, settings, parameters)
        self.neighbour, self.line = neighbour, neighbour.protocol
        self.tariff, self.clock = tariff, clock
        self.product, self.number = settings.more.get("product", ""), settings.stop
        if not 1 <= self.number <= 255:
            raise FormatError("`stop`: the number of the pay station is 1..255")
        self.quotes, self.owed = [], []
        self.waiting, self.unknown = [], []  # numbers to let go of; and whose debit is pending
        self.asking = ("", (0, 0))  # number that is asked for, window of the answer
        self.sent = False  # owed[0] is on its way
        self.again = []  # bodies of owed that may have been answered before a restart
        self.now, self.quote = clock.local_now(), None

    def restore(self, recent):
        """Each payment is told once more, what was only asked for is let go."""
        for _, values in recent(MOST_OWED):
            kind, body, pan = values["kind"], values["trade_data"], values["pan"]
            pan = record.pan_digits(pan)
            if kind == record.APPROVED and len(body) == WIDE and body[0] == TOLD:
                self.owed.append(bytes(body))
            elif values["reason"] == "stay_asked" and pan not in self.waiting:
                self.waiting.append(pan)
        self.owed.reverse()
        self.again = self.owed[:]

    def turn(self):
        for said in self.neighbour.turn():
            if said[0] == "row":
                self._hear_row(said[1])
            elif said[0] == "verdict" and self.owed and said[1] == self.owed[0]:
                self._hear_verdict(said[2])
        if self.asking[0] and window.left_ms(self.clock, self.asking[1]) <= 0:
            self._give_up()
        for one in self.quotes:
            if window.left_ms(self.clock, one.since) <= 0 and not self.house.busy():
                self._let_go(one)
                break
        if self.waiting and not self.house.torn_taps.holds(self.waiting[0], None):
            self._settle(self.waiting.pop(0))
        self._tell()

    def offer(self):
        lost = self.line.silent or len(self.owed) > MOST_OWED
        return Offer("store_lost" if lost else "lane_pay", None, not lost)

    def reads_first(self):
        return True

    def begin(self):
        self.now, self.quote = self.clock.local_now(), None

    def charge(self, pan):
        one = self._quoted(pan)
        if one is None:
            return NOTHING
        fare = one.fare
        return Charge(fare.amount_fen, fare.full_fen, fare.fare_class, fare.rule, 1)

    def refuse(self, pan, psn):
        self.quote = self._quoted(pan)
        return "" if self.quote else "stay_asked"

    def onto(self, values):
        Trade.onto(self, values)
        if self.quote:
            entry, before, fare = self.quote.entry, self.quote.payment, self.quote.fare
            paid_fen = before.paid_fen + fare.amount_fen
            payment = Payment(tuple(self.now[:6]), paid_fen, self.number)
            values["trade_data"] = pack_told(entry, payment)

    def after(self, sold):
        paid = sold.outcome.outcome in ("approved", "recovered") and sold.sequence
        if paid and sold.values and len(sold.values["trade_data"]) == WIDE:
            self.quotes = [one for one in self.quotes if one.pan != sold.pan]
            self.owed.append(bytes(sold.values["trade_data"]))
            self._tell()
        elif sold.message == "stay_asked" and sold.sequence:
            self._ask(sold.pan)

    def close(self):
        self.neighbour.close()

    def _quoted(self, pan):
        """Quote that this number can pay now, None without one."""
        for one in self.quotes:
            if pan and one.pan == pan:
                return one
        return None

    def _ask(self, pan):
        """Ask the exit lane; not while what was let go is on its way, which would undo it."""
        if self.asking[0]:
            self._give_up()
        key = key_of(pan)
        if pan in self.unknown:
            self.house.show("pay_open")
            return
        if pan in self.waiting or [one for one in self.owed if one[0] == RELEASE and key in one]:
            self.house.show("store_lost")
            return
        self.asking = (pan, window.opened(self.clock, ANSWER_S))
        self.line.ask(key + bytes((self.number,)))
        self.neighbour.flush()

    def _give_up(self):
        """No answer came: the mark that the exit lane may have set is let go."""
        self._release(key_of(self.asking[0]))
        self.asking = ("", (0, 0))
        self.house.show("store_lost")

    def _hear_row(self, body):
        """What the store has of the card that was asked for: its price, or why there is none."""
        pan = self.asking[0]
        if not pan or body[:KEY] != key_of(pan):
            return
        self.asking = ("", (0, 0))
        row = body[KEY:]
        if len(row) != WIDE or row[0] != TOLD:
            self.house.show("no_entry")
            return
        one = self._priced(pan, unpack_entry(row), unpack_payment(row))
        if one.fare and one.fare.amount_fen:
            if len(self.quotes) >= MOST_QUOTES:
                self._let_go(self.quotes[0])
            self.quotes.append(one)
            self.house.show("stay_due", one.fare.amount_fen)
            return
        self._let_go(one)
        free = "prepaid" if one.payment.moment else "free_exit"
        self.house.show(free if one.fare else "no_tariff")

    def _priced(self, pan, entry, payment):
        """Quote of a card by what has been paid for it before."""
        self.now = self.clock.local_now()
        if parking_rules.may_leave(self, payment):
            fare = parking_rules.PREPAID
        else:
            fare = parking_rules.stay(self, entry.moment, pan)
            fare = parking_rules.rest_of(fare, payment.paid_fen)
        return Quote(pan, entry, payment, fare, window.opened(self.clock, QUOTE_S))

    def _let_go(self, one):
        """Nobody pays this price any more; a debit that is torn is waited for."""
        self.quotes = [other for other in self.quotes if other.pan != one.pan]
        self.waiting.append(one.pan)

    def _settle(self, pan):
        """Nothing of this number is open: let go, unless its debit went up as pending."""
        left = MOST_OWED
        for _, data in self.house.journal.backwards():
            values, left = record.unpack(data), left - 1
            if left < 0:
                break
            if values["kind"] == record.PENDING and record.pan_digits(values["pan"]) == pan:
                self.unknown = self.unknown[1 - MOST_OWED :] + [pan]
                return
        self._release(key_of(pan))

    def _release(self, key):
        self.owed.append(pack_entry(RELEASE, Entry(key, self.number, (2000, 0, 0, 0, 0, 0), 0)))

    def _tell(self):
        """Say what comes next, one after the other."""
        if self.sent or not self.owed or self.line.silent:
            return
        self.sent = self.line.put(self.owed[0])
        self.neighbour.flush()

    def _hear_verdict(self, word):
        self.sent = False
        if word == "lost":
            return  # said again
        body = self.owed.pop(0)
        known = body in self.again  # most of them have left on it long ago
        self.again = self.again[known:]
        if word == "gone" and body[0] == TOLD and not known:
            self.house.report({"event": "payment_late", "key": body[1 : 1 + KEY].hex()})


def make(settings, parameters, hal, clock, report):
    """Trade of a pay station. FormatError for settings or tables that cannot be used."""
    from firmware.devices.far_store import line_to  # when a unit is put together
    from firmware.devices.tariff import open_tables  # likewise

    if not settings.more.get("store", "").startswith("serial:"):
        raise FormatError("settings: `store` of a pay station is serial:PATH")
    tariff = open_tables(settings, parameters, hal, report)
    line = line_to(settings.more["store"], hal, clock)
    return PayStation(settings, parameters, line, tariff, clock)
