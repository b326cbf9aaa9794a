# SPDX-License-Identifier: Apache-2.0
"""`faretap flash --image`: the program of a board, through its boot drive or by esptool."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import click

from host_tools.flash import drive as drives
from host_tools.flash import image as images
from host_tools.flash import seen
from host_tools.flash.console import Console
from host_tools.flash.faults import Fault
from host_tools.provision.unit import SETTINGS


def onto_drive(wanted, image, folder, new, dry_run, port):
    """Write the image of a board that is in its boot ROM; its port afterwards, "" for a dry run.

    Nobody can ask such a board what it holds, so it has to be said that it is new.
    """
    drive = seen.drive(folder) if folder else seen.the_only(seen.drives(), "board")
    _check_drive(wanted, drive)
    if not new:
        raise Fault("unasked", f"{drive} cannot be asked whether it holds records")
    data = images.drive_bytes(image, wanted.family, keep_files=False)
    if dry_run:
        click.echo(f"would write {len(data):,} bytes of UF2 to {drive.where}")
        return ""
    _write(drive, data)
    where = port or drives.wait_for(seen.ports, "its port")[0].where
    with _awaited(where) as console:
        _verify(console, image, skip=())
    return where


def over_port(console, wanted, found, image, dry_run, folder):
    """Write the image of a board whose prompt answers; the Console to go on with."""
    keep = SETTINGS in found.files
    skip = ("files",) if keep else ()
    wrong = _differing(console, image, skip) if wanted.drive else ["image"]
    if not wrong:
        click.echo(f"image       {image.word} {image.version} is there already")
        return console
    if not wanted.drive:
        return _esptool(console, image, keep, dry_run)
    data = images.drive_bytes(image, wanted.family, keep)
    click.echo(f"image       {image.word} {image.version}: {', '.join(wrong)} differ")
    if dry_run:
        click.echo(f"would write {len(data):,} bytes of UF2 by its boot drive")
        return console
    console.boot_drive()

    def look():
        if folder:
            return [seen.drive(folder)] if (folder / seen.INFO).is_file() else []
        return [one for one in seen.drives() if one.board_id == wanted.drive]

    found_drives = drives.wait_for(look, "the boot drive")
    drive = seen.the_only(found_drives, "board")
    _check_drive(wanted, drive)
    _write(drive, data)
    again = _awaited(console.port)
    _verify(again, image, skip)
    return again


def _check_drive(wanted, drive):
    if drive.board_id != wanted.drive:
        raise Fault("wrong_board", f"{drive} is {drive.board_id}, not a {wanted.title}")


def _write(drive, data):
    with click.progressbar(length=len(data), label="writing", file=sys.stderr) as bar:
        drives.write(drive, data, lambda at: bar.update(at - bar.pos))


def _awaited(port):
    """A Console of the board that is starting."""

    def look():
        try:
            return Console(port)
        except Fault as wrong:
            if wrong.word in ("no_board", "busy", "no_answer", "gone"):
                return None
            raise

    return drives.wait_for(look, f"the prompt of {port}")


def _differing(console, image, skip):
    """Names of the parts that are not in the flash of the board."""
    return [
        part.name
        for part in image.parts
        if part.name not in skip and console.call("program", part.place, part.size) != part.sha256
    ]


def _verify(console, image, skip):
    wrong = _differing(console, image, skip)
    if wrong:
        raise Fault("not_written", f"{', '.join(wrong)} in the flash differ from the image")
    count = sum(part.size for part in image.parts if part.name not in skip)
    click.echo(f"verified    {count:,} bytes of flash by SHA-256")


def _esptool(console, image, keep, dry_run):
    """Hand the parts to esptool, which verifies what it writes."""
    words = images.esptool_words(image, console.port, keep)
    click.echo("esptool     " + " ".join(Path(one).name if "/" in one else one for one in words))
    if dry_run:
        return console
    if importlib.util.find_spec("esptool") is None:
        raise Fault("no_tool", "esptool is not installed")
    console.close()
    done = subprocess.run([sys.executable, "-m", "esptool", *words], check=False)
    if done.returncode:
        raise Fault("not_written", f"esptool ended with status {done.returncode}")
    return _awaited(console.port)
