# SPDX-License-Identifier: Apache-2.0
"""The part `queue` of `faretap bench`: taps a minute of each device, at simulated time.

Each file of sim/queues is a scenario in which everybody comes at once; what the terminal computes
takes no time there, so these figures are those of cards, radio, people and machines.
"""

import statistics
import tempfile
from collections import Counter
from pathlib import Path

from firmware.errors import FormatError
from host_tools.cli.bench_parts import Sheet, told
from host_tools.cli.runtime import runtime_command
from sim import scenario
from sim.card import BUSY_MS
from sim.scenario_play import HOLD_MS, Play

FOLDER = scenario.FOLDER.parent / "queues"
QUICK_SHARE = 0.15
LAST_READS = 4  # records of a usual card
ALONE = "the reader alone"


def queue(quick=False, paths=()):
    """Sheet of all queues, or of those named; quick: a few cards each."""
    share = QUICK_SHARE if quick else 1.0
    rows = [row_of(path, share) for path in paths or sorted(FOLDER.glob("*.toml"))]
    notes = [
        f"Cards of {card_ms()} ms, each held {HOLD_MS} ms behind its result, the next one at once;"
        " medians. Simulated time: the same on every machine and under both interpreters, and"
        " without what a terminal's processor takes ([performance](performance.md)).",
        "From result to result: what is left behind tap and hold is how long the terminal looks"
        " whether the card is gone, and the last column.",
    ]
    columns = ["device", "tap, ms", "ms from result to result", "taps a minute"]
    return Sheet("queue", "Queues", [*columns, "what the next card waits for"], rows, notes)


def row_of(path, share):
    """Texts of one row; FormatError where the play does not balance."""
    one = scenario.read(path, share)
    told(one.title)
    taps = []

    def watch(event):
        if event["event"] == "tap":
            taps.append((event["at_ms"], event["us"], event["message"]))

    with tempfile.TemporaryDirectory(prefix="faretap-") as folder:
        faults = Play(one, Path(folder), runtime_command("cpython")[:3], watch).run().faults
    if faults:
        raise FormatError(f"{path}: {faults[0]}")
    usual = Counter(message for _, _, message in taps).most_common(1)[0][0]
    moments = [at_ms for at_ms, _, message in taps if message == usual]
    step_ms = statistics.median(
        later - earlier for earlier, later in zip(moments, moments[1:], strict=False)
    )
    tap_ms = statistics.median(us for _, us, message in taps if message == usual) / 1000
    return [
        one.title,
        f"{tap_ms:.0f}",
        f"{step_ms:,.0f}",
        f"{60000 / step_ms:.0f}",
        one.about or ALONE,
    ]


def card_ms():
    """What a usual card takes for a debit: PPSE, SELECT, GPO, its records."""
    times = dict(BUSY_MS)
    own = sum(times[name] for name in ("PPSE", "SELECT", "GPO"))
    return own + LAST_READS * times["READ RECORD"]
