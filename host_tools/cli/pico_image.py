# SPDX-License-Identifier: Apache-2.0
"""The image of a Pico that commands run in the emulator."""

from pathlib import Path

import click

from firmware.errors import FormatError

IMAGE = Path(__file__).resolve().parents[2] / "build/micropython/pico.uf2"
IMAGE_OPTION = click.option(
    "--image",
    type=click.Path(dir_okay=False, path_type=Path),
    default=IMAGE,
    help="Of a Pico, as `make image` builds it (default: that one).",
)


def exists(image):
    if not image.exists():
        raise FormatError(f"{image} is not there: `make image` builds it")
