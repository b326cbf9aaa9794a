# SPDX-License-Identifier: Apache-2.0
"""Sealed key files of software modules; a simulated PSAM in a reader or at a serial line."""

import signal
import socket
import time
from pathlib import Path

import click

from firmware.errors import FormatError, LinkLost

FILE = click.Path(path_type=Path, dir_okay=False)
SECRET = click.option(
    "--secret",
    "secret_path",
    type=FILE,
    required=True,
    help="File with the secret: `module_secret` of the terminal.",
)


@click.group(
    epilog="""\b
Examples:
  faretap module secret module-secret.txt
  faretap module make keys.sealed --trade metro --keys rows.txt --secret module-secret.txt
  faretap module show keys.sealed --secret module-secret.txt
  faretap card keys | faretap module make lab.sealed --trade lab --keys - --secret s.txt
  faretap module serve --link /tmp/psam
"""
)
def command():
    """No command of these prints a key: what is shown of one is its check value."""


@command.command(epilog="Examples:\n\n  faretap module secret module-secret.txt")
@click.argument("path", type=FILE)
def secret(path):
    """Draw a secret of 256 bits into a new file that its owner alone can read."""
    from host_tools import module_file

    module_file.write(path, module_file.new_secret() + "\n")
    click.echo(f"{path}: keep it where the sealed file is not, and off back-ups")


@command.command(
    epilog="""\b
Examples:
  faretap module make keys.sealed --trade metro --keys rows.txt --secret module-secret.txt
  faretap module make depot.sealed --trade metro --draw 28/01 --draw 28/02 --secret s.txt

\b
A row of --keys:  USE/VERSION 3des|sm4 KEY [left]
  28/01 3des 32 hex digits
left: 8 bytes of an initial value stand left in a block of SM4.
"""
)
@click.argument("path", type=FILE)
@click.option("--trade", required=True, help="Whom the keys are for: `module_trade`.")
@click.option(
    "--keys", "rows", type=click.Path(dir_okay=False, allow_dash=True), help="Rows; - is stdin."
)
@click.option("--draw", multiple=True, help="USE/VERSION of a key drawn at random.")
@click.option("--kind", type=click.Choice(["3des", "sm4"]), default="3des", help="Of --draw.")
@SECRET
def make(path, trade, rows, draw, kind, secret_path):
    """Seal keys into a new file. Remove the rows afterwards: they are keys in clear."""
    from firmware.module.opening import key_names
    from host_tools import module_file

    if not rows and not draw:
        raise click.UsageError("say --keys or --draw")
    keys = []
    if rows:
        with click.open_file(rows, encoding="utf-8") as file:
            keys += module_file.read_plain(file.read(), rows)
    try:
        keys += module_file.drawn(key_names(" ".join(draw)), kind)
    except FormatError as wrong:
        raise FormatError("--draw is USE/VERSION in hex, as 28/01: %s" % " ".join(draw)) from wrong
    if not keys:
        raise FormatError(f"{rows}: holds no key")
    module_file.write(path, module_file.seal(trade, keys, read_secret(secret_path)))
    show_keys(path, trade, keys)


@command.command(epilog="Examples:\n\n  faretap module show keys.sealed --secret s.txt")
@click.argument("path", type=FILE)
@SECRET
def show(path, secret_path):
    """Say which keys a sealed file holds, by check values."""
    from host_tools import module_file

    text = path.read_text(encoding="utf-8")
    show_keys(path, *module_file.unseal(text, read_secret(secret_path), str(path)))


def show_keys(path, trade, keys):
    """Use, version, kind and check value of each."""
    from host_tools import module_file

    click.echo(f"{path}: trade {trade}, {len(keys)} keys")
    for key in keys:
        check = module_file.check_value(key).hex().upper()
        click.echo(f"  {key.key_use:02X}/{key.version:02X}  {key.kind:4}  check value {check}")


def read_secret(path):
    """The secret of a file; FormatError where none is in it."""
    found = path.read_text(encoding="utf-8").strip()
    if not found:
        raise FormatError(f"{path}: no secret in it")
    return found


@command.command(epilog="Examples:\n\n  faretap module bench --count 500")
@click.option("--count", type=click.IntRange(1, 100000), default=200, show_default=True)
def bench(count):
    """How long a derivation and a MAC over an UPDATE of 128 bytes take on this machine."""
    from sim import bench_module

    for name, derive_ms, mac_ms in bench_module.rows(count):
        click.echo(f"{name}: derive {derive_ms:.2f} ms, MAC {mac_ms:.2f} ms (median of {count})")


@command.command(
    epilog="""\b
Examples:
  faretap module serve --link /tmp/psam          with `module: serial:/tmp/psam` in the settings
  faretap module serve --vpcd                    with `module: pcsc`; pcscd with vpcd has to run
  faretap module serve --profile > city.txt      the bytes of this PSAM: `module_profile`
"""
)
@click.option("--link", type=FILE, help="Path to lay its serial line at.")
@click.option("--vpcd", is_flag=True, help="Put it into the reader of vpcd.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where pcscd runs.")
@click.option("--port", default=None, type=int, help="Port of the reader's slot.")
@click.option("--cipher", type=click.Choice(["3des", "sm4"]), default="3des", help="Of its keys.")
@click.option("--profile", is_flag=True, help="Print its profile and end.")
def serve(link, vpcd, host, port, cipher, profile):
    """Serve a simulated PSAM until Ctrl-C. Its keys are known to everybody: it guards nothing."""
    from sim.psam import PROFILE, Psam

    if profile:
        click.echo(PROFILE, nl=False)
        return
    if vpcd == bool(link):
        raise click.UsageError("say either --link or --vpcd")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if vpcd:
            serve_reader(Psam(cipher=cipher), host, port)
        else:
            serve_line(Psam(cipher=cipher), link)
    except KeyboardInterrupt:
        click.echo("taken out")


def serve_line(card, link):
    """At a pty."""
    from sim.psam_slot import PsamSlot
    from sim.pty_line import PtyLine

    with PtyLine(PsamSlot(card), link=str(link)):
        click.echo(f"PSAM at {link}")
        while True:
            time.sleep(3600)


def serve_reader(card, host, port):
    """In a PC/SC reader."""
    from sim.field import Field
    from sim.vpcd import PORT, Slot
    from sim.vpcd import serve as serve_slot

    field = Field()
    field.place(card)
    try:
        connection = socket.create_connection((host, port or PORT), timeout=None)
    except ConnectionRefusedError as refused:
        raise LinkLost(f"no vpcd at {host}:{port or PORT}: pcscd has to run") from refused
    with connection:
        click.echo("PSAM in the reader, ATR " + card.atr.hex().upper())
        serve_slot(Slot(field, card), connection)
