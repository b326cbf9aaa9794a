# SPDX-License-Identifier: Apache-2.0
"""Turn a downloaded CA key record into a line of a parameter file, and back."""

import click

from host_tools import ca_download

EXAMPLES = """\b
Examples:
  faretap ca 9F0605A0000003339F220180DF060101DF070101DF0281...
  faretap ca 'ca: RSA A000000333 80 010001 CCDB... 20301231 A5E4...'
"""


@click.command(epilog=EXAMPLES)
@click.argument("what", metavar="HEX|LINE", nargs=-1, required=True)
@click.option(
    "--sm2-checksum",
    type=click.Choice(["sha1", "sm3"]),
    default="sha1",
    show_default=True,
    help="Rule of the checksum in an SM2 line.",
)
def command(what: tuple[str, ...], sm2_checksum: str) -> None:
    """Turn a CA key record (TLV as an acquirer downloads it) into a `ca` line, or a line into TLV.

    Exit status 2 when an item is missing, breaks its form or does not fit its checksum.
    """
    from host_tools.decode import parse_hex

    text = " ".join(what).strip()
    if text.startswith("ca:"):
        click.echo(ca_download.record_of(text, sm2_checksum).hex().upper())
        return
    line = ca_download.line_of(parse_hex(text))
    ca_download.record_of(line, sm2_checksum)  # a line that no terminal would load helps nobody
    click.echo(line)
