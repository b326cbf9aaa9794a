# SPDX-License-Identifier: Apache-2.0
"""A bus on the tabletop: the driver's console, the stop announcer, the reader at the rear door.

The rear reader is simulated at its line (firmware/neighbours/twin.py): it tells the front one who
has boarded there; no card is debited by it.
"""

from firmware.errors import FormatError
from firmware.neighbours.twin import Twin
from sim.announcer import AnnouncerBox
from sim.tabletop_beside import Beside, Console, LinePart
from sim.tabletop_tariff import write_fares

LINE = 12
STOPS = (  # as docs of the page show them; stages of sim/tabletop_fares.toml
    ("火车站", "Railway Station"),
    ("人民路", "Renmin Road"),
    ("图书馆", "Library"),
    ("中心医院", "Hospital"),
    ("大学", "University"),
    ("体育馆", "Stadium"),
    ("植物园", "Gardens"),
    ("科技园", "Tech Park"),
    ("老码头", "Old Pier"),
    ("海滩", "Beach"),
)
KEYS = (
    ("on 4711", "司机签到", "Sign on", "sign in"),
    ("to 6", "到6站", "To stop 6"),
    ("to 9", "到9站", "To stop 9"),
    ("group 2", "一卡两人", "One card pays 2"),
    ("group 3", "一卡三人", "One card pays 3"),
    ("clear", "清除", "Clear"),
    ("state", "状态", "State"),
    ("statement", "当班报表", "Statement"),
    ("off", "司机签退", "Sign off"),
)


class Announcer(LinePart):
    """The stop announcer: where the bus is."""

    kind = "announcer"
    keys = (
        ("next", "下一站", "Next stop"),
        ("turn", "掉头", "Turn round"),
        ("wrong", "报错线路", "Announce a wrong line"),
        ("silent", "拔掉", "Unplug it"),
        ("speak", "接上", "Plug it in"),
    )

    def __init__(self):
        super().__init__(AnnouncerBox(LINE))
        self.machine.arrive(1)

    def told(self):
        return {**super().told(), "stops": STOPS, "line": LINE}

    def say(self, word):
        self.known(word)
        with self.line.lock:
            box = self.machine
            if word == "next":
                step = 1 if box.direction == 1 else -1
                if not 1 <= box.stop + step <= len(STOPS):
                    raise FormatError("the bus is at its last stop: turn round")
                box.arrive(box.stop + step)
            elif word == "turn":
                box.direction = 3 - box.direction
                box.arrive(box.stop)
            elif word == "wrong":
                box.line = LINE if box.line != LINE else LINE + 1
                box.arrive(box.stop)
            else:
                box.is_silent = word == "silent"
                box.due_ms = 0
        self.changed()

    def state(self):
        with self.line.lock:
            box = self.machine
            return {
                "line": box.line,
                "direction": box.direction,
                "stop": box.stop,
                "silent": box.is_silent,
            }


class RearDoor(Twin):
    """Machine: the rear end of the line between two readers, which can be cut."""

    is_cut = False

    def feed(self, data, now_ms):
        return Twin.feed(self, b"" if self.is_cut else data, now_ms)

    def outgoing(self, now_ms):
        data = Twin.outgoing(self, now_ms)
        return b"" if self.is_cut else data


class Rear(LinePart):
    """The reader at the rear door, simulated at its line."""

    kind = "rear"
    picks = True
    keys = (
        ("board", "后门已刷", "Has paid at the rear"),
        ("cut", "断开后门", "Cut the line"),
        ("mend", "接上后门", "Mend the line"),
    )

    def __init__(self):
        super().__init__(RearDoor(False))
        self.cards: dict[str, tuple[str, int]] = {}
        self.boarded: list[str] = []

    def prepare(self, wallet, folder):
        """The numbers of the cards, which the line carries as hashes."""
        for entry in wallet.entries:
            image = wallet.card(entry.name).image
            self.cards[entry.name] = (entry.pan, int(image["psn"]))

    def say(self, word):
        verb, _, name = word.partition(" ")
        self.known(verb)
        with self.line.lock:
            if verb != "board":
                self.machine.is_cut = verb == "cut"
            elif name not in self.cards:
                raise FormatError("which card?")
            else:
                self.machine.board(*self.cards[name])
                self.boarded = [*[one for one in self.boarded if one != name], name][-5:]
        self.changed()

    def state(self):
        with self.line.lock:
            link = self.machine
            return {
                "cut": link.is_cut,
                "open": link.trip.is_open and not link.is_lost,
                "heard": not link.is_lost,
                "boarded": self.boarded,
            }


def make(folder):
    """Beside of a bus."""
    console, box, rear = Console(KEYS), Announcer(), Rear()
    fares = write_fares(folder)
    settings = (
        f"console: {console.where}\nannouncer: {box.where}\n"
        f"twin: {rear.where} front\nfares: {fares}\n"
    )
    return Beside(settings, {"announcer": box, "console": console, "rear": rear})
