# SPDX-License-Identifier: Apache-2.0
"""Whole taps of a terminal process before the virtual chip, for the bench: two cards of a profile
by turns, each beside the last one's result, so that a tap follows the other at once.

The time of a tap is the terminal's own, from the look that found the card to the lamp, the record
durable. Every 20 taps the field is left empty until the records are uploaded; the next card then
comes at a moment of its own, and the time from there on is the rider's.
"""

import random
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from firmware.errors import LinkLost
from sim import bench_cards, capp_card
from sim.bench_floor import tap_ms
from sim.bench_watch import Watch
from sim.card import BUSY_MS
from sim.replaying import until
from sim.rig import Rig
from sim.timing import Timing
from sim.wallet import Wallet

WARM_UP = 3  # taps not counted: certificate cache, page cache
ROUND = 20  # taps between two uploads
RANDOM_S = 0.05  # a card comes so much later at the most, drawn
LOST_TAPS = 20  # in all: time-outs are real ones, and this machine may have other things to do
COMMANDS = {
    0xA8: "GPO",
    0xB2: "READ RECORD",
    0xCA: "GET DATA",
    0xB4: capp_card.READ,
    0xDE: capp_card.UPDATE,
}
PHASES = ("activate", "select", "gpo", "read", "journal", "host")


class Job(NamedTuple):
    """What to measure. `runtime`: (argv, env, cwd); `more`: lines of the settings."""

    name: str
    runtime: tuple
    profile: str = "typical"
    engine: str = "chip"
    baud: int = 921600
    taps: int = 20
    paced: bool = True
    root: str = "firmware.main"
    trace: bool = False
    more: str = ""
    firmware_ms: float = 0.0  # of the chip, for each command


class Tap(NamedTuple):
    """Milliseconds; `event` of the terminal, `steps` of the meter or {}; `placed_ms` None where
    the card did not come into an empty field.
    """

    total_ms: float
    floor_ms: float
    cpu_ms: float
    placed_ms: float | None
    event: dict
    steps: dict
    commands: list
    exchanges: list


def measure(job):
    """[Tap] of a Job."""
    timing = Timing(firmware_ms=job.firmware_ms) if job.paced else Timing.none()
    with tempfile.TemporaryDirectory(prefix="faretap-bench-") as folder:
        cards, rig = prepared(Path(folder), job, timing)
        with rig:
            return taps_of(rig, job, cards)


def prepared(folder, job, timing):
    """(two cards of the profile, a Rig that knows their CA)."""
    authority, issuer, one = bench_cards.make(job.profile)
    _, _, two = bench_cards.make(job.profile, "6228000100000020", authority, issuer)
    Wallet.create(folder / "wallet", ())
    more = [f"reader_engine: {job.engine}", f"reader_baud: {job.baud}", job.more]
    rig = Rig(
        folder, job.runtime, timing, fare_fen=100, same_card_s=0, root=job.root,
        more="\n".join(line for line in more if line) + "\n", trace=job.trace,
        classes=False,
    )  # fmt: skip
    rig.wallet.authorities["rsa"] = authority
    rig.chip_server.trace = Watch()
    rig.chip_server.chip.reset("awake")  # nfcpy wakes none that is in LowVbat
    return (one, two), rig


def taps_of(rig, job, cards, before=lambda card: None):
    """[Tap] of so many taps that were paid; before(card): what is done to it in time."""
    seen, lost, number = [], 0, 0
    fresh = True
    while len(seen) < WARM_UP + job.taps:
        before(cards[number % 2])
        tap = tapped(rig, job, cards[number % 2], fresh)
        number += 1
        fresh = number % ROUND == 0 or tap is None
        if fresh:
            settle(rig, tap)
        if tap is None:
            lost += 1
            if lost > LOST_TAPS:
                raise LinkLost(f"{job.name}: more than {LOST_TAPS} taps were lost")
            continue
        seen.append(tap)
    rig.field.remove()
    return seen[WARM_UP:]


def settle(rig, tap):
    """Leave the field empty until the terminal is ready and has its records acknowledged."""
    rig.field.remove()
    events = until(rig.firmware, "ready")
    while tap and acknowledged(events) < tap.event["sequence"]:
        events = until(rig.firmware, "upload")
    time.sleep(random.random() * RANDOM_S)


def acknowledged(events):
    """The newest record that the collector has, of those that `events` tell of."""
    return max((one["acknowledged"] for one in events if one["event"] == "upload"), default=0)


def tapped(rig, job, card, fresh):
    """One Tap; None when it was not approved."""
    watch, field = rig.chip_server.trace, rig.field
    watch.clear()
    field.log.clear()
    began_s = rig.firmware.cpu_s()
    placed = time.monotonic()
    field.place(card)
    events = until(rig.firmware, "tap")
    event = events[-1]
    if event["outcome"] != "approved":
        return None
    busy = {**dict(BUSY_MS), **card.image.get("busy_ms", {})}
    exchanges = [
        (len(one.command), len(one.answer), busy[command_name(one.command)])
        for one in list(field.log)
        if one.card is card and one.answer is not None
    ]
    return Tap(
        event["us"] / 1000,
        tap_ms(job.engine, exchanges, job.baud) if job.paced else 0.0,
        (rig.firmware.cpu_s() - began_s) * 1000,
        (event["at"] - placed) * 1000 if fresh else None,
        event,
        next((one for one in events if one["event"] == "steps"), {}),
        watch.tap(),
        exchanges,
    )


def command_name(command):
    """The name a card's times go by."""
    if command[1] == 0xA4:
        return "PPSE" if b"2PAY" in command else "SELECT"
    return COMMANDS[command[1]]
