# SPDX-License-Identifier: Apache-2.0
"""Serve a virtual gate on a pty: arms, beams and people, by keys or by a script."""

import sys
import time
from pathlib import Path

import click

from firmware.errors import FormatError
from sim.gate import WALKS, VirtualGate
from sim.gate_server import SWITCHES, GateServer

TALK = """Words: {words}; Ctrl-D ends."""


@click.command(
    epilog="""\b
Examples:
  faretap gate                          people come as you type: normal, tailgate, fire
  faretap gate --script morning.txt     lines of: SECONDS WORD
  faretap gate --seconds 60             serve for a minute, nobody comes

\b
Settings of the terminal in front of it:
  device: gate
  gate: serial:/dev/pts/5               the path that it prints
  gate_kind: tpw
"""
)
@click.option(
    "--script",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Lines of SECONDS WORD, seconds from the start, rising.",
)
@click.option("--seconds", type=click.FloatRange(0), help="End after so long; no keys.")
def command(script, seconds):
    """A simulated gate board of the TPW type. What happens in the lane is printed."""
    steps = read_script(script) if script else []
    gate = VirtualGate()
    with GateServer(gate, watch=click.echo) as server:
        click.echo(f"gate at {server.path}")
        if seconds is not None:
            play(server, steps, seconds)
        elif steps:
            play(server, steps, steps[-1][0] + 10)
        else:
            click.echo(TALK.format(words=", ".join([*WALKS, *SWITCHES])))
            talk(server)
        click.echo(f"through: {gate.passed} in, {gate.exited} out")


def read_script(path):
    """[(seconds, word)]; FormatError."""
    steps = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            at_s, word = float(words[0]), words[1]
        except (ValueError, IndexError) as wrong:
            raise FormatError(f"{path}:{number}: is not SECONDS WORD") from wrong
        if word not in WALKS and word not in SWITCHES:
            raise FormatError(f"{path}:{number}: the gate does not know {word}")
        if steps and at_s < steps[-1][0]:
            raise FormatError(f"{path}:{number}: comes before the line above")
        steps.append((at_s, word))
    return steps


def play(server, steps, seconds):
    """Say each word when its time has come, then wait for the end."""
    began_s = time.monotonic()
    for at_s, word in [*steps, (seconds, "")]:
        time.sleep(max(0.0, began_s + at_s - time.monotonic()))
        if word:
            server.say(word)


def talk(server):
    """Words of the keyboard."""
    for line in sys.stdin:
        for word in line.split():
            try:
                server.say(word)
            except FormatError as wrong:
                click.echo(str(wrong), err=True)
