# SPDX-License-Identifier: Apache-2.0
"""Bills of water, power, gas or a property office, paid by card at a kiosk (docs/utilities.md).

A till (shop.py) whose amounts come from who writes the bills (neighbours/bills.py): the customer's
number is keyed, his bill is shown, his card pays it. A bill is paid once: while it is shown it is
held for this terminal; behind a torn tap nobody pays it until that tap is settled, and what stays
pending stays locked until a desk has decided. Each state is told from the journal again after a
start, until it is answered. The bill's number is `reference` in its records.

trade_data: version 1 (1), customer's number (4).

| setting | value |
|---|---|
| sells | bills (default); units: onto the card of a meter, utilities_meter.py |
| console | serial:PATH of the keys |
| bills | serial:PATH of the line to who writes them |
| bill_kind | water, power, gas or property |
"""

from firmware.devices import options, window
from firmware.devices.keypad import open_console
from firmware.devices.shop import PAID, Shop
from firmware.devices.trade import Offer
from firmware.errors import FormatError
from firmware.formats import record

COMMANDS = """
bill|CUSTOMER:1..999999999|the bill of a customer
cancel||pay no bill
on|STAFF:1..999999|open the kiosk
off||close it, with its report
report||the day so far
"""
KINDS = ("water", "power", "gas", "property")
VERSION, DATA = b"\x01", 5
SHOWN_S = 120  # a bill is held for so long
NOTICE_S = 5
RESTORED = 64  # records
MOST_KNOWN = 64  # bills of this terminal that it knows the state of
STATES = {
    record.APPROVED: "paid", record.VOID: "free", record.PENDING: "pending",
    record.DEBITED_REFUSED: "pending", record.DEBITED_UNPROVEN: "pending",
}  # fmt: skip


class Utilities(Shop):
    """One kiosk for bills; a shift is a day of it."""

    name, code = "utilities", 0
    words = (
        Shop.words
        + """key_customer|blue||请输入户号|Key your number|
bill_wait|blue||正在查询账单|Asking for the bill|
bill_none|blue||没有待付账单|Nothing to pay|
bill_settled|blue||此账单已结清|This bill is settled|
bill_held|blue||账单待核实 请稍后|Bill is being settled|
bill_large|blue||金额超限 请到柜台|Too much here: ask the desk|
bills_away|blue||账单系统不通|No line to the billing|
pay_water|blue||水费{fare}元 请刷卡|Water {fare}, tap card|
pay_power|blue||电费{fare}元 请刷卡|Power {fare}, tap card|
pay_gas|blue||燃气费{fare}元 请刷卡|Gas {fare}, tap card|
pay_property|blue||物业费{fare}元 请刷卡|Property {fare}, tap card|
"""
    )

    def __init__(self, settings, parameters, clock, line, bills):
        """line: Neighbour with Console(COMMANDS); bills: Neighbour with Bills."""
        self.bills = bills
        self.bill = self.customer = 0  # that is shown
        self.open = {}  # sequence of a torn tap -> its bill
        self.known = []  # (bill, state) of this terminal, oldest first
        Shop.__init__(self, settings, parameters, clock, line)
        self.kind = options.word(settings.more, "bill_kind", KINDS[0], KINDS)
        self.shown = window.opened(clock, 0)
        self.notice = ""  # what stands for a moment instead of the question for a number

    def restore(self, recent):
        Shop.restore(self, recent)
        found = []
        for sequence, values in recent(RESTORED):
            bill, kind = values["reference"], values["kind"]
            seen = [row[0] for row in found]  # newest first: what a bill was before is over
            if kind in STATES and is_bill(values["trade_data"]) and bill not in seen:
                found.append((bill, STATES[kind], sequence, values["amount_fen"]))
        for bill, state, sequence, amount_fen in reversed(found):
            self._settled(bill, state, sequence, amount_fen)
        for entry in tuple(self.house.torn_taps.open):
            values = self.house.torn_taps.load(entry)
            if values and is_bill(values["trade_data"]):
                self._torn(entry.sequence, values["reference"])
        self.bills.protocol.tell(0, "free")  # what was shown when the power went

    def turn(self):
        Shop.turn(self)
        for event in self.bills.turn():
            self._hear(event)
        if self.open:
            self._look_at_torn()
        if window.left_ms(self.clock, self.shown) <= 0:
            self.notice = ""
            if self.bill and not self.house.busy():
                self._drop()

    def offer(self):
        if not self.shift.is_open:
            return Offer("sign_on", None, False)
        if self.bill:
            return Offer("pay_" + self.kind, self.asked_fen, True)
        if self.notice:
            return Offer(self.notice, None, False)
        if not self.bills.protocol.alive:
            return Offer("bills_away", None, False)
        asked = self.bills.protocol.asked
        return Offer("bill_wait" if asked else "key_customer", None, False)

    def onto(self, values):
        Shop.onto(self, values)
        values["reference"] = self.bill
        if self.bill:
            values["trade_data"] = VERSION + self.customer.to_bytes(4, "big")

    def after(self, sold):
        self.shift.after(sold)
        self._note(sold.message)
        values = sold.values
        if not values or not is_bill(values["trade_data"]) or sold.outcome.taken is False:
            return
        bill = values["reference"]
        if bill == self.bill:
            self._ask(0, "")
        if sold.outcome.outcome in PAID:
            self.open.pop(sold.sequence, None)
            self._settled(bill, "paid", sold.sequence, sold.amount_fen)
            self._note("bill %d is paid, record %d" % (bill, sold.sequence))
        elif sold.outcome.taken is None:
            self._torn(sold.sequence, bill)
        else:
            self.open.pop(sold.sequence, None)
            self._settled(bill, "pending", sold.sequence, sold.amount_fen)

    def close(self):
        self.bills.close()
        Shop.close(self)

    def state_of(self, bill):
        """Last known state of a bill, "" of one that this terminal has not had."""
        if bill in self.open.values():
            return "open"
        return ([""] + [state for one, state in self.known if one == bill])[-1]

    def _hear(self, event):
        if event[0] == "nothing":
            word = {"paid": "bill_settled", "held": "bill_held", "away": "bills_away"}
            self._say(word.get(event[1], "bill_none"))
            return
        bill, amount_fen = event[1:]
        state = self.state_of(bill)
        if state not in ("", "free"):  # whatever the office says: it is not paid twice
            self._say("bill_settled" if state == "paid" else "bill_held")
        elif amount_fen > self.parameters.ceiling_fen:
            self.bills.protocol.tell(bill, "free")
            self._say("bill_large")
        else:
            self._ask(amount_fen, self.kind)
            self.bill, self.shown = bill, window.opened(self.clock, SHOWN_S)

    def _say(self, message):
        """A message of this kiosk, for a moment."""
        self.notice, self.shown = message, window.opened(self.clock, NOTICE_S)

    def _ask(self, amount_fen, rule):
        Shop._ask(self, amount_fen, rule)
        self.bill, self.notice = 0, ""

    def _drop(self):
        """The bill that is shown is not paid here."""
        if self.bill:
            self.bills.protocol.tell(self.bill, "free")
        self._ask(0, "")

    def _bill(self, customer):
        if not self.bills.protocol.alive:
            return "no line to the billing: try again later", ()
        if len(self.bills.protocol.states) > RESTORED:
            return "too much has not reached the billing yet", ()
        self._drop()
        self.customer = customer
        self.bills.protocol.ask(customer, self.bills.now_ms)
        return "", ()

    def _cancel(self):
        self._drop()
        return "", ()

    def _torn(self, sequence, bill):
        self.open[sequence] = bill
        self.bills.protocol.tell(bill, "pending", sequence)

    def _look_at_torn(self):
        """Torn taps that were settled since, by their records."""
        waiting = [one.sequence for one in self.house.torn_taps.open]
        for sequence in [one for one in self.open if one not in waiting]:
            bill = self.open.pop(sequence)
            kind, amount_fen = self._record_of(sequence)
            self._settled(bill, STATES.get(kind, "pending"), sequence, amount_fen)

    def _record_of(self, sequence):
        """(kind, fen) of a record that was written lately, (None, 0) where it is not there."""
        left = RESTORED
        for number, values in record.readable(self.house.journal.backwards()):
            left -= 1
            if number == sequence:
                return values["kind"], values["amount_fen"]
            if not left:
                break
        return None, 0

    def _settled(self, bill, state, sequence, amount_fen):
        if self.state_of(bill) != state:
            self.known = self.known[1 - MOST_KNOWN :] + [(bill, state)]
            self.bills.protocol.tell(bill, state, sequence, amount_fen)


def is_bill(data):
    """True for the trade_data of a bill."""
    return len(data) == DATA and data[:1] == VERSION


def make(settings, parameters, hal, clock, report):
    """Trade of a kiosk for bills. FormatError for settings that cannot be used."""
    if options.word(settings.more, "sells", "bills", ("bills", "units")) == "units":
        from firmware.devices import utilities_meter  # where settings ask for it

        return utilities_meter.make(settings, parameters, hal, clock, report)
    from firmware.neighbours.bills import Bills  # with this device alone
    from firmware.neighbours.line import Neighbour  # likewise

    kind, _, path = settings.more.get("bills", "").partition(":")
    if kind != "serial" or not path:
        raise FormatError("`bills` is serial:PATH")
    bills = Neighbour(lambda: hal.open_serial(path, 9600), Bills(), clock)
    line = open_console(settings, hal, clock, COMMANDS)
    return Utilities(settings, parameters, clock, line, bills)
