# SPDX-License-Identifier: Apache-2.0
"""Serve the virtual PN532 on a pty, with a card, a recorded session or a wallet in front of it."""

import signal
import threading
from contextlib import nullcontext, suppress
from pathlib import Path

import click

from host_tools.cli.pn532_field import Cards, faults_of, load_card, load_session, play, present
from host_tools.cli.tracing import trace_files, trace_options
from sim import fault_text
from sim.chip import Chip
from sim.field import Field
from sim.serve import PtyServer
from sim.timing import Timing
from sim.tracing import LineTrace
from sim.wallet import Wallet, in_use

POWER = ("awake", "asleep", "low_vbat")
FILE = click.Path(path_type=Path, dir_okay=False)
ONE_CARD = (
    click.option("--session", type=FILE, help="A session file."),
    click.option(
        "--card",
        "card_path",
        type=FILE,
        help="A card file of a wallet, or a published test card (test_card.json).",
    ),
    click.option(
        "--image", default="0031", show_default=True, help="Image of a published test card."
    ),
)


def one_card(command):
    """Give a command the options that say which card lies there."""
    for option in reversed(ONE_CARD):
        command = option(command)
    return command


def show_knobs(context, _, asked):
    """Print what --faults knows, and end."""
    if not asked or context.resilient_parsing:
        return
    for name, meaning in fault_text.meanings().items():
        click.echo(f"{name:16} {fault_text.takes(name):38} {meaning}")
    context.exit()


@click.command(
    epilog="""\b
Examples:
  faretap pn532 --session sim/sessions/pboc-approved-v01.session
  faretap pn532 --card wallet/adult-1.json --link /tmp/pn532
  faretap pn532 --wallet wallet --stay 3
  faretap pn532 --wallet wallet --timeline rush.txt
  faretap pn532 --wallet wallet --trace line.trace --pcap air.pcapng
  faretap pn532 --card wallet/adult-1.json --faults "40.2: status=01; *: ack_delay_ms=16"
  faretap pn532 --card wallet/adult-1.json --faults "seed 42 share=0.1" --firmware-ms 2
  LIBNFC_DEVICE=pn532_uart:/tmp/pn532 nfc-list        (libnfc, in another shell)
  faretap terminal --reader serial:/tmp/pn532 --parameters parameters.txt

\b
A timeline:           Knobs:
  0     come adult-1    3: wrong_dcs              command 3, from 0
  +2.5  leave           40.0: status=27           the first InDataExchange
  +1    come student-1  *: ack_delay_ms=2         all others; --knobs lists them
  +2    leave           stop_at 120 reset         behind 120 bytes of the link
  +1    repeat          seed 42 share=0.2         drawn; the same seed, the same knobs
"""
)
@one_card
@click.option("--wallet", type=click.Path(path_type=Path, file_okay=False), help="Cards in turn.")
@click.option("--stay", default=2.0, show_default=True, help="Seconds for each card of a wallet.")
@click.option(
    "--timeline",
    type=click.Path(path_type=Path, dir_okay=False),
    help="When which card comes and goes; cards of --wallet, or files beside it.",
)
@click.option("--link", type=click.Path(), help="A symbolic link to the pty.")
@click.option("--no-pace", is_flag=True, help="Answer at once instead of at a chip's pace.")
@click.option(
    "--firmware-ms",
    type=click.FloatRange(0, 1000),
    default=0.0,
    show_default=True,
    help="The chip's own time a command.",
)
@click.option("--faults", help="Knobs, or a file of them: what goes wrong, and when.")
@click.option("--knobs", is_flag=True, callback=show_knobs, is_eager=True, help="List the knobs.")
@click.option(
    "--power",
    type=click.Choice(POWER),
    default=POWER[0],
    show_default=True,
    help="State at the start; in low_vbat a chip answers SAMConfiguration alone.",
)
@trace_options
def command(
    session,
    card_path,
    image,
    wallet,
    stay,
    timeline,
    link,
    no_pace,
    firmware_ms,
    faults,
    knobs,
    power,
    trace,
    pcap,
    mask,
):
    """Serve one virtual chip until Ctrl-C. Prints the path of its serial line."""
    if sum(map(bool, (session, card_path, wallet))) > 1:
        raise click.UsageError("say one of --session, --card, --wallet")
    if timeline and (session or card_path):
        raise click.UsageError("--timeline names its cards itself; only --wallet goes with it")
    if no_pace and firmware_ms:
        raise click.UsageError("--no-pace and --firmware-ms contradict each other")
    field = Field()
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    # Not all drivers of other people begin with SAMConfiguration, so this one is awake if not told
    # otherwise.
    timing = Timing.none() if no_pace else Timing(firmware_ms=firmware_ms)
    chip = Chip(field, timing, faults_of(faults), power=power)
    home = card_path.parent if card_path else wallet
    with (
        in_use(home) if home else nullcontext(),
        trace_files(trace, pcap, mask, "virtual chip") as files,
        PtyServer(chip, link=link, trace=LineTrace(files, chip) if files else None) as server,
    ):
        click.echo(f"PN532 at {server.path}" + (f", linked from {link}" if link else ""))
        with suppress(KeyboardInterrupt):
            if timeline:
                with Cards(timeline.parent, wallet, image) as card_of:
                    play(field, timeline, card_of, over)
            else:
                cards = cards_of(session, card_path, image, wallet)
                present(field, cards, wallet, stay, over)
    click.echo("stopped")


def cards_of(session, card_path, image, wallet):
    """The cards to present, in order."""
    if session:
        return [load_session(session)]
    if card_path:
        return [load_card(card_path, image)]
    return Wallet(wallet).cards() if wallet else []
