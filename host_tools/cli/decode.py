# SPDX-License-Identifier: Apache-2.0
"""Say what bytes mean: TLV, APDUs, frames, sessions, journals, traces, captures."""

import sys
from pathlib import Path

import click

from firmware.errors import FormatError
from host_tools import decode
from host_tools.decode_batch import explain_batch
from host_tools.decode_values import Row

EXAMPLES = """\b
Examples:
  faretap decode 9F3704B5C6D7E8
  faretap decode 00A404000E325041592E5359532E444446303100
  faretap decode '00 00 FF 02 FE D4 02 2A 00'
  faretap decode --as ttq 28000080
  faretap decode card.session
  faretap decode journal.bin
  faretap decode line.trace
  faretap decode air.pcapng
  faretap decode upload.frames --key 000102..          holds the tags of signed frames against it
  printf '6F0484029000' | faretap decode -
"""


@click.command(epilog=EXAMPLES)
@click.argument("what", metavar="HEX|FILE|-", nargs=-1, required=True)
@click.option("--as", "kind", type=click.Choice(sorted(decode.KINDS)), help="Do not guess.")
@click.option("--key", metavar="HEX", help="A terminal's upload_key: check the tags of frames.")
def command(what: tuple[str, ...], kind: str | None, key: str | None) -> None:
    """Say what bytes mean, part by part.

    The bytes are hex digits, with or without blanks, or a file (hex text, a .session, a trace or
    capture of --trace and --pcap, binary), or standard input (-). What they are is seen from them;
    --as decides where that is not enough.
    Exit status 2 for bytes that break their format: what is right is shown, then where it breaks.
    """
    rows: list[Row] = []
    try:
        data = read_bytes(what)
        if key:
            found = explain_batch(data, key=decode.parse_hex(key))
        else:
            found = decode.explain(data, kind)
        for row in found:
            rows.append(row)
    except FormatError as wrong:
        raise FormatError(placed(str(wrong), what)) from None
    finally:
        show(rows)


def placed(text: str, what: tuple[str, ...]) -> str:
    """A fault with the name of its file, where the bytes were in one."""
    if len(what) != 1 or not Path(what[0]).is_file():
        return text
    kind, colon, rest = text.partition(":")
    return f"{what[0]}:{rest}" if colon and kind in decode.KINDS else f"{what[0]}: {text}"


def read_bytes(what: tuple[str, ...]) -> bytes:
    """The bytes the user means. FormatError when they are neither hex nor a file there is."""
    one = what[0] if len(what) == 1 else ""
    if one == "-":
        return from_file(sys.stdin.buffer.read())
    if one and Path(one).is_file():
        return from_file(Path(one).read_bytes())
    try:
        return decode.parse_hex(" ".join(what))
    except FormatError as wrong:
        if "/" in one or Path(one).suffix:
            raise FileNotFoundError(2, "No such file", one) from wrong
        raise


def from_file(content: bytes) -> bytes:
    """Hex text as its bytes, anything else as it is."""
    try:
        return decode.parse_hex(content.decode("ascii"))
    except (FormatError, UnicodeDecodeError):
        return content


def show(rows: list[Row]) -> None:
    """Columns on a terminal; a line a row for a pipe."""
    if sys.stdout.isatty():
        show_table(rows)
        return
    for row in rows:
        parts = ("  " * row.depth + row.code, row.value.hex().upper(), row.name, row.meaning)
        click.echo("  ".join(part for part in parts if part))


def show_table(rows: list[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=3)
    table.add_column(overflow="fold", ratio=4)
    for row in rows:
        words = Text(row.name)
        if row.meaning:
            words.append(("  " if row.name else "") + row.meaning, style="bold")
        code = Text("  " * row.depth + row.code, style="cyan")
        table.add_row(code, Text(row.value.hex(" ").upper(), style="dim"), words)
    Console(highlight=False).print(table)
