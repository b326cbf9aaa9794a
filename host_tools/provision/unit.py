# SPDX-License-Identifier: Apache-2.0
"""One terminal as a dict of files, made of what was asked for and checked as its firmware would.

settings.txt     wiring of the board, then what was given; parsed by firmware/settings.py
parameters.txt   and the other files of held.py
unit.json        board, number, and the SHA-256 of each file: what `faretap flash` looks at
"""

import hashlib
import json
import os
from collections.abc import Mapping
from typing import NamedTuple

from firmware import settings
from firmware.assemble import make_chain
from firmware.errors import FormatError
from firmware.formats import lines, signed
from firmware.formats.session_key import KEY_BYTES
from firmware.journal import ARCHIVE_FROM
from firmware.signed_setup import MACS, key_of
from host_tools.flash.boards import Board, board_named
from host_tools.provision.held import HELD, KEYS, MOST_BYTES, opened_parameters

SETTINGS, CARD = "settings.txt", "unit.json"
ORDER = settings.SINGLE + settings.MORE
SECRETS = ("upload_key", "journal_key")  # drawn here, never shown
CHAIN_BYTES = 32
VALUE_MOST = 4096  # letters of one setting: the longest is an RSA modulus in hex
HEADER = "# %s, terminal %s. Made by `faretap provision`; holds keys: its owner alone reads it.\n"


class Unit(NamedTuple):
    """files: name -> bytes, CARD among them; notes: what a person should know of it."""

    board: str
    terminal: int
    files: dict[str, bytes]
    notes: tuple[str, ...]


def make(
    board: Board, given: Mapping[str, str], files: Mapping[str, bytes], kept: Mapping[str, str]
) -> Unit:
    """The Unit. FormatError where its terminal would not start with it.

    given: settings, `terminal` among them; files: of the keys in held.KEYS, what the file holds;
    kept: secrets it has already, instead of new ones.
    """
    _check_keys(given, files)
    wanted: dict[str, str] = {"device": "bus", **dict(board.defaults), **given}
    if wanted["device"] == "inspector":
        wanted = {key: value for key, value in wanted.items() if key not in ("journal", "link")}
    wanted |= {one.key: one.name for one in HELD if one.key in files}
    wanted |= _secrets(wanted, kept)
    text = text_of(wanted, HEADER % (board.title, wanted.get("terminal", "?")))
    unit = settings.parse(text, SETTINGS)
    _check_board(board, unit)
    _check_more(unit.more)
    notes = _check_files(unit, files)
    laid = {SETTINGS: text.encode()} | {one.name: files[one.key] for one in HELD
                                        if one.key in files}  # fmt: skip
    laid[CARD] = card_of(board.name, unit.terminal, laid)
    return Unit(board.name, unit.terminal, laid, notes)


def text_of(wanted: Mapping[str, str], header: str = "") -> str:
    """A settings file in the order of the manual."""
    rows = [f"{key}: {wanted[key]}\n" for key in ORDER if wanted.get(key)]
    return header + "".join(rows)


def card_of(board: str, terminal: int, files: Mapping[str, bytes]) -> bytes:
    """unit.json: nothing in it is secret."""
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    made = {"board": board, "terminal": terminal, "files": sums}
    return json.dumps(made, indent=1).encode() + b"\n"


def _check_keys(given, files):
    for key, value in given.items():
        if key not in ORDER:
            raise FormatError(f"no setting is called `{key}`: docs/operation.md lists them")
        if key in KEYS:
            raise FormatError(f"`{key}` is a file: give it with --file {key}=PATH")
        odd = [sign for sign in value if ord(sign) < 32 or ord(sign) == 127]
        if odd or len(value) > VALUE_MOST:
            raise FormatError(f"`{key}`: a line of at most {VALUE_MOST} letters is wanted")
    for key, data in files.items():
        if key not in KEYS:
            raise FormatError(f"`{key}` names no file: {', '.join(KEYS)}")
        if len(data) > MOST_BYTES:
            raise FormatError(f"`{key}`: a file of {len(data):,} bytes, at most {MOST_BYTES:,}")


def _secrets(wanted, kept):
    """The keys of this terminal that nobody gave: those it has, or new ones."""
    found = {}
    if "upload_key" not in wanted and wanted.get("link", "none") != "none":
        found["upload_key"] = kept.get("upload_key") or os.urandom(KEY_BYTES).hex()
    blocks = wanted.get("journal_blocks", "")
    packs = lines.is_digits(blocks) and len(blocks) < 9 and int(blocks) >= ARCHIVE_FROM
    if "journal" in wanted and "journal_key" not in wanted and packs:
        found["journal_key"] = kept.get("journal_key") or os.urandom(CHAIN_BYTES).hex()
    if wanted.get("upload_key") == "none":  # asked for in so many words
        wanted.pop("upload_key")
    return found


def _check_board(board, unit):
    """A path of Linux is no UART, and the other way round."""
    for key in ("reader", "journal", "link"):
        kind, where = getattr(unit, key) or ("", "")
        if kind not in ("serial", "flash", "file"):
            continue
        is_path = where.startswith("/") or kind == "file"
        if kind == "flash" and board.is_linux or kind == "file" and not board.is_linux:
            raise FormatError(f"`{key}: {kind}:{where}` is not for a {board.title}")
        if kind == "serial" and is_path != board.is_linux:
            like = dict(board.defaults)["reader"]
            raise FormatError(f"`{key}: serial:{where}` is not for a {board.title}: {like}")


def _check_more(more):
    """What the firmware looks at later than settings.parse()."""
    make_chain(more)
    if "upload_key" in more:
        key_of(more["upload_key"], more.get("upload_mac", MACS[0]))
    if more.get("upload_mac", MACS[0]) not in MACS:
        raise FormatError(f"settings: `upload_mac` is {' or '.join(MACS)}")


def _check_files(unit, files):
    """Open each as the terminal will; notes for people."""
    authority = signed.Authority(unit.authority, unit.authority_sm2)
    if "parameters" not in files:
        if unit.device == "inspector":
            return ()
        raise FormatError("--parameters FILE is missing: fares, CA keys, limits")
    notes = []
    fleet = _named("parameters", lambda: opened_parameters(files["parameters"], authority))
    if not fleet.capks:
        notes.append("no `ca` line in the parameters: no card can pay")
    if not authority.rsa:
        notes.append("no `authority`: whoever reaches its files can change its fares")
    for one in HELD:
        if one.key in files:
            _named(one.key, lambda one=one: one.check(files[one.key], authority, fleet))
    return tuple(notes)


def _named(key, opener):
    try:
        return opener()
    except FormatError as wrong:
        raise FormatError(f"{key}: {wrong}") from wrong


def secrets_of(text: str) -> dict[str, str]:
    """The keys that a settings file holds already; FormatError."""
    found = lines.read(text, SETTINGS, ORDER)
    return {key: found[key] for key in SECRETS if key in found}


def unit_of(files: Mapping[str, bytes]) -> Unit:
    """A folder read back: FormatError unless every file is the one that unit.json names."""
    try:
        card = json.loads(files[CARD])
        sums = {str(name): str(digest) for name, digest in card["files"].items()}
        board, terminal = board_named(card["board"]), int(card["terminal"])
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as wrong:
        raise FormatError(f"{CARD} is missing or damaged: provision the unit again") from wrong
    for name, digest in sums.items():
        if name not in files or hashlib.sha256(files[name]).hexdigest() != digest:
            raise FormatError(f"{name} is not what was provisioned: provision the unit again")
    laid = {name: files[name] for name in sums}
    unit = settings.parse(laid.get(SETTINGS, b"").decode("utf-8", "replace"), SETTINGS)
    if unit.terminal != terminal:
        raise FormatError(f"{CARD} says terminal {terminal}, {SETTINGS} {unit.terminal}")
    return Unit(board.name, terminal, {**laid, CARD: files[CARD]}, ())
