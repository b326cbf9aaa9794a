# SPDX-License-Identifier: Apache-2.0
"""What is plugged in: serial ports of boards, and drives of boot ROMs. Nothing is sent to them."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from serial.tools import list_ports

from firmware.errors import FormatError
from host_tools.flash.boards import BOARDS
from host_tools.flash.faults import Fault

INFO = "INFO_UF2.TXT"
INFO_MOST = 4096
MOUNTS = ("/media/*", "/media/*/*", "/run/media/*/*", "/mnt/*", "/Volumes/*")
# USB vendors whose boards these are; a bridge to a UART has its maker's and is named by --port
VENDORS = {0x2E8A: "Raspberry Pi", 0x303A: "Espressif"}


class Seen(NamedTuple):
    """where: a port or the folder of a drive; board_id: Board-ID of a drive, "" of a port."""

    where: str
    title: str
    serial: str
    board_id: str

    def __str__(self) -> str:
        return f"{self.where}  {self.title}" + (f"  {self.serial}" if self.serial else "")


def ports() -> list[Seen]:
    """Serial ports of known makers."""
    found = []
    for one in list_ports.comports():
        if one.vid in VENDORS:
            title = one.product or one.description or VENDORS[one.vid]
            found.append(Seen(one.device, title, one.serial_number or "", ""))
    return sorted(found)


def drives(roots: Iterable[str] = MOUNTS) -> list[Seen]:
    """Drives of boot ROMs that are mounted."""
    folders = {path for root in roots for path in Path("/").glob(root.lstrip("/"))}
    return [drive(path) for path in sorted(folders) if (path / INFO).is_file()]


def drive(folder: Path) -> Seen:
    """A boot ROM's drive by its INFO_UF2.TXT. Fault where it is none."""
    try:
        with (folder / INFO).open("rb") as file:
            text = file.read(INFO_MOST).decode("ascii", "replace")
    except OSError as wrong:
        raise Fault("no_board", f"{folder} is no drive of a boot ROM: no {INFO}") from wrong
    rows = dict(
        (key.strip(), value.strip()) for key, mark, value in
        (line.partition(":") for line in text.splitlines()) if mark
    )  # fmt: skip
    board_id = rows.get("Board-ID", "")
    if not board_id:
        raise Fault("no_board", f"{folder / INFO} names no Board-ID")
    return Seen(str(folder), rows.get("Model", "boot ROM")[:60], "", board_id[:40])


def the_only(found: list[Seen], what: str) -> Seen:
    """The one there is. Fault that says what was seen."""
    if not found:
        known = ", ".join(one.title for one in BOARDS if not one.is_linux)
        raise Fault("no_board", f"no {what} of {known} is plugged in")
    if len(found) > 1:
        listed = "; ".join(map(str, found))
        raise Fault("several_boards", f"{len(found)} are plugged in: {listed}")
    return found[0]


def family_of(board_id: str) -> int:
    """Family of UF2 that a drive takes. FormatError for a stranger."""
    for one in BOARDS:
        if one.drive and one.drive == board_id:
            return one.family
    raise FormatError(f"a boot ROM {board_id!r} is not known")
