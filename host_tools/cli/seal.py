# SPDX-License-Identifier: Apache-2.0
"""Seal parameter files, so that terminals take them from nobody else."""

from pathlib import Path

import click

from firmware.formats import seal as seals

FILE = click.Path(path_type=Path, dir_okay=False)
PASSWORD = click.option(
    "--password", envvar="FARETAP_SEAL_PASSWORD", default="", help="Of the key file."
)


@click.group(
    epilog="""\b
Examples:
  faretap seal new authority.pem                    prints the line for the settings
  faretap seal sign authority.pem parameters.txt > sealed.txt
  faretap seal check authority.pem sealed.txt
"""
)
def command():
    """A terminal whose settings name an `authority` takes sealed parameters only."""


@command.command(epilog="Examples:\n\n  faretap seal new authority.pem")
@click.argument("key", type=FILE)
@PASSWORD
@click.option("--sm2", is_flag=True, help="An SM2 key, for tables and lists (signed files).")
def new(key, password, sm2):
    """Make a key. Whoever has the file can change every fare: keep it off terminals."""
    from host_tools import sealing, signing

    if sm2:
        click.echo(signing.make_sm2_key(key).setting)
        return
    made = sealing.make_key(key, password.encode())
    click.echo("authority: " + sealing.modulus_of(made).hex().upper())


@command.command(epilog="Examples:\n\n  faretap seal sign key.pem parameters.txt > sealed.txt")
@click.argument("key", type=FILE)
@click.argument("text", type=FILE)
@PASSWORD
def sign(key, text, password):
    """Print a parameter file with its seal; a file that no terminal could use is refused."""
    from host_tools import sealing

    found = sealing.load_key(key, password.encode())
    click.echo(sealing.sealed(text.read_text(encoding="utf-8"), found), nl=False)


@command.command(epilog="Examples:\n\n  faretap seal check authority.pem sealed.txt")
@click.argument("key", type=FILE)
@click.argument("text", type=FILE)
@PASSWORD
def check(key, text, password):
    """Say what a terminal with this authority would make of a file. Exit status 2: refused."""
    from host_tools import sealing

    modulus = sealing.modulus_of(sealing.load_key(key, password.encode()))
    body = seals.opened(text.read_text(encoding="utf-8"), modulus)
    since = seals.effective(body) or "at once"
    click.echo("the seal holds: version %d, %s" % (seals.version(body), since))
