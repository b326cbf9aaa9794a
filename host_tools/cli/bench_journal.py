# SPDX-License-Identifier: Apache-2.0
"""The part `journal` of `faretap bench`: durable records a second, flash a tap, room, the start.

The entries are those of real sales with simulated cards of the profiles (sim/bench_cards.py), each
with a number, an identifier and an unpredictable number of its own.
"""

import random
import tempfile
import time
from pathlib import Path

from firmware.drive import drive
from firmware.journal import open_journal
from firmware.journal.archive import HEAD
from firmware.journal.ring import PACK
from host_tools.cli.bench_parts import Sheet, told
from sim import bench_cards
from sim.bench_journal import durable
from sim.flash import PAGE, Flash
from sim.recording import Told, ca_key, sale_of

PROFILES = ("small", "typical", "large")
CARDS, QUICK_CARDS = 12, 3
IDLE_TURNS = 4  # of the loop between two taps, at least three
BOARD_BLOCKS, PI_BLOCKS = 4096, 65536  # 16 MB; the most that settings allow, 256 MB
MEASURED_BLOCKS = 20  # of the archive
SYNCED, QUICK_SYNCED = 1000, 48
ROUNDS = 4


class Tape:
    """A journal that notes (pending entry, answer, record) of each sale."""

    def __init__(self, journal):
        self.journal = journal
        self.sales: list = []

    def __getattr__(self, name):
        return getattr(self.journal, name)

    def open(self, entry):
        self.sales.append([entry, b"", b""])
        return self.journal.open(entry)

    def note_answer(self, sequence, answer):
        self.sales[-1][1] = answer
        self.journal.note_answer(sequence, answer)

    def settle(self, sequence, record):
        self.sales[-1][2] = record
        self.journal.settle(sequence, record)


def sales_of(profile, cards):
    """[[pending entry, answer, record]] of two sales of each card."""
    drawn = random.Random(1)
    authority = issuer = None
    made = []
    for _ in range(cards):
        pan = f"62280001{drawn.randrange(10**8):08}"
        authority, issuer, card = bench_cards.make(profile, pan, authority, issuer)
        made.append(card)
    session = Told(name="bench", note="bench", cas=[ca_key(authority)])
    session.uid, session.ats = made[0].uid, made[0].ats
    sale = sale_of(session, 64)
    tape = sale.book.journal = Tape(sale.journal)
    for card in made * 2:
        session.un = drawn.randbytes(4)
        card.power_up()
        sold = drive(
            sale.steps(drawn.randbytes(7)), lambda command, spare, one=card: one.exchange(command)
        )
        if sold.message != "ok":
            raise ValueError(f"{profile}: {sold.message}")
    return tape.sales


def journal(quick):
    """[Sheet, Sheet, Sheet]."""
    told("journal: sales of the profiles")
    sales = {name: sales_of(name, QUICK_CARDS if quick else CARDS) for name in PROFILES}
    return [room_sheet(sales, quick), durable_sheet(sales["typical"], quick), start_sheet()]


def room_sheet(sales, quick):
    """Bytes a tap and room, by profile."""
    rows = []
    for name, ones in sales.items():
        told(f"journal: room, {name}")
        rows.append([name, *lived(ones, 2 if quick else MEASURED_BLOCKS)])
    blocks = 2 if quick else MEASURED_BLOCKS
    notes = [
        f"A terminal of {BOARD_BLOCKS // 2} blocks on simulated flash, {IDLE_TURNS} idle turns"
        f" between two taps, until {blocks} blocks of the archive are full; what 16 MB and 256 MB"
        " (a file on a Raspberry Pi) hold is reckoned from those.",
        "Programmed: entry, answer, record, its share of packs and block headers, whole pages.",
        "typical signs in the GPO answer (RSA, 1024 bits), the others in a record that is not"
        " kept.",
    ]
    columns = ["card", "record", "packed", "programmed a tap", "erases a tap", "of them inside"]
    columns += ["in 16 MB", "in 256 MB"]
    return Sheet(
        "journal-room", "Flash of a tap, and how many a journal holds", columns, rows, notes
    )


def lived(sales, blocks):
    """Figures of a life in which so many blocks of the archive are filled."""
    flash = Flash(BOARD_BLOCKS // 2)
    kept = open_journal(flash)
    inside = taps = 0
    while kept.archive.ring.generation <= blocks:
        entry, answer, record = sales[taps % len(sales)]
        for _ in range(IDLE_TURNS):
            kept.tidy()
        before = flash.erases
        sequence = kept.open(entry)
        kept.note_answer(sequence, answer)
        kept.settle(sequence, record)
        inside += flash.erases - before
        taps += 1
    packed = sum(1 for at in range(1, blocks + 1) for _ in kept.archive.records(at))
    here = flash.block_count - kept.archive.ring.count
    room = [int((count - here) * packed / blocks) for count in (BOARD_BLOCKS, PI_BLOCKS)]
    mean = sum(len(record) for _, _, record in sales) / len(sales)
    return [
        f"{mean:,.0f}",
        f"{blocks * flash.block_size / packed:,.0f}",
        f"{flash.programs * PAGE / taps:,.0f}",
        f"{flash.erases / taps:.2f}",
        f"{inside}",
        *[f"{one:,}" for one in room],
    ]


def durable_sheet(sales, quick):
    """Durable records a second against appending to a file."""
    told("journal: durable records on this disk")
    count = (QUICK_SYNCED if quick else SYNCED) // ROUNDS
    with tempfile.TemporaryDirectory(prefix="faretap-", dir=".") as folder:
        spent, worn = durable(Path(folder), sales, count, ROUNDS, IDLE_TURNS)
    done = count * ROUNDS
    bare = done / spent["append"]
    rows = [
        [name, f"{done / spent[key]:,.0f}", f"{done / spent[key] / bare:.2f}"]
        for name, key in (
            ("append and fdatasync", "append"),
            ("a record into the journal", "record"),
            ("a tap: entry, answer, record", "tap"),
        )
    ]
    notes = [
        f"{done} of each, by turns in one run, on the disk of this machine; CPython. Idle work"
        " between them is not counted. The aim for a record is 0.80.",
        f"Erases of a block afterwards: {worn[0]} to {worn[1]}.",
    ]
    columns = ["what is durable on return", "a second", "x append"]
    return Sheet("journal-durable", "Durable records on a file", columns, rows, notes)


class CountedFlash(Flash):
    """Counts what is read."""

    reads = read_bytes = 0

    def readblocks(self, block, buf, offset=0):
        self.reads += 1
        self.read_bytes += len(buf)
        Flash.readblocks(self, block, buf, offset)


def start_sheet():
    """How long a start takes on a full ring."""
    told("journal: the start of a full journal")
    rows = []
    for blocks in (64, BOARD_BLOCKS):
        flash = full_flash(blocks)
        flash.reads = flash.read_bytes = 0
        began = time.perf_counter()
        open_journal(flash)
        spent_ms = (time.perf_counter() - began) * 1000
        rows.append(
            [f"{blocks}", f"{spent_ms:.0f}", f"{flash.reads:,}", f"{flash.read_bytes / 1024:,.0f}"]
        )
    notes = [
        "CPython, flash in memory: the reads are what a board has to do; every block of every ring"
        " is in use and nothing is acknowledged.",
    ]
    columns = ["blocks", "ms", "reads", "KB read"]
    return Sheet("journal-start", "The start of a full journal", columns, rows, notes)


def full_flash(blocks):
    """A journal whose every block was begun; the last sale is open."""
    flash = CountedFlash(blocks)
    kept = open_journal(flash)
    rings = [ring for ring in kept.rings() if ring is not kept.pending_ring]
    for ring in rings[1:]:  # the archive: packs without records, as many blocks
        while ring.free() > 0:
            header = (2 + 16 * ring.generation, 0, 1)
            ring.append(PACK, 1, bytes((0, 0, 0, 1, 2)) + bytes(3000 + HEAD), header)
    kept.next = 2 + 16 * blocks  # behind what the archive says it has
    while kept.room() > 1:
        kept.settle(kept.open(bytes(1000)), bytes(500))
    kept.open(bytes(1000))
    return flash
