# SPDX-License-Identifier: Apache-2.0
"""Issue e-tickets as QR codes that gates check offline, and check them."""

from pathlib import Path

import click

from firmware.errors import FormatError
from firmware.formats import ticket as formats

FILE = click.Path(path_type=Path, dir_okay=False)
NUMBER = click.option(
    "--number", type=click.IntRange(0, 255), default=1, show_default=True, help="Of the key."
)


@click.group(
    epilog="""\b
Examples:
  faretap ticket key issuer.key > ticket_keys.txt
  faretap ticket issue issuer.key id=1001 first=2026-12-01 kind=child
  faretap ticket issue issuer.key id=1002 first=2026-12-01 last=2027-11-30 \\
      kind=annual entries=0 daily=yes --svg 1002.svg
  faretap ticket batch issuer.key tickets.csv --folder codes
  faretap ticket kiosk kiosk7.key --number 7 --ids 70001-70500 --until 2026-12-31
  faretap ticket check ticket_keys.txt FT1:AEAQ...
"""
)
def command():
    """A gate whose settings name `tickets` and `ticket_keys` lets them in."""


@command.command(epilog="Examples:\n\n  faretap ticket key issuer.key > ticket_keys.txt")
@click.argument("key", type=FILE)
@NUMBER
def key(key, number):
    """Make an SM2 issuer key, or take the one that is there; print its line for the gates."""
    from host_tools import tickets

    signer = tickets.load_signer(key) if key.exists() else tickets.make_key(key)
    click.echo(tickets.key_line(number, signer))


@command.command(
    epilog="""\b
Examples:
  faretap ticket kiosk kiosk7.key --number 7 --ids 70001-70500 --until 2026-12-31
  faretap ticket kiosk kiosk8.key --number 8 --ids 80001-80200 --until 2026-12-31 \\
      --groups 1,3 --persons 4
"""
)
@click.argument("file", type=FILE)
@click.option("--number", type=click.IntRange(0, 255), required=True, help="Of the key.")
@click.option("--ids", required=True, metavar="A-B", help="Its tickets; given to nobody else.")
@click.option("--until", required=True, metavar="YYYY-MM-DD", help="The last day they are good.")
@click.option("--groups", default="1", show_default=True, help="Gate groups.")
@click.option("--persons", default=1, show_default=True, help="At most, by one ticket.")
def kiosk(file, number, ids, until, groups, persons):
    """Make the file `kiosk_key` of a ticket kiosk; print the line by which gates know its key.

    Gates take nothing else of that key: so many tickets, until that day, one entry each. Who
    steals the kiosk has no more; take its line away from the gates, and he has nothing.
    """
    from host_tools import tickets

    bounds = f"ids={ids} until={until} groups={groups} entries=1 persons={persons}"
    click.echo(tickets.make_kiosk_key(file, number, bounds))


@command.command(
    epilog="""\b
Examples:
  faretap ticket issue issuer.key id=1001 first=2026-12-01
  faretap ticket issue issuer.key id=7 first=2026-12-01 hours=09:00-11:00 groups="1 3" persons=4

\b
Words: id, first; kind, groups, last, hours, entries (0: no limit), daily (yes, no), persons.
"""
)
@click.argument("key", type=FILE)
@click.argument("words", nargs=-1, required=True)
@NUMBER
@click.option("--svg", type=FILE, help="Write the QR code there.")
@click.option("--qr", is_flag=True, help="Show the QR code here.")
def issue(key, words, number, svg, qr):
    """Print the text of one ticket."""
    from host_tools import tickets

    row = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name in row:
            raise FormatError(f"{word}: is not one NAME=VALUE")
        row[name] = value
    text = tickets.issue(row, number, tickets.load_signer(key))
    click.echo(text)
    if svg:
        svg.write_bytes(tickets.svg(text))
    if qr:
        click.echo(tickets.terminal(text))


@command.command(
    epilog="Examples:\n\n  faretap ticket batch issuer.key tickets.csv --folder codes"
)
@click.argument("key", type=FILE)
@click.argument("table", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@NUMBER
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="For SVG files.")
def batch(key, table, number, folder):
    """Issue each row of a CSV, columns as the words of `issue`; prints `id,text`.

    A wrong row stops the batch before anything is printed.
    """
    from host_tools import tickets

    signer = tickets.load_signer(key)
    rows = list(tickets.rows_of(table.read_text(encoding="utf-8-sig"), str(table)))
    issued = [(row["id"], tickets.issue(row, number, signer)) for row in rows]
    for name, text in issued:
        click.echo(f"{name},{text}")
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.svg").write_bytes(tickets.svg(text))


@command.command(epilog="Examples:\n\n  faretap ticket check ticket_keys.txt FT1:AEAQ...")
@click.argument("keys", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("text")
def check(keys, text):
    """Say what a gate with these keys reads in a ticket. Exit status 2: refused."""
    from host_tools import tickets

    known = formats.read_keys(keys.read_text(encoding="utf-8"), str(keys))
    for name, value in tickets.described(text, known).items():
        click.echo(f"{name:8} {value}")
