# SPDX-License-Identifier: Apache-2.0
"""Put firmware and a terminal's folder on a board, checked, without losing a record"""

import contextlib
import sys
from pathlib import Path

import click

from host_tools.cli import flash_image
from host_tools.flash import copying, export, identity, judge, seen
from host_tools.flash import image as images
from host_tools.flash.boards import BOARDS, board_named
from host_tools.flash.console import Console
from host_tools.flash.faults import Fault
from host_tools.flash.selftest import tested
from host_tools.provision import folder as folders
from host_tools.provision.unit import SETTINGS

NAMES = [one.name for one in BOARDS if not one.is_linux]
FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


@click.command(
    epilog="""\b
Examples:
  faretap flash --list
  faretap flash pico --port /dev/ttyACM0 --dry-run
  faretap flash pico --unit units/7
  faretap flash pico --unit units/7 --export 7.frames
  faretap flash pico_w --image build/image/pico_w --unit units/8
  faretap flash pico --image build/image/pico --new          a board in its boot ROM
"""
)
@click.argument("board", type=click.Choice(NAMES), required=False)
@click.option("--list", "listing", is_flag=True, help="Show boards that are plugged in.")
@click.option("--port", help="Serial port of the board; not needed for a single one.")
@click.option("--drive", type=FOLDER, help="Folder of its boot drive, where it is not found.")
@click.option("--image", type=FOLDER, help="What `faretap image` or `make image` has made.")
@click.option("--new", is_flag=True, help="A board in its boot ROM was never in service.")
@click.option("--unit", "folder", type=FOLDER, help="What `faretap provision` has made.")
@click.option("--export", "file", type=click.Path(path_type=Path), help="First write its records.")
@click.option("--new-authority", is_flag=True, help="It shall trust another `authority`.")
@click.option("--dry-run", is_flag=True, help="Ask and check everything, change nothing.")
@click.option("--patience", type=float, default=1.0, hidden=True)  # of emulated boards
@click.option("--no-test", is_flag=True, help="Leave the self-test out.")
def command(
    board,
    listing,
    port,
    drive,
    image,
    new,
    folder,
    file,
    new_authority,
    dry_run,
    patience,
    no_test,
):
    """BOARD is asked who it is; a terminal with unsent records is left as it is, unless --export
    has brought them into a file first.

    Everything is checked before anything is changed, and files get their names when all of them
    have arrived: unplug it when you like. Exit status 1 when the self-test fails.
    """
    if listing:
        show_list()
        return
    if not board:
        raise click.UsageError("say which BOARD: " + ", ".join(NAMES))
    wanted = board_named(board)
    unit = folders.read(folder) if folder else None
    if unit:
        judge.check_unit(wanted, unit)
    coming = images.read(image, wanted) if image else None
    if coming and not port and (drive or not seen.ports()):
        where = flash_image.onto_drive(wanted, coming, drive, new, dry_run, port)
        if not where:
            return
        port, coming = where, None
    where = port or seen.the_only(seen.ports(), "serial port").where
    with contextlib.ExitStack() as opened:
        console = opened.enter_context(Console(where, patience))
        found = ask(console, wanted)
        held = records(console, found)
        if file:
            bring_out(found, held, file)
        judge.check_records(found, held, bool(file))
        if unit:
            check(console, found, held, unit, new_authority)
        if coming:
            judge.check_release(found, coming.release)
            console = flash_image.over_port(console, wanted, found, coming, dry_run, drive)
            opened.enter_context(console)
        if unit:
            lay(console, unit, dry_run)
        status = 0 if dry_run or no_test else show_test(console)
    click.echo(f"{where} starts anew")
    sys.exit(status)


def show_list():
    """Ports and drives; nothing is sent to them."""
    rows = seen.ports() + seen.drives()
    for one in rows:
        kind = f"boot drive of {one.board_id}" if one.board_id else "port"
        click.echo(f"{one}  ({kind})")
    if not rows:
        click.echo("no board is plugged in, or none that says so: --port names any serial port")


def ask(console, wanted):
    """Its Identity, shown."""
    found = identity.ask(console)
    for line in found.lines():
        click.echo(line)
    judge.check_board(wanted, found)
    return found


def records(console, found):
    """Its records, counted; None where there is no journal."""
    if not found.unit or found.unit.journal is None:
        return None
    with click.progressbar(
        length=found.unit.journal_blocks, label="journal", file=sys.stderr
    ) as bar:
        held = identity.held(console, found.unit, lambda at, _: bar.update(at - bar.pos))
    if held is None:
        return None
    opened = f", {held.opened} open sales" if held.opened else ""
    click.echo(f"records     next #{held.journal.next}, {held.waiting} unsent{opened}")
    return held


def bring_out(found, held, file):
    """Write the records of the board into files."""
    if held is None:
        raise Fault("unreadable", f"no journal can be read: {found.fault or 'it has none'}")
    count = export.export(held, found.unit, file)
    click.echo(f"exported    {count} records to {file}, the journal to {file}{export.JOURNAL}")
    if count:
        click.echo(f"            faretap stick import {file} --answers FOLDER")


def check(console, found, held, unit, new_authority):
    """All that forbids the unit on this board."""
    coming = judge.parsed(unit)
    judge.check_same(found, held, coming)
    judge.check_authority(found, coming, new_authority)
    names = copying.changed(console, unit.files)
    for name in judge.versioned(unit):
        if name in names and name in found.files:
            judge.check_newer(name, console.read(name), unit.files[name])
    copying.check_room(console, unit.files, names)


def lay(console, unit, dry_run):
    """Put the files of the unit there."""
    names = copying.changed(console, unit.files)
    doing = "would copy" if dry_run else "copy      "
    for name in names:
        click.echo(f"{doing}  {name}, {len(unit.files[name]):,} bytes")
    if dry_run or not names:
        click.echo("nothing was changed" if dry_run else "all files are there already")
        return
    copying.copy(console, unit.files, names)
    coming = judge.parsed(unit)
    if identity.ask(console).unit != coming:
        raise Fault("not_written", "the settings on the board are not those that were written")
    click.echo(f"verified    {len(unit.files)} files by SHA-256, terminal {coming.terminal}")


def show_test(console):
    """The self-test of the firmware on the board; 0 when all is well."""
    said, well = tested(console, SETTINGS)
    for line in said:
        click.echo(line)
    return 0 if well else 1
