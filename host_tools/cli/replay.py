# SPDX-License-Identifier: Apache-2.0
"""Play recorded card sessions through the virtual PN532, the real reader and the kernel."""

import json
import sys
from pathlib import Path

import click

from firmware.errors import FormatError
from firmware.formats import session as sessions
from host_tools.cli.runtime import BOARD_HEAP_KIB, runtime_command
from host_tools.cli.tracing import trace_files, trace_options
from host_tools.waterfall import waterfall
from sim import replaying
from sim.timing import Timing
from sim.tracing import EventTrace

# The desk is compiled from source inside the same heap and keeps every exchange for its report,
# which no board does; within 240 KB a session now and then had 464 bytes too few.
TRACE_HEAP_KIB = 32  # each frame as a line of JSON

FIELDS = (
    "outcome",
    "reason",
    "cryptogram",
    "oda",
    "amount_fen",
    "balance_fen",
    "debits",
    "exchanges",
)


@click.command(
    epilog="""\b
Examples:
  faretap replay sim/sessions/*.session
  faretap replay --waterfall --paced sim/sessions/pboc-approved-v01.session
  faretap replay --paced --trace tap.trace --pcap tap.pcapng FILE.session
  faretap replay --runtime cpython --json FILE.session | jq .outcome
"""
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--runtime",
    type=click.Choice(["micropython", "cpython"]),
    default="micropython",
    show_default=True,
    help="Interpreter of the terminal.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--paced", is_flag=True, help="Keep the times of link, radio and card.")
@click.option("--waterfall", "show_air", is_flag=True, help="Show every exchange, tags decoded.")
@trace_options
def command(files, runtime, as_json, paced, show_air, trace, pcap, mask):
    """Play .session FILES and check their `expect` lines.

    Exit status 1 when a session does not end as it promises, 2 when a file is malformed.
    """
    if (trace or pcap) and len(files) > 1:
        raise click.UsageError("--trace and --pcap take one session")
    heap_kib = BOARD_HEAP_KIB + (TRACE_HEAP_KIB if trace or pcap else 0)
    interpreter = runtime_command(runtime, heap_kib)
    if interpreter.note:
        click.echo(interpreter.note, err=True)
    played_well = True
    for path in files:
        session = sessions.parse(read(path), str(path))
        timing = Timing() if paced else Timing.none()
        with trace_files(trace, pcap, mask, "simulated tap") as written:
            tracer = EventTrace(written) if written else None
            played = replaying.replay(session, interpreter[:3], timing, tracer)
        wrong = replaying.failed(session, played)
        played_well = played_well and not wrong
        if as_json:
            click.echo(json.dumps(as_object(path, played, wrong), ensure_ascii=False))
        else:
            click.echo(as_text(path, played, wrong))
            if show_air:
                click.echo(waterfall(played.apdus))
    sys.exit(0 if played_well else 1)


def read(path):
    """Text of a session file; FormatError when it is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as wrong:
        raise FormatError(f"{path}:1: not UTF-8 text: {wrong.reason}") from None


def as_object(path, played, wrong):
    """The JSON object of one session."""
    values: dict[str, object] = {"file": str(path)}
    values.update({name: getattr(played, name) for name in FIELDS})
    values["ms"] = round(played.ms, 1)
    values["ok"] = not wrong
    return values


def as_text(path, played, wrong):
    """Two lines for people; one more for every broken promise."""
    balance = "--" if played.balance_fen is None else "%.2f" % (played.balance_fen / 100)
    lines = [
        f"{'ok  ' if not wrong else 'FAIL'}  {path.name}",
        f"      {played.outcome} ({played.reason}), {played.cryptogram or 'no cryptogram'},"
        f" oda {played.oda}, {played.amount_fen / 100:.2f} asked, balance {balance},"
        f" {played.debits} debit{'s' * (played.debits != 1)},"
        f" {played.exchanges} exchanges, {played.ms:.0f} ms",
    ]
    if played.detail:
        lines.append("      " + played.detail)
    return "\n".join(lines + ["      " + one for one in wrong])
