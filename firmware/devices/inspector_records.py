# SPDX-License-Identifier: Apache-2.0
"""What records of the extended application say to a person: frozen sums, open trips, passes.

Read before a GPO, which is never sent (JR/T 0025.14 §5.2.1, A.1), by layouts and default IDs of
firmware/capp/layouts.py; a card that has T-Union's bus record is read by that profile, others by
the own one. A record that nobody can believe is *refused* with a sentence, and says nothing else.
An R-MAC is asked for where the card has one and cannot be checked here: there is no security
module. An inspector loads this where its settings say `records: yes`.

A told record is a dict: `record` its trade, `state` a word below; times "YYYY-MM-DD HH:MM".

| state     | further keys                                                        |
|-----------|---------------------------------------------------------------------|
| frozen    | frozen_fen, since, place, terminal                                  |
| completed | amount_fen                                                          |
| open      | since, place, terminal; line where the layout has one               |
| paid      | of a car park, likewise: paid at a station, still inside; amount_fen|
| closed    | amount_fen; since .., where the trip had an entry                   |
| rides     | left, rides, from, until: a pass                                    |
| days      | from, until: a pass                                                 |
| units     | units, total_units: of a meter's card                               |
| unused    | none: never written                                                 |
| refused   | fault: a sentence                                                   |
"""

from firmware.capp import layouts
from firmware.errors import FormatError
from firmware.fares import calendar
from firmware.kernel import capp

UNION_FIRST = ("bus", "metro")  # what it says of the profile comes first
OWN = (
    "bike", "fuel", "metro", "bus", "toll", "parking", "rail", "pass", "parking_pass", "meter",
)  # fmt: skip
STATES = {0: "unused", layouts.INSIDE: "open", layouts.CLOSED: "closed"}
FAULTS = {
    "record_locked": "locked",
    "record_invalid": "out of use",
    "record_unread": "no record, or not of the length it says",
}
# Chinese for people; English is the trade's own name
NAMES = {
    "bike": "单车", "fuel": "加油", "metro": "地铁", "bus": "公交", "toll": "高速",
    "parking": "停车", "rail": "铁路", "pass": "乘车票", "parking_pass": "月卡", "meter": "表卡",
}  # fmt: skip


class Records:
    """Steps behind an enquiry; `draw` makes the random numbers of R-MACs, which nobody judges."""

    def __init__(self):
        self.drawn = 0

    def draw(self):
        """8 bytes that are new each time (QX-009)."""
        self.drawn += 1
        return self.drawn.to_bytes(8, "big")

    def read(self, selected):
        """Generator: list of told records, None of a card without the application. LinkLost."""
        df61 = capp.offered(selected)
        if not df61:
            return None
        found = []
        for profile, names in (("t-union", UNION_FIRST), ("own", OWN)):
            for name in names:
                sfi, area_id, _, layout = layouts.PROFILES[profile][name]
                reads, reason = yield from capp.read_variable(df61, sfi, 0, area_id, self.draw)
                if reason == "record_missing":
                    if profile == "t-union" and name == "bus":
                        break  # a card of the own profile
                    continue
                data = reads[0].page.data if reads else b""
                found.append(told(name, layout, data, reason))
            if found:
                break
        return found


def told(name, layout, data, reason=""):
    """Dict of one record; reason: why the kernel has not taken it."""
    try:
        if reason:
            raise FormatError(FAULTS.get(reason, reason))
        said = _said(layout, layouts.read(layout, data))
    except FormatError as fault:
        said = {"state": "refused", "fault": str(fault)}
    said["record"] = name
    return said


def _said(layout, values):
    """The keys of a state; FormatError for what no terminal writes."""
    if layout == layouts.FREEZE:
        return _freeze(values)
    if layout in (layouts.PASS, layouts.PARKING_PASS):
        return _pass(values)
    if layout == layouts.METER:
        used = values["meter_kind"] != 0
        units = {name: values[name] for name in ("units", "total_units")}
        return dict(units, state="units") if used else {"state": "unused"}
    return _trip(values)


def _freeze(values):
    state = values["state"]
    if state == layouts.COMPLETED:
        return {"state": "completed", "amount_fen": values["amount_fen"]}
    if state == 0:
        return {"state": "unused"}
    if state != layouts.FROZEN or not values["frozen_fen"]:
        raise FormatError("a frozen sum of %d fen, state %d" % (values["frozen_fen"], state))
    return dict(_begun(values), state="frozen", frozen_fen=values["frozen_fen"])


def _trip(values):
    state = values["state"]
    word = "paid" if state == layouts.PAID and "vehicle_class" in values else STATES.get(state)
    if not word:
        raise FormatError("state %d is none of a trip" % state)
    if word == "unused":
        return {"state": word}
    lone = word == "closed" and not values["entry_time"]  # left without an entry
    said = dict({} if lone else _begun(values), state=word)
    if word != "open":
        said["amount_fen"] = values.get("amount_fen", 0)
    return said


def _begun(values):
    """When and where something began."""
    said = {"since": _moment(values["entry_time"]), "terminal": values["entry_gate"]}
    for name in ("line", "place"):
        if "entry_" + name in values:
            said[name] = values["entry_" + name]
    return said


def _pass(values):
    kind = values["pass_kind"]
    if kind == 0:
        return {"state": "unused"}
    first, last = _day(values["from_day"]), _day(values["until_day"])
    if first > last:
        raise FormatError("a pass that ends on %s and begins on %s" % (last, first))
    said = {"from": first, "until": last}
    if kind == layouts.DAYS:
        return dict(said, state="days")
    left = values["rides"] - values["used"]
    if kind != layouts.RIDES or left < 0:
        raise FormatError("%d rides left of a pass of kind %d" % (left, kind))
    return dict(said, state="rides", left=left, rides=values["rides"])


def _moment(parts):
    if not parts or calendar.moment(parts) is None:
        raise FormatError("a moment that does not exist")
    return "%04d-%02d-%02d %02d:%02d" % tuple(parts[:5])


def _day(number):
    parts = (number // 10000, number // 100 % 100, number % 100)
    if calendar.moment(parts + (0, 0, 0)) is None:
        raise FormatError("a day that does not exist")
    return "%04d-%02d-%02d" % parts


def pages_of(records, money):
    """(line 1, line 2) of what is open: frozen sums, trips, passes, and what was refused; money:
    writes fen.
    """
    pages = []
    for one in records or ():
        name, state = NAMES[one["record"]], one["state"]
        if state == "frozen":
            pages.append(("冻结 " + money(one["frozen_fen"]), one["since"]))
        elif state in ("open", "paid"):
            pages.append((name + (" 未结束" if state == "open" else " 已缴费"), one["since"]))
        elif state in ("rides", "days"):
            left = " 剩%d次" % one["left"] if state == "rides" else ""
            pages.append((name + left, "to " + one["until"]))
        elif state == "refused":
            pages.append((name + " 记录有误", "Record is bad"))
    return pages
