# SPDX-License-Identifier: Apache-2.0
"""Taps on an emulated Pico, measured from its wires: cards of several keys, one start for all.

measure(image, [Keys("rsa", 1984, 3)], taps=5) -> Measured
"""

import statistics
import tempfile
from pathlib import Path
from typing import NamedTuple

from firmware.errors import LinkLost
from sim.bench_steps import PREFIX
from sim.issuer import Profile
from sim.pico_heap import HeapWatch, heap_of
from sim.pico_meter import Meter, Split
from sim.pico_stand import READY_MS, REMOVED_MS, Stand
from sim.wallet import Wallet

SLOW_MS = 20_000  # a limit for signatures of SM2


class Tap(NamedTuple):
    """One tap. split: pico_meter.Split; journal_ms: of `split.own`, as the terminal tells it;
    flash_ms: of that, what the flash took; live: bytes of heap behind it.
    """

    split: Split
    journal_ms: float
    flash_ms: float
    live: int


class Measured(NamedTuple):
    """boot_ms: power to the first look for a card; first_ms: power to green, the card being there;
    heap: bytes in all; alive, full: pico_heap.HeapWatch's, 0 where the image has no ELF beside it;
    taps: {Keys: [Tap, ..]}, the first of each with an issuer that is new.
    """

    boot_ms: float
    first_ms: float
    heap: int
    alive: int
    full: int
    taps: dict

    @property
    def most_left(self):
        """Bytes of heap in use behind the tap that left most of them."""
        return max(tap.live for taps in self.taps.values() for tap in taps)


def measure(image, kinds, taps, told=lambda text: None):
    """Measured; LinkLost when a card is not approved. told(text): what is being done."""
    with tempfile.TemporaryDirectory(prefix="faretap-pico-") as folder:
        wallet = Wallet.create(Path(folder) / "wallet", ())
        for keys in kinds:
            fill(wallet, keys)
        stand = Stand(image, wallet.parameters(), same_card_s=0)
        meters = []

        def metered(chip):
            meters.append(Meter(chip))
            return meters[0]

        pico = stand.start(peer=metered)
        run = Run(stand, pico, meters[0])
        elf = image.with_suffix(".elf")
        watch = HeapWatch(pico, *heap_of(elf)) if elf.exists() else None
        found = {}
        for keys in kinds:
            card = wallet.card(file_name(keys))
            found[keys] = []
            for number in range(taps):
                told(
                    f"{keys.name}: tap {number + 1} of {taps}, {pico.now_ms / 1000:.1f} s emulated"
                )
                found[keys].append(run.tap(card))
        return Measured(
            pico.said("ready")[0]["at_ms"],
            run.first_ms,
            run.heap,
            watch.alive if watch else 0,
            watch.full if watch else 0,
            found,
        )


def fill(wallet, keys):
    """A card with these keys and an issuer of its own, whose RSA key is as long."""
    profile = Profile(suite=keys.suite, bits=keys.bits, exponent=keys.exponent, balance_fen=90000)
    issuer = wallet.authorities[keys.suite].issue_issuer(bits=keys.bits, exponent=keys.exponent)
    wallet.add(file_name(keys), "adult", PREFIX, profile, issuer)


def file_name(keys):
    return f"{keys.suite}-{keys.bits}-{keys.exponent}"


class Run:
    """One start and its taps."""

    def __init__(self, stand, pico, meter):
        self.stand, self.pico, self.meter = stand, pico, meter
        self.first_ms = 0.0
        self.heap = 0

    def tap(self, card):
        """Tap of a card that is laid down and taken away."""
        pico, field = self.pico, self.stand.field
        seen, lit = len(pico.said("tap")), len(pico.levels)
        field.place(card)
        limit_ms = max(pico.now_ms, READY_MS) + SLOW_MS
        pico.run(lambda: len(pico.said("tap")) > seen, limit_ms)
        (event,) = pico.said("tap")[seen:] or [{"outcome": "none"}]
        if event["outcome"] != "approved":
            raise LinkLost(f"the card was not approved: {event} {pico.texts[-3:]}")
        field.remove()
        ready = len(pico.said("ready"))
        pico.run(lambda: len(pico.said("ready")) > ready, pico.now_ms + REMOVED_MS)
        green_ms = next(ms for ms, _, level in pico.levels[lit:] if level)
        split = self.meter.split(green_ms * 1000)
        self.first_ms = self.first_ms or green_ms
        flash_us = sum(us for ms, us in pico.part.done if green_ms - split.total < ms < green_ms)
        heap = pico.said("heap")[-1]
        self.heap = heap["total"]
        return Tap(split, event["phases_us"]["journal"] / 1000, flash_us / 1000, heap["live"])


def median(values):
    return statistics.median(values)


def worst(values):
    """99 in 100 are no longer: with less than a hundred, the longest."""
    ordered = sorted(values)
    return ordered[max(0, -(-99 * len(ordered) // 100) - 1)]
