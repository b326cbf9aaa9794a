# SPDX-License-Identifier: Apache-2.0
"""A metro gate on the tabletop, and the gates of the other stations: they stamp cards, or their
line tells the gate's shared store who has come in. A fare adjustment kiosk stands beside it.
"""

from firmware.capp import layouts
from sim.tabletop_beside import Beside, Console, Output
from sim.tabletop_lanes import EntryLane
from sim.tabletop_records import (
    CITY,
    Module,
    OtherTerminals,
    Places,
    begun,
)
from sim.tabletop_tariff import write_fares

FOREIGN = 4100  # a city with stations of the same numbers
TITLE = ("其他车站的进站闸机（模拟）", "Entry gates of other stations (simulated)")
GATES = {
    "exit 3": ("3站出站", "Exit of station 3", {"lane": "exit", "stop": "3"}),
    "entry 1": ("1站进站", "Entry of station 1", {"lane": "entry", "stop": "1"}),
}
NORMAL = {"trips": "card", "degraded": "none"}
FREE_ENTRY = {**GATES["exit 3"][2], "trips": "card", "degraded": "entry_free"}
FREE_EXIT = {**GATES["exit 3"][2], "trips": "card", "degraded": "exit_free"}
STORE = {**GATES["exit 3"][2], "trips": "store", "degraded": "none"}
KIOSK_KEYS = (
    ("on 7", "员工签到", "Sign on"),
    ("free", "免费处理", "Put right for nothing"),
    ("cash", "收现金", "Paid in cash"),
    ("station 1", "从1站来", "Came from station 1"),
    ("station 2", "从2站来", "Came from station 2"),
    ("cancel", "取消", "Cancel"),
    ("report", "报表", "Report"),
    ("off", "签退", "Sign off"),
)


class Entries(OtherTerminals):
    """Gates elsewhere that have stamped a card's metro record."""

    trade = "metro"
    title = (f"{TITLE[0]}：先写入卡", f"{TITLE[1]}: they stamp a card")
    keys = (
        ("1 25", "1站 25分钟前", "At 1, 25 min ago"),
        ("2 10", "2站 10分钟前", "At 2, 10 min ago"),
        ("3 5", "3站 5分钟前", "At 3, 5 min ago: free"),
        ("3 40", "3站 40分钟前", "At 3, 40 min ago"),
        ("1 300", "1站 5小时前", "At 1, 5 h ago: overtime"),
        ("1 -90", "1站 时间超前", "At 1, its clock is ahead"),
        ("foreign", "外市进站", "In another city"),
        ("lost", "记录清空", "No entry at all"),
        ("locked", "记录锁定", "Lock the record"),
        ("unlocked", "解锁", "Unlock it"),
    )

    def fields(self, word):
        if word == "lost":
            return {"state": layouts.OUTSIDE}
        if word in ("locked", "unlocked"):
            return {"locked": int(word == "locked")}
        place, minutes = (1, 25) if word == "foreign" else (int(one) for one in word.split())
        return begun(place, minutes, FOREIGN if word == "foreign" else CITY)


class Stored(EntryLane):
    """The entry gates at the line of the shared store, for cards without records."""

    title = (f"{TITLE[0]}：写入共享库", f"{TITLE[1]}: they tell the shared store")
    keys = (
        ("1 25", "1站 25分钟前", "At 1, 25 min ago"),
        ("2 10", "2站 10分钟前", "At 2, 10 min ago"),
        ("1 300", "1站 5小时前", "At 1, 5 h ago: overtime"),
    )


class Gates(Places):
    """Which gate it is, and what of it is switched off when the crowd is too large."""

    title = ("本闸机：位置和降级模式", "This gate: its place, degraded modes")
    places = {
        **{word: (*row[:2], {**row[2], **NORMAL}) for word, row in GATES.items()},
        "entry_free": ("3站出站 进站免费", "Exit of 3, entries were open", FREE_ENTRY),
        "exit_free": ("3站出站 出站免费", "Exit of 3, nobody pays", FREE_EXIT),
        "store": ("3站出站 共享库", "Exit of 3, shared store", STORE),
    }


class Kiosk(Places):
    """The kiosk, in front of and behind the gates, and the gates themselves."""

    title = ("本终端现在是", "The terminal is now")
    places = {
        "paid": (
            "补票机 付费区内", "Kiosk in the paid area",
            {"device": "adjust", "area": "paid", **GATES["exit 3"][2]},
        ),
        "unpaid": (
            "补票机 付费区外", "Kiosk outside",
            {"device": "adjust", "area": "unpaid", **GATES["exit 3"][2]},
        ),
        **{word: (*row[:2], {"device": "metro", **row[2]}) for word, row in GATES.items()},
    }  # fmt: skip


def shared_settings(folder, module, gate):
    """Lines that gate and kiosk of one metro have in common."""
    return (
        f"product: metro\nfares: {write_fares(folder)}\ndoor: {gate.where}\npulse_ms: 3000\n"
        "line: 2\nturn_min: 15\nlongest_min: 180\n" + module.settings(folder, "metro")
    )


def make(folder):
    """Beside of a metro gate."""
    module, gate, stored, gates = Module(), Output("flaps"), Stored(), Gates()
    settings = (
        shared_settings(folder, module, gate)
        + gates.settings()
        + f"least_fen: 200\nstore: file:{folder.resolve()}/entries.bin\ntwin: {stored.where}\n"
    )
    parts = {
        "entries": Entries(), "flaps": gate, "gates": gates, "module": module, "stored": stored,
    }  # fmt: skip
    return Beside(settings, parts)


def make_adjust(folder):
    """Beside of a fare adjustment kiosk; the gates refuse what the kiosk is there for."""
    module, gate, console, kiosk = Module(), Output("flaps"), Console(KIOSK_KEYS), Kiosk()
    settings = (
        shared_settings(folder, module, gate)
        + kiosk.settings().partition("\n")[2]  # the device is named by who starts it
        + f"trips: card\nconsole: {console.where}\nadjust_min: 20\n"
        "overtime: refuse\nmissing_entry: refuse\n"
    )
    parts = {
        "entries": Entries(), "console": console, "flaps": gate, "kiosk": kiosk, "module": module,
    }  # fmt: skip
    return Beside(settings, parts)
