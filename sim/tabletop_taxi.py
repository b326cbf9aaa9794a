# SPDX-License-Identifier: Apache-2.0
"""A taxi on the tabletop: the virtual meter (sim/meter.py) and the driver's console."""

from datetime import datetime

from firmware.errors import FormatError
from firmware.neighbours import jtt905
from sim.meter import Meter, fare_jiao
from sim.tabletop_beside import Beside, Console, LinePart

REQUESTS_MOST = 3  # that may wait for the terminal's answer
TRIPS_MOST = 500  # of a shift
PLUG = ("silent on", "silent off")
KEYS = (
    ("cash", "现金", "Cash"),
    ("cancel 1", "取消", "Cancel, reason 1"),
    ("resume", "仍是原乘客", "Same rider"),
    ("receipt", "重打小票", "Receipt again"),
    ("report", "当班报告", "Shift report"),
)


class MeterPart(LinePart):
    """A meter that speaks JT/T 905; its display, and what the terminal has told it."""

    kind = "meter"
    keys = (
        ("in", "司机签到", "Driver in", "sign in"),
        ("hire", "乘客上车", "Rider gets in", "For hire"),
        ("drive 1", "开1公里", "Drive 1 km"),
        ("drive 5.2", "开5.2公里", "Drive 5.2 km"),
        ("wait 3", "等3分钟", "Wait 3 min"),
        ("stop", "到达停表", "Stop: trip ends", "meter running"),
        ("out", "司机签退", "Driver out"),
        ("resend", "重发上一单", "Send trip again"),
        ("silent on", "拔计价器", "Unplug meter"),
        ("silent off", "接计价器", "Plug in meter", "No meter"),
        ("fault xor", "错一帧", "Spoil a frame"),
    )

    def __init__(self):
        super().__init__(Meter(start=datetime.now().replace(microsecond=0)))
        self.said = ("", "")

    def say(self, word):
        self.known(word)
        with self.line.lock:
            meter = self.machine
            if word not in PLUG and len(meter.requests) >= REQUESTS_MOST:
                raise FormatError("the meter waits for the terminal's answer")
            if word == "hire" and len(meter.trips) >= TRIPS_MOST:
                raise FormatError("the shift is long enough: sign out first")
            if word.startswith("fault") and meter.faults:
                raise FormatError("the next frame is spoilt already")
            meter.do(word)
        self.changed()

    def heard(self, events):
        for word, value in events:
            self.said = words_of(word, value) or self.said
        self.changed()

    def state(self):
        with self.line.lock:
            meter = self.machine
            hired = meter.hired_since is not None
            jiao = fare_jiao(meter.distance_hm, meter.waiting_minutes) if hired else 0
            last = meter.trips[-1] if meter.trips else None
            return {
                "silent": meter.silent,
                "signed_in": meter.signed_in,
                "hired": hired,
                "fen": jiao * 10 if hired else last.amount_jiao * 10 if last else 0,
                "km": f"{meter.distance_hm / 10:.1f}",
                "waiting": meter.waiting_minutes,
                "clock": meter.clock.strftime("%H:%M"),
                "trip": meter.trip_number if hired else meter.trip_number - 1,
                "asks": meter.requests[0][0] if meter.requests else "",
                "paid_by": pay_word(last) if last and not hired else "",
                "said": self.said,
            }


def pay_word(trip):
    """card, cash, nobody or "" of an Ended trip."""
    if trip.refused:
        return "nobody"
    if trip.paid_by is None:
        return ""
    return "cash" if trip.paid_by == jtt905.CASH else "card"


def words_of(word, value):
    """(Chinese, English) of an event of the meter, None for one nobody needs to read."""
    if word == "paid":
        yuan, way = f"{value.amount_jiao / 10:.2f}", pay_word(value)
        chinese = "刷卡" if way == "card" else "现金"
        return (
            f"第{value.number}单 {yuan}元：{chinese}已付，终端已回应 90",
            f"Trip {value.number}, {yuan} yuan: paid by {way}, the terminal answered 90",
        )
    if word == "refused":
        return (
            f"第{value.number}单：未付款，终端已回应 FF",
            f"Trip {value.number}: not paid, the terminal answered FF",
        )
    done = {
        ("signed_in", True): ("司机已签到", "Driver signed in"),
        ("signed_in", False): ("签到被拒绝", "Sign-in was refused"),
        ("signed_out", True): ("司机已签退", "Driver signed out"),
        ("signed_out", False): (
            "签退被拒绝：还有未结束的单",
            "Sign-out was refused: a trip is open",
        ),
    }
    return done.get((word, value)) if isinstance(value, bool) else None


def make(folder):
    """Beside of a taxi."""
    meter, console = MeterPart(), Console(KEYS)
    settings = f"meter: {meter.where}\nmeter_kind: jtt905\nconsole: {console.where}\n"
    return Beside(settings, {"meter": meter, "console": console})
