# SPDX-License-Identifier: Apache-2.0
"""Taps measured: the real terminal as a process against the virtual chip, paced or at once.

The model is the floor: activation, link, radio and card time of the very exchanges of the tap
(sim/timing.py), with no time for chip firmware and host. What the terminal adds is the difference.
"""

import statistics
import tempfile
from typing import NamedTuple

from firmware.errors import LinkLost
from firmware.kernel.apdu import PPSE
from sim.card import BUSY_MS
from sim.issuer import Profile
from sim.replaying import until
from sim.rig import Rig
from sim.timing import ACTIVATION_MS, Timing

CARDS = (("bench", "adult", "62280001", Profile(balance_fen=90000)),)
SM2_CARDS = (("bench", "adult", "62280001", Profile(suite="sm2", balance_fen=90000)),)
WARM_UP = 2  # taps not counted: certificate cache and page cache fill
COMMANDS = {0xA4: "SELECT", 0xA8: "GPO", 0xB2: "READ RECORD", 0xCA: "GET DATA"}
PHASES = ("activate", "select", "gpo", "read", "journal", "host")


class Measured(NamedTuple):
    """Milliseconds a tap; None where an interpreter does not tell."""

    taps: int
    total_ms: list
    phases_ms: dict  # phase -> median
    cpu_ms: float
    model_ms: float
    heap_live: int | None  # bytes in use after the garbage of the last tap is gone


def measure(runtime, paced, taps, fare_fen=100, cards=CARDS):
    """Measured over `taps` taps with one card, which is taken away after each."""
    timing = Timing() if paced else Timing.none()
    with (
        tempfile.TemporaryDirectory(prefix="faretap-bench-") as folder,
        Rig(folder, runtime, timing, cards, fare_fen, same_card_s=0, trace=True) as rig,
    ):
        seen = [_tap(rig) for _ in range(WARM_UP + taps)][WARM_UP:]
    events = [event for event, _, _ in seen]
    return Measured(
        taps,
        [event["us"] / 1000 for event in events],
        {
            name: statistics.median(event["phases_us"].get(name, 0) / 1000 for event in events)
            for name in PHASES
        },
        sum(cpu_s for _, cpu_s, _ in seen) * 1000 / taps,
        statistics.median(model_ms for _, _, model_ms in seen),
        seen[-1][0].get("heap_live"),
    )


def smallest_heap(runtime_of, low_kib=160, high_kib=512, step_kib=4, taps=4, cards=CARDS):
    """KiB of the smallest heap in which some taps are approved; None if `high_kib` is too small.

    runtime_of(heap_kib) gives (argv, env, cwd). What fails is out of memory: the same taps pass at
    `high_kib`.
    """

    def fits(kib):
        try:
            measure(runtime_of(kib), False, taps, cards=cards)
            return True
        except LinkLost:
            return False

    if not fits(high_kib):
        return None
    while high_kib - low_kib > step_kib:
        middle = (low_kib + high_kib) // 2
        if fits(middle):
            high_kib = middle
        else:
            low_kib = middle
    return high_kib


def _tap(rig):
    """(tap event, processor seconds from placing to result, model time of its exchanges)."""
    began_s = rig.firmware.cpu_s()
    card = rig.cards["bench"]
    rig.field.place(card)
    seen = until(rig.firmware, "tap")
    cpu_s = rig.firmware.cpu_s() - began_s
    rig.field.remove()
    after = until(rig.firmware, "ready")
    if seen[-1]["outcome"] != "approved":
        raise ValueError(f"the bench card was not approved: {seen[-1]['reason']}")
    exchanges = [one for one in seen if one["event"] == "apdu"]
    heap = [event["live"] for event in after if event["event"] == "heap"]
    return {**seen[-1], "heap_live": heap[-1] if heap else None}, cpu_s, model_ms(exchanges)


def model_ms(exchanges, baud=921600):
    """Activation + link + radio + card time of "apdu" events, by the formulae of the model."""
    full = Timing()
    total = ACTIVATION_MS
    for event in exchanges:
        sent, received = len(event["command"]) // 2, len(event["answer"]) // 2
        total += full.link_ms(sent, received, baud) + full.rf_ms(sent, received)
        total += card_ms(bytes.fromhex(event["command"]))
    return total


def card_ms(command):
    """What the simulated card takes for a command (sim/card.py)."""
    name = "PPSE" if command[5:19] == PPSE else COMMANDS[command[1]]
    return dict(BUSY_MS)[name]
