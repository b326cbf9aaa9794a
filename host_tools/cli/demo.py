# SPDX-License-Identifier: Apache-2.0
"""Play a morning in front of a bus reader, or another device, and balance it to the fen."""

import random
import sys
import tempfile
import threading
import time
from pathlib import Path

import click
from rich.console import Console

from firmware import settings
from firmware.errors import FormatError
from host_tools.cli.runtime import BOARD_HEAP_KIB, RUNTIMES, runtime_command
from host_tools.cli.scenario import heap_of
from host_tools.cli.scenario import play as play_scenario
from host_tools.cli.screen import Screen, balance_sheet, heading
from host_tools.cli.tracing import trace_files, trace_options
from sim import scenario
from sim.closing import close_the_day
from sim.morning import MORNING, wallet_kinds
from sim.rider import Rider
from sim.rig import Rig
from sim.timing import Timing
from sim.tracing import LineTrace

PEOPLE = 16  # of a story
STORIES = {  # device -> (scenario that tells of it, what it sells)
    "access": ("office_door", "nothing: opens a door, notes who came and went"),
    "adjust": ("metro_adjust", "what a metro rider owes who is stuck inside, or outside"),
    "attendance": ("campus_library", "nothing: notes who came and went, counts seats"),
    "bike": ("bike_day", "hires of bikes: a sum is frozen, the time is paid at the return"),
    "bus": ("story_bus", "a ride, at one fare or by stages"),
    "canteen": ("canteen", "meals, part of which an employer or a school pays for"),
    "coach": ("coach_morning", "seats from stop to stop, and checks who has one"),
    "fuel": ("fuel_day", "what a pump has poured: a sum is frozen, the real one taken"),
    "gate": ("story_gate", "entry by card, and lets e-tickets in"),
    "kiosk": ("kiosk_day", "e-tickets, printed with a signed code that the gate takes"),
    "lift": ("lift", "nothing: frees the floors of a card"),
    "metro": ("metro_exit", "a ride from station to station, at the exit gate"),
    "parking": ("car_park", "the time a car has stood, at the exit"),
    "shop": ("shop_lunch", "keyed amounts and dishes of a menu"),
    "stage": ("stage_bus", "a ride, with transfers and passes that the card remembers"),
    "taxi": ("story_taxi", "the trip that the meter has measured"),
    "toll": ("toll_day", "a journey from toll station to toll station, by vehicle class"),
    "utilities": ("bills_day", "bills of water, power, gas or property, by customer's number"),
}
NO_STORY = "nothing: shows what a card holds, with faretap inspect"


@click.command(
    epilog="""\b
Examples:
  faretap demo                        a morning at the pace of real cards
  faretap demo --fast                 the same without waiting
  faretap demo --runtime cpython      the terminal under CPython
  faretap demo --pull-plug 10         kill the terminal ten times on the way
  faretap demo --list-devices         what else there is
  faretap demo --device gate          a short story of another device, at simulated time
  faretap demo --folder day1          keep wallet, journal and ledger for a look
  faretap demo --trace day.trace --pcap day.pcapng
"""
)
@click.option(
    "--runtime",
    type=click.Choice(RUNTIMES),
    default="micropython",
    show_default=True,
    help="Interpreter of the terminal.",
)
@click.option("--fast", is_flag=True, help="No card, radio or link times, no pauses.")
@click.option(
    "--pull-plug",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Kill the terminal N times at random.",
)
@click.option("--seed", default=1, show_default=True, help="Of the random moments.")
@click.option("--heap", default=BOARD_HEAP_KIB, show_default=True, help="KiB, under MicroPython.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep everything here; a folder with a wallet goes on with its cards.",
)
@click.option("--device", help="The story of one device; `--list-devices` names them.")
@click.option("--list-devices", is_flag=True, help="The devices there are, and what each sells.")
@trace_options
def command(runtime, fast, pull_plug, seed, heap, folder, device, list_devices, trace, pcap, mask):
    """Simulated: cards, chip and riders. Real: reader, kernel, journal, upload, collector, ledger.

    The terminal runs as its own process with the heap that an ESP32-S3 without PSRAM leaves. Exit
    status 1 when the money does not balance or a visit does not end as it should.
    """
    console = Console(highlight=False, soft_wrap=True)
    if list_devices:
        for name in settings.DEVICES:
            console.print(f"{name:<10} {sold_by(name)}")
        return
    interpreter = runtime_command(runtime, heap)
    if interpreter.note:
        console.print(interpreter.note)
    if device:
        if pull_plug or trace or pcap:
            raise click.UsageError("--pull-plug, --trace, --pcap: of the morning without --device")
        sys.exit(0 if tell_story(console, runtime, device, folder) else 1)
    with (
        tempfile.TemporaryDirectory(prefix="faretap-") as spare,
        trace_files(trace, pcap, mask, "virtual chip") as files,
    ):
        home = folder or Path(spare)
        home.mkdir(parents=True, exist_ok=True)
        balanced = play(console, interpreter, home, fast, pull_plug, seed, files)
        if folder:
            console.print(f"wallet, journal and ledger are in {folder}")
        sys.exit(0 if balanced else 1)


def sold_by(device):
    """What a device sells, in a line."""
    return STORIES[device][1] if device in STORIES else NO_STORY


def tell_story(console, runtime, device, folder):
    """Play a short part of a device's scenario on the stage; True when it balances."""
    if device not in settings.DEVICES:
        raise FormatError(f"no device {device!r}; there are {', '.join(settings.DEVICES)}")
    if device not in STORIES:
        raise FormatError(f"{device} sells {NO_STORY}")
    name = STORIES[device][0]
    console.print(
        f"[dim]scenario {name} on the stage: simulated time, no virtual PN532;"
        f" whole days: faretap scenario list[/dim]"
    )
    whole = scenario.read(scenario.find(name))
    people = sum(1 for one in whole.steps if "card" in one.args)
    part = scenario.read(scenario.find(name), min(1.0, PEOPLE / max(1, people)))
    interpreter = runtime_command(runtime, heap_of(part))
    return play_scenario(console, part, interpreter, folder, show=True)


def play(console, interpreter, home, fast, pull_plug, seed, files=None):
    """True when every visit ended as it should and the day balances."""
    began = time.monotonic()
    console.print("making cards and keys ...", style="dim")
    rig = Rig(
        home,
        interpreter[:3],
        Timing.none() if fast else Timing(),
        wallet_kinds(),
        torn_window_s=4 if fast else 8,
        signed=True,
    )
    if files:
        rig.chip_server.trace = LineTrace(files, rig.chip_server.chip)
    wrong = []
    with rig:
        console.print(heading(interpreter, rig))
        watch = watcher(console)
        rider = Rider(rig, watch, 0.02 if fast else 1.0)
        with Saboteur(rig, pull_plug, seed, 4 if fast else 40):
            for visit in MORNING:
                console.print(f"[dim]{visit.title}[/dim]")
                message = rider.visit(visit)
                if message not in visit.ends and not pull_plug:
                    wrong.append(f"{visit.title}: ended with {message or 'nothing'!r}")
        balance = close_the_day(rig, watch)
        console.print(balance_sheet(balance, rig))
    for one in wrong:
        console.print(f"[red]{one}[/red]")
    console.print(f"[dim]{time.monotonic() - began:.0f} s[/dim]")
    return not wrong and not balance.faults


def watcher(console):
    """A function that prints what is worth it of the events it gets."""
    screen = Screen()

    def watch(event):
        line = screen.line(event)
        if line:
            console.print(line)

    return watch


class Saboteur:
    """Pulls the plug `times` times within `span_s`, at moments drawn from `seed`."""

    def __init__(self, rig, times, seed, span_s):
        draw = random.Random(seed)
        self.rig = rig
        self.moments = sorted(draw.uniform(0.2, span_s) for _ in range(times))
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._work, daemon=True)

    def _work(self):
        began = time.monotonic()
        for moment in self.moments:
            if self.over.wait(max(0.0, began + moment - time.monotonic())):
                return
            firmware = self.rig.firmware
            if firmware:
                firmware.process.kill()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
