# SPDX-License-Identifier: Apache-2.0
"""The body of a release out of the sources of this checkout."""

from collections.abc import Sequence

from firmware.errors import FormatError
from host_tools import release_files


def body(board: str, devices: Sequence[str] = ()) -> bytes:
    """A zip for Linux. FormatError: a board that is not updated, or no such device."""
    if board == release_files.LINUX:
        if devices:
            raise FormatError("a release for linux has all devices in it: leave --device away")
        return release_files.zip_body()
    raise FormatError(f"sign the ROMFS image of a {board}: faretap release sign IMAGE")
