# SPDX-License-Identifier: Apache-2.0
"""The fare table of the tabletop's city (tabletop_fares.toml), built for its terminals."""

from pathlib import Path

from host_tools.fares import files

SOURCE = Path(__file__).with_name("tabletop_fares.toml")


def write_fares(folder):
    """Path of the table of a terminal, written into `folder`; not signed, for a desk."""
    path = folder.resolve() / "city.fares"
    files.write(path, files.built(files.load(SOURCE), None))
    return path
