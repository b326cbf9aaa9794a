# SPDX-License-Identifier: Apache-2.0
"""A stall on the stage: what the cashier keys and what cards lose, added up by itself.

Settings that go with it: console: serial:console; menu, categories; a price, or buttons

At the end the slip that `off` prints is read back, and each of its sums is held against three
things that know nothing of it: what cards have lost, what was keyed, and the journal. Nothing here
comes from firmware/devices but the words of a record.
"""

import re
from collections import Counter

from firmware.devices.shift import CASH, REFUND
from firmware.formats import record
from sim.beside import Beside

PAID = ("ok", "concession", "torn_recovered")
ROW = re.compile(r"^ {2}(\S.*?) +(\d+) +(-?\d+\.\d\d)$")  # NAME, count, sum
CLASS = re.compile(r"^ {2}(\S+) +(\d+) +(\d+\.\d\d) +(\d+\.\d\d)$")
RULE = "-" * 32
TABLES = ("head", "hours", "items", "classes", "ends")


class BesideShop(Beside):
    """`hours`, `classes`: fen that cards have lost here, by the stage's own clock and the prefixes
    of the parameters; `cash_fen`, `refunds_fen`: as they were keyed; `slips`: printed by `off`.
    """

    def __init__(self, play):
        super().__init__(play)
        told = play.scenario.settings
        self.menu = {
            int(word.partition("=")[0]): int(word.partition("=")[2].partition(",")[0])
            for word in str(told.get("menu", "")).split()
        }
        self.fixed_fen = int(told.get("price_fen", 0))
        self.asked_fen = self.fixed_fen
        self.dishes = False  # what is asked is made of dishes
        self.hours: Counter = Counter()
        self.classes: Counter = Counter()
        self.cash_fen = self.refunds_fen = 0
        self.torn: set = set()  # people who went away from a torn tap
        self.slips: list = []
        self.slip: list = []
        self.closes = False  # `off` was keyed last
        self.keys.tell = self._hear

    def key(self, text, told=""):
        """A line is typed; what it asks for is added up here too."""
        super().key(text, told)
        self.typed(text)

    def buy(self, card, text, **how):
        self.play.do_tap(card, first=(lambda: self._key(text), 600), **how)

    def _key(self, text):
        self.keys.key(text)
        self.typed(text)

    def typed(self, text):
        """The sum that is asked, as somebody with a pencil would have it."""
        words = text.split()
        self.closes = words[0] == "off"
        if words[0] == "item":
            fen = sum(self.menu.get(int(word), 0) for word in words[1:])
            self.asked_fen = fen + (self.asked_fen if self.dishes else 0)
            self.dishes = True
        elif words[0] == "drop" and self.dishes:
            self.asked_fen -= self.menu[int(words[1])]
        elif words[0] == "+":
            self.asked_fen += fen_of(words[1])
        elif words[0][0].isdigit():
            self.asked_fen, self.dishes = fen_of(words[0]), False
        elif words[0] == "cash":
            self.cash_fen += self.asked_fen
            self.forget()
        elif words[0] == "refund":
            self.refunds_fen += fen_of(words[1])
        elif words[0] in ("cancel", "off"):
            self.forget()

    def forget(self):
        """Nothing is asked any more but the fixed price."""
        self.asked_fen, self.dishes = self.fixed_fen, False

    def _hear(self, text):
        self.play.tell({"event": "console", "text": text})
        if "DAY REPORT" in text:
            self.slip = []
            self.slips += [self.slip] * self.closes
        if text.startswith("  "):
            self.slip.append(text)

    def visited(self, name, message, after):
        """A card has left: what it lost meanwhile is a sale of this hour."""
        if message in PAID:
            card = self.play.card(name)[0]
            lost_fen = [fen for _, fen, final in card.debits if final]
            fen = lost_fen[-1]
            hour = f"{self.play.local():%H}"
            self.hours[hour] += fen
            self.classes[self.class_of(card.pan)] += fen
            self.counted(name, card, fen, hour)
            if name not in self.torn or fen == self.asked_fen:
                self.forget()
            self.torn.discard(name)
        elif message == "last_record_lost":
            self.torn.add(name)
        yield from ()

    def counted(self, name, card, fen, hour):
        """A sale was counted; for stalls that know more of it."""

    def class_of(self, pan):
        """Class of a card by the parameters, as a text."""
        told = self.play.scenario.parameters.get("class", [])
        found = [one.split() for one in ([told] if isinstance(told, str) else told)]
        fits = [words for words in found if pan.startswith(words[1])]
        return max(fits, key=lambda words: len(words[1]))[0] if fits else "adult"

    def balance(self, records):
        """The printed day = what cards lost and what was keyed = the journal."""
        facts, faults = super().balance(records)
        if not self.slips or self.world.cuts:  # whoever met a cut ends his visit in any way
            return facts, faults
        slip = read_slips(self.slips)
        sold = [one for one in records if one["kind"] == record.APPROVED]
        known = {
            "刷卡 Card": (sum(self.hours.values()), sum(one["amount_fen"] for one in sold)),
            "现金 Cash": (self.cash_fen, fen_in(records, CASH)),
            "退款 Refunds": (-self.refunds_fen, -fen_in(records, REFUND)),
            "待核实 Pending": (kind_fen(records, record.PENDING),) * 2,
        }
        for name, (mine, journal) in known.items():
            said = slip["ends"].get(name, 0)
            if not said == mine == journal:
                faults.append(f"{name}: the slip says {said} fen, the stall {mine}, {journal}")
        total = slip["ends"].get("合计 Total", 0)
        for name in ("hours", "items", "classes"):
            fen = sum(slip[name].values())
            if fen != total:
                faults.append(f"{name} of the slip are {fen} fen, not {total}")
        for hour, fen in slip["hours"].items():
            by_cash = sum(
                one["amount_fen"]
                for one in records
                if one["reason"] == CASH and one["time"][:2] == hour[:2]
            )
            if fen != self.hours[hour[:2]] + by_cash:
                faults.append(f"{hour}: the slip says {fen} fen, cards {self.hours[hour[:2]]}")
        for name, fen in slip["classes"].items():
            if name != "cash" and fen != self.classes[name]:
                faults.append(f"{name}: the slip says {fen} fen, cards {self.classes[name]}")
        faults += self.other_faults(slip, records)
        facts["the slip's total, fen"] = total
        facts["cards lost here, fen"] = sum(self.hours.values())
        facts["paid in cash, fen"] = self.cash_fen
        facts["given back in cash, fen"] = self.refunds_fen
        return facts, faults

    def other_faults(self, slip, records):
        """Sentences of stalls that know more."""
        return []


def read_slips(slips):
    """{part of TABLES: {name: fen}} of printed slips, added up; `reduced`: {class: fen}."""
    found: dict = {name: Counter() for name in (*TABLES, "reduced")}
    for lines in slips:
        _read_slip(lines, found)
    return found


def _read_slip(lines, found):
    parts: list = [[]]
    for line in lines:
        if line.strip() == RULE:
            parts.append([])
        else:
            parts[-1].append(line)
    for name, rows in zip(TABLES, parts, strict=False):
        for line in rows:
            pattern = CLASS if name == "classes" else ROW
            match = pattern.match(line)
            if match:
                found[name][match[1]] += fen_of(match[3])
                if name == "classes":
                    found["reduced"][match[1]] += fen_of(match[4])


def fen_of(text):
    """Fen of an amount in yuan as it is typed or printed."""
    sign = -1 if text.startswith("-") else 1
    yuan, _, part = text.lstrip("-").partition(".")
    return sign * (int(yuan) * 100 + int((part + "00")[:2]))


def fen_in(records, reason):
    """Sum of the events of a reason."""
    return sum(one["amount_fen"] for one in records if one["reason"] == reason)


def kind_fen(records, kind):
    """Sum of the records of a kind."""
    return sum(one["amount_fen"] for one in records if one["kind"] == kind)
