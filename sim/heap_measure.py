# SPDX-License-Identifier: Apache-2.0
"""How much heap a device takes in one of its short days (heap_days.py), or on a pty (below).

    measure("gate", runtime) -> Measured          runtime: (argv, env, cwd) with a heap of its own

The stage has no driver of the PN532 and stands in the same heap, which is not the device's:
STAGE_SHARE says how much of it. `measure_driver` is the flat-fare bus by firmware.main before the
virtual chip on a pty, the driver at work and no stage.
"""

import re
import tempfile
from collections import namedtuple
from pathlib import Path

from firmware.errors import LinkLost
from sim.heap_days import PEOPLE, play_of
from sim.profile import Profile
from sim.replaying import until
from sim.rig import Rig
from sim.timing import Timing

# faults: sentences, [] when it passes; start: bytes alive when it is ready; most: alive behind a
# tap; piece: the largest that is free at the end, None where nobody tells it
Measured = namedtuple("Measured", ("faults", "start", "most", "piece"))

PIECE = re.compile(r"max free sz: (\d+)")
BLOCK_BYTES = 16  # of the collector on 32 bits
BUSY_S = 120  # the bytes are what is measured; a machine that is busy may take its time
READ = sum(1 for card, _ in PEOPLE if card)  # cards that were held to the reader
STAGE_SHARE = """
import gc
from firmware import hal, main
gc.collect()
before = gc.mem_alloc()
from sim import stage
world = stage.World()
parts = stage.StageHal(world, "seed"), stage.StageReader(world), stage.StageStream(world, 1)
gc.collect()
print(gc.mem_alloc() - before)
"""
KINDS = (
    ("rsa", "adult", "62280001", Profile()),
    ("sm2", "adult", "62280001", Profile(suite="sm2")),
)


def measure(name, runtime):
    """Measured of a row of heap_days.DAYS."""
    live, seen = [], []

    def watch(event):
        if event["event"] == "heap":
            live.append(event["live"])
        elif event["event"] == "tap" or event.get("outcome") == "read":
            seen.append(event)

    with tempfile.TemporaryDirectory(prefix="faretap-") as folder:
        try:
            play = play_of(name, Path(folder), runtime, watch)
            faults = play.run().faults
        except LinkLost as gone:  # the terminal has ended, of a MemoryError as a rule
            return _measured([str(gone)], live)
        if len(seen) < READ:
            faults.append(f"{len(seen)} cards were read, not {READ}")
        told = PIECE.search("\n".join(play.world.process.words))
        piece = int(told[1]) * BLOCK_BYTES if told else None
    return _measured(faults, live, piece)


def _measured(faults, live, piece=None):
    return Measured(faults, live[0] if live else None, max(live, default=None), piece)


def measure_driver(runtime):
    """Measured of firmware.main with the driver of the PN532: cards of both suites pay, one is
    torn, the plug is pulled behind it.
    """
    events = []
    with tempfile.TemporaryDirectory(prefix="faretap-") as folder:
        try:
            with Rig(
                Path(folder), runtime, Timing.none(), KINDS, same_card_s=0, event_s=BUSY_S
            ) as rig:
                events += rig.begun
                for name in ("rsa", "sm2", "rsa"):
                    events += _tapped(rig, name)
                rig.field.tear(ins=0xB2, last=True, acted=True)
                events += _tapped(rig, "sm2")
                rig.pull_plug()
                rig.restart()
                events += rig.begun
                last = _tapped(rig, "sm2")
                events += last
                if not [one for one in last if one["event"] == "upload"]:
                    until(rig.firmware, "upload", BUSY_S)
        except LinkLost as gone:
            return _measured([str(gone)], _heaps(events))
    return _measured([], _heaps(events))


def _tapped(rig, name):
    rig.field.place(rig.cards[name])
    seen = until(rig.firmware, "tap", BUSY_S)
    rig.field.remove()
    return seen + until(rig.firmware, "ready", BUSY_S)


def _heaps(events):
    return [event["live"] for event in events if event["event"] == "heap"]
