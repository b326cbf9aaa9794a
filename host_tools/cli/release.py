# SPDX-License-Identifier: Apache-2.0
"""Make, sign, check and show releases: the firmware that terminals fetch"""

from pathlib import Path

import click

from firmware.errors import FormatError

FILE = click.Path(path_type=Path, dir_okay=False)
READ = click.Path(path_type=Path, dir_okay=False, exists=True)
EXAMPLES = """\b
Examples:
  faretap release build --board pico -o pico-8.release --number 8 --key authority.pem
  faretap release build --board linux -o pi-8.release --number 8 --key authority.pem
  faretap release show pico-8.release
  faretap release check pico-8.release --key authority.pem
  faretap ledger rollout add pico-8.release --key authority.pem
"""


@click.group(epilog=EXAMPLES)
def command() -> None:
    """A release is one build of the firmware for one kind of board, signed by the authority.

    Terminals take a higher number than theirs and nothing else, try it, and go back by themselves
    where it never comes to good: docs/update.md.
    """


def signing_options(function):
    """What making a file asks."""
    for option in reversed((
        click.option("--board", required=True,
                     help="Its word: pico, or linux for a Raspberry Pi; `faretap image --help`."),
        click.option("-o", "--output", type=FILE, required=True, help="The signed file."),
        click.option("--number", type=click.IntRange(1, 0xFFFFFFFF), required=True,
                     help="Higher than that of every release before it."),
        click.option("--key", type=READ, required=True, help="Of the authority, RSA or SM2."),
        click.option("--password", envvar="FARETAP_SEAL_PASSWORD", default="",
                     help="Of the key file."),
        click.option("--version", default="", metavar="TEXT",
                     help="For people; that of this checkout by default."),
        click.option("--effective", default="", metavar="YYYYMMDDHHMMSS",
                     help="Local time from which it is tried; at once by default."),
    )):  # fmt: skip
        function = option(function)
    return function


@command.command(epilog="Examples:\n\n  faretap release build --board pico -o pico-8.release "
                        "--number 8 --key authority.pem")  # fmt: skip
@click.option("--device", "devices", multiple=True, help="For this device alone; may stand again.")
@signing_options
def build(devices, **how):
    """Compile firmware/ of this checkout for a board, and sign it."""
    from host_tools import release_build
    from host_tools.cli.runtime import find_compiler

    _write(release_build.body(how["board"], devices, find_compiler()), how)


@command.command(epilog="Examples:\n\n  faretap release sign firmware.romfs --board pico -o "
                        "pico-8.release --number 8 --key authority.pem")  # fmt: skip
@click.argument("body", type=READ)
@signing_options
def sign(body, **how):
    """Sign a body that is there: a ROMFS image or a zip of the package firmware."""
    _write(body.read_bytes(), how)


def _write(body, how):
    from firmware.boot import layout
    from host_tools import release_files, signing

    signer = signing.load_signer(how["key"], how["password"].encode())
    version = how["version"] or release_files.default_version()
    data = release_files.signed_release(
        body, how["board"], how["number"], version, how["effective"], signer
    )
    room = _room(layout, how["board"])
    if len(data) > room:
        raise FormatError(
            f"{len(data):,} bytes, a slot of {how['board']} has {room:,}: leave devices out, "
            "--device bus"
        )
    part = how["output"].with_name(how["output"].name + ".part")
    part.write_bytes(data)
    part.replace(how["output"])
    click.echo(f"{how['output']}: release {how['number']}, {version}, for {how['board']}, "
               f"{len(data):,} bytes")  # fmt: skip


def _room(layout, board):
    """Bytes of a slot, as far as it is known here."""
    from firmware.boot.file_slots import MOST

    for one in layout.BOARDS:
        if one[0] == board and layout.has(one, "slot_a"):
            return layout.region(one, "slot_a")[1] * layout.BLOCK_BYTES
    return MOST


@command.command(epilog="Examples:\n\n  faretap release check pico-8.release --key authority.pem")
@click.argument("path", type=READ)
@click.option("--key", type=READ, required=True, help="Of the authority, RSA or SM2.")
@click.option("--password", envvar="FARETAP_SEAL_PASSWORD", default="", help="Of the key file.")
def check(path, key, password):
    """Say what a terminal with this authority makes of a file. Exit status 2: refused."""
    from host_tools import release_files, signing

    authority = signing.load_signer(key, password.encode()).authority
    head, found = release_files.opened(path.read_bytes(), authority)
    since = head.effective or "at once"
    click.echo(f"good: release {head.number}, {found['version']}, for {found['board']}, {since}")


@command.command(epilog="Examples:\n\n  faretap release show pico-8.release")
@click.argument("path", type=READ)
def show(path):
    """Print what a file says of itself, whoever signed it."""
    from firmware.formats import release, signed
    from host_tools import release_files

    head, found = release_files.opened(path.read_bytes())
    scheme = "SM2" if head.scheme == signed.SM2 else "RSA"
    for word, value in (
        ("board", found["board"]),
        ("number", found["number"]),
        ("version", found["version"]),
        ("from", head.effective or "at once"),
        ("loader", f"{found['loader']} or later"),
        ("body", f"{dict(release.BODIES)[found['body']]}, {found['size']:,} bytes"),
        ("body SHA-256", found["digest"].hex()),
        ("signed by", f"{scheme}, not verified: faretap release check"),
    ):
        click.echo(f"{word + ':':14}{value}")
