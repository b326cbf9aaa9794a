# SPDX-License-Identifier: Apache-2.0
"""A reader of attendance on the tabletop, or of a library: turnstile, people behind it."""

from datetime import datetime, timedelta

from sim.tabletop_beside import Beside, Console, Output, Part
from sim.tabletop_list import ALWAYS, Guests, Zone

SEATS = 2
PASSBACK_S = 3  # a hand at a desk is in a hurry
MOST = 30  # people in the room
CAME, WENT = ("came_in", "came_late"), ("went_out", "left_early")
KEYS = (("report", "谁在场", "Who is here"),)


class Room(Part):
    """What a camera behind the turnstile knows: who is inside, and who went. seats: 0 for none."""

    kind = "room"

    def __init__(self, seats=0):
        super().__init__()
        self.seats = seats
        self.inside: dict[str, str] = {}  # name -> since when
        self.told_last = ("", "")

    def tapped(self, name, message):
        """The panel has said something to who holds this card; he goes where it lets him."""
        now = datetime.now().strftime("%H:%M:%S")
        if message in CAME and len(self.inside) < MOST:
            self.inside[name] = now
            self.told_last = f"{name} {now} 进入", f"{name} came in at {now}"
        elif message in WENT:
            self.inside.pop(name, None)
            self.told_last = f"{name} {now} 离开", f"{name} went out at {now}"
        else:
            self.told_last = f"{name} 留在门外", f"{name} stayed where he was"
        self.changed()

    def told(self):
        return {**super().told(), "seats": self.seats}

    def state(self):
        return {"rows": list(self.inside.items()), "last": self.told_last}


def zones(now):
    """Of a school: hours that go by the clock at the start, so that somebody is late."""

    def clock(minutes):
        return (now + timedelta(minutes=minutes)).strftime("%H:%M")

    began, ends = f"{clock(-60)}-{clock(120)}", f"{clock(20)}-{clock(200)}"
    return (
        Zone("free", ALWAYS, "不限时间", "Any time", ("adult-1", "adult-2")),
        Zone("on", f"daily {began}", f"{began}：迟到", f"{began}: late", ("adult-3", "student-1")),
        Zone("later", f"daily {ends}", f"{ends}：未到时间", f"{ends}: in time", ("adult-4",)),
    )


def make(folder):
    """Beside of a school's or an office's reader."""
    console, door, guests = Console(KEYS), Output("door"), Guests(zones(datetime.now()))
    settings = (
        f"purpose: attendance\nallow: {guests.where(folder)}\npassback_s: {PASSBACK_S}\n"
        f"console: {console.where}\ndoor: {door.where}\n"
    )
    parts = {"room": Room(), "door": door, "console": console, "guests": guests}
    return Beside(settings, parts)


def make_library(folder):
    """Beside of a library's reader: every card, as long as there are seats."""
    console, door = Console(KEYS), Output("door")
    settings = (
        f"purpose: library\nseats: {SEATS}\npassback_s: {PASSBACK_S}\n"
        f"console: {console.where}\ndoor: {door.where}\n"
    )
    return Beside(settings, {"room": Room(SEATS), "door": door, "console": console})
