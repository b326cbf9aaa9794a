# SPDX-License-Identifier: Apache-2.0
"""Subscribe a card to a trade: a new record with its key (APPEND RECORD), read back afterwards"""

import contextlib
import json
import os
import time
from pathlib import Path

import click

from firmware.capp import layouts
from firmware.errors import FormatError, LinkLost
from firmware.formats.fields import Number
from firmware.formats.record import mask_pan, pan_bytes

EXITS = {"done": 0, "there": 0, "refused": 1, "unknown": 3}
SAID = {
    "done": "subscribed",
    "there": "was subscribed before, nothing was written",
    "refused": "not subscribed",
    "unknown": "UNKNOWN: lay the same card on again",
}
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(
    epilog="""\b
Examples:
  faretap issue metro --card wallet/adult.json --module issuing.sealed --secret s.txt
  faretap issue pass --reader serial:/dev/ttyUSB0 --module issuing.sealed --secret s.txt
      --field pass_kind=1 --field rides=10 --field price_fen=1800 --field from_day=20261121
      --field until_day=20271231
  faretap issue rides --reader pcsc:ACR --module issuing.sealed --secret s.txt --log issued.jsonl
"""
)
@click.argument("trade", type=click.Choice(sorted(layouts.OWN)))
@click.option("--reader", metavar="serial:PATH|pcsc:NAME", help="A PN532, or a reader of PC/SC.")
@click.option("--card", type=FILE, help="A card file of a wallet instead of a reader.")
@click.option("--module", "module_path", type=FILE, required=True, help="Sealed file of keys.")
@click.option("--secret", "secret_path", type=FILE, required=True, help="What opens it.")
@click.option("--key", metavar="USE/VERSION", help="Of the record; that of `faretap card trades`.")
@click.option("--id", "area_id", metavar="HEX", default="", help="Of the record, 2 bytes.")
@click.option("--field", "fields", multiple=True, metavar="NAME=NUMBER", help="In the record.")
@click.option("--psn", default="01", show_default=True, help="Sequence number, as `key_factor`.")
@click.option("--header-bytes", type=click.Choice(["5", "4"]), default="5", help="Under the MAC.")
@click.option("--log", type=click.Path(path_type=Path), help="A JSON line a card, without keys.")
@click.option(
    "--wait",
    type=click.IntRange(1, 3600),
    default=30,
    show_default=True,
    help="Seconds to wait for a card.",
)
@click.pass_context
def command(context, trade, reader, card, module_path, secret_path, log, wait, **terms):
    """Subscribe one card to TRADE. Nothing is debited.

    The module file holds opening keys of files (27/SFI) and management keys of records; no key is
    printed or logged. A card that was lost on the way is unknown until it is laid on again.

    Exit status: 0 subscribed, now or before; 1 not subscribed, or no card came; 2 it could not be
    tried, nothing was written; 3 unknown.
    """
    from host_tools import module_file
    from host_tools.cli.module import read_secret
    from host_tools.issue import readers
    from host_tools.issue.keys import IssuingKeys

    if bool(reader) == bool(card):
        raise click.UsageError("say one of --reader, --card")
    text = module_path.read_text(encoding="utf-8")
    _, rows = module_file.unseal(text, read_secret(secret_path), str(module_path))
    order = order_of(trade, **terms)
    if log:
        log.open("a").close()  # a book that cannot be written is found before the card is
    field = file_field(card) if card else readers.opened(reader)
    with field as there:
        result = issued(there, order, IssuingKeys(rows, readers.ciphers()), wait)
    if result is None:
        raise click.ClickException(f"no card within {wait} s {there.why}".strip())
    shown = mask_pan(pan_bytes(result.pan)) if result.pan else "-"
    why = f" ({result.word})" if result.word else ""
    click.echo(f"{shown}: {trade}, {SAID[result.state]}{why}")
    if log:
        note(log, trade, order, result, shown)
    context.exit(EXITS[result.state])


def order_of(trade, key, area_id, fields, psn, header_bytes):
    """Order of the options; FormatError for values that are none."""
    from host_tools.issue.subscribe import Order
    from sim.capp_profile import LAYOUTS

    sfi = layouts.OWN[trade][0]
    place = LAYOUTS["own"][trade]
    name = (place.key_use, place.version)
    try:
        if key:
            use, _, version = key.partition("/")
            name = int(use, 16), int(version, 16)
        area = bytes.fromhex(area_id)
    except ValueError as wrong:
        raise FormatError("--key is USE/VERSION in hex, as 28/02; --id is hex, as 0221") from wrong
    if len(psn) != 2 or not (psn.isascii() and psn.isdigit()) or len(area) not in (0, 2):
        raise FormatError("--psn has two digits, --id two bytes")
    record = layouts.issued("own", trade, area, **named_fields(trade, fields))
    return Order(sfi, record, name, psn, int(header_bytes))


def named_fields(trade, fields):
    """{name: number} of NAME=NUMBER; FormatError for a field that is not to be had.

    Only numbers of the trade's own: the head of a record is the card's, and moments are stamped by
    terminals.
    """
    layout = layouts.OWN[trade][3]
    known = [
        name
        for name, kind in layout
        if (name, kind) not in layouts.HEAD and isinstance(kind, (Number, layouts.Decimal))
    ]
    named = {}
    for one in fields:
        name, _, number = one.partition("=")
        if name not in known or not (number.isascii() and number.isdigit()):
            raise FormatError(f"--field {one}: say NAME=NUMBER, of {trade}: {', '.join(known)}")
        named[name] = int(number)
    return named


def issued(field, order, keys, wait_s):
    """Result of the card that is laid on, None where nobody comes; one that was lost is asked for
    again within the same time. LinkLost where nothing was written.

    Who presses Ctrl-C has lost the card: behind APPEND RECORD it is unknown like any other, and
    is asked at once if it still lies there; a second time ends the wait.
    """
    from firmware.drive import drive
    from firmware.kernel.selection import ListedAid
    from host_tools.issue import subscribe

    aids = (ListedAid(bytes.fromhex("A0000003330101"), True),)

    def draw():
        return os.urandom(8)

    card = field.found(wait_s)
    if card is None:
        return None
    try:
        result = drive(subscribe.subscribe(order, keys, aids, draw), unbroken(card))
    except LinkLost as gone:
        raise LinkLost(f"nothing was written: {gone}") from gone
    end = time.monotonic() + wait_s
    while result.state == subscribe.UNKNOWN and time.monotonic() < end:
        click.echo(f"{SAID[result.state]} ({result.word})", err=True)
        try:
            again = field.found(end - time.monotonic())
        except KeyboardInterrupt:
            break
        if again is None:
            break
        with contextlib.suppress(LinkLost):
            result = drive(
                subscribe.settle(order, keys, aids, draw, result.pan), unbroken(again)
            )._replace(atc=result.atc)
    return result


def unbroken(card):
    """exchange() of a card; Ctrl-C is a lost link."""

    def exchange(command, spare=None):
        try:
            return card.exchange(command, spare)
        except KeyboardInterrupt as pressed:
            raise LinkLost("Ctrl-C") from pressed

    return exchange


@contextlib.contextmanager
def file_field(path):
    """A field in which the card of a wallet's file lies."""
    from sim.card import Card
    from sim.wallet import in_use

    class Lying:
        """`found` is the card, powered up."""

        why = ""

        def found(self, seconds):
            held.power_up()
            return held

    with in_use(path.parent):
        held = Card.load(path)
        yield Lying()


def note(path, trade, order, result, shown):
    """A line for the issuer's books: which keys by name, none of them."""
    row = {
        "at_utc_s": int(time.time()), "card": shown, "trade": trade, "sfi": f"{order.sfi:02X}",
        "id": order.record[:2].hex(), "key": f"{order.key[0]:02X}/{order.key[1]:02X}",
        "atc": result.atc.hex(), "state": result.state, "word": result.word,
    }  # fmt: skip
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
