# SPDX-License-Identifier: Apache-2.0
"""A simulated acquirer on a TCP port: checks MAC, chip data and cryptograms, settles batches."""

import json
import os
import signal
import threading
from pathlib import Path

import click

from host_tools.cli.acquire_open import PROFILE, open_profile
from host_tools.cli.ledger_sheet import give


@click.command(
    epilog="""\b
Examples:
  faretap acquirer --wallet day1/wallet                  cards of `faretap demo --folder day1`
  faretap acquirer --wallet day1/wallet --book acquirer.db
  faretap acquirer --wallet day1/wallet --faults 3:cut,7:silent
  faretap acquirer --wallet day1/wallet --share 0.2 --seed 7
  faretap acquirer --show acquirer.db                    what stands in its book
"""
)
@PROFILE
@click.option("--tcp", help="HOST:PORT; that of the profile where it is not given.")
@click.option("--wallet", "wallets", type=click.Path(path_type=Path), multiple=True,
              help="A folder of test cards: its issuers' keys.")  # fmt: skip
@click.option("--card", "cards", type=click.Path(exists=True, path_type=Path), multiple=True,
              help="The image of one test card, with its keys.")  # fmt: skip
@click.option("--book", default=":memory:", help="SQLite file of its book; without one, memory.")
@click.option("--faults", default="", help="NUMBER:FAULT of messages: lost, cut, silent, bent ..")
@click.option("--share", type=click.FloatRange(0, 0.9), default=0.0,
              help="Of messages that get a fault by chance.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of that chance.")
@click.option("--show", type=click.Path(exists=True), help="Print the sales in a book, masked.")
def command(profile, tcp, wallets, cards, book, faults, share, seed, show):
    """A SIMULATED acquirer, until Ctrl-C. It is nobody's acquirer and guards nothing.

    Master keys: FARETAP_ACQUIRER_TMK_NAME of each merchant, or the laboratory's, which everybody
    knows.
    """
    from sim.acquirer import SimulatedAcquirer
    from sim.acquirer_book import AcquirerBook
    from sim.acquirer_cards import Issuers
    from sim.acquirer_faults import Faults, FaultyWay, parse
    from sim.acquirer_server import AcquirerServer

    if show:
        titles = ("card", "amount_fen", "terminal", "batch", "trace", "listed")
        rows = [dict(zip(titles, one, strict=True)) for one in AcquirerBook(show).all_sales()]
        give(rows, False, None, "its book is empty")
        return
    found = open_profile(profile)
    known = Issuers(issuers_of(wallets), [json.loads(one.read_text("utf-8")) for one in cards])
    host = SimulatedAcquirer(found, masters_of(found), known, AcquirerBook(book))
    way = FaultyWay(host, Faults(parse(faults), share, seed))
    name, port = (tcp or found.host.address).rpartition(":")[::2]
    if not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter(f"{tcp!r} is not HOST:PORT")
    over = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: over.set())
    with AcquirerServer(way, name or "127.0.0.1", int(port)) as server:
        click.echo(
            f"SIMULATED acquirer on port {server.port}; faults {faults or 'none'}, share {share},"
            f" seed {seed}"
        )
        over.wait()
    click.echo(told(host, way))


def issuers_of(wallets):
    """The issuers of wallets."""
    from sim.wallet import Wallet

    return [one for folder in wallets for one in Wallet(folder).issuers.values()]


def masters_of(profile):
    """Terminal number -> master key."""
    from host_tools.acquirer import keys

    sm4 = profile.rules.key_cipher == "sm4"
    return {
        one.terminal: keys.from_environment(os.environ, one.name, sm4)
        or keys.Key(keys.LABORATORY, sm4)
        for one in profile.merchants
    }


def told(host, way):
    """What it did, in a line."""
    seen = ", ".join(f"{count} x {mti}" for mti, count in sorted(host.seen.items())) or "nothing"
    refused = ", ".join(f"{count} x {code}" for code, count in sorted(host.refusals.items()))
    faults = ", ".join(f"{count} x {name}" for name, count in sorted(way.faults.met.items()))
    return (
        f"SIMULATED acquirer: {seen}; {host.book.count()} sales in its book"
        f"; refused {refused or 'none'}; faults {faults or 'none'}"
    )
