# SPDX-License-Identifier: Apache-2.0
"""Show where each millisecond of a tap went, from a trace: as text or as a picture."""

from pathlib import Path

import click

from firmware.errors import FormatError
from host_tools import tap_times, trace
from host_tools.cli.replay import read


@click.command(
    epilog="""\b
Examples:
  faretap replay --paced --trace tap.trace sim/sessions/pboc-approved-v01.session
  faretap waterfall tap.trace
  faretap waterfall tap.trace -o tap.svg
  faretap waterfall day.trace --tap 3 --title 'Third tap' -o third.svg
"""
)
@click.argument("path", metavar="TRACE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="An SVG.")
@click.option("--tap", "number", type=click.IntRange(1), default=1, show_default=True)
@click.option("--title", default="A tap", show_default=True, help="Begins the title.")
def command(path, output, number, title):
    """Link, radio, card, chip, host and crypto of each exchange of a tap.

    TRACE is what --trace of `faretap terminal`, `replay` or `pn532` wrote. How radio, card and
    chip divide their time is known of a virtual chip only, crypto only where a terminal told.
    """
    from host_tools import waterfall_svg

    found = tap_times.taps(trace.read(read(path), str(path)))
    if number > len(found):
        raise FormatError(f"{path}: {len(found)} taps, there is no tap {number}")
    tap = found[number - 1]
    if not output:
        click.echo(waterfall_svg.table(tap))
    else:
        named = f"{title}: where its {waterfall_svg.ms(tap.total_us())} ms went"
        output.write_text(waterfall_svg.picture(tap, named), encoding="utf-8")
    if len(found) > 1:
        click.echo(f"tap {number} of {len(found)}", err=True)
