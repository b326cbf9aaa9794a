# SPDX-License-Identifier: Apache-2.0
"""Run the terminal on this machine with a real PN532 board, or with the virtual one."""

import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console

from firmware import settings as unit
from firmware.errors import LinkLost
from firmware.formats import parameters as fleet
from host_tools.cli.replay import read
from host_tools.cli.runtime import runtime_command
from host_tools.cli.screen import Screen
from host_tools.cli.tracing import trace_files, trace_options
from sim.event_recorder import SessionRecorder
from sim.process import FirmwareProcess
from sim.tracing import EventTrace

OBJECTS = ("pn532pi", "adafruit")  # firmware/reader/borrowed.py
SELLING = [one for one, needs in unit.NEEDED.items() if "journal" in needs]


@click.command(
    epilog="""\b
Examples:
  faretap terminal --reader serial:/dev/ttyUSB0 --parameters parameters.txt
  faretap terminal --reader serial:/dev/serial0 --parameters parameters.txt \\
      --journal day.bin --link tcp:127.0.0.1:4755
  faretap terminal --reader serial:/dev/ttyUSB0 --parameters parameters.txt \\
      --record first.session --mask-pan
  faretap terminal --reader serial:/dev/ttyUSB0 --parameters parameters.txt \\
      --trace line.trace --pcap air.pcapng
"""
)
@click.option(
    "--reader", required=True, metavar="KIND:WHERE", help="serial:PATH; others: docs/porting.md."
)
@click.option("--device", type=click.Choice(SELLING), default="bus", show_default=True)
@click.option(
    "--parameters",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Fares, CA keys, deny list (`faretap card parameters` prints one for test cards).",
)
@click.option("--journal", type=click.Path(path_type=Path), default=Path("journal.bin"))
@click.option("--link", default="none", metavar="tcp:HOST:PORT|serial:PATH", help="Collector.")
@click.option("--terminal", "number", default=1, show_default=True, help="Terminal number.")
@click.option("--baud", default=921600, show_default=True, help="Highest speed to the chip.")
@click.option("--line", default=0, help="Line number in each record.")
@click.option(
    "--runtime",
    type=click.Choice(["micropython", "cpython"]),
    default="cpython",
    show_default=True,
    help="Interpreter of the terminal.",
)
@click.option("--record", type=click.Path(path_type=Path), help="Write a session file.")
@click.option("--mask-pan", is_flag=True, help="Mask the card number in the session file.")
@trace_options
def command(parameters, runtime, record, mask_pan, trace, pcap, mask, **options):
    """Take fares until Ctrl-C. Real cards are really debited: use test cards and test keys."""
    fleet_parameters = fleet.parse(read(parameters), str(parameters))
    reported = "frames" if trace or pcap else "full" if record else "no"
    text = settings_text(parameters, reported, **options)
    if unit.parse(text, "options").reader[0] in OBJECTS and reported == "frames":
        raise click.UsageError(
            "the objects of another driver show no frames: no --trace, no --pcap"
        )
    interpreter = runtime_command(runtime)
    if interpreter.note:
        click.echo(interpreter.note, err=True)
    if record:
        record.touch()  # a path that cannot be written is said before a card is debited
    recorder = SessionRecorder(record, fleet_parameters, mask_pan) if record else None
    with tempfile.TemporaryDirectory(prefix="faretap-") as folder:
        path = Path(folder) / "settings.txt"
        path.write_text(text, encoding="utf-8")
        with (
            trace_files(trace, pcap, mask, "terminal") as files,
            FirmwareProcess(*interpreter[:3], "firmware.main", path) as firmware,
        ):
            sys.exit(run(firmware, [recorder, EventTrace(files) if files else None]))


def settings_text(parameters, trace, reader, device, journal, link, number, baud, line):
    """The settings file of this unit."""
    return f"""terminal: {number}
device: {device}
reader: {reader}
reader_baud: {baud}
link: {link}
journal: file:{journal.resolve()}
parameters: {parameters.resolve()}
line: {line}
trace: {trace}
"""


def run(firmware, takers):
    """Show events and hand them to `takers` until the terminal ends or Ctrl-C; the exit status."""
    console, screen = Console(highlight=False, soft_wrap=True), Screen()
    try:
        while True:
            event = firmware.next_event(1.0)
            if event is None:
                continue
            if event["event"] == "stopped":
                raise LinkLost(event["text"])
            line = screen.line(event)
            if line:
                console.print(line)
            for taker in takers:
                if taker:
                    taker.take(event)
    except KeyboardInterrupt:
        console.print("stopped; what is in the journal stays there")
        return 0
