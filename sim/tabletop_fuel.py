# SPDX-License-Identifier: Apache-2.0
"""A fuel pump on the tabletop: the virtual pump (sim/pump.py), and the attendant's keys."""

import time
from typing import Any

from firmware.errors import FormatError
from firmware.neighbours import pump as line
from sim.pump import Pump
from sim.tabletop_beside import Beside, Console, LinePart
from sim.tabletop_records import Module

PRICE_FEN, FREEZE_FEN, MOST_FEN, VALID_MIN = 756, 10000, 15000, 1440
SALES_SHOWN, SALES_MOST = 4, 500
STEP = 60  # ml: the page is told no finer
STATES = {
    line.IDLE: ("枪在位", "Nozzle in its place"),
    line.LIFTED: ("已提枪，等待授权", "Lifted, waits for a release"),
    line.RELEASED: ("已授权，可加油", "Released: it may pour"),
    line.FILLING: ("正在加油", "Filling"),
    line.FILLED: ("已挂枪，等终端记下", "Hung up: the terminal writes it down"),
    line.FAULT: ("停用", "Out of order"),
}
KEYS = (
    ("sum 50", "下一卡冻结50元", "Freeze 50.00 for the next card"),
    ("sum 150", "下一卡冻结150元", "Freeze 150.00 for the next card"),
    ("full", "照常冻结100元", "The usual 100.00"),
    ("due", "谁还没结算", "Who has not paid yet"),
)


class PumpPart(LinePart):
    """Nozzle, valve and counters."""

    kind = "pump"
    keys = (
        ("lift", "提枪", "Lift the nozzle", "Lift the nozzle"),
        ("fill 2000", "加2升", "Pour 2 l", "Filling"),
        ("fill 20000", "加20升", "Pour 20 l"),
        ("hang", "挂枪", "Hang up"),
        ("overrun 40", "关阀多流40毫升", "Valve lets 40 ml too much through"),
        ("fault on", "油机停用", "Out of order"),
        ("fault off", "修好", "Mended", "out of order"),
        ("silent on", "拔通讯线", "Unplug its line"),
        ("silent off", "接通讯线", "Plug in its line", "not answering"),
        ("power off", "油机断电", "Pump loses power"),
        ("power on", "油机来电", "Pump has power again"),
    )

    def __init__(self):
        super().__init__(Pump(PRICE_FEN, first=int(time.time()) % 1_000_000))
        self.seen: Any = None

    def say(self, word):
        self.known(word)
        with self.line.lock:
            pump = self.machine
            if word == "lift" and len(pump.sales) >= SALES_MOST:
                raise FormatError("the tank is empty: start the page anew")
            pump.do(word)
        self.changed()

    def heard(self, events):
        with self.line.lock:
            pump = self.machine
            now = (pump.state, pump.lifted, pump.limit_fen, pump.total_quantity // STEP)
        if now != self.seen or ("clear", True) in events:
            self.seen = now
            self.changed()

    def state(self):
        with self.line.lock:
            pump = self.machine
            is_new = pump.state == line.LIFTED or not pump.sales  # the display begins anew
            last = None if is_new else pump.sales[-1]
            return {
                "said": STATES[line.FAULT if pump.broken else pump.state],
                "lifted": pump.lifted,
                "pours": pump.pours,
                "silent": pump.silent or pump.dark,
                "ml": last.quantity if last else 0,
                "fen": last.amount_fen if last else 0,
                "price_fen": pump.price_fen,
                "limit_fen": pump.limit_fen,
                "total_ml": pump.total_quantity,
                "total_fen": pump.total_fen,
                "sales": [
                    [one.number, one.quantity, one.amount_fen, one.cleared]
                    for one in pump.sales[: -SALES_SHOWN - 1 : -1]
                ],
            }


def make(folder):
    """Beside of a fuel pump."""
    pump, console, module = PumpPart(), Console(KEYS), Module()
    settings = (
        f"pump: {pump.where}\nconsole: {console.where}\nproduct: 92\nfreeze_fen: {FREEZE_FEN}\n"
        f"most_fen: {MOST_FEN}\nvalid_min: {VALID_MIN}\nstop: 12\n"
    )
    parts = {"pump": pump, "console": console, "module": module}
    return Beside(settings + module.settings(folder, "fuel"), parts)
