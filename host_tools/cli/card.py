# SPDX-License-Identifier: Apache-2.0
"""Make, list and show simulated cards in a wallet, with a test CA of their own."""

from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from firmware.devices.panel import yuan
from firmware.formats.record import mask_pan
from sim.parameter_file import parameter_text
from sim.wallet import Wallet

WALLET = click.option(
    "--wallet",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("wallet"),
    show_default=True,
    help="Folder of the cards.",
)


@click.group(
    epilog="""\b
Examples:
  faretap card new --wallet wallet          17 test cards and their keys
  faretap card list --wallet wallet
  faretap card show --wallet wallet adult-1
  faretap card parameters --wallet wallet > parameters.txt
"""
)
def command():
    """Simulated cards. The keys are made here and guard nothing; no real card is touched."""


@command.command(epilog="Examples:\n\n  faretap card new --wallet wallet")
@WALLET
def new(folder):
    """Make a wallet: one card of each kind that a terminal must tell apart."""
    wallet = Wallet.create(folder)
    click.echo(f"{len(wallet.entries)} cards in {folder}; look with `faretap card list`.")


@command.command("list", epilog="Examples:\n\n  faretap card list --wallet wallet")
@WALLET
def list_cards(folder):
    """List the cards of a wallet with their money."""
    wallet = Wallet(folder)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in ("name", "kind", "card number", "balance", "ATC", "debits"):
        table.add_column(title, no_wrap=title in ("name", "card number"))
    for entry in wallet.entries:
        card = wallet.card(entry.name)
        final = sum(1 for _, _, done in card.debits if done)
        masked = mask_pan(bytes.fromhex(entry.pan))
        open_debit = " *" if card.torn else ""
        balance = yuan(card.balance_fen) + open_debit
        table.add_row(entry.name, entry.kind, masked, balance, str(card.atc), str(final))
    Console().print(table)
    if any(wallet.card(entry.name).torn for entry in wallet.entries):
        click.echo(" * an open debit is in it, which the card takes back at its next tap")


@command.command(epilog="Examples:\n\n  faretap card show --wallet wallet adult-1")
@WALLET
@click.argument("name")
def show(folder, name):
    """Show one card: money, counters and every debit."""
    wallet = Wallet(folder)
    if name not in [entry.name for entry in wallet.entries]:
        raise click.BadParameter(f"no card is called {name!r}; `faretap card list` names them")
    card = wallet.card(name)
    click.echo(f"{name}: {mask_pan(bytes.fromhex(card.pan))}, UID {card.uid.hex().upper()}")
    click.echo(f"balance {yuan(card.balance_fen)}, ATC {card.atc}")
    click.echo("torn: a debit is open" if card.torn else "not torn")
    for atc, amount_fen, final in card.debits:
        click.echo(f"  ATC {atc}: {yuan(amount_fen)} {'final' if final else 'taken back or open'}")


@command.command(epilog="Examples:\n\n  faretap card parameters --fare-fen 200 > parameters.txt")
@WALLET
@click.option("--fare-fen", type=click.IntRange(1), default=200, show_default=True, help="Fen.")
def parameters(folder, fare_fen):
    """Print a parameter file for a terminal that shall accept these cards."""
    click.echo(parameter_text(Wallet(folder).parameters(), fare_fen), nl=False)
