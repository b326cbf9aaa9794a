# SPDX-License-Identifier: Apache-2.0
"""A bus on the tabletop whose riders' transfers, passes and rides lie on their cards: the stop
announcer, its doors, and what cards have been through before they come.
"""

from datetime import date, timedelta
from typing import Any

from firmware.capp import layouts
from sim.tabletop_beside import Beside
from sim.tabletop_bus import LINE, Announcer
from sim.tabletop_records import (
    CITY,
    OPERATOR,
    Module,
    OtherTerminals,
    Places,
    minutes_ago,
    push,
    put,
    read_record,
    read_ring,
    row_of_trip,
)
from sim.tabletop_tariff import write_fares

OTHER_READER, BUS = 40, 2  # a terminal elsewhere; the trade in a ride
OTHER_LINE, FARE_FEN = 5, 200
STAMP = {"city": CITY, "operator": OPERATOR}
# word -> (Chinese, English, minutes since a ride on another line, its transfers)
RIDES: dict[str, tuple[Any, ...]] = {
    "bus 20": ("20分钟前乘5路", "Line 5, 20 min ago", 20, 0),
    "bus 90": ("90分钟前乘5路", "Line 5, 90 min ago", 90, 0),
    "bus 15": ("15分钟前换乘5路", "Transfer to line 5, 15 min ago", 15, 1),
}
# word -> (Chinese, English, rides or 0, fen, days from today, to)
PASSES: dict[str, tuple[Any, ...]] = {
    "pass 3": ("次票 3次10元", "Pass: 3 rides, 10.00", 3, 1000, -1, 30),
    "pass month": ("月票 60元", "Pass: a month, 60.00", 0, 6000, -1, 30),
    "pass old": ("昨日到期的月票", "Pass: over since yesterday", 0, 6000, -30, -1),
}
# word -> (Chinese, English, stop, minutes ago, line)
ON_BOARD: dict[str, tuple[Any, ...]] = {
    "on 2": ("2站上车 12分钟前", "Boarded at 2, 12 min ago", 2, 12, LINE),
    "on 5": ("5路上车未刷下车", "Boarded line 5, never left", 4, 60, OTHER_LINE),
}
DOORS = {
    "both": ("上下车同一读卡器", "One reader for both", {"lane": "both"}),
    "entry": ("前门 上车", "Front door: board", {"lane": "entry"}),
    "exit": ("后门 下车", "Rear door: leave", {"lane": "exit"}),
    "once": ("一票制", "One tap a ride", {"lane": ""}),
}


class Before(OtherTerminals):
    """What other readers, a metro gate and a ticket office have written."""

    trade = "bus"
    title = ("刷卡之前（模拟）：写入卡", "Before (simulated): written into a card")
    keys = (
        *((word, *row[:2]) for word, row in {**ON_BOARD, **RIDES, **PASSES}.items()),
        ("metro 20", "20分钟前出地铁", "Left the metro 20 min ago"),
        ("nothing", "清空记录", "Clear its records"),
    )

    def write(self, name, word):
        """Into the record, or the ring, that the word is about."""
        if word in ON_BOARD:
            put(self.table, name, "bus", **self._boarded(*ON_BOARD[word][2:]))
        elif word in RIDES:
            push(self.table, name, **_rode(*RIDES[word][2:]))
        elif word in PASSES:
            put(self.table, name, "pass", **_sold(*PASSES[word][2:]))
        elif word == "metro 20":
            left = {"state": layouts.CLOSED, "exit_time": minutes_ago(20)}
            put(self.table, name, "metro", **left, exit_gate=OTHER_READER, **STAMP)
        else:
            put(self.table, name, "bus", state=layouts.OUTSIDE)
            put(self.table, name, "metro", state=layouts.OUTSIDE)
            put(self.table, name, "pass", pass_kind=0)
            push(self.table, name)

    def _boarded(self, stop, minutes, line):
        """Fields of the bus record; by this very reader, which a reader for both doors wants."""
        return {
            **STAMP, "state": layouts.INSIDE, "entry_time": minutes_ago(minutes),
            "entry_line": line, "entry_place": stop, "entry_gate": self.table.terminal,
        }  # fmt: skip

    def row_of(self, card):
        """Its ride, its pass and its newest ride of the ring."""
        values = read_record(card, "bus")
        if values is None:
            return None
        said = [row_of_trip(values), row_of_pass(read_record(card, "pass"))]
        said.append(row_of_ride(read_ring(card)))
        told = [one for one in said if one]
        if not told:
            return None
        return " · ".join(one[0] for one in told), " · ".join(one[1] for one in told)


class Doors(Places):
    """Where on the bus the reader is."""

    title = ("读卡器的位置", "Where the reader is")
    places = DOORS


def _rode(minutes, transfers):
    """Fields of a ride on another line."""
    return {
        **STAMP, "trade": BUS, "direction": 1, "line": OTHER_LINE, "place": 3,
        "gate": OTHER_READER, "number": 1, "time": minutes_ago(minutes), "amount_fen": FARE_FEN,
        "full_fen": FARE_FEN, "transfers": transfers,
    }  # fmt: skip


def _sold(rides, price_fen, first, last):
    """Fields of a pass; first, last: days from today."""
    days = [date.today() + timedelta(days=one) for one in (first, last)]
    from_day, until_day = (int(one.strftime("%Y%m%d")) for one in days)
    return {
        **STAMP, "pass_kind": layouts.RIDES if rides else layouts.DAYS, "rides": rides, "used": 0,
        "price_fen": price_fen, "from_day": from_day, "until_day": until_day,
    }  # fmt: skip


def row_of_pass(values):
    """(Chinese, English), None for no pass."""
    if not values or not values["pass_kind"]:
        return None
    until = str(values["until_day"])
    day = f"{until[4:6]}-{until[6:]}"
    if values["pass_kind"] == layouts.RIDES:
        left = values["rides"] - values["used"]
        return f"次票剩{left}次，至{day}", f"pass: {left} rides left, until {day}"
    return f"月票至{day}，已乘{values['used']}次", f"pass until {day}, ridden: {values['used']}"


def row_of_ride(values):
    """(Chinese, English) of the newest ride, None for none."""
    if not values or not values["time"]:
        return None
    when, paid = "%02d:%02d" % values["time"][3:5], f"{values['amount_fen'] / 100:.2f}"
    line = values["line"]
    return f"{when} 乘{line}路 {paid}元", f"line {line}, {when}, {paid}"


def make(folder):
    """Beside of a bus with rides on the card."""
    box, module, doors = Announcer(), Module(), Doors()
    settings = (
        f"line: {LINE}\nstop: 1\nannouncer: {box.where}\nfares: {write_fares(folder)}\n"
        "transfer: 60 1 100\ntransfer_from: bus metro\npasses: card\n"
        "longest_min: 120\nturn_min: 5\n"
    )
    settings += doors.settings() + module.settings(folder, "rides", "metro", "bus", "pass")
    parts = {"announcer": box, "before": Before(), "doors": doors, "module": module}
    return Beside(settings, parts)
