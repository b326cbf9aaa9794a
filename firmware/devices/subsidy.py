# SPDX-License-Identifier: Apache-2.0
"""Subsidies of a canteen: what an employer or a school pays of a meal, by class or by list.

    subsidy: staff=500,1,11000 2:teacher=30%,2

`staff` is a class of the parameters, `2:teacher` zone 2 of the allow list and what records call
it; a zone's hours are when it is subsidised. Behind the sum in fen, or the percent, of one meal:
so many meals a day, and so many fen a calendar month; left out or 0: any. A guest pays at least
1 fen.

Limits are a fold over the journal, which restore() reads as far back as this month and the journal
go; a card counts by its number. MOST cards are held, the oldest makes room: what is forgotten is
the house's loss, and the ledger shows it. RAM: ROW bytes a card.
"""

from collections import namedtuple

from firmware.devices import fare, options
from firmware.devices.spending import KEY, key_of
from firmware.errors import FormatError
from firmware.fares import calendar
from firmware.formats import record

MOST = 500
ROW = KEY + 6  # day of the month, subsidised meals of it, fen of the month
RESTORED = 20000  # records of a month that are read again after a start

# name: fare_class of its records; zone: of the allow list, 0 for a class; fen, percent: of a meal,
# one of them 0; meals: a day; month_fen: a month; both 0 for any
Rule = namedtuple("Rule", ("name", "zone", "fen", "percent", "meals", "month_fen"))


class Subsidies:
    """rules: of rules_of(); classes: of the parameters; allowed: AllowList, None without one."""

    def __init__(self, rules, classes, allowed=None):
        self.rules, self.classes, self.allowed = rules, classes, allowed
        self.names = [one.name for one in rules]
        self.month = ""  # YYMM
        self.rows = bytearray()

    def restore(self, recent, date):
        """Take up the month; recent: of Trade.restore(); date: YYMMDD."""
        for _, values in recent(RESTORED):
            if values["date"][:4] != date[:4]:
                break
            if values["kind"] == record.APPROVED:
                self.add(values)

    def add(self, values):
        """Count one sale, in any order within a month."""
        fen = values["full_fare_fen"] - values["amount_fen"]
        month, day = values["date"][:4], int(values["date"][4:])
        if fen <= 0 or values["fare_class"] not in self.names or month < self.month:
            return  # the last: a torn tap of the month before
        if month != self.month:
            self.month, self.rows = month, bytearray()
        key = key_of(record.pan_digits(values["pan"]))
        at = self._at(key)
        row = key + bytes((day, 0, 0, 0, 0, 0))
        if at is not None:
            row = bytes(self.rows[at : at + ROW])
        latest, meals = row[KEY], row[KEY + 1]
        if day > latest:
            latest, meals = day, 0
        meals = min(255, meals + (day == latest))
        fen = min(0xFFFFFFFF, fen + int.from_bytes(row[KEY + 2 :], "big"))
        if at is not None:
            self.rows[at : at + ROW] = b""
        elif len(self.rows) >= MOST * ROW:
            self.rows[:ROW] = b""
        self.rows += key + bytes((latest, meals)) + fen.to_bytes(4, "big")

    def of(self, pan, date):
        """(subsidised meals of this day, fen of this month) of a card."""
        at = self._at(key_of(pan)) if date[:4] == self.month else None
        if at is None:
            return 0, 0
        meals = self.rows[at + KEY + 1] if self.rows[at + KEY] == int(date[4:]) else 0
        return meals, int.from_bytes(self.rows[at + KEY + 2 : at + ROW], "big")

    def grant(self, pan, now, full_fen):
        """(name, fen) that is paid for this card's meal now, fen 0 where its limit is reached;
        None where nobody pays for it. now: clock.local_now(). OSError, FormatError of the list.
        """
        rule = self._rule_of(pan, now)
        if rule is None:
            return None
        meals, month_fen = self.of(pan, "%02d%02d%02d" % (now[0] % 100, now[1], now[2]))
        if rule.meals and meals >= rule.meals:
            return rule.name, 0
        fen = rule.fen or full_fen - full_fen * (100 - rule.percent) // 100
        if rule.month_fen:
            fen = min(fen, max(0, rule.month_fen - month_fen))
        return rule.name, min(fen, full_fen - 1)

    def _rule_of(self, pan, now):
        name = fare.name(fare.class_of(pan, self.classes))
        for rule in self.rules:
            if rule.zone == 0 and rule.name == name:
                return rule
        if self.allowed is None:
            return None
        zone = self.allowed.zone_of(pan)
        for rule in self.rules:
            if zone and rule.zone == zone:
                day, minute = calendar.day_number(*now[:3]), now[3] * 60 + now[4]
                return rule if self.allowed.is_open(zone, day, minute) else None
        return None

    def _at(self, key):
        for at in range(0, len(self.rows), ROW):
            if self.rows[at : at + KEY] == key:
                return at
        return None


def rules_of(text, classes, ceiling_fen):
    """Tuple of Rule of the setting `subsidy`; FormatError for what cannot be."""
    rules, known = [], [one.name for one in classes]
    for word in text.split():
        who, _, rest = word.partition("=")
        zone, colon, name = who.partition(":")
        parts = rest.split(",")
        if not colon:
            zone, name = "0", who
        if not parts[0] or len(parts) > 3 or not 0 < len(name) <= 16:
            raise FormatError("`subsidy: %s`: CLASS=FEN|NN%%[,MEALS_A_DAY[,FEN_A_MONTH]]" % word)
        if not colon and name not in known:
            raise FormatError("`subsidy: %s`: the parameters have no class %s" % (word, name))
        if name in [one.name for one in rules]:
            raise FormatError("`subsidy`: %s stands twice" % name)
        parts += ["0"] * (3 - len(parts))
        is_part = parts[0][-1] == "%"
        given = _number(parts[0][:-1], 99) if is_part else _number(parts[0], ceiling_fen)
        if not given:
            raise FormatError("`subsidy: %s`: nothing is given" % word)
        rules.append(
            Rule(
                name,
                options.number({"subsidy": zone}, "subsidy", 0, 1 if colon else 0, 255),
                0 if is_part else given,
                given if is_part else 0,
                _number(parts[1], 255),
                _number(parts[2], 999999999),
            )
        )
    return tuple(rules)


def _number(text, most):
    return options.number({"subsidy": text}, "subsidy", 0, 0, most)
