# SPDX-License-Identifier: Apache-2.0
"""A scenic gate on the tabletop: a lane with people (sim/gate.py), a QR scanner, an attendant."""

import secrets
import time
from datetime import date, timedelta

from firmware.errors import FormatError
from host_tools import tickets
from host_tools.signing import Sm2Signer
from sim.gate import VirtualGate
from sim.gate_server import GateServer
from sim.tabletop_beside import Beside, Console, LinePart, Part

QUEUE_MOST = 6  # people who come at a time
KEY_NUMBER = 1
KEYS = (
    ("mode controlled", "正常", "Controlled", "Free entry|Exit only|Lane closed"),
    ("mode free", "免费通行", "Free"),
    ("mode exit_only", "只出不进", "Exit only"),
    ("mode closed", "关闭", "Closed"),
    ("mode fare_waived", "免票", "Fare waived"),
    ("persons 3", "下一卡三人", "3 people, one card"),
    ("reset", "复位", "Reset", "Emergency|Step back|Out of order"),
    ("count", "核对人数", "Compare counts"),
    ("state", "状态", "State"),
)
# name -> (Chinese, English, columns of host_tools/tickets.py); None: a day from today
TICKETS = {
    "valid": ("今日成人票", "Adult, today", {}),
    "copied": ("同一张的截图", "Screenshot of it", None),
    "group": ("三人票", "Three people", {"kind": "group", "persons": "3"}),
    "expired": ("昨日票", "Yesterday's", {"first": -1}),
    "early": ("明日票", "Tomorrow's", {"first": 1}),
    "elsewhere": ("五号门票", "For gate group 5", {"groups": "5"}),
    "forged": ("伪造票", "Forged", {}),
}


class Lane(Part):
    """Arms, beams, people, fire: a board of the TPW type on a pty."""

    kind = "lane"
    keys = (
        ("normal", "走过", "Walk in", "Please walk|Ticket valid|Paid"),
        ("turn_back", "折返", "Turn back"),
        ("tailgate", "尾随", "Tailgate"),
        ("reverse", "反向闯入", "Wrong way in"),
        ("exit", "走出", "Walk out"),
        ("fire", "火警", "Fire"),
        ("clear", "火警解除", "Fire is over", "Emergency"),
    )

    def __init__(self):
        super().__init__()
        self.gate = VirtualGate()
        self.server = GateServer(self.gate, watch=self._happened)
        self.happened = ""

    @property
    def where(self):
        """For the settings."""
        return "serial:" + self.server.path

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def say(self, word):
        """Somebody walks, or there is fire."""
        self.known(word)
        with self.server.lock:
            if len(self.gate.waiting) >= QUEUE_MOST:
                raise FormatError("enough people wait: open the gate first")
        self.server.say(word)
        self.changed()

    def state(self):
        with self.server.lock:
            gate = self.gate
            return {
                "open": bool(gate.arms_open or gate.free or gate.fire),
                "fire": gate.fire,
                "waiting": len(gate.waiting),
                "walking": gate.walking[0] if gate.walking else "",
                "passed": gate.passed,
                "exited": gate.exited,
                "happened": self.happened,
            }

    def _happened(self, word):
        self.happened = word
        self.changed()


class Window:
    """Machine: a scanner that says the codes it sees."""

    def __init__(self):
        self.out = b""

    def feed(self, data, now_ms):
        """Deaf."""
        return []

    def outgoing(self, now_ms):
        """Codes that were shown."""
        data, self.out = self.out, b""
        return data


class Scanner(LinePart):
    """A QR scanner and the tickets in people's hands."""

    kind = "scanner"
    keys = tuple((name, chinese, english) for name, (chinese, english, _) in TICKETS.items())

    def __init__(self):
        super().__init__(Window())
        self.texts: dict[str, str] = {}
        self.shown = ""

    def prepare(self, wallet, folder):
        """A key of an issuer and tickets of today, with new numbers at each start."""
        path = folder / "ticket.key"
        signer = tickets.load_signer(path) if path.exists() else tickets.make_key(path)
        line = tickets.key_line(KEY_NUMBER, signer)
        (folder / "ticket_keys.txt").write_text(line + "\n")
        number = int(time.time()) % (1 << 28)
        for at, (name, (_, _, columns)) in enumerate(TICKETS.items()):
            if columns is not None:
                forger = Sm2Signer(secrets.randbelow(1 << 250) + 1)
                by = forger if name == "forged" else signer
                self.texts[name] = tickets.issue(row_of(columns, number + at), KEY_NUMBER, by)
        self.texts["copied"] = self.texts["valid"]
        self.codes = {name: tickets.svg(text) for name, text in self.texts.items()}

    def say(self, word):
        """A ticket is held before the scanner."""
        text = self.texts[self.known(word)].encode() + b"\r"
        with self.line.lock:
            if self.machine.out:
                raise FormatError("the scanner is busy")
            self.machine.out = text
        self.shown = word
        self.changed()

    def state(self):
        return {"shown": self.shown}


def row_of(columns, number):
    """Row of host_tools/tickets.py; `first` in days from today."""
    row = {"id": str(number), **columns}
    day = date.today() + timedelta(days=int(columns.get("first", 0)))
    return {**row, "first": day.isoformat()}


def make(folder):
    """Beside of a gate."""
    lane, scanner, console = Lane(), Scanner(), Console(KEYS)
    settings = (
        f"gate: {lane.where}\ngate_kind: tpw\nconsole: {console.where}\n"
        f"tickets: {scanner.where}\nticket_keys: {folder.resolve()}/ticket_keys.txt\n"
    )
    return Beside(settings, {"lane": lane, "scanner": scanner, "console": console})
