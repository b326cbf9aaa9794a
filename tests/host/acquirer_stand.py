# SPDX-License-Identifier: Apache-2.0
"""A ledger with sales of simulated cards, an account, and the simulated acquirer, in memory.

    stand = Stand(tmp_path); stand.sell(20); stand.queue(); stand.present()
    stand.acquirer_book.all_sales()

Sales are records as a terminal writes them, their cryptograms made with the issuer's keys; time
passes when the other side is waited for.
"""

import functools
import random
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from firmware.errors import LinkLost
from firmware.formats import record
from firmware.kernel import tlv
from host_tools.acquirer import intake, keys, present, steps
from host_tools.acquirer.book import Book
from host_tools.acquirer.profile import Profile, parse
from host_tools.ledger import Ledger, registry, settlement
from sim.acquirer import SimulatedAcquirer
from sim.acquirer_book import AcquirerBook
from sim.acquirer_cards import Issuers
from sim.acquirer_faults import Faults, FaultyWay
from sim.ciphers import TripleDes
from sim.cryptogram import application_cryptogram

NOW = 1795190400  # 2026-11-21 00:00 in China
DAY = 20261119
MASTER = bytes(range(16))
ISSUER_KEY = bytes(range(16, 32))
PROFILE = """
[host]
answer_s = 0.3
[rules]
retry_s = 1
batch_sales = 8
attempts = 12
[[merchant]]
name = "north"
merchant = "123456789012345"
terminal = "00001140"
"""


class OneIssuer:
    """An issuer by its master key alone."""

    def __init__(self, suite: str = "rsa"):
        self.masters = (ISSUER_KEY.hex(), ISSUER_KEY.hex())
        self.key = type("Suite", (), {"suite": suite})


@functools.cache
def empty_ledger() -> bytes:
    """The file of a ledger with all its tables and nothing in them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        Ledger(f"sqlite:///{path}").close()
        return path.read_bytes()


def pan_of(number: int) -> str:
    return "62280001%08d" % number


def sale(number: int, fen: int = 200, cipher=TripleDes, iad: str = "", **more) -> bytes:
    """A sale's record; its card is as good as new."""
    pan = pan_of(number)
    psn, atc = "01", number % 65535 + 1
    told = {
        0x9F02: bytes.fromhex("%012d" % fen), 0x9F03: bytes(6), 0x9F1A: b"\x01\x56",
        0x95: bytes(5), 0x5F2A: b"\x01\x56", 0x9A: bytes.fromhex("261119"), 0x9C: b"\0",
        0x9F37: number.to_bytes(4, "big"),
    }  # fmt: skip
    iad_bytes = bytes.fromhex(iad or "070101039000000%d0A01000000000054B7A69F" % cipher.code)
    key = cipher.card_key(ISSUER_KEY, pan, psn)
    count = atc.to_bytes(2, "big")
    tc = application_cryptogram(cipher, key, told, b"\x7c\0", count, iad_bytes)
    chip = told | {
        0x9F26: tc, 0x9F10: iad_bytes, 0x9F36: count, 0x82: b"\x7c\0", 0x9F33: b"\xe0\xe1\xc8",
        0x9F66: b"\x28\0\0\x80", 0x9F74: b"ECC001", 0x5F24: b"\x35\x12\x31",
    }  # fmt: skip
    values = record.blank(record.APPROVED)
    values["pan"] = bytes.fromhex(pan)
    values["psn"], values["atc"], values["tc"], values["amount_fen"] = 1, atc, tc, fen
    values["date"], values["time"], values["time_utc_s"] = "261119", "120000", NOW - 40000 + number
    ordered = [(tag, chip[tag]) for tag in record.CHIP_TAGS if tag in chip]
    values["chip_data"] = b"".join(tlv.build(tag, value) for tag, value in ordered)
    return record.pack(values | more)


class Cut(Exception):
    """The power failed on our side."""


class Stand:
    """`profile`: a TOML text. `faults`: of the way to the acquirer."""

    def __init__(self, folder, profile: str = PROFILE, faults: Faults | None = None):
        self.clock = [float(NOW)]
        self.folder = folder
        self.profile: Profile = parse(profile)
        self.master = keys.Key(MASTER, self.profile.rules.key_cipher == "sm4")
        self.acquirer_book = AcquirerBook()
        masters = {one.terminal: self.master for one in self.profile.merchants}
        issuers = Issuers([OneIssuer(), OneIssuer("sm2")])
        self.host = SimulatedAcquirer(self.profile, masters, issuers, self.acquirer_book)
        self.way = FaultyWay(self.host, faults or Faults())
        self.line = threading.Lock()
        self.events: list[dict] = []
        self.sent = 0
        self.numbers: dict[int, int] = {}
        self.open()

    def open(self) -> None:
        """Our side, as after a start; the empty ledger is made once and copied."""
        path = self.folder / "ledger.db"
        if not path.exists():
            path.write_bytes(empty_ledger())
        self.ledger = Ledger(f"sqlite:///{self.folder / 'ledger.db'}")
        self.ledger.time_utc_s = lambda: self.clock[0]

    def restart(self) -> None:
        self.ledger.close()
        self.open()

    def book(self, name: str = "north") -> Book:
        book = Book(self.ledger, self.profile, self.profile.merchant(name))
        if book.master() is None:
            book.keep_master(self.master)
        return book

    def sell(self, count: int, terminal: int = 7, first: int = 1, **more) -> None:
        """`count` sales of one terminal."""
        last = self.numbers.get(terminal, 0)
        items = [(last + n, sale(first + n, **more)) for n in range(1, count + 1)]
        self.numbers[terminal] = last + count
        self.ledger.commit(terminal, items)

    def queue(self, day: int = DAY):
        if settlement.closed_through(self.ledger) < day:
            settlement.cut(self.ledger, day)
        return intake.queue_day(self.ledger, self.profile, day)

    def present(
        self, name: str = "north", cut: Callable[[int], str] = lambda _: "", settle: bool = True
    ) -> None:
        """Run to its end. `cut(n)`: "before" or "after" the acquirer has message n, our power."""
        dialogue = steps.Dialogue(self.book(name), lambda: 0.5, self.events.append)
        going = present.present(dialogue, settle)
        came: list[bytes] = []
        reply: bytes | LinkLost | None = None
        while True:
            try:
                lost = isinstance(reply, LinkLost)
                wanted = going.throw(reply) if lost else going.send(reply)
            except StopIteration:
                return
            reply = None
            if isinstance(wanted, steps.Wait):
                self.clock[0] += wanted.seconds
                continue
            if wanted != steps.READ_ON:
                self.sent += 1
                if cut(self.sent) == "before":
                    raise Cut
                with self.line:
                    came, _ = self.way.send(wanted)
                if cut(self.sent) == "after":
                    raise Cut
            reply = came.pop(0) if came else LinkLost("nothing came")

    def enrol(self, terminals: list[int], operator: str) -> None:
        registry.enrol(self.ledger, terminals, operator)


def chance(seed: int) -> random.Random:
    """A random source whose seed is shown when a test fails."""
    print("seed", seed)
    return random.Random(seed)
