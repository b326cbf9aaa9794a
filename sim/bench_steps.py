# SPDX-License-Identifier: Apache-2.0
"""What the steps of a tap cost, and how much of the signature work the card's own time hides.

The terminal runs as a process with a meter in it (metered.py), against the virtual chip and a card
of the wanted keys. The card and the radio are a model; what the terminal does is real.
"""

import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple

from firmware.errors import LinkLost
from sim.issuer import Profile
from sim.replaying import until
from sim.rig import Rig
from sim.timing import Timing
from sim.wallet import Wallet

ROOT = "sim.metered"
PREFIX = "62280001"
WARM_UP = 2  # taps not counted
LOST_TAPS = 12  # in a row


class Keys(NamedTuple):
    """Keys of a card and its issuer; the CA has 1984 bits and exponent 3, or an SM2 key."""

    suite: str = "rsa"
    bits: int = 1024
    exponent: int = 3

    @property
    def name(self):
        return "SM2" if self.suite == "sm2" else f"RSA {self.bits}, e = {self.exponent}"


class Steps(NamedTuple):
    """Medians over some taps, milliseconds; `steps`: [(name, ms)] of the processor, longest first.

    hidden: share of the signature work that ran while the card was answering, 0 to 1; late_ms:
    the rest of it; decision_ms: from the last record to the verdict; noted_ms: of that, for
    writing the record down.
    """

    total_ms: float
    signature_ms: float
    hidden: float
    late_ms: float
    decision_ms: float
    noted_ms: float
    steps: list


def measure(runtime, keys, paced=True, known="cold", stretch=1, taps=8):
    """Steps of a card with `keys`. runtime: (argv, env, cwd); known: see metered.py."""
    env = {"FARETAP_KEYS": known, "FARETAP_STRETCH": str(stretch)}
    return summary(_taps(runtime, keys, paced, env, taps, "steps"))


def heap_bytes(runtime, keys=None, taps=4):
    """Bytes a tap takes from the heap: all of it on MicroPython, where the collector is off, the
    peak on CPython. The least of some taps: the first ones import what the later ones find.
    """
    env = {"FARETAP_METER": "heap", "FARETAP_KEYS": "warm"}
    seen = _taps(runtime, keys or Keys(), False, env, taps, "heap_of_tap")
    return min(event["bytes"] for event, _ in seen)


def _taps(runtime, keys, paced, env, taps, name):
    """[(event `name`, tap event)] of the taps that count."""
    argv, environment, cwd = runtime
    with tempfile.TemporaryDirectory(prefix="faretap-bench-") as folder:
        _fill(Path(folder) / "wallet", keys)
        timing = Timing() if paced else Timing.none()
        with Rig(
            folder,
            (argv, {**environment, **env}, cwd),
            timing,
            fare_fen=100,
            same_card_s=0,
            root=ROOT,
        ) as rig:
            seen = [_tap(rig, name) for _ in range(WARM_UP + taps)]
    return seen[WARM_UP:]


def _fill(home, keys):
    """A wallet of one card; its RSA issuer has a key as long as the card's."""
    wallet = Wallet.create(home, ())
    profile = Profile(suite=keys.suite, bits=keys.bits, exponent=keys.exponent, balance_fen=90000)
    issuer = wallet.authorities[keys.suite].issue_issuer(bits=keys.bits, exponent=keys.exponent)
    wallet.add("bench", "adult", PREFIX, profile, issuer)


def _tap(rig, name):
    """(event `name`, tap event) of one tap that was paid; LOST_TAPS may be lost before it: the
    link's time-outs are the real ones, and this machine may have other things to do.
    """
    for _ in range(1 + LOST_TAPS):
        rig.field.place(rig.cards["bench"])
        seen = until(rig.firmware, "tap")
        rig.field.remove()
        until(rig.firmware, "ready")
        if seen[-1]["outcome"] == "approved":
            return next(event for event in seen if event["event"] == name), seen[-1]
    raise LinkLost(f"the bench card was not approved: {seen[-1]['reason']} {seen[-1]['detail']}")


def summary(seen):
    """Steps of [("steps" event, tap event)]."""
    events = [event for event, _ in seen]

    def median_ms(values):
        return statistics.median(values) / 1000

    def work_us(event):
        return event["hidden_us"] + event["late_us"]

    of_taps = [dict(event["steps"]) for event in events]
    names = {name for one in of_taps for name in one}
    steps = [(name, median_ms(one.get(name, 0) for one in of_taps)) for name in names]
    return Steps(
        median_ms(tap["us"] for _, tap in seen),
        median_ms(map(work_us, events)),
        statistics.median(event["hidden_us"] / work_us(event) for event in events),
        median_ms(event["late_us"] for event in events),
        median_ms(event["decided_us"] for event in events),
        median_ms(event["noted_us"] for event in events),
        sorted(steps, key=lambda step: -step[1]),
    )
