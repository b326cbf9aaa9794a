# SPDX-License-Identifier: Apache-2.0
"""Show a running simulated terminal in the browser, with cards to tap, hold and tear."""

import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from host_tools.cli.runtime import runtime_command

DEVICES = (  # of sim/tabletop_devices.py, which takes a while to load; a test holds them together
    "access", "adjust", "attendance", "bike", "bus", "canteen", "coach", "fuel", "gate",
    "inspector", "kiosk", "library", "lift", "meters", "metro", "parking", "shop", "stage", "taxi",
    "toll", "utilities",
)  # fmt: skip
HEAP_KIB = 768  # from files on 64 bits: a toll lane that writes into SM2 cards, and room


@click.command(
    epilog="""\b
Examples:
  faretap panel                        then open http://127.0.0.1:8905
  faretap panel --device taxi          a taxi and its meter
  faretap panel --device gate          a lane with arms, people and e-tickets
  faretap panel --port 8080
  faretap panel --runtime micropython  the terminal under MicroPython; --heap 384: a smaller one
  faretap panel --host 0.0.0.0         for a phone in the same network
  faretap panel --folder day1          keep wallet, journal and ledger
  faretap panel --prompts              what a voice module has to say, by number
"""
)
@click.option("--port", type=click.IntRange(0, 65535), default=8905, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--device", type=click.Choice(DEVICES), default="bus", show_default=True)
@click.option(
    "--runtime",
    type=click.Choice(["micropython", "cpython"]),
    default="cpython",
    show_default=True,
    help="Interpreter of the terminal.",
)
@click.option("--heap", default=HEAP_KIB, show_default=True, help="KiB, under MicroPython.")
@click.option("--fast", is_flag=True, help="No card, radio or link times.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep everything here; a folder with a wallet goes on with its cards.",
)
@click.option("--prompts", is_flag=True, help="Print the voice prompts and end.")
def command(port, host, device, runtime, heap, fast, folder, prompts):
    """Simulated: cards, chip and whoever is beside the terminal. Real: the firmware's process.

    Whoever reaches the address may tap: there is no password, and no real money.
    """
    if prompts:
        _print_prompts()
        return
    from sim.rig import Rig
    from sim.tabletop import Tabletop
    from sim.tabletop_devices import DEVICES as SHOWN
    from sim.timing import Timing

    interpreter = runtime_command(runtime, heap)
    if interpreter.note:
        click.echo(interpreter.note)
    with ExitStack() as stack:
        home = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faretap-")))
        home.mkdir(parents=True, exist_ok=True)
        listener = stack.enter_context(socket.create_server((host, port)))
        click.echo("making cards and keys ...")
        shown = SHOWN[device]
        beside = shown.make(home)
        timing = Timing.none() if fast else Timing()
        more = {"more": beside.settings, "device": shown.firmware or device, "signed": True}
        cards = {"kinds": shown.kinds, "same_card_s": shown.same_card_s}
        cards["parameters"] = shown.parameters
        rig = Rig(home, interpreter[:3], timing, **more, **cards)
        rig.wallet.complete(shown.kinds)
        beside.prepare(rig.wallet, home)
        stack.enter_context(beside)
        table = stack.enter_context(Tabletop(stack.enter_context(rig), beside))
        serve(table, facts(device, rig.fare_fen, runtime, beside), beside.codes(), listener)


def serve(table, told, codes, listener):
    """Serve the page until Ctrl-C."""
    import uvicorn

    from host_tools.panel.server import make_app

    config = uvicorn.Config(
        make_app(table, told, codes),
        log_level="critical",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    address, port = listener.getsockname()[:2]
    click.echo(f"the terminal is at http://{address}:{port} (Ctrl-C ends it)")
    uvicorn.Server(config).run(sockets=[listener])


def facts(device, fare_fen, runtime, beside):
    """What the page is told once: names, patterns, words and keys."""
    from firmware.outputs.signals import BLINKS, TONES
    from host_tools.prompts import prompts
    from sim.tabletop_devices import CARDS
    from sim.tabletop_devices import DEVICES as SHOWN
    from sim.tabletop_words import messages

    shown = SHOWN[device]
    return {
        "device": {
            "name": device,
            "chinese": shown.chinese,
            "english": shown.english,
            "hint": shown.hint,
            "fare_fen": fare_fen,
            "runtime": runtime,
        },
        "parts": beside.told(),
        "kinds": CARDS,
        "messages": messages(shown.firmware or device),
        "tones": TONES,
        "blinks": BLINKS,
        "prompts": {one.number: [one.chinese, one.english] for one in prompts()},
    }


def _print_prompts():
    from host_tools.prompts import prompts

    for one in prompts():
        click.echo(f"01/{one.number:03d}.mp3  {one.chinese}  {one.english}")
