# SPDX-License-Identifier: Apache-2.0
"""Shop, market: an amount that is keyed, made of dishes of a menu, or always the same.

What is asked stands from the cashier's key until it is paid, paid in cash or cancelled, and no key
changes it while a card is there. Each amount has a number, `reference` in its records: a torn tap
of an amount that was cancelled meanwhile, when its card comes back, pays that amount and not the
one that is asked now, and the cashier is told to give it back. A sale by card is never taken back
on the card (terminals.md 6): `refund` writes down what was given back in cash. Staff pay their
class (`class` of the parameters). What a sale is made of (tray.py) stands in its record.

| setting | value |
|---|---|
| console | serial:PATH of the cashier's keys; without it only `price_fen` is sold |
| price_fen | what every card pays where nothing is keyed |
| menu | 1=1200,Noodles 2=850: prices of numbered dishes, in fen, with a name or without |
| categories | 1=Fruit 2=Fish: names of what is keyed behind an amount |
| meals | 0600-0930 1100-1330: nothing is sold at other times |
| meal_taps | sales to one card in one meal; 0: any number |
| day_fen | fen that one card may spend in a day; 0: no limit |
"""

from firmware.devices import fare, options, tray, window
from firmware.devices.keypad import open_console
from firmware.devices.menus import meals_of, menu_of, names_of
from firmware.devices.panel import yuan
from firmware.devices.shift import REFUND, Shift
from firmware.devices.spending import Spending
from firmware.devices.trade import Charge, Offer, Trade
from firmware.errors import FormatError, JournalFull
from firmware.formats import record
from firmware.kernel import outcome

COMMANDS = """
=|AMOUNT:yuan CATEGORY?:1..99|ask for this amount
+|AMOUNT:yuan CATEGORY?:1..99|and for this one with it
item|{dishes}|add dishes of the menu
drop|DISH:1..99|take a dish, or an amount of a category, off again
tray||what is asked, line by line
cancel||take back what is asked
cash||what is asked is paid in cash
refund|AMOUNT:yuan SALE:1..4294967295|write down cash given back for a sale
on|CASHIER:1..999999|open the day
off||close the day, with its report
report||the day so far
""".replace("{dishes}", "DISH:1..99" + " DISH?:1..99" * 7)
CHANGING = (  # what a card may have seen
    "=", "+", "item", "drop", "sell", "check", "cancel", "cash", "off", "choose", "again", "bill",
    "buy",
)  # fmt: skip
METHODS = {"=": "key", "+": "plus", "drop": "less"}
FULL_TRAY = "so many lines are two sales"
KINDS = {"menu": tray.DISHES, "keyed": tray.KEYED}  # by the rule of a sale
PAID = (outcome.APPROVED, outcome.RECOVERED)


class Shop(Trade):
    """One till."""

    name, code = "shop", 0
    words = """
key_amount|blue||请稍候|Please wait|
pay_amount|blue||请刷卡 {fare}元|Tap card, pay {fare}|
sign_on|blue||未开班|Closed: sign on|
no_meal|blue||非供餐时间|No meal at this hour|
meal_taken|red|no|本餐次数已满 未扣款|Meal was taken, not charged|140
day_limit|red|no|今日限额已满 未扣款|Day limit, not charged|141
"""

    def __init__(self, settings, parameters, clock, line=None, book=None):
        """line: Neighbour with Console(COMMANDS), None without a cashier; book: DayBook, None
        where a report is the shift's alone.
        """
        Trade.__init__(self, settings, parameters)
        more = settings.more
        self.clock, self.line = clock, line
        self.price_fen = options.number(more, "price_fen", 0, 1, parameters.ceiling_fen)
        self.menu = menu_of(more.get("menu", ""), parameters.ceiling_fen)
        self.names = names_of(more.get("menu", ""), more.get("categories", ""))
        self.meals = meals_of(more.get("meals", ""))
        self.meal_taps = options.number(more, "meal_taps", 0, 0, 255)
        self.day_fen = options.number(more, "day_fen", 0, 0, 999999)
        self._needs_keys()
        self.shift, self.spending, self.book = Shift(), Spending(self.meal), book
        self.tray = ()  # of what is asked
        self.asked_fen, self.rule, self.reference = self.price_fen, "fixed", 0
        self.started = (0, 0)  # window in which a card of the last run pays once
        self.frozen = (0, "fixed", "", "")

    def _needs_keys(self):
        """FormatError where nothing could ever be asked."""
        if self.line is None and not self.price_fen:
            raise FormatError("`console` or `price_fen` is missing")

    def attach(self, house):
        Trade.attach(self, house)
        self.shift.attach(house)
        if self.book:
            self.book.attach(house, self.shift)

    def restore(self, recent):
        self.shift.restore(recent)
        if self.book:
            self.book.restore(recent)
        if self.meal_taps or self.day_fen:
            self.spending.restore(recent, self.house.stamp.digits()[0])
        self.started = window.opened(self.clock, self.parameters.same_card_s)
        self._ask(self.price_fen, "fixed")

    def meal(self, hhmm):
        """Number of the meal at a time, 0 for none."""
        for number, (begins, ends) in enumerate(self.meals):
            if begins <= hhmm < ends:
                return number + 1
        return 0

    def turn(self):
        self.shift.turn()
        if self.book:
            self.book.turn()
        for command in self.line.turn() if self.line else ():
            fault, lines = self._obey(command.name, command.values)
            if fault:
                self.line.protocol.error(fault)
            else:
                self.line.protocol.ok(self._asks(), lines)

    def offer(self):
        if self.line and not self.shift.is_open:
            return Offer("sign_on", None, False)
        if self.meals and not self.meal(self.house.stamp.digits()[1][:4]):
            return Offer("no_meal", None, False)
        if not self.asked_fen:
            return Offer("key_amount", None, False)
        return Offer("pay_amount", self.asked_fen, True)

    def begin(self):
        date, time = self.house.stamp.digits()
        self.frozen = (self.asked_fen, self.rule, date, time[:4])

    def charge(self, pan):
        full_fen, rule = self.frozen[:2]
        known = fare.class_of(pan, self.parameters.classes) if pan else None
        return Charge(fare.price(full_fen, known), full_fen, fare.name(known), rule, 1)

    def refuse(self, pan, psn):
        if psn is None or not (self.meal_taps or self.day_fen):
            return ""  # the limits are a card's: the gate asks again when it has told which it is
        date, hhmm = self.frozen[2:]
        taps, spent_fen = self.spending.of(pan, psn, date, self.meal(hhmm))
        if self.meal_taps and taps >= self.meal_taps:
            return "meal_taken"
        if self.day_fen and spent_fen + self.charge(pan).amount_fen > self.day_fen:
            return "day_limit"
        return ""

    def pays_again(self, pan, psn):
        """What the cashier keyed is another sale; not what may be that of before a power cut."""
        return self.rule != "fixed" and window.left_ms(self.clock, self.started) <= 0

    def onto(self, values):
        Trade.onto(self, values)
        self.shift.onto(values)
        values["reference"] = self.reference
        values["trade_data"] = tray.pack(KINDS.get(self.rule, 0), self.tray)

    def after(self, sold):
        values = self.shift.after(sold)
        if self.book:
            self.book.after(sold, values)
        paid = sold.outcome.outcome in PAID
        if paid:
            self.spending.add(sold.values)
        self._note("%s %s" % (sold.message, yuan(sold.amount_fen)))
        if paid and sold.values["reference"] == self.reference:
            self._ask(self.price_fen, "fixed")
        elif paid:  # a torn tap whose amount is not asked any more
            self._paid_late(sold)

    def _paid_late(self, sold):
        """Nobody waits for this sale: the cashier is told to give it back."""
        owed = yuan(sold.amount_fen)
        self._note("paid after all: give back, then type: refund %s %d" % (owed, sold.sequence))

    def close(self):
        if self.line:
            self.line.close()

    def _note(self, text):
        if self.line:
            self.line.protocol.note(text)
            self.line.flush()

    def _ask(self, amount_fen, rule):
        """Another amount, with a number no other one had."""
        self.asked_fen, self.rule, self.tray = amount_fen, rule, ()
        self.reference = max(self.reference + 1, self.clock.time_utc_s())

    def _asks(self):
        return "pay %s" % yuan(self.asked_fen) if self.asked_fen else ""

    def _obey(self, name, values):
        """("", lines to show) or (what to do, ())."""
        if name == "report":
            return "", self.statement()
        if name in CHANGING and self.house.busy():
            return "a card is there: wait until it is taken away", ()
        if name == "on":
            return self._on(values[0]), ()
        if not self.shift.is_open:
            return "sign on first: on CASHIER", ()
        return getattr(self, "_" + METHODS.get(name, name))(*values)

    def _on(self, cashier):
        fault = self.shift.open(cashier)
        if self.book and not fault:
            self.book.clear()
        return fault

    def _key(self, amount_fen, category=None):
        return self._lay((), "keyed", ((category or 0, amount_fen),))

    def _plus(self, amount_fen, category=None):
        before = self.tray if self.rule == "keyed" else ()
        return self._lay(before, "keyed", ((category or 0, amount_fen),))

    def _item(self, *numbers):
        there = [number for number in numbers if number]
        for number in there:
            if number not in self.menu:
                return "the menu has no dish %d" % number, ()
        before = self.tray if self.rule == "menu" else ()
        return self._lay(before, "menu", [(number, self.menu[number]) for number in there])

    def _lay(self, lines, rule, more):
        """Ask for what lies on the tray, and more of (number, fen)."""
        for number, fen in more:
            if not 0 < fen <= self.parameters.ceiling_fen:
                return "an amount is 0.01 to %s" % yuan(self.parameters.ceiling_fen), ()
            lines = tray.added(lines, number, fen)
            if lines is None:
                return FULL_TRAY, ()
        amount_fen = tray.sum_fen(lines)
        if amount_fen > self.parameters.ceiling_fen:
            return "at most %s in one sale" % yuan(self.parameters.ceiling_fen), ()
        self._ask(amount_fen, rule)
        self.tray = lines
        return "", ()

    def _less(self, number):
        lines = tray.without(self.tray, number)
        if lines is None:
            return "there is no %d on the tray" % number, ()
        return self._lay(lines, self.rule, ()) if lines else self._cancel()

    def _tray(self):
        return "", tuple(
            [
                "%d x %s %s" % (count, self.name_of(number), yuan(count * fen))
                for number, count, fen in self.tray
            ]
        )

    def name_of(self, number):
        """What a line of the tray is called."""
        name = self.names.get((KINDS.get(self.rule), number), "")
        return ("%d %s" % (number, name)).strip()

    def _cancel(self):
        self._ask(self.price_fen, "fixed")
        return "", ()

    def _cash(self):
        if not self.asked_fen:
            return "nothing is asked", ()
        if self.house.torn_taps.open:
            return "a tap is not settled: the same card again, or wait a minute", ()
        written = self.shift.cash(self.asked_fen, self.reference)
        if not written:
            return "the storage is full", ()
        if self.book:
            self.book.fold(written)
        return self._cancel()

    def _refund(self, amount_fen, sale):
        values = self.house.stamp.onto(record.blank(record.EVENT))
        values["reason"], values["amount_fen"], values["reference"] = REFUND, amount_fen, sale
        values["trade_data"] = b""  # what is asked now is another sale
        try:
            self.house.journal.append(record.pack(values))
        except JournalFull:
            return "the storage is full", ()
        if self.book:
            self.book.fold(values)
        return "", ()

    def _off(self):
        fault = self.shift.close()
        return fault, () if fault else self.statement()

    def statement(self):
        """Lines of the day: drawn for a slip where there is a book, else the shift's totals."""
        if not self.book:
            return tuple(self.shift.statement())
        from firmware.devices import day_slip  # of tills with a day report

        return tuple(day_slip.lines(self.book, self.shift, self.names))


def make(settings, parameters, hal, clock, report):
    """Trade of a till. FormatError for settings that cannot be used."""
    from firmware.devices.day_book import DayBook  # of tills with a day report

    line = open_console(settings, hal, clock, COMMANDS) if "console" in settings.more else None
    return Shop(settings, parameters, clock, line, DayBook() if line else None)
