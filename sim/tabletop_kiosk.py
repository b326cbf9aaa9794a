# SPDX-License-Identifier: Apache-2.0
"""A ticket kiosk on the tabletop: its keys, and a printer whose slips lie in the tray."""

import time
from collections import deque
from datetime import date, timedelta

from host_tools import tickets
from sim.printer import VirtualPrinter
from sim.tabletop_beside import Beside, Console, LinePart

SLIPS_MOST = 5
ROLL = 200  # slips
KEY_NUMBER = 7
NUMBERS = 500  # tickets that the key may sign
KEYS = (
    ("on 7", "开机售票", "Open the kiosk", "sign on"),
    ("choose 1", "成人票 60元", "Adult, 60.00", "Choose a ticket"),
    ("choose 2", "儿童票 30元", "Child, 30.00"),
    ("choose 3", "家庭票 4人 90元", "Family of 4, 90.00"),
    ("choose 1 1", "明日成人票", "Adult, tomorrow"),
    ("again", "补打", "Print again", "reprint"),
    ("cancel", "取消", "Cancel"),
    ("report", "报表", "Report"),
    ("off", "停售", "Close the kiosk"),
)


class Printer(LinePart):
    """An ESC/POS printer on a pty."""

    kind = "printer"
    keys = (
        ("paper", "换纸", "A new roll", "no paper"),
        ("empty", "取出纸卷", "Take the paper out"),
    )

    def __init__(self):
        super().__init__(VirtualPrinter(ROLL))
        self.rows: deque = deque(maxlen=SLIPS_MOST)

    def prepare(self, wallet, folder):
        """A key of the kiosk, with new numbers at each start."""
        path = folder / "kiosk.key"
        path.unlink(missing_ok=True)
        first = int(time.time()) % (1 << 28) + 1
        until = (date.today() + timedelta(days=7)).isoformat()
        bounds = f"ids={first}-{first + NUMBERS} until={until} groups=1 entries=1 persons=4"
        tickets.make_kiosk_key(path, KEY_NUMBER, bounds)

    def say(self, word):
        paper = ROLL if self.known(word) == "paper" else 0
        with self.line.lock:
            self.machine.paper = paper
        self.changed()

    def heard(self, events):
        for slip in events:
            self.rows.appendleft([*slip.lines, slip.code])
        self.machine.slips.clear()
        self.changed()

    def state(self):
        with self.line.lock:
            return {"slips": list(self.rows), "paper": self.machine.paper}


def make(folder):
    """Beside of a ticket kiosk."""
    console, printer = Console(KEYS), Printer()
    settings = (
        f"console: {console.where}\nprinter: {printer.where}\n"
        f"kiosk_key: {folder.resolve()}/kiosk.key\ndays_ahead: 7\n"
        "products: 1=adult,6000 2=child,3000 3=family,9000,4\n"
    )
    return Beside(settings, {"console": console, "printer": printer})
