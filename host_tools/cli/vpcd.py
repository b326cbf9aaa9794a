# SPDX-License-Identifier: Apache-2.0
"""Put a simulated card into a PC/SC reader (vpcd), for pyscard, opensc-tool and others."""

import signal
import socket
from contextlib import nullcontext

import click

from firmware.errors import LinkLost
from host_tools.cli.pn532 import cards_of, one_card
from sim.field import Field
from sim.vpcd import PORT, Slot, atr_of, serve
from sim.wallet import in_use


@click.command(
    epilog="""\b
Examples:
  apt-get install pcscd vsmartcard-vpcd opensc
  faretap vpcd --card wallet/adult-1.json
  faretap vpcd --session sim/sessions/pboc-approved-v01.session
  opensc-tool --atr --send-apdu 00A404000E325041592E5359532E444446303100      (in another shell)
"""
)
@one_card
@click.option("--host", default="127.0.0.1", show_default=True, help="Where pcscd runs.")
@click.option("--port", default=PORT, show_default=True, help="Port of the reader's first slot.")
def command(session, card_path, image, host, port):
    """Hold one card in the reader until Ctrl-C or until pcscd ends.

    vpcd listens on all interfaces of its machine; whoever reaches the port may be its card.
    """
    if bool(session) == bool(card_path):
        raise click.UsageError("say either --session or --card")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with in_use(card_path.parent) if card_path else nullcontext():
        (card,) = cards_of(session, card_path, image, None)
        field = Field()
        field.place(card)
        with connected(host, port) as connection:
            click.echo(f"card in the reader at {host}:{port}, ATR {atr_of(card).hex().upper()}")
            try:
                serve(Slot(field, card), connection)
            except KeyboardInterrupt:
                click.echo("taken out")
            else:
                click.echo("vpcd has closed the connection")


def connected(host, port):
    """A socket to vpcd; LinkLost when nobody listens there."""
    try:
        return socket.create_connection((host, port), timeout=None)
    except ConnectionRefusedError as refused:
        raise LinkLost(f"no vpcd at {host}:{port}: pcscd has to run with its driver") from refused
