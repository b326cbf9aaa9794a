# SPDX-License-Identifier: Apache-2.0
"""A canteen's window on the tabletop: its cashier's keys, dishes on buttons, and who pays less."""

import threading

from firmware.errors import FormatError
from sim.pins import PinBench
from sim.tabletop_beside import Beside, Console, Part
from sim.tabletop_list import ALWAYS, Guests, Zone

PRESS_S = 0.6  # a finger stays so long; the terminal looks twice meanwhile
KEYS = (
    ("on 9", "开窗口", "Open the window", "sign on"),
    ("item 3 5", "红烧肉饭 加汤 14元", "Dishes 3 and 5, 14.00", "Please wait"),
    ("item 3 3 3", "三份红烧肉饭 36元", "Dish 3 three times, 36.00"),
    ("tray", "看托盘", "What is on the tray"),
    ("cash", "现金", "Cash"),
    ("cancel", "取消", "Cancel"),
    ("report", "报表", "Report"),
    ("off", "关窗口", "Close the window"),
)
MENU = (  # dish, fen, Chinese, English
    (1, 300, "粥", "Porridge"),
    (2, 150, "豆浆", "Soy milk"),
    (3, 1200, "红烧肉饭", "Pork and rice"),
    (4, 850, "面条", "Noodles"),
    (5, 200, "汤", "Soup"),
)
DAY_FEN = 4000
ZONES = (
    Zone("guest", ALWAYS, "访客：全价", "Guests: the full price", ("adult-2",)),
    Zone(
        "teacher",
        ALWAYS,
        "老师：学校付30%，每天两餐",
        "Teachers: the school pays 30%, twice a day",
        ("adult-1", "adult-3"),
    ),
)
REST = (
    "其余：学生卡每餐少付5元，一天两次，一月20元",
    "All others: students pay 5.00 less, twice a day, 20.00 a month",
)
SUBSIDY = "student=500,2,2000 2:teacher=30%,2"


class Dishes(Part):
    """Buttons of a window, one input each; a finger presses one at a time."""

    kind = "dishes"
    keys = (
        *(
            (f"b{dish}", f"{chinese} {fen / 100:.2f}元", f"{english}, {fen / 100:.2f}")
            for dish, fen, chinese, english in MENU
        ),
        ("b0", "全部拿掉", "Take all back"),
    )

    def __init__(self):
        super().__init__()
        self.bench = PinBench()
        self.finger = threading.Timer(0, self._lifted)
        self.pressed = ""

    @property
    def where(self):
        """For the settings: inputs and what each means."""
        meanings = [(f"b{dish}", dish) for dish, *_ in MENU] + [("b0", "clear")]
        return " ".join(f"pty:{self.bench.path},{pin}={meaning}" for pin, meaning in meanings)

    def __enter__(self):
        self.bench.__enter__()
        return self

    def __exit__(self, *_):
        if self.finger.is_alive():
            self.finger.join()
        self.bench.__exit__()

    def say(self, word):
        """A button is pressed."""
        self.known(word)
        if self.pressed:
            raise FormatError("one button at a time")
        self.pressed = word
        self.bench.set(word, 1)
        self.finger = threading.Timer(PRESS_S, self._lifted)
        self.finger.start()
        self.changed()

    def _lifted(self):
        self.bench.set(self.pressed, 0)
        self.pressed = ""
        self.changed()

    def state(self):
        return {"pressed": self.pressed}


def make(folder):
    """Beside of a canteen's window."""
    console, dishes, guests = Console(KEYS), Dishes(), Guests(ZONES, REST)
    menu = " ".join(f"{dish}={fen},{chinese}" for dish, fen, chinese, _ in MENU)
    settings = (
        f"console: {console.where}\nmenu: {menu}\nbuttons: {dishes.where}\nday_fen: {DAY_FEN}\n"
        f"subsidy: {SUBSIDY}\nallow: {guests.where(folder)}\n"
    )
    return Beside(settings, {"console": console, "dishes": dishes, "guests": guests})
