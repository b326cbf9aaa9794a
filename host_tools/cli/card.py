# SPDX-License-Identifier: Apache-2.0
"""Make, load, list and show simulated cards in a wallet, with a test CA of their own."""

import re
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from firmware.devices.panel import yuan
from firmware.formats.record import mask_pan
from host_tools.cli.card_words import described
from sim.capp_profile import LAYOUTS, Extension, known_key_rows, opening_key_rows, trade_rows
from sim.kinds import ALL_KINDS, KINDS, kind_called
from sim.parameter_file import parameter_text
from sim.profile import Profile, changed
from sim.wallet import Wallet, in_use

WALLET = click.option(
    "--wallet",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("wallet"),
    show_default=True,
    help="Folder of the cards.",
)
ADULT = "62280001"


class Amount(click.ParamType):
    """Money as 10.00 (yuan, two decimals) or 1000fen; anything else is refused. Gives fen."""

    name = "amount"

    def convert(self, value, parameter, context):
        """Integer fen, at least 1."""
        if isinstance(value, int):
            return value
        whole = re.fullmatch(r"([0-9]{1,9})\.([0-9]{2})|([0-9]{1,11})fen", value, re.ASCII)
        if not whole:
            self.fail(f"{value!r} is no amount: write 10.00 or 1000fen", parameter, context)
        yuan_part, decimals, fen = whole.groups()
        amount_fen = int(fen) if fen else int(yuan_part) * 100 + int(decimals)
        if not amount_fen:
            self.fail("nothing is no amount", parameter, context)
        return amount_fen


@click.group(
    epilog="""\b
Examples:
  faretap card new --wallet wallet            a wallet: cards of every kind in the demo
  faretap card new --all-kinds --wallet all   all that a terminal must tell apart
  faretap card new mine --kind sm2            one more card
  faretap card new rider --capp metro         one with a record for the metro
  faretap card list --wallet wallet
  faretap card show adult-1 --wallet wallet
  faretap card load adult-1 10.00 --wallet wallet
  faretap card parameters --wallet wallet > parameters.txt
"""
)
def command():
    """Simulated cards. The keys are made here and guard nothing; no real card is touched."""


@contextmanager
def refusals():
    """A ValueError of the simulator is what the user asked for and cannot have."""
    try:
        yield
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from wrong


@command.command(
    epilog="""\b
Examples:
  faretap card new --wallet wallet
  faretap card new mine --wallet wallet --kind student --balance-fen 5000
  faretap card new long --wallet wallet --bits 1984 --set shape=four_files
  faretap card new rider --wallet wallet --capp metro --capp rides --r-mac
  faretap card new hirer --wallet wallet --capp bike --offset-fen 40000
  faretap card new union --wallet wallet --capp bus --capp rides --profile t-union
"""
)
@WALLET
@click.argument("name", required=False)
@click.option("--all-kinds", is_flag=True, help="A wallet of all kinds, not of the demo's.")
@click.option("--kind", default="adult", show_default=True, help="`card kinds` lists them.")
@click.option("--suite", type=click.Choice(["rsa", "sm2", "both"]), help="Of the signatures.")
@click.option("--bits", type=click.IntRange(512, 1984), help="Of the card's RSA key.")
@click.option("--exponent", type=click.Choice(["3", "65537"]), help="Of the card's RSA key.")
@click.option("--balance-fen", type=click.IntRange(0, 10**11), help="What is on it.")
@click.option("--expiry", metavar="YYMMDD", help="Last day of the card.")
@click.option("--set", "fields", multiple=True, metavar="FIELD=VALUE", help="Any Profile field.")
@click.option("--capp", "trades", multiple=True, metavar="TRADE", help="A trade with a record.")
@click.option("--profile", "layout", type=click.Choice(list(LAYOUTS)), help="Of those records.")
@click.option("--r-mac", is_flag=True, help="Records come with an R-MAC.")
@click.option("--offset-fen", type=click.IntRange(0, 10**11), help="Deposit offset, DF62.")
@click.option("--mac", "cipher", type=click.Choice(["3des", "sm4"]), help="Of record keys.")
def new(folder, name, all_kinds, kind, fields, trades, **options):
    """Make a wallet, or with NAME one more card in it.

    A wallet appears whole or not at all, and takes the place of nothing. --capp gives the card an
    extended application (JR/T 0025.14): `faretap card trades` lists what a card can have.
    """
    terms = {key: options.pop(key) for key in ("layout", "r_mac", "offset_fen", "cipher")}
    extension = {key: value for key, value in terms.items() if value not in (None, False)}
    if extension and not trades:
        raise click.UsageError("these options belong to --capp TRADE: say a trade too")
    given = {key: str(value) for key, value in options.items() if value is not None}
    if name is None:
        if given or fields or trades or kind != "adult":
            raise click.UsageError("say the NAME of the card that shall be so")
        wallet = Wallet.create(folder, ALL_KINDS if all_kinds else KINDS)
        click.echo(f"{len(wallet.entries)} cards in {folder}; look with `faretap card list`.")
        return
    if all_kinds:
        raise click.UsageError("--all-kinds makes a wallet: leave NAME out")
    row = kind_called(kind)
    if row is None:
        raise click.BadParameter(f"no kind {kind!r}; `faretap card kinds` lists them")
    with refusals():
        for field in fields:
            key, equals, value = field.partition("=")
            if not equals:
                raise ValueError(f"{field!r} is not FIELD=VALUE")
            given[key] = value
        profile = changed(row.profile, given)
        if trades:
            profile = replace(profile, extended=Extension(trades, **extension))
        if not (folder / "wallet.json").exists():
            Wallet.create(folder, ())
        with in_use(folder):
            card = Wallet(folder).add(name, row.kind, row.prefix, profile)
    masked = mask_pan(bytes.fromhex(card.pan))
    click.echo(f"{name} in {folder}: {masked}, {yuan(card.balance_fen)}")


@command.command(
    epilog="""\b
Examples:
  faretap card load adult-1 10.00 --wallet wallet
  faretap card load adult-1 250fen
"""
)
@WALLET
@click.argument("name")
@click.argument("amount", type=Amount())
@click.option("--second", is_flag=True, help="In the card's second currency.")
def load(folder, name, amount, second):
    """Add AMOUNT (10.00 or 1000fen) to a card, as its issuer would; 9F77 is the ceiling."""
    with in_use(folder):
        card = card_called(Wallet(folder), name)
        was_torn, now = card.torn, datetime.now()
        sent = {"9A": f"{now:%y%m%d}", "9F21": f"{now:%H%M%S}", "9F1A": "0156"}
        with refusals():
            card.top_up(amount, int(second), sent)
    if was_torn:
        click.echo("an open debit was taken back first")
    balance_fen = card.second_fen if second else card.balance_fen
    click.echo(f"{name}: {yuan(amount)} added, balance {yuan(balance_fen)}, ATC {card.atc}")


def card_called(wallet, name):
    """The card of a wallet; BadParameter when there is none."""
    if name not in [entry.name for entry in wallet.entries]:
        raise click.BadParameter(f"no card is called {name!r}; `faretap card list` names them")
    return wallet.card(name)


@command.command("list", epilog="Examples:\n\n  faretap card list --wallet wallet")
@WALLET
def list_cards(folder):
    """List the cards of a wallet with their money."""
    wallet = Wallet(folder)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in ("name", "kind", "card number", "suite", "balance", "ATC", "debits"):
        table.add_column(title, no_wrap=title in ("name", "card number"))
    cards = wallet.cards()
    for entry, card in zip(wallet.entries, cards, strict=True):
        final = sum(1 for _, _, done in card.debits if done)
        masked = mask_pan(bytes.fromhex(entry.pan))
        balance = yuan(card.balance_fen) + (" *" if card.torn else "")
        suites = "+".join(card.suites)
        row = (entry.name, entry.kind, masked, suites, balance, str(card.atc), str(final))
        table.add_row(*row)
    Console().print(table)
    if any(card.torn for card in cards):
        click.echo(" * an open debit is in it, which the card takes back at its next tap")


@command.command(epilog="Examples:\n\n  faretap card trades")
def trades():
    """List the trades that a card's extended application can have (`card new --capp`)."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in ("profile", "trade", "file", "ID", "bytes", "for", "key"):
        table.add_column(title, no_wrap=True)
    for row in trade_rows():
        table.add_row(*row)
    Console().print(table)


@command.command(
    epilog="""\b
Examples:
  faretap card keys > test-keys.txt
  faretap card keys --opening > issuing-keys.txt
"""
)
@click.option(
    "--mac", "cipher", type=click.Choice(["3des", "sm4"]), default="3des", help="Of keys."
)
@click.option("--opening", is_flag=True, help="Opening keys too, for `faretap issue` alone.")
def keys(cipher, opening):
    """Print the test masters of all trades, rows that a security module is provisioned from.

    Everybody can compute them: they guard simulated cards and nothing else.
    """
    for row in [*known_key_rows(cipher), *(opening_key_rows(cipher) if opening else ())]:
        click.echo(row)


@command.command(epilog="Examples:\n\n  faretap card kinds")
def kinds():
    """List the kinds of cards and how an offline terminal ends a debit of each."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for title in ("card", "kind", "ends", "debited", "differs in"):
        table.add_column(title, no_wrap=title in ("card", "kind"))
    usual = Profile()
    for one in ALL_KINDS:
        differs = ", ".join(
            f"{key}={value}"
            for key, value in vars(one.profile).items()
            if value != getattr(usual, key)
        )
        table.add_row(one.name, one.kind, one.reason, "yes" if one.taken else "no", differs)
    Console().print(table)


@command.command(epilog="Examples:\n\n  faretap card show adult-1 --wallet wallet")
@WALLET
@click.argument("name")
def show(folder, name):
    """Show one card: keys, limits, money, counters, every debit, both logs."""
    for line in described(name, card_called(Wallet(folder), name)):
        click.echo(line)


@command.command(epilog="Examples:\n\n  faretap card parameters --fare-fen 200 > parameters.txt")
@WALLET
@click.option("--fare-fen", type=click.IntRange(1), default=200, show_default=True, help="Fen.")
def parameters(folder, fare_fen):
    """Print a parameter file for a terminal that shall accept these cards."""
    click.echo(parameter_text(Wallet(folder).parameters(), fare_fen), nl=False)
