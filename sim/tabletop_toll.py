# SPDX-License-Identifier: Apache-2.0
"""A toll lane on the tabletop whose journeys lie on the cards: barrier, loop, the collector's
keys, and the entry lanes of the other stations.
"""

import threading

from firmware.capp import layouts
from firmware.errors import FormatError
from sim.pins import PinBench
from sim.tabletop_beside import Beside, Console, Output, Part
from sim.tabletop_records import (
    Module,
    OtherTerminals,
    Places,
    begun,
)
from sim.tabletop_tariff import write_fares

OVER_S = 1.6  # a vehicle on the loop
KEYS = (
    ("class 1", "客车（1类）", "Class 1: car", "Please wait"),
    ("class 2", "货车（2类）", "Class 2: lorry"),
    ("open", "手动放行", "Let through by hand", "ask collector"),
)


class Entries(OtherTerminals):
    """Entry lanes elsewhere: which vehicle came in where, and how long ago."""

    trade = "toll"
    title = (
        "其他收费站的入口（模拟）：先写入卡",
        "Entries of other stations (simulated): they stamp a card",
    )
    keys = (
        ("11 45 1", "11站 45分钟前 客车", "At 11, 45 min ago, car"),
        ("11 45 2", "11站 45分钟前 货车", "At 11, 45 min ago, lorry"),
        ("13 12 1", "13站 12分钟前 客车", "At 13, 12 min ago, car"),
        ("11 3 1", "11站 3分钟前", "At 11, 3 min ago: too fast"),
        ("14 40 1", "14站 40分钟前", "At 14, 40 min ago: U-turn"),
        ("11 1500 1", "11站 昨日", "At 11, yesterday"),
        ("lost", "记录清空", "No entry at all"),
    )

    def fields(self, word):
        if word == "lost":
            return {"state": layouts.OUTSIDE}
        place, minutes, vehicle = (int(one) for one in word.split())
        return dict(begun(place, minutes), vehicle_class=vehicle)


class Lanes(Places):
    """Which lane the terminal is."""

    title = ("本车道", "This lane")
    places = {
        "exit 14": ("14站出口", "Exit of station 14", {"lane": "exit", "stop": "14"}),
        "exit 13": ("13站出口", "Exit of station 13", {"lane": "exit", "stop": "13"}),
        "entry 11": ("11站入口", "Entry of station 11", {"lane": "entry", "stop": "11"}),
    }


class Loop(Part):
    """The loop behind the barrier: a vehicle drives over it, whether it may or not."""

    kind = "loop"
    keys = (("drive", "开过线圈", "Drive over the loop", "Drive on|Paid|Settled"),)

    def __init__(self):
        super().__init__()
        self.bench = PinBench()
        self.driven = 0
        self.gone = threading.Event()
        self.gone.set()
        self.timer: threading.Timer | None = None

    @property
    def where(self):
        """For the settings: pty:PATH,NAME."""
        return f"pty:{self.bench.path},loop"

    def __enter__(self):
        self.bench.__enter__()
        return self

    def __exit__(self, *_):
        if self.timer:
            self.timer.cancel()
            self.timer.join()
        self.bench.__exit__()

    def say(self, word):
        self.known(word)
        if not self.gone.is_set():
            raise FormatError("a vehicle is on the loop")
        self.gone.clear()
        self.bench.set("loop", 1)
        self.timer = threading.Timer(OVER_S, self._off)
        self.timer.start()
        self.changed()

    def _off(self):
        self.bench.set("loop", 0)
        self.driven += 1
        self.gone.set()
        self.changed()

    def state(self):
        return {"on": not self.gone.is_set(), "driven": self.driven}


def make(folder):
    """Beside of a toll lane."""
    console, barrier, loop = Console(KEYS), Output("barrier"), Loop()
    module, lanes = Module(), Lanes()
    settings = (
        f"trips: card\nproduct: toll\nfares: {write_fares(folder)}\nconsole: {console.where}\n"
        f"door: {barrier.where}\npulse_ms: 4000\nloop: {loop.where}\nline: 6\n"
        "least_min: 11=8\nleast_fen: 500\n"
    )
    parts = {
        "entries": Entries(), "console": console, "barrier": barrier, "loop": loop,
        "module": module, "lane": lanes,
    }  # fmt: skip
    return Beside(settings + lanes.settings() + module.settings(folder, "toll"), parts)
