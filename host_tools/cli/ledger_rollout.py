# SPDX-License-Identifier: Apache-2.0
"""`faretap ledger rollout`: files for terminals, in waves, with a halt."""

from pathlib import Path

import click

from firmware import settings
from firmware.errors import FormatError
from firmware.formats import signed, status
from host_tools.cli.ledger_office import moment
from host_tools.cli.ledger_open import DATABASE, open_ledger
from host_tools.cli.ledger_sheet import give, outputs
from host_tools.ledger import files, rollout, rollout_members

FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
KIND = click.Choice([name for _, name in status.FILE_KINDS])
TERMINAL = click.option("--terminal", "terminals", type=int, multiple=True, help="By its number.")
PERCENT = click.FloatRange(0, 100)


@click.group(
    epilog="""\b
Examples:
  faretap ledger rollout add deny.bin --settings unit.txt
  faretap ledger rollout start deny 42 --percent 1
  faretap ledger rollout show 1
  faretap ledger rollout widen 1 --percent 10
  faretap ledger rollout halt 1 --why "complaints on line 7"
"""
)
def waves():
    """Files that terminals fetch: parameters, fare tables, lists; in waves, with a halt."""


@waves.command(
    epilog="""\b
Examples:
  faretap ledger rollout add deny.bin --settings unit.txt
  faretap ledger rollout add sealed.txt --key authority.pem --note "fares of December"
"""
)
@DATABASE
@click.argument("path", type=FILE)
@click.option("--settings", "unit", type=FILE, help="Of a terminal: whose signature counts.")
@click.option("--key", type=FILE, help="Of the authority, instead of settings.")
@click.option("--password", envvar="FARETAP_SEAL_PASSWORD", default="", help="Of the key file.")
@click.option("--note", default="", help="For people.")
def add(database, path, unit, key, password, note):
    """Register a file, if a terminal would take it: signature, structure, number."""
    found = files.register(
        open_ledger(database, True), path.read_bytes(), _authority(unit, key, password), note
    )
    click.echo(f"{found.kind} {found.version}, {found.size:,} bytes, {since(found)}")


@waves.command("files", epilog="Examples:\n\n  faretap ledger rollout files")
@DATABASE
@outputs
def list_files(database, as_json, file):
    """What is registered, the newest of a kind first."""
    rows = [
        {"kind": one.kind, "version": one.version, "bytes": one.size, "effective": since(one),
         "base": one.base, "registered": moment(one.registered_utc_s),
         "sha256": one.sha256.hex()[:16], "note": one.note}
        for one in files.listed(open_ledger(database, True))
    ]  # fmt: skip
    give(rows, as_json, file, "no file is registered")


@waves.command(
    epilog="""\b
Examples:
  faretap ledger rollout start deny 42 --percent 1
  faretap ledger rollout start parameters 7 --terminal 1 --terminal 2
  faretap ledger rollout start fares 9 --percent 5 --operator "North buses" --failures 10
"""
)
@DATABASE
@click.argument("kind", type=KIND)
@click.argument("version", type=int)
@click.option("--percent", type=PERCENT, default=0.0, help="Of the terminals, by a hash.")
@TERMINAL
@click.option("--operator", default="", help="Of this operator's terminals only.")
@click.option(
    "--failures", type=click.IntRange(0), default=rollout.MOST_FAILURES, show_default=True,
    help="One more that refuses or falls silent halts it.",
)  # fmt: skip
@click.option(
    "--silent-hours", type=click.FloatRange(0.01), default=rollout.SILENT_S / 3600,
    show_default=True, help="Behind the offer; then a terminal has failed.",
)  # fmt: skip
def start(database, kind, version, percent, terminals, operator, failures, silent_hours):
    """Begin to offer a registered file: the first wave."""
    made = rollout.start(
        open_ledger(database, True), kind, version, percent, terminals, operator, failures,
        max(1, int(silent_hours * 3600)),
    )  # fmt: skip
    click.echo(f"roll-out {made} of {kind} {version} is running")


@waves.command(epilog="Examples:\n\n  faretap ledger rollout widen 1 --percent 10")
@DATABASE
@click.argument("number", type=int)
@click.option("--percent", type=PERCENT, help="Of the terminals; never less than before.")
@TERMINAL
def widen(database, number, percent, terminals):
    """The next wave: more terminals."""
    rollout.widen(open_ledger(database, True), number, percent, terminals)
    click.echo(f"roll-out {number} is wider")


@waves.command(epilog='Examples:\n\n  faretap ledger rollout halt 1 --why "wrong list"')
@DATABASE
@click.argument("number", type=int)
@click.option("--why", default="", help="For people.")
def halt(database, number, why):
    """Offer the file to nobody for now, also not its next piece; who has it keeps it."""
    rollout.halt(open_ledger(database, True), number, why or "by hand")
    click.echo(f"roll-out {number} is halted")


@waves.command(epilog="Examples:\n\n  faretap ledger rollout resume 1 --failures 10")
@DATABASE
@click.argument("number", type=int)
@click.option("--failures", type=click.IntRange(0), help="How many may have failed from now on.")
def resume(database, number, failures):
    """Go on with a roll-out that is halted."""
    rollout.resume(open_ledger(database, True), number, failures)
    click.echo(f"roll-out {number} is running")


@waves.command("roll-back", epilog="Examples:\n\n  faretap ledger rollout roll-back 1")
@DATABASE
@click.argument("number", type=int)
@click.option("--why", default="", help="For people.")
def roll_back(database, number, why):
    """Take the offer back for good.

    Terminals that have the file keep it, as they take nothing older: sign the old contents under
    a new number and roll that out.
    """
    ledger = open_ledger(database, True)
    rollout.roll_back(ledger, number, why or "by hand")
    has = rollout_members.progress(ledger, number).in_force
    click.echo(f"roll-out {number} is taken back; {has} have the file in force")


@waves.command("list", epilog="Examples:\n\n  faretap ledger rollout list")
@DATABASE
@outputs
def list_all(database, as_json, file):
    """All roll-outs, the newest first."""
    ledger = open_ledger(database, True)
    rows = []
    for one in rollout.rollouts(ledger):
        row = {"no": one.rollout, "kind": one.kind, "version": one.version, "state": one.state}
        row |= {"percent": one.percent, "named": one.named, "operator": one.operator}
        rows.append(row | rollout_members.progress(ledger, one.rollout)._asdict())
        rows[-1]["why"] = one.why
    give(rows, as_json, file, "nothing is rolled out")


@waves.command(
    epilog="Examples:\n\n  faretap ledger rollout show 1 --standing refused --standing silent"
)
@DATABASE
@click.argument("number", type=int)
@click.option(
    "--standing", "standings", type=click.Choice(rollout_members.STANDINGS), multiple=True,
    help="Those that stand so only.",
)  # fmt: skip
@outputs
def show(database, number, standings, as_json, file):
    """How each chosen terminal stands."""
    rows = [
        {"terminal": one.terminal, "standing": one.standing, "in_force": one.has,
         "why": one.why, "last_seen": moment(one.last_seen_utc_s)}
        for one in rollout_members.members(open_ledger(database, True), number)
        if not standings or one.standing in standings
    ]  # fmt: skip
    give(rows, as_json, file, "no terminal stands so")


def since(one: files.File) -> str:
    """From when a file counts, for people."""
    if not one.effective:
        return "at once"
    year, rest = one.effective[:4], one.effective[4:]
    return f"{year}-{rest[:2]}-{rest[2:4]} {rest[4:6]}:{rest[6:8]}:{rest[8:10]}"


def _authority(unit: Path | None, key: Path | None, password: str) -> signed.Authority:
    """Whose signature counts, by settings or by the key itself."""
    if unit:
        found = settings.parse(unit.read_text(encoding="utf-8"), str(unit))
        if not found.authority and not found.authority_sm2:
            raise FormatError(f"{unit} names no authority: its terminals take no files")
        return signed.Authority(found.authority, found.authority_sm2)
    if not key:
        raise click.UsageError("say whose signature counts: --settings or --key")
    from host_tools import signing

    return signing.load_signer(key, password.encode()).authority
