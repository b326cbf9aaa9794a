# SPDX-License-Identifier: Apache-2.0
"""Serve the virtual PN532 on a pty, with a card, a recorded session or a wallet in front of it."""

import itertools
import signal
import threading
from contextlib import nullcontext, suppress
from pathlib import Path

import click

from firmware.formats import session as sessions
from host_tools.cli.replay import read
from host_tools.cli.tracing import trace_files, trace_options
from sim.card import Card
from sim.chip import Chip
from sim.field import Field
from sim.replay import ReplayCard
from sim.serve import PtyServer
from sim.timing import Timing
from sim.tracing import LineTrace
from sim.wallet import Wallet, in_use

AWAY_S = 1.0


@click.command(
    epilog="""\b
Examples:
  faretap pn532 --session sim/sessions/pboc-approved-v01.session
  faretap pn532 --card wallet/adult-1.json --link /tmp/pn532
  faretap pn532 --wallet wallet --stay 3
  faretap pn532 --wallet wallet --trace line.trace --pcap air.pcapng
  LIBNFC_DEVICE=pn532_uart:/tmp/pn532 nfc-list        (libnfc, in another shell)
  faretap terminal --reader serial:/tmp/pn532 --parameters parameters.txt
"""
)
@click.option("--session", type=click.Path(path_type=Path, dir_okay=False), help="A session file.")
@click.option(
    "--card",
    "card_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A card file of a wallet, or a published test card (test_card.json).",
)
@click.option("--image", default="0031", show_default=True, help="Image of a published test card.")
@click.option("--wallet", type=click.Path(path_type=Path, file_okay=False), help="Cards in turn.")
@click.option("--stay", default=2.0, show_default=True, help="Seconds for each card of a wallet.")
@click.option("--link", type=click.Path(), help="A symbolic link to the pty.")
@click.option(
    "--power",
    type=click.Choice(("awake", "asleep", "low_vbat")),
    default="awake",
    show_default=True,
    help="State at the start; in low_vbat a chip answers SAMConfiguration alone.",
)
@click.option("--no-pace", is_flag=True, help="Answer at once instead of at a chip's pace.")
@trace_options
def command(session, card_path, image, wallet, stay, link, power, no_pace, trace, pcap, mask):
    """Serve one virtual chip until Ctrl-C. Prints the path of its serial line."""
    if sum(map(bool, (session, card_path, wallet))) > 1:
        raise click.UsageError("say one of --session, --card, --wallet")
    field = Field()
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    # Not all drivers of other people begin with SAMConfiguration, so this one is awake if not told
    # otherwise.
    chip = Chip(field, Timing.none() if no_pace else Timing(), power=power)
    home = card_path.parent if card_path else wallet
    with (
        in_use(home) if home else nullcontext(),
        trace_files(trace, pcap, mask, "virtual chip") as files,
        PtyServer(chip, link=link, trace=LineTrace(files, chip) if files else None) as server,
    ):
        cards = cards_of(session, card_path, image, wallet)
        click.echo(f"PN532 at {server.path}" + (f", linked from {link}" if link else ""))
        with suppress(KeyboardInterrupt):
            present(field, cards, wallet, stay, over)
    click.echo("stopped")


def cards_of(session, card_path, image, wallet):
    """The cards to present, in order."""
    if session:
        return [ReplayCard(sessions.parse(read(session), str(session)))]
    if card_path:
        return [load_card(card_path, image)]
    return Wallet(wallet).cards() if wallet else []


def load_card(path, image):
    """A card of a wallet, or of a file in the shape of the published test card."""
    if '"images"' in read(path)[:100000] and '"state"' not in read(path):
        return Card.from_test_card(path, image)
    return Card.load(path)


def present(field, cards, wallet, stay_s, over):
    """One card stays; the cards of a wallet come and go for ever."""
    if not wallet:
        field.place(*cards)
        over.wait()
        return
    for card in itertools.cycle(cards):
        field.place(card)
        click.echo(f"card {card.path.stem if card.path else card.uid.hex()}")
        if over.wait(stay_s):
            return
        field.remove()
        if over.wait(AWAY_S):
            return
