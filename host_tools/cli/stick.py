# SPDX-License-Identifier: Apache-2.0
"""Carry records from a journal to the ledger and answers back, as files on a stick."""

import subprocess
import sys
import time
from pathlib import Path

import click

from firmware import settings as unit
from firmware.by_file import ByFile
from firmware.errors import FormatError
from firmware.formats import batch, messages
from firmware.signed_setup import MACS, key_of
from firmware.upload import BYTES
from host_tools.cli.ledger_open import DATABASE, open_ledger
from host_tools.cli.runtime import runtime_command
from host_tools.collector import Collector
from host_tools.frame_files import frames_of, in_groups, journal_copy, written

SIGNED_BYTES = 30000  # of records in a batch, where the collector's answer names its numbers
GROUP = 16  # frames of one commit
FOLDER = click.Path(file_okay=False, exists=True, path_type=Path)
FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
FRAMES, ANSWERS = ".frames", ".answers"


@click.group(
    epilog="""\b
Examples:
  faretap stick export settings.txt /media/stick
  faretap stick import /media/stick/*.frames --answers /media/stick
  faretap stick confirm settings.txt /media/stick/*.answers
"""
)
def command():
    """For depots without a network.

    A record leaves the journal's care only when the ledger's answer to it has come back: files
    that are lost, torn or doubled cost nothing.
    """


@command.command("export", epilog="Examples:\n\n  faretap stick export settings.txt /media/stick")
@click.argument("settings", type=FILE)
@click.argument("folder", type=FOLDER)
@click.option("--journal", type=FILE, help="A copy of the journal, not that of the settings.")
def export(settings, folder, journal):
    """Write what the unit of SETTINGS has not been acknowledged into a file in FOLDER.

    The journal is only read, and the terminal may be at work. Nothing is marked as sent: the next
    export has the same records again, and more.
    """
    terminal, key, path = unit_of(settings)
    copy = journal_copy(journal or path)
    by_file = ByFile(copy, terminal, key, SIGNED_BYTES if key else BYTES)
    first, last = copy.acknowledged + 1, copy.settled_upto()
    if last < first:
        click.echo(f"terminal {terminal}: nothing to send, all is acknowledged")
        return
    name = folder / f"{terminal}-{first}-{last}{FRAMES}"
    with written(name) as file:
        for upto, frame in by_file.frames():
            file.write(frame)
            copy.acknowledge(upto)  # of the copy: what follows is found sooner
    waiting = f", {len(copy.opened)} still open" if copy.opened else ""
    click.echo(f"{name}: records {first} to {last} of terminal {terminal}{waiting}")


@command.command("import", epilog="Examples:\n\n  faretap stick import *.frames --answers answers")
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--answers", "folder", required=True, type=FOLDER, help="Where answers are written.")
@DATABASE
@click.option("--simulated", is_flag=True, help="Simulated cards: a key that everybody knows.")
def bring(files, folder, database, simulated):
    """Commit the records of FILES into the ledger and write the answers to them.

    Each answer is that of the collector: what it acknowledges is committed. The same file again
    gives the same answers and stores nothing twice. Exit status 1 when something was refused or is
    no frame: it is named, and the rest counts.
    """
    ledger = open_ledger(database, True, simulated)
    opened = "://" not in database
    collector = Collector(ledger, time_utc_s=time.time, enrolment=opened, alarm=tell)
    wrong = 0
    for path in files:
        with written(folder / (path.name.removesuffix(FRAMES) + ANSWERS)) as file:
            taken, faults = brought(collector, frames_of(path), file)
        wrong += len(faults)
        click.echo(f"{path}: {taken} batches are in the ledger")
        for fault in faults:
            click.echo(f"{path}: {fault}", err=True)
    collector.flush()
    sys.exit(1 if wrong else 0)


def brought(collector, found, file):
    """(batches acknowledged, what was wrong) of a file; the answers are written."""
    taken, faults, number = 0, [], 0
    for group in in_groups(found, GROUP):
        answers = iter(collector.answers([one.frame for one in group if one.frame]))
        for one in group:
            if one.fault:
                faults.append(one.fault)
                continue
            number += 1
            answer = next(answers)
            file.write(answer)
            why = refused(answer)
            taken += not why
            faults += [f"frame {number}: {why}"] if why else []
    return taken, faults


def refused(answer):
    """Why the collector refused, "" when it did not; the answer is its own."""
    if answer[3] == batch.ACK:
        return ""
    if answer[2] == messages.VERSION:
        values = messages.fields_of(answer)
    else:
        _, values = batch.unseal(answer)
    return f"{batch.reject_name(values['code'])}, {values['text']}"


@command.command("confirm", epilog="Examples:\n\n  faretap stick confirm settings.txt *.answers")
@click.argument("settings", type=FILE)
@click.argument("files", nargs=-1, required=True, type=FILE)
def confirm(settings, files):
    """Tell the journal of the unit of SETTINGS what is in the ledger. Its terminal must not run.

    Files of other terminals, and answers to what is acknowledged already, change nothing. Exit
    status 1 when an answer refuses or cannot be used: it is named, and the rest counts.
    """
    argv, env, cwd, _ = runtime_command("cpython")
    there = [str(path.resolve()) for path in (settings, *files)]
    done = subprocess.run(
        [*argv, "-m", "firmware.stick", there[0], "confirm", *there[1:]], env=env, cwd=cwd,
        check=False,
    )  # fmt: skip
    sys.exit(done.returncode)


def unit_of(path):
    """(number, Key or None, path of the journal) of a settings file. FormatError."""
    parsed = unit.parse(path.read_text(encoding="utf-8"), str(path))
    key = None
    if "upload_key" in parsed.more:
        key = key_of(parsed.more["upload_key"], parsed.more.get("upload_mac", MACS[0]))
    if not parsed.journal or parsed.journal[0] != "file":
        raise FormatError(f"{path}: the journal is no file; export on the unit, or say --journal")
    return parsed.terminal, key, Path(parsed.journal[1])


def tell(terminal, reason):
    """An alarm: what a person has to look at."""
    click.echo(f"ALARM terminal {terminal}: {reason}; see `faretap ledger quarantine`", err=True)
