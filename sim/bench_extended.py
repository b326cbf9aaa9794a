# SPDX-License-Identifier: Apache-2.0
"""Taps that change records of the card, for the bench: two cards of a device's own kind by turns,
each with an open trip again before its tap, and a simulated PSAM at a slot on a pty.

A Case is a device and what it reads and writes; `faretap bench --part extended`. The floor is
that of bench_floor.py over the very exchanges. The PSAM answers at once: what a real one takes for
a MAC comes on top, once for each UPDATE and each R-MAC.
"""

import contextlib
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from firmware.capp import layouts
from sim import bench_taps, capp_keys
from sim.capp_profile import KEY_USE, VERSIONS, Extension
from sim.card import Card
from sim.issuer import Authority, Profile
from sim.pins import PinBench
from sim.play_files import PlayFiles
from sim.psam import PROFILE, Psam
from sim.psam_slot import PsamSlot
from sim.pty_line import PtyLine
from sim.rig import Rig
from sim.timing import Timing
from sim.wallet import Wallet

PANS = ("6228000100000012", "6228000100000020")
LINE = 12  # as sim/rig.py has it
RIDDEN_S = 1200  # so long ago its rider came in
FARES = """
version = 6
effective = 2026-01-01T00:00:00
ceiling_fen = 2000
[products.bench]
kind = "matrix"
unknown = 900
stops = [1, 2, 3, 4]
fares = [[200], [300, 200], [400, 300, 200], [500, 400, 300, 200]]
"""
SLOT = """module: serial:{psam}
module_profile: {folder}/psam.txt
key_factor: pan:01
fares: {folder}/bench.fares
product: bench
"""


class Case(NamedTuple):
    """A device whose taps are measured. `trades` of its cards; `area`: of the record that holds
    the trip; `reads`, `updates`: records of a tap; `more`: lines of the settings.
    """

    device: str
    trades: tuple
    area: str
    reads: int
    updates: int
    more: str


CASES = {
    "metro": Case(
        "metro", ("metro",), "metro", 1, 1,
        "trips: card\nlane: exit\nrecord_key: 28/02\ndoor: pty:{pins},gate\npulse_ms: 100\n",
    ),
    "stage": Case(
        "stage", ("bus", "rides"), "bus", 2, 2,
        "lane: exit\nrecord_key: 16:28/03 1E:28/01\ntransfer: 60 1 100\nsame_station: fare\n",
    ),
}  # fmt: skip


class Job(NamedTuple):
    """What to measure; runtime: (argv, env, cwd)."""

    name: str
    runtime: tuple
    case: str
    r_mac: bool = False
    engine: str = "chip"
    baud: int = 921600
    taps: int = 20
    paced: bool = True


def measure(job):
    """[bench_taps.Tap] of a Job."""
    case = CASES[job.case]
    with contextlib.ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="faretap-bench-")))
        slot = opened.enter_context(PtyLine(PsamSlot(psam())))
        pins = opened.enter_context(PinBench())
        cards, rig = prepared(folder, job, case, psam=slot.path, pins=pins.path)
        opened.enter_context(rig)
        return bench_taps.taps_of(rig, job, cards, lambda card: come_in(card, case))


def psam():
    """A simulated PSAM with the test masters of all trades."""
    names = [(KEY_USE, version) for version in VERSIONS.values()]
    return Psam({name: capp_keys.known_master(*name) for name in names})


def cards_of(case, r_mac):
    """(Authority, two cards whose trips are open at once)."""
    authority = Authority.generate()
    issuer = authority.issue_issuer()
    profile = Profile(balance_fen=9_000_000, extended=Extension(case.trades, r_mac=r_mac))
    return authority, [Card(issuer.personalise(pan, profile)) for pan in PANS]


def prepared(folder, job, case, **paths):
    """(cards, Rig) of a case; paths: {psam} and {pins} of the settings."""
    authority, cards = cards_of(case, job.r_mac)
    Wallet.create(folder / "wallet", ())
    PlayFiles(folder, 1, str).lay("bench.fares", {"fares": FARES})
    (folder / "psam.txt").write_text(PROFILE)
    more = (SLOT + case.more).format(folder=folder.resolve(), **paths)
    more += f"reader_engine: {job.engine}\nreader_baud: {job.baud}\n"
    timing = Timing() if job.paced else Timing.none()
    rig = Rig(
        folder, job.runtime, timing, same_card_s=0, more=more, device=case.device, classes=False
    )
    rig.wallet.authorities["rsa"] = authority
    rig.chip_server.trace = bench_taps.Watch()
    rig.chip_server.chip.reset("awake")
    return cards, rig


def come_in(card, case, now_utc_s=None, zone=None):
    """The card's trip is open again, since RIDDEN_S, from stop 1 of LINE on, its last ride is one
    with another bus, an hour earlier. None: by the clock and the zone of this machine.
    """
    sfi, area_id, _, layout = layouts.OWN[case.area]
    now_utc_s = time.time() if now_utc_s is None else now_utc_s
    then = datetime.fromtimestamp(now_utc_s - RIDDEN_S, zone).timetuple()[:6]
    inside = {
        "state": layouts.INSIDE, "entry_time": then, "entry_line": LINE, "entry_place": 1,
        "entry_gate": 99,
    }  # fmt: skip
    more = card.state["extended"]
    for row in more["records"]:
        if row[0] == f"{sfi:02X}" and row[1][:4] == area_id.hex().upper():
            row[1] = layouts.write(layout, bytes.fromhex(row[1]), inside).hex().upper()
    if more["ring"]:
        then = datetime.fromtimestamp(now_utc_s - 3600 - RIDDEN_S, zone).timetuple()[:6]
        ride = layouts.issued("own", "rides", trade=2, line=LINE + 1, gate=98, time=then)
        more["ring"]["records"] = [ride.hex().upper()]
