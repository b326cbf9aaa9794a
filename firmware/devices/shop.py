# SPDX-License-Identifier: Apache-2.0
"""Shop, market, canteen: an amount that is keyed, taken from a menu, or always the same.

What is asked stands from the cashier's key until it is paid, paid in cash or cancelled, and no key
changes it while a card is there. Each amount has a number, `reference` in its records: a torn tap
of an amount that was cancelled meanwhile, when its card comes back, pays that amount and not the
one that is asked now, and the cashier is told to give it back. A sale by card is never taken back
on the card (terminals.md 6): `refund` writes down what was given back in cash. Staff pay their
class (`class` of the parameters).

| setting | value |
|---|---|
| console | serial:PATH of the cashier's keys; without it only `price_fen` is sold |
| price_fen | what every card pays where nothing is keyed |
| menu | 1=1200 2=850: prices of numbered dishes, in fen |
| meals | 0600-0930 1100-1330: nothing is sold at other times |
| meal_taps | sales to one card in one meal; 0: any number |
| day_fen | fen that one card may spend in a day; 0: no limit |
"""

from firmware.devices import fare, options, window
from firmware.devices.panel import yuan
from firmware.devices.shift import Shift
from firmware.devices.spending import Spending
from firmware.devices.trade import Charge, Offer, Trade
from firmware.errors import FormatError, JournalFull
from firmware.formats import record
from firmware.kernel import outcome

COMMANDS = """
=|AMOUNT:yuan|ask for this amount
item|NUMBER:1..99|add a dish of the menu
cancel||take back what is asked
cash||what is asked is paid in cash
refund|AMOUNT:yuan SALE:1..4294967295|write down cash given back for a sale
on|CASHIER:1..999999|open the day
off||close the day, with its report
report||the day so far
"""
CHANGING = (  # what a card may have seen
    "=", "item", "sell", "check", "cancel", "cash", "off", "choose", "again", "bill",
)  # fmt: skip
PAID = (outcome.APPROVED, outcome.RECOVERED)
REFUND = "refund_cash"


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

    def __init__(self, settings, parameters, clock, line=None):
        """line: Neighbour with Console(COMMANDS), None without a cashier."""
        Trade.__init__(self, settings, parameters)
        more = settings.more
        self.clock, self.line = clock, line
        self.price_fen = options.number(more, "price_fen", 0, 1, parameters.ceiling_fen)
        self.menu = menu_of(more.get("menu", ""), parameters.ceiling_fen)
        self.meals = meals_of(more.get("meals", ""))
        self.meal_taps = options.number(more, "meal_taps", 0, 0, 255)
        self.day_fen = options.number(more, "day_fen", 0, 0, 999999)
        if line is None and not self.price_fen:
            raise FormatError("`console` or `price_fen` is missing")
        self.shift, self.spending = Shift(), Spending(self.meal)
        self.asked_fen, self.rule, self.reference = self.price_fen, "fixed", 0
        self.started = (0, 0)  # window in which a card of the last run pays once
        self.frozen = (0, "fixed", "", "")

    def attach(self, house):
        Trade.attach(self, house)
        self.shift.attach(house)

    def restore(self, recent):
        self.shift.restore(recent)
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

    def after(self, sold):
        self.shift.after(sold)
        paid = sold.outcome.outcome in PAID
        if paid:
            self.spending.add(sold.values)
        self._note("%s %s" % (sold.message, yuan(sold.amount_fen)))
        if paid and sold.values["reference"] == self.reference:
            self._ask(self.price_fen, "fixed")
        elif paid:  # a torn tap whose amount is not asked any more
            owed = yuan(sold.amount_fen)
            self._note(
                "paid after all: give back, then type: refund %s %d" % (owed, sold.sequence)
            )

    def close(self):
        if self.line:
            self.line.close()

    def _note(self, text):
        if self.line:
            self.line.protocol.note(text)
            self.line.flush()

    def _ask(self, amount_fen, rule):
        """Another amount, with a number no other one had."""
        self.asked_fen, self.rule = amount_fen, rule
        self.reference = max(self.reference + 1, self.clock.time_utc_s())

    def _asks(self):
        return "pay %s" % yuan(self.asked_fen) if self.asked_fen else ""

    def _obey(self, name, values):
        """("", lines to show) or (what to do, ())."""
        if name == "report":
            return "", tuple(self.shift.statement())
        if name in CHANGING and self.house.busy():
            return "a card is there: wait until it is taken away", ()
        if name == "on":
            return self.shift.open(values[0]), ()
        if not self.shift.is_open:
            return "sign on first: on CASHIER", ()
        return getattr(self, "_" + {"=": "key"}.get(name, name))(*values)

    def _key(self, amount_fen):
        if not 0 < amount_fen <= self.parameters.ceiling_fen:
            return "an amount is 0.01 to %s" % yuan(self.parameters.ceiling_fen), ()
        self._ask(amount_fen, "keyed")
        return "", ()

    def _item(self, number):
        if number not in self.menu:
            return "the menu has no dish %d" % number, ()
        before_fen = self.asked_fen if self.rule == "menu" else 0
        if before_fen + self.menu[number] > self.parameters.ceiling_fen:
            return "at most %s in one sale" % yuan(self.parameters.ceiling_fen), ()
        self._ask(before_fen + self.menu[number], "menu")
        return "", ()

    def _cancel(self):
        self._ask(self.price_fen, "fixed")
        return "", ()

    def _cash(self):
        if not self.asked_fen:
            return "nothing is asked", ()
        if self.house.torn_taps.open:
            return "a tap is not settled: the same card again, or wait a minute", ()
        if not self.shift.cash(self.asked_fen, self.reference):
            return "the storage is full", ()
        return self._cancel()

    def _refund(self, amount_fen, sale):
        values = self.house.stamp.onto(record.blank(record.EVENT))
        values["reason"], values["amount_fen"], values["reference"] = REFUND, amount_fen, sale
        try:
            self.house.journal.append(record.pack(values))
        except JournalFull:
            return "the storage is full", ()
        return "", ()

    def _off(self):
        fault = self.shift.close()
        return fault, () if fault else tuple(self.shift.statement())


def menu_of(text, ceiling_fen):
    """Dict dish number -> fen of `1=1200 2=850`."""
    menu = {}
    for word in text.split():
        dish, _, fen = word.partition("=")
        number = options.number({"menu": dish}, "menu", 0, 1, 99)
        menu[number] = options.number({"menu": fen}, "menu", 0, 1, ceiling_fen)
    return menu


def meals_of(text):
    """[(HHMM, HHMM)] of `0600-0930 1100-1330`."""
    meals = []
    for word in text.split():
        begins, _, ends = word.partition("-")
        for one in (begins, ends):
            if len(one) != 4 or options.number({"meals": one}, "meals", 0, 0, 2400) % 100 > 59:
                raise FormatError("`meals: %s`: a meal is HHMM-HHMM" % word)
        if begins >= ends or (meals and begins < meals[-1][1]):
            raise FormatError("`meals: %s`: from early to late, none over midnight" % word)
        meals.append((begins, ends))
    return meals


def make(settings, parameters, hal, clock, report):
    """Trade of a till. FormatError for settings that cannot be used."""
    line = open_console(settings, hal, clock, COMMANDS) if "console" in settings.more else None
    return Shop(settings, parameters, clock, line)


def open_console(settings, hal, clock, commands):
    """Neighbour with the keys of `console`; FormatError."""
    from firmware.neighbours.console import Console  # for tills with a cashier
    from firmware.neighbours.line import Neighbour  # likewise

    kind, _, where = settings.more["console"].partition(":")
    if kind != "serial" or not where:
        raise FormatError("`console` is serial:PATH")
    return Neighbour(lambda: hal.open_serial(where, 9600), Console(commands), clock)
