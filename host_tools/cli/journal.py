# SPDX-License-Identifier: Apache-2.0
"""Check the journal of a terminal: what it holds, how worn it is, whether its chain is whole"""

import sys
from pathlib import Path

import click

from firmware.errors import FormatError
from firmware.formats import record
from firmware.journal import open_journal
from firmware.journal.archived import ArchivedJournal
from firmware.journal.wear import wear
from host_tools.decode_journal import chain_faults
from host_tools.flash_image import FlashImage


@click.command(
    epilog="""\b
Examples:
  faretap journal journal.bin
  faretap journal journal.bin --key 000102030405060708090A0B0C0D0E0F
  faretap journal journal.bin --key KEY --hash sm3
"""
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", default="", help="`journal_key` of the terminal's settings, hex.")
@click.option("--hash", "algorithm", type=click.Choice(["sha256", "sm3"]), default="sha256")
def command(file, key, algorithm):
    """The file is only read; it may be that of a terminal at work.

    Exit status 1 when the chain says that a record was changed, taken out, put in or moved, 2 when
    this is no journal. Records cut off at the end break no chain: compare the last number with the
    collector's.
    """
    try:
        secret = bytes.fromhex(key)
    except ValueError:
        raise FormatError("--key is not hex") from None
    image = file.read_bytes()
    try:
        journal = open_journal(FlashImage(image))
    except ValueError as wrong:
        raise FormatError(f"{file}: {wrong}") from wrong
    kinds: dict[str, int] = {}
    for _, values in record.readable(journal.records()):
        kind = record.kind_name(values["kind"]) or "other"
        kinds[kind] = kinds.get(kind, 0) + 1
    for kind, count in sorted(kinds.items()):
        click.echo(f"{count:8,}  {kind}")
    click.echo(f"{len(journal.opened):8,}  open")
    click.echo(f"next #{journal.next}, acknowledged #{journal.acknowledged}")
    fewest, most, mean = wear(journal)
    worn = f"erases of a block: {fewest} to {most}, mean {mean / 100:.1f}"
    click.echo(f"{100 * journal.fill():.0f} % full; {worn}")
    if not isinstance(journal, ArchivedJournal):
        click.echo("no archive, so no chain: the journal has fewer than 256 blocks")
        return
    good, faults = chain_faults(image, secret, algorithm)
    click.echo(f"{good:8,}  records under a link that holds" + ("" if key else " (no key)"))
    for fault in faults:
        click.echo(fault, err=True)
    sys.exit(1 if faults else 0)
