# SPDX-License-Identifier: Apache-2.0
"""Make the folder of a terminal, or of many: settings, parameters, keys, all checked"""

import shutil
import time
from pathlib import Path

import click

from firmware.errors import FormatError
from firmware.settings import DEVICES
from host_tools.flash.boards import NAMES, board_named
from host_tools.provision import folder as folders
from host_tools.provision import table
from host_tools.provision.held import KEYS
from host_tools.provision.unit import SETTINGS, make, secrets_of

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    epilog="""\b
Examples:
  faretap provision units/7 --board pico --terminal 7 --parameters parameters.txt
  faretap provision units/8 --board pico_w --terminal 8 --device bus --line 42 \\
      --parameters sealed.txt --authority authority.txt --link tcp:10.0.0.1:4755 \\
      --file fares=city.fares --database city.db --operator "North buses"
  faretap provision units --csv fleet.csv --board pico --parameters parameters.txt
  faretap provision units/7 --again --board pico --terminal 7 --parameters new.txt
"""
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--board", type=click.Choice(NAMES), help="Its wiring is the default of settings.")
@click.option("--terminal", type=click.IntRange(1, 0xFFFFFFFF), help="Number of the terminal.")
@click.option("--csv", "many", type=FILE, help="Many: a row each, FOLDER gets a folder for each.")
@click.option("--device", type=click.Choice(DEVICES), help="What it is; bus when not given.")
@click.option("--parameters", type=FILE, help="Fares, CA keys, limits of the fleet.")
@click.option("--link", metavar="tcp:HOST:PORT|..", help="The collector; none: records by stick.")
@click.option("--line", type=int, help="Line number in each record.")
@click.option("--authority", type=FILE, help="Text with `authority:`, `authority_sm2:` lines.")
@click.option("--file", "named", multiple=True, metavar="KEY=PATH", help="|".join(KEYS[1:]))
@click.option("--set", "more", multiple=True, metavar="KEY=VALUE", help="Any other setting.")
@click.option(
    "--database", metavar="FILE|URL", help="Enter number and upload key into this ledger."
)
@click.option("--operator", default="", help="With --database: who is paid what it takes.")
@click.option("--simulated", is_flag=True, help="The ledger is one of simulated cards.")
@click.option("--upload-keys", type=FILE, help="Keys that `faretap ledger enrol --new-keys` drew.")
@click.option("--again", is_flag=True, help="Make a folder anew; its keys stay.")
def command(
    folder, board, terminal, many, database, operator, simulated, upload_keys, again, **given
):
    """FOLDER gets what a terminal needs: `faretap flash` puts it on a board.

    Each file is checked as the terminal will check it. An upload key is drawn for each, or taken
    from --upload-keys; no key is ever shown. Nothing is written when anything is wrong.
    """
    rows = _rows(folder, many, terminal, board)
    common, files = _settings(given), _files(given)
    drawn = _drawn(upload_keys)
    units = []
    for row, where in rows:
        try:
            units.append((where, _unit(row, where, board, common, files, drawn, again)))
        except FormatError as wrong:
            raise FormatError(f"{many}:{row.line}: {wrong}" if many else str(wrong)) from wrong
    keyed = _lay(units, database, operator, simulated, upload_keys)
    _say(units, keyed, database)


def _rows(folder, many, terminal, board):
    """[(table.Row, folder)] of what was asked for."""
    if bool(many) == (terminal is not None):
        raise click.UsageError("--terminal N makes one, --csv FILE many: one of them is wanted")
    if not many:
        if not board:
            raise click.UsageError("--board is missing: " + ", ".join(NAMES))
        return [(table.Row(0, terminal, board, {"terminal": str(terminal)}, {}), folder)]
    return [(row, folder / str(row.terminal)) for row in table.read(many)]


def _settings(given):
    """What the options say, as settings."""
    found = {key: str(given[key]) for key in ("device", "link", "line") if given[key] is not None}
    for text in given["more"]:
        key, mark, value = text.partition("=")
        if not mark or not key or not value:
            raise click.UsageError(f"--set {text.partition('=')[0]}: KEY=VALUE is wanted")
        found[key.strip()] = value.strip()
    if given["authority"]:
        found |= _authority(given["authority"])
    return found


def _authority(path):
    """The public keys in a file: as `faretap seal new` prints them, or a whole settings file."""
    found = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("authority", "authority_sm2") and value.strip():
            found[key.strip()] = value.strip()
    if not found:
        raise FormatError(f"{path}: no `authority:` line; `faretap seal new` prints one")
    return found


def _files(given):
    found = {"parameters": given["parameters"]} if given["parameters"] else {}
    for text in given["named"]:
        key, mark, path = text.partition("=")
        if not mark or not path:
            raise click.UsageError(f"--file {text}: KEY=PATH is wanted")
        found[key] = Path(path)
    return {key: _read(path) for key, path in found.items()}


def _read(path):
    data = Path(path).read_bytes()
    if not data:
        raise FormatError(f"{path} is empty")
    return data


def _drawn(path):
    """terminal -> {setting: value} of a file of `faretap ledger enrol --new-keys`."""
    if not path:
        return {}
    found, terminal = {}, None
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.replace(",", " ").split()
        if line.startswith("# terminal ") and len(words) > 2 and words[2].isdigit():
            terminal = int(words[2])
        elif not line.startswith("#") and terminal is not None and ":" in line:
            key, _, value = line.partition(":")
            found.setdefault(terminal, {})[key.strip()] = value.strip()
    if not found:
        raise FormatError(f"{path}: no keys as `faretap ledger enrol --new-keys` writes them")
    return found


def _unit(row, where, board, common, files, drawn, again):
    named = row.board or board
    if not named:
        raise FormatError("no board: --board, or a column `board`")
    folders.refuse_taken(where, row.terminal, again)
    kept = folders.kept(where) if again else {}
    keys = drawn.get(row.terminal, {})
    if drawn and "upload_key" not in keys:
        raise FormatError(f"terminal {row.terminal} has no key in --upload-keys")
    own = {key: _read(path) for key, path in row.files.items()}
    given = {**common, **row.settings, **keys}
    return make(board_named(named), given, {**files, **own}, kept)


def _lay(units, database, operator, simulated, upload_keys):
    """Write all folders and enter the keys: all, or nothing; the terminals whose key was entered.

    The ledger comes between: a folder whose key the ledger refused never stands under its name.
    """
    parts = []
    try:
        for where, unit in units:
            parts.append((where, folders.prepare(where, unit)))
        keyed = _enter(units, database, operator, simulated, upload_keys) if database else []
        for where, part in parts:
            folders.commit(where, part)
    finally:
        for _, part in parts:
            shutil.rmtree(part, ignore_errors=True)  # those that have no name yet
    return keyed


def _enter(units, database, operator, simulated, upload_keys):
    """Enrol the terminals; enter the keys that the ledger does not have. FormatError."""
    from host_tools.cli.ledger_open import open_ledger  # 0.3 s of imports, for --database alone
    from host_tools.ledger import keys, registry

    ledger = open_ledger(database, simulated=simulated)
    has = {one.terminal for one in keys.listed(ledger) if one.state == "valid"}
    secrets: dict[str, dict[int, bytes]] = {}
    for where, unit in units:
        key = secrets_of(unit.files[SETTINGS].decode()).get("upload_key")
        if not key or upload_keys:
            continue
        if unit.terminal not in has:
            secrets.setdefault(_mac_of(unit), {})[unit.terminal] = bytes.fromhex(key)
        elif key != folders.kept(where).get("upload_key"):
            raise FormatError(
                f"terminal {unit.terminal} is taken: the ledger has a key of it; give that"
                " key by --upload-keys, or `faretap ledger retire` it"
            )
    registry.enrol(ledger, [unit.terminal for _, unit in units], operator)
    for mac, found in secrets.items():
        keys.enter_all(ledger, found, time.strftime("%Y-%m-%d"), mac)
    ledger.close()
    return [number for found in secrets.values() for number in found]


def _mac_of(unit):
    text = unit.files[SETTINGS].decode()
    return "hmac-sm3" if "\nupload_mac: hmac-sm3\n" in text else "hmac-sha256"


def _say(units, keyed, database):
    for where, unit in units if len(units) < 20 else units[:3]:
        click.echo(f"{where}: terminal {unit.terminal}, {unit.board}, {len(unit.files)} files")
        for note in unit.notes:
            click.echo(f"  note: {note}")
    if len(units) >= 20:
        click.echo(f".. {len(units)} folders in all")
    if keyed:
        click.echo(f"{len(keyed)} upload keys are in the ledger {database}")
    where, unit = units[0]
    signs = "upload_key" in secrets_of(unit.files[SETTINGS].decode())
    click.echo("next:")
    if signs and not database:
        click.echo(
            f"  faretap ledger enrol {unit.terminal} --key -    its key is in {where}/{SETTINGS}"
        )
    if unit.board == "raspberry_pi":
        click.echo(f"  copy {where} to the Raspberry Pi: docs/raspberry-pi.md")
    else:
        click.echo(f"  faretap flash {unit.board} --unit {where}")
