# SPDX-License-Identifier: Apache-2.0
"""Whether a unit may go onto a board: all that forbids it, before anything is changed. Pure."""

from firmware import settings
from firmware.errors import FormatError
from firmware.formats import seal, signed
from host_tools.flash.boards import Board
from host_tools.flash.faults import Fault
from host_tools.flash.identity import Held, Identity
from host_tools.provision.held import HELD
from host_tools.provision.unit import SETTINGS, Unit
from host_tools.signing import Bytes

# what says where records lie and how they are chained: another value would lose them
JOURNAL = ("journal", "journal_blocks")
CHAIN = ("journal_key", "journal_hash")


def parsed(unit: Unit) -> settings.Settings:
    """Its Settings."""
    return settings.parse(unit.files[SETTINGS].decode(), SETTINGS)


def check_board(wanted: Board, found: Identity) -> None:
    """Fault wrong_board."""
    if found.board != wanted:
        raise Fault("wrong_board", f"this is a {found.board.title}, not a {wanted.title}")


def check_unit(wanted: Board, unit: Unit) -> None:
    """Fault wrong_board for the folder of another board."""
    if unit.board != wanted.name:
        raise Fault("wrong_board", f"the folder is of a {unit.board}, not of a {wanted.name}")


def check_records(found: Identity, held: Held | None, exported: bool) -> None:
    """Fault unsent, unless this command has exported them; unreadable where nobody can say."""
    if SETTINGS in found.files and found.unit is None and not exported:
        raise Fault("unreadable", f"what it holds is not known: {found.fault}")
    if held and (held.waiting or held.opened) and not exported:
        opened = f" and {held.opened} open sales" if held.opened else ""
        number = found.unit.terminal if found.unit else 0
        raise Fault("unsent", f"terminal {number} holds {held.waiting} unsent records{opened}")


def check_same(found: Identity, held: Held | None, unit: settings.Settings) -> None:
    """Faults where the unit would not go on with the journal that is there."""
    if found.unit is None or held is None or held.is_blank:
        return
    if unit.terminal != found.unit.terminal:
        said = f"the board is terminal {found.unit.terminal}, the folder of {unit.terminal}"
        raise Fault("other_terminal", said)
    for key in JOURNAL:
        if getattr(unit, key) != getattr(found.unit, key):
            raise Fault("other_journal", f"`{key}` differs from the board's")
    for key in CHAIN:
        if unit.more.get(key) != found.unit.more.get(key):
            raise Fault("other_journal", f"`{key}` differs from the board's")


def check_authority(found: Identity, unit: settings.Settings, may_change: bool) -> None:
    """Fault wrong_key where the board trusts somebody and the unit somebody else, or nobody."""
    if found.unit is None or may_change:
        return
    for key in ("authority", "authority_sm2"):
        had = getattr(found.unit, key)
        if had and had != getattr(unit, key):
            raise Fault("wrong_key", f"the board's `{key}` is another one")


def check_newer(name: str, there: bytes, coming: bytes) -> None:
    """Fault older where a file of the board has a higher version than the one that comes."""
    had, has = version_of(there), version_of(coming)
    if had > has:
        raise Fault("older", f"{name} of version {has}, the board has {had}")


def version_of(data: bytes) -> int:
    """Number of a signed file or sealed text, 0 where it has none."""
    try:
        if data.startswith(signed.MAGIC):
            return signed.read_head(Bytes(data), [kind for kind, _ in signed.KINDS]).number
        return seal.version(data.decode())
    except (FormatError, UnicodeError):
        return 0


def versioned(unit: Unit) -> list[str]:
    """Names of its files that have a version."""
    return [
        one.name for one in HELD if one.name in unit.files and version_of(unit.files[one.name])
    ]


def check_release(found: Identity, number: int) -> None:
    """Fault older for an image whose release is below the newest that was good."""
    newest = max(found.floor, found.release)
    if number and number < newest:
        raise Fault("older", f"release {number}, the board has run {newest}")
