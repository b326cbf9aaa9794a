# SPDX-License-Identifier: Apache-2.0
"""Make the list of cards that a door opens for."""

import secrets
from pathlib import Path

import click

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(
    epilog="""\b
Examples:
  faretap allow build cards.txt allow.bin
  faretap allow build cards.txt allow.bin --key authority.pem
  faretap allow show allow.bin
"""
)
def command():
    """Who may go through a door, and when: text for people, a small file for the terminal."""


@command.command(epilog="Examples:\n\n  faretap allow build cards.txt allow.bin")
@click.argument("text", type=FILE)
@click.argument("out", type=FILE)
@click.option("--key", type=FILE, help="Sign it: for terminals whose settings name an authority.")
@click.option("--password", envvar="FARETAP_SEAL_PASSWORD", default="", help="Of the key file.")
def build(text, out, key, password):
    """Make OUT of TEXT: `version:`, `hours: ZONE DAYS FROM-TO`, `card: NUMBER ZONE`."""
    from firmware.formats import allow_list, signed
    from host_tools import allow_list as texts
    from host_tools import signing

    data = texts.build_file(text, secrets.token_bytes(8))
    listed = texts.opened(data)
    if key:
        signer = signing.load_signer(key, password.encode())
        data = signing.sign_payload(
            data, signed.ALLOW_LIST, allow_list.VERSION, listed.version, "", signer
        )
    out.write_bytes(data)
    click.echo(f"{out}: version {listed.version}, {listed.count} cards, {len(data)} bytes")


@command.command(epilog="Examples:\n\n  faretap allow show allow.bin --card 6228000100000010")
@click.argument("file", type=FILE)
@click.option("--card", default="", help="Say the zone of this card number.")
def show(file, card):
    """Say what an unsigned list holds; its card numbers cannot be read back."""
    from host_tools import allow_list as texts

    listed = texts.opened(file.read_bytes())
    click.echo(f"version {listed.version}, {listed.count} cards")
    for one in listed.windows:
        click.echo(texts.hours_of(one))
    if card:
        zone = listed.zone_of(card)
        click.echo(f"this card: {'zone %d' % zone if zone else 'not listed'}")
