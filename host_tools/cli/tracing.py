# SPDX-License-Identifier: Apache-2.0
"""The options `--trace`, `--pcap` and `--no-mask` of the commands that can write down a line."""

from contextlib import contextmanager
from pathlib import Path

import click

from host_tools.trace_files import TraceFiles

FILE = click.Path(path_type=Path, dir_okay=False)
OPTIONS = (
    click.option("--trace", type=FILE, help="Write every frame of the chip, as text."),
    click.option("--pcap", type=FILE, help="Write a capture for Wireshark (ISO 14443)."),
    click.option(
        "--mask/--no-mask",
        default=True,
        show_default=True,
        help="Mask card numbers in --trace and --pcap.",
    ),
)


def trace_options(command):
    """Give a command the three options."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@contextmanager
def trace_files(trace, pcap, mask, source):
    """TraceFiles, None where neither file is asked for."""
    if not (trace or pcap):
        yield None
        return
    with TraceFiles(trace, pcap, mask, source) as files:
        yield files
