# SPDX-License-Identifier: Apache-2.0
"""Tills, a coach, a car park's exit and a door on the tabletop, and what stands beside each."""

from collections import deque
from datetime import datetime, timedelta

from firmware.devices.lane_store import ENTER, Entry, key_of, pack_entry, unpack_entry
from firmware.errors import FormatError
from firmware.neighbours.lane_line import LaneLine
from sim.tabletop_beside import Beside, Console, LinePart, Output
from sim.tabletop_list import ALWAYS, Guests, Zone
from sim.tabletop_tariff import write_fares

ROWS_MOST = 6
OPEN_MOST = 4  # entries that wait for the exit lane's answer
SHOP_KEYS = (
    ("on 7", "开班", "Open the day", "sign on"),
    ("12.50", "12.50元", "12.50 yuan", "Please wait"),
    ("item 1", "菜1 12元", "Dish 1, 12.00"),
    ("item 2", "菜2 8.50元", "Dish 2, 8.50"),
    ("cash", "现金", "Cash"),
    ("cancel", "取消", "Cancel"),
    ("report", "报表", "Report"),
    ("off", "收班", "Close the day"),
)
COACH_KEYS = (
    ("on 7", "发车", "Open the trip", "sign on"),
    ("sell 1 9", "1站到9站", "Stop 1 to 9", "Please wait"),
    ("sell 1 5 half 12", "1到5 半价 12座", "1 to 5, half, seat 12"),
    ("check 3", "3站验票", "Check at stop 3"),
    ("check 9", "9站验票", "Check at stop 9"),
    ("cash", "现金", "Cash"),
    ("cancel", "取消", "Cancel"),
    ("report", "报表", "Report"),
    ("off", "收车", "Close the trip"),
)
ZONES = (
    Zone("office", ALWAYS, "任何时间", "Any time", ("adult-1", "adult-2", "student-1")),
    Zone("closed", "sun 03:00-03:01", "只在星期日 03:00", "Sundays at 03:00", ("adult-3",)),
)


class EntryLane(LinePart):
    """Entry lanes at their line, simulated: who came in, and when; words: lane, minutes ago."""

    kind = "entry"
    picks = True
    title = ("入口车道（模拟）：谁先入场", "Entry lane (simulated): who drove in before")
    keys: tuple[tuple[str, ...], ...] = (
        ("1 10", "10分钟前入场", "Drove in 10 min ago"),
        ("1 50", "50分钟前入场", "Drove in 50 min ago"),
        ("1 170", "近3小时前入场", "Drove in 170 min ago"),
        ("1 1500", "昨日入场", "Drove in yesterday"),
    )

    def __init__(self):
        super().__init__(LaneLine())
        self.numbers: dict[str, str] = {}
        self.names: dict[bytes, str] = {}
        self.rows: deque = deque(maxlen=ROWS_MOST)

    def prepare(self, wallet, folder):
        """The numbers of the cards; the line carries keys made of them."""
        self.numbers = {entry.name: entry.pan for entry in wallet.entries}
        self.names = {key_of(pan): name for name, pan in self.numbers.items()}

    def told(self):
        return {**super().told(), "title": self.title}

    def say(self, word):
        where, _, name = word.rpartition(" ")
        lane, minutes = (int(one) for one in self.known(where).split())
        if name not in self.numbers:
            raise FormatError("which card?")
        came = datetime.now() - timedelta(minutes=minutes)
        entry = Entry(key_of(self.numbers[name]), lane, tuple(came.timetuple()[:6]), 0)
        with self.line.lock:
            if len(self.machine.open) >= OPEN_MOST:
                raise FormatError("the exit lane does not answer")
            self.machine.put(pack_entry(ENTER, entry))

    def heard(self, events):
        for event in events:
            if event[0] == "verdict":
                entry = unpack_entry(event[1])
                when = "%02d:%02d" % entry.moment[3:5]
                self.rows.appendleft((self.names.get(entry.key, "?"), when, event[2]))
        self.changed()

    def state(self):
        with self.line.lock:
            return {"rows": list(self.rows), "silent": self.machine.silent}


def make_shop(folder):
    """Beside of a till."""
    console = Console(SHOP_KEYS)
    settings = f"console: {console.where}\nmenu: 1=1200 2=850\n"
    return Beside(settings, {"console": console})


def make_coach(folder):
    """Beside of a coach."""
    console = Console(COACH_KEYS)
    settings = f"console: {console.where}\nfares: {write_fares(folder)}\nproduct: c1\n"
    return Beside(settings, {"console": console})


def make_parking(folder):
    """Beside of the exit lane of a car park."""
    entry, barrier = EntryLane(), Output("barrier")
    settings = (
        f"lane: exit\nstore: file:{folder.resolve()}/entries.bin\ntwin: {entry.where}\n"
        f"product: car\nfares: {write_fares(folder)}\ndoor: {barrier.where}\npulse_ms: 4000\n"
    )
    return Beside(settings, {"barrier": barrier, "entry": entry})


def make_access(folder):
    """Beside of a door."""
    door, guests = Output("door"), Guests(ZONES)
    settings = f"allow: {guests.where(folder)}\ndoor: {door.where}\nlane: in\npassback_s: 20\n"
    return Beside(settings, {"door": door, "guests": guests})
