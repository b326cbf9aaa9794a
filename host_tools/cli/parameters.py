# SPDX-License-Identifier: Apache-2.0
"""Build, check, compare and show fare tables written in TOML; tell terminals what cards paid."""

from datetime import date, datetime
from pathlib import Path

import click

from firmware.errors import FormatError

SOURCE = click.Path(path_type=Path, dir_okay=False)
EXAMPLES = """\b
Examples:
  faretap parameters lint docs/fares.toml
  faretap parameters build docs/fares.toml -o city.fares --key authority.pem
  faretap parameters diff old.toml docs/fares.toml
  faretap parameters show docs/fares.toml --product metro
  faretap parameters sums -o sums.bin --number 41 --key authority.pem
"""


@click.group(epilog=EXAMPLES)
def command() -> None:
    """A fare table is written in TOML (docs/fares.md), checked here and built for terminals.

    What cards have paid goes to the terminals as a file of its own, made from the ledger.
    """


@command.command(epilog="Examples:\n\n  faretap parameters build docs/fares.toml -o city.fares")
@click.argument("source", type=SOURCE)
@click.option("-o", "--output", type=SOURCE, required=True, help="File for the terminals.")
@click.option("--key", type=SOURCE, help="Sign with this key (`faretap seal new`), RSA or SM2.")
@click.option("--password", envvar="FARETAP_SEAL_PASSWORD", default="", help="Of the key file.")
@click.option("--against", type=SOURCE, help="The table in force, for the lint.")
@click.option("--most-rise", type=float, default=10.0, show_default=True, metavar="PERCENT",
              help="A mean fare that rises by more is refused.")  # fmt: skip
def build(
    source: Path, output: Path, key: Path | None, password: str, against: Path | None,
    most_rise: float,
) -> None:  # fmt: skip
    """Write the file of a table that has no errors (exit status 2 where it has)."""
    from host_tools.fares import files, lint

    table = files.load(source)
    old = files.load(against) if against else None
    found = lint.findings(table, old, most_rise, on=date.today())
    for line in files.located(found, source):
        click.echo(line, err=True)
    if any(one.is_error for one in found):
        raise FormatError("%s: not built, see the errors above" % source)
    data = files.built(table, key, password.encode())
    files.write(output, data)
    signed = "signed" if key else "not signed: for desks, no terminal with an authority takes it"
    click.echo("%s: version %d, %d bytes, %s" % (output, table.version, len(data), signed))


@command.command(epilog="Examples:\n\n  faretap parameters lint new.toml --against old.toml")
@click.argument("source", type=SOURCE)
@click.option("--against", type=SOURCE, help="The table in force: how fares rise is checked too.")
@click.option("--most-rise", type=float, default=10.0, show_default=True, metavar="PERCENT",
              help="A mean fare that rises by more is an error.")  # fmt: skip
@click.option("--ceiling", type=int, default=None, metavar="FEN",
              help="`ceiling_fen` of the terminals' parameters.")  # fmt: skip
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="As of this day; today by default.")
def lint(
    source: Path, against: Path | None, most_rise: float, ceiling: int | None, on: datetime | None
) -> None:
    """Say what is wrong with a table, or odd.

    Exit status 1 where there are errors, 2 where it cannot be read.
    """
    from host_tools.fares import files
    from host_tools.fares import lint as rules

    table = files.load(source)
    old = files.load(against) if against else None
    of = (on or datetime.now()).date()
    found = rules.findings(table, old, most_rise, ceiling or rules.CEILING_FEN, of)
    for line in files.located(found, source):
        click.echo(line)
    errors = sum(one.is_error for one in found)
    click.echo("%d errors, %d warnings" % (errors, len(found) - errors))
    if errors:
        raise SystemExit(1)


@command.command(epilog="Examples:\n\n  faretap parameters diff old.toml new.toml")
@click.argument("old", type=SOURCE)
@click.argument("new", type=SOURCE)
@click.option("--all", "everything", is_flag=True, help="Sample trips that stay the same, too.")
def diff(old: Path, new: Path, everything: bool) -> None:
    """Say what riders will pay differently, on sample trips of both tables."""
    from host_tools.fares import diff as differences
    from host_tools.fares import files

    differences.print_rows(files.load(old), files.load(new), everything)


@command.command(epilog="Examples:\n\n  faretap parameters show docs/fares.toml --product metro")
@click.argument("source", type=SOURCE)
@click.option("--product", help="One product alone.")
def show(source: Path, product: str | None) -> None:
    """Draw products, matrices, steps and rules of a table in yuan."""
    from host_tools.fares import files
    from host_tools.fares import show as pictures

    pictures.print_table(files.load(source), product)


@command.command(
    epilog="""\b
Examples:
  faretap parameters sums -o sums.bin --number 41 --key authority.pem
  faretap parameters sums -o sums.bin --number 42 --key authority.pem --trade 2 --database city.db
"""
)
@click.option("-o", "--output", type=SOURCE, required=True, help="File for the terminals.")
@click.option("--number", type=click.IntRange(1, 0xFFFFFFFF), required=True,
              help="Version: higher than the one in force.")  # fmt: skip
@click.option("--key", type=SOURCE, required=True, help="Of the authority, RSA or SM2.")
@click.option("--password", envvar="FARETAP_SEAL_PASSWORD", default="", help="Of the key file.")
@click.option("--database", default="ledger.db", show_default=True, metavar="FILE|URL",
              help="The ledger.")  # fmt: skip
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Local day; today by default.")
@click.option("--trade", "trades", type=int, multiple=True,
              help="Sales of this trade code alone (2 bus, 4 taxi); repeatable.")  # fmt: skip
def sums(
    output: Path, number: int, key: Path, password: str, database: str, day: datetime | None,
    trades: tuple[int, ...],
) -> None:  # fmt: skip
    """Write what each card has paid in the whole fleet, for caps (docs/fares.md).

    A terminal takes it as the file that `sums` of its settings names, or beside it as NAME.next,
    and adds what it has sold since. Make it anew when records have come in, at least each night.
    """
    from firmware.fares import card_sums as layout
    from firmware.formats import signed
    from host_tools import card_sums, signing
    from host_tools.cli.ledger_open import open_ledger
    from host_tools.fares import files

    of = (day or datetime.now()).date()
    told = card_sums.collected(open_ledger(database, True), of, trades)
    payload = card_sums.build(told)
    signer = signing.load_signer(key, password.encode())
    data = signing.sign_payload(payload, signed.CARD_SUMS, layout.VERSION, number, "", signer)
    files.write(output, data)
    click.echo(
        f"{output}: version {number}, {of}, {len(told.cards):,} cards, "
        f"{len(told.cut_offs):,} terminals, {len(data):,} bytes"
    )


@command.command(epilog="Examples:\n\n  faretap parameters paid sums.bin 6228000100000010")
@click.argument("source", type=SOURCE)
@click.argument("pan")
@click.option("--terminal", type=int, help="Say up to which record of this terminal it counts.")
def paid(source: Path, pan: str, terminal: int | None) -> None:
    """Say what a file of sums tells a terminal of one card number."""
    from firmware.devices.panel import yuan
    from firmware.fares.calendar import date_of
    from host_tools import card_sums

    told, number = card_sums.opened(source)
    click.echo("version %d, sums of %04d-%02d-%02d" % (number, *date_of(told.day)))
    for psn, fen in told.of(pan):
        click.echo("PSN %d: day %s, week %s, month %s" % (psn, *map(yuan, fen)))
    if not told.of(pan):
        click.echo("nothing paid that is known")
    if terminal is not None:
        click.echo("terminal %d: up to record %d" % (terminal, told.cut_off(terminal)))
