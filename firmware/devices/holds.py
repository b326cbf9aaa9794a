# SPDX-License-Identifier: Apache-2.0
"""HoldTrade: a device that freezes a sum on the card and takes the real one later (JR/T 0025.14
§6.2): a bike, a pump.

What a card is at, its record says (firmware/capp/freeze.py; QX-049): nothing open, a new
pre-authorisation; an open one, its completion, wherever it was frozen. Neither is a matter of how
long ago a card has paid here, so the guard of the same card asks nobody. A subclass names its
`area` of layouts.OWN and answers

    what is frozen now?                        sum_to_freeze(values, pan) -> (word, fen)
    what does the completion take?             price(values, pan, word, others)
                                               -> (word, Fare or None)
    whom this terminal has just frozen for:    waits(values) -> True: let through once more, False:
                                               the completion (QX-042)
    what follows?                              froze(), completed(), again()

values: fields of the record as it was read; a word is that of a refusal, a row of the panel.
Settings beside those of card_trade.py:

| setting | value |
|---|---|
| freeze_fen | sum that is frozen |
| valid_min | minutes it is meant for, stamped on the card; 0: no end |
"""

from firmware.capp import freeze, layouts
from firmware.capp import trip as rules_of_trips
from firmware.devices import options
from firmware.devices.card_trade import CardTrade, changed
from firmware.devices.card_words import ROWS
from firmware.devices.trade import OWN, Charge, Trade, Trip
from firmware.errors import FormatError
from firmware.formats import extension
from firmware.kernel import tags

MOST_FEN = 100000  # what electronic cash holds
MOST_MIN = 65535
AGAIN = "re_entry"  # of trade.PASSES: let through once more, nothing is frozen or taken
# what of a record shows that this device has written it, by the state that it wrote
OPENED = ("entry_time", "entry_place", "entry_gate", "entry_number", "frozen_fen")
CLOSED = ("state", "exit_time", "exit_place", "amount_fen", "entry_gate", "entry_number")
# rows of the panel beside card_words.ROWS and those of the trade; a balance beside a frozen sum
# says that the sum is not in it (QX-056)
WORDS = (
    ROWS
    + """frozen|green|ok|余额{balance}元 不含冻结{fare}元|Balance {balance} + {fare} held|190
torn_recovered|green|ok|已完成{fare}元 余额{balance}元|Done {fare}, left {balance}|191
record_foreign|red|no|非本系统 请到服务台|Foreign record: service desk|152
stamp_ahead|red|no|时间不符 请到服务台|Time is wrong: service desk|152
stamp_bad|red|no|记录有误 请到服务台|Record is bad: service desk|152
no_tariff|red|no|无法计费 请到服务台|No fare: service desk|134
"""
)


class HoldTrade(CardTrade):
    """One terminal that freezes and completes."""

    area = ""
    rules = rules_of_trips.DEFAULT

    def __init__(self, settings, parameters, clock, keys):
        """keys: card_trade.Keys. FormatError for settings that mean nothing."""
        CardTrade.__init__(self, settings, parameters, clock, keys)
        more = settings.more
        self.sfi, self.area_id, _, self.layout = layouts.OWN[self.area]
        self.writes = (self.sfi,)
        self.freeze_fen = options.number(more, "freeze_fen", 0, 1, MOST_FEN)
        self.valid_min = options.number(more, "valid_min", 0, 0, MOST_MIN)
        self.terminal_name = settings.ifd_serial.encode()
        self.merchant = parameters.standing.get(tags.MERCHANT)
        if self.merchant is None:
            raise FormatError("parameters: `merchant` is missing: who froze a sum (QX-054)")
        self.at = 0  # DF60 that trip_of() has found for the card at work last

    def sum_to_freeze(self, values, pan):
        """(word, fen): what is frozen for this card now, or the word of what keeps it out."""
        return "", self.freeze_fen

    def price(self, values, pan, word, others):
        """(word, firmware.fares.trip.Fare): what the completion takes, 0 too; the Fare is None
        where a word keeps it from being completed here. word: `overdue` or "" (freeze.due);
        others: kernel.capp.Page of looks_at().
        """
        return "no_tariff", None

    def waits(self, values):
        """True where who has frozen here a moment ago has not had what it was frozen for."""
        return True

    def looks_at(self):
        """Records read before the own one, as of wants(): (sfi, what) each."""
        return ()

    def froze(self, sold, fields):
        """A sum is frozen, durable and shown; fields: of the record as it stands on the card."""

    def completed(self, sold, fields):
        """A completion stands, likewise."""

    def again(self, sold):
        """Who has frozen here a moment ago came once more, and was let through."""

    # --- what a sale asks

    def begin(self):
        CardTrade.begin(self)
        self.at = 0

    def pays_again(self, pan, psn):
        return True  # the record on the card says what is due, and not how long ago that was

    def wants(self, selected):
        return self.looks_at() + ((self.sfi, self.area_id),)  # the own one last (QX-015)

    def trip_of(self, pages, pan):
        """Trip, or the word of what stops this card (QX-012, QX-049, QX-051)."""
        try:
            values = layouts.read(self.layout, pages[-1].data)
            fault = rules_of_trips.head_fault(values, layouts.PREAUTHORISED)
            return fault or self._trip_of(values, pages, pan)
        except FormatError:
            return "stamp_bad"

    def _trip_of(self, values, pages, pan):
        kind, word = freeze.due(values, self.moment(), self.rules)
        self.at = kind
        if not kind:
            return word
        if kind == freeze.COMPLETION:
            if self.is_own(values) and self.waits(values):
                return AGAIN
            word, fare = self.price(values, pan, word, pages[:-1])
            if fare is None:
                return word or "no_tariff"
            charge = Charge(fare.amount_fen, fare.full_fen, fare.fare_class, fare.rule, 1)
            fields = freeze.completed(self.here(), self.moment(), fare.amount_fen)
            return self._trip(kind, charge, pages[-1], fields, self.frozen_by(values))
        word, fen = self.sum_to_freeze(values, pan)
        if word:
            return word
        names = self.terminal_name, self.merchant
        fields = freeze.frozen(self.here(), self.moment(), fen, self.valid_min, *names)
        return self._trip(kind, Charge(fen, fen, "", "freeze", 1), pages[-1], fields, OWN)

    def _trip(self, kind, charge, page, fields, frozen_by):
        return Trip(charge, kind, (changed(page, self.layout, fields),), None, frozen_by)

    def is_own(self, values):
        """True where this terminal froze that sum within the grace time (QX-042)."""
        rules, own = self.rules, values["entry_gate"] == self.settings.terminal
        passed_s = rules_of_trips.seconds_since(values["entry_time"], self.moment())
        return own and passed_s is not None and -rules.ahead_s <= passed_s <= rules.grace_s

    def frozen_by(self, values):
        """(9F1E, 9F16) of another terminal that froze the sum, OWN for this one (QX-054)."""
        names = values["terminal"], values["merchant"]
        return OWN if names == (self.terminal_name, self.merchant) else names

    def stamped(self, page, change):
        """Also when the sum was completed elsewhere since: by what identifies the freeze."""
        try:
            has = layouts.read(self.layout, page.data)
            wrote = layouts.read(self.layout, change.after)
        except FormatError:
            return False
        names = OPENED if wrote["state"] == layouts.FROZEN else CLOSED
        return all([has[name] == wrote[name] for name in names])

    def thanks(self, charge, balance_fen=None):
        if charge.rule == "freeze":
            return "frozen"
        return Trade.thanks(self, charge, balance_fen) if charge.amount_fen else self.nothing_due

    nothing_due = "free_return"  # row of a completion that takes nothing

    def after(self, sold):
        self.at = 0
        if sold.message == AGAIN and sold.sequence:
            self.again(sold)
        if sold.outcome.outcome not in ("approved", "recovered") or not sold.values:
            return
        known = extension.of(sold.values)
        if not known:
            return
        (image,) = [one[3] for one in known["changes"] if one[0] == self.sfi]
        fields = layouts.read(self.layout, image)
        if known["kind"] == freeze.COMPLETION:
            self.completed(sold, fields)
            return
        if sold.message != "frozen":  # settled after a tear: its balance leaves out what is held
            self.house.show("frozen", sold.amount_fen, sold.outcome.balance_fen)
        self.froze(sold, fields)
