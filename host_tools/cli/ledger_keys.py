# SPDX-License-Identifier: Apache-2.0
"""`faretap ledger`: enrolment of terminals, and the keys that sign their uploads."""

import os
import time
from pathlib import Path

import click

from firmware.errors import FormatError
from host_tools.cli.ledger_office import moment
from host_tools.cli.ledger_open import DATABASE, open_ledger
from host_tools.cli.ledger_sheet import give, outputs
from host_tools.ledger import keys, registry

HEADER = "# terminal, then the lines of its settings; keep this file where nobody reads it\n"


@click.command(
    epilog="""\b
Examples:
  faretap ledger enrol 1 2 3 --operator "North buses"
  faretap ledger enrol 1 2 3 --new-keys keys.txt        draws a key for each
  faretap ledger enrol 7 --key 000102.. --key-id 2026-01
"""
)
@DATABASE
@click.argument("terminals", type=int, nargs=-1, required=True)
@click.option("--operator", default="", help="Who is paid what these terminals take.")
@click.option("--key", metavar="HEX", help="The key of one terminal, 64 digits; -: ask for it.")
@click.option(
    "--new-keys", "file", type=click.Path(path_type=Path), help="Draw keys into a new file."
)
@click.option("--key-id", default="", help="Name of the key; today's date when not given.")
@click.option(
    "--mac", type=click.Choice([keys.SHA256, keys.SM3]), default=keys.SHA256, show_default=True
)
def enrol(database, terminals, operator, key, file, key_id, mac):
    """Enter TERMINALS, by number, into the registry; again, to change what it says.

    A terminal that has a key is heard only when it signs. To change a key, enter another one,
    give it to the terminal, and `faretap ledger retire` the old one.
    """
    if key and (file or len(terminals) > 1):
        raise click.UsageError("--key is for one terminal; --new-keys draws one for each")
    if key == "-":
        key = click.prompt("key, 64 hex digits", hide_input=True)
    secrets = {one: _secret(key) if key else keys.new_secret() for one in terminals}
    ledger = open_ledger(database)
    name = key_id or time.strftime("%Y-%m-%d")
    registry.enrol(ledger, list(terminals), operator, "" if key or file else key_id)
    if file:
        _write(file, secrets, name, mac)
    if file or key:
        try:
            keys.enter_all(ledger, secrets, name, mac)
        except FormatError:
            if file:
                file.unlink()
            raise
    said = f", with key {name}" if file or key else ""
    click.echo(f"{len(secrets)} may upload{said}")


@click.command(epilog="Examples:\n\n  faretap ledger retire 1 2 3 --key-id 2026-01")
@DATABASE
@click.argument("terminals", type=int, nargs=-1, required=True)
@click.option("--key-id", required=True, help="Name of the key, as `faretap ledger keys` has it.")
def retire(database, terminals, key_id):
    """Take nothing more that TERMINALS sign with this key; it is known as stale from here on."""
    keys.retire(open_ledger(database, True), terminals, key_id)
    click.echo(f"key {key_id} is retired for {len(terminals)}")


@click.command("keys", epilog="Examples:\n\n  faretap ledger keys --csv keys.csv")
@DATABASE
@outputs
def listed(database, as_json, file):
    """Names of the keys that sign uploads, and when each was used last; never the keys."""
    rows = [
        {"terminal": one.terminal, "key": one.key_id, "mac": one.mac, "state": one.state,
         "entered": moment(one.entered_utc_s),
         "used": moment(one.used_utc_s) if one.used_utc_s else "never"}
        for one in keys.listed(open_ledger(database, True))
    ]  # fmt: skip
    give(rows, as_json, file, "no terminal has a key")


def _secret(text):
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise FormatError("--key is not hex digits") from None


def _write(file, secrets, key_id, mac):
    """A new file that its owner alone reads. FileExistsError where it is there."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(HEADER)
        for terminal, secret in secrets.items():
            out.write(f"\n# terminal {terminal}, key {key_id}\n")
            out.write(f"upload_key: {secret.hex()}\n")
            if mac != keys.SHA256:
                out.write(f"upload_mac: {mac}\n")
        out.flush()
        os.fsync(out.fileno())


COMMANDS = (enrol, retire, listed)
