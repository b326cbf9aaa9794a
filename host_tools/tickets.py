# SPDX-License-Identifier: Apache-2.0
"""Issue e-tickets: rows of a table in, signed texts and QR codes out (firmware/formats/ticket.py).

Keys are those of signing.py, one file each: RSA in PEM, or SM2. A ticket under SM2 is a third as
long, and its QR code is read from twice as far.
"""

import csv
import io
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import segno

from firmware.errors import FormatError
from firmware.fares import calendar
from firmware.formats import signed, ticket
from host_tools.signing import ORDER, RsaSigner, Signer, Sm2Signer, load_signer, make_sm2_key

COLUMNS = ("id", "kind", "groups", "first", "last", "hours", "entries", "daily", "persons")
DEFAULTS = {
    "kind": "adult", "groups": "1", "hours": "00:00-23:59", "entries": "1", "daily": "no",
    "persons": "1",
}  # fmt: skip


def key_line(number: int, signer: Signer) -> str:
    """The line of `ticket_keys` by which gates know this issuer."""
    if isinstance(signer, RsaSigner):
        return f"key: {number} rsa {signer.authority.rsa.hex().upper()}"
    return f"key: {number} sm2 {signer.authority.sm2.hex().upper()}"


def kiosk_file(line: str, signer: Sm2Signer) -> str:
    """The file `kiosk_key` of a kiosk; line: what gates have of this key, with its bounds."""
    return f"{line}\nsecret: {signer.secret:064X}\n"


def keys_of(number: int, signer: Signer) -> dict:
    """The same as gates hold it."""
    return ticket.read_keys(key_line(number, signer))


def issue(row: dict, number: int, signer: Signer) -> str:
    """Text of one ticket; row: COLUMNS as text, what is left out by DEFAULTS. FormatError."""
    body = ticket.pack(values_of(row, number))
    text = ticket.text_of(body, signer.sign(body))
    ticket.verify(ticket.read(text, keys_of(number, signer)), keys_of(number, signer))
    return text


def values_of(row: dict, number: int) -> dict:
    """Dict of ticket.TICKET; FormatError names the column."""
    unknown = [one for one in row if one not in COLUMNS]
    if unknown:
        raise FormatError(f"no column is called {unknown[0]}: {', '.join(COLUMNS)}")
    said = {**DEFAULTS, **{name: value for name, value in row.items() if value}}
    first = day_of(said, "first")
    opens, closes = hours_of(said["hours"])
    if said["kind"] not in ticket.KINDS:
        raise FormatError(f"kind is one of {', '.join(ticket.KINDS)}")
    return {
        "version": ticket.VERSION,
        "key": number,
        "id": whole(said, "id"),
        "kind": ticket.KINDS.index(said["kind"]),
        "groups": groups_of(said["groups"]),
        "first_day": first,
        "last_day": day_of(said, "last") if "last" in said else first,
        "opens": opens,
        "closes": closes,
        "entries": whole(said, "entries"),
        "daily": {"no": 0, "yes": 1}.get(said["daily"], -1),
        "persons": whole(said, "persons"),
    }


def whole(said: dict, name: str) -> int:
    """A number of the row."""
    text = said.get(name, "")
    if not re.fullmatch(r"[0-9]{1,10}", text):
        raise FormatError(f"{name}: {text!r} is no whole number")
    return int(text)


def day_of(said: dict, name: str) -> int:
    """Day number of YYYY-MM-DD."""
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", said.get(name, ""), re.ASCII)
    if not found or not calendar.is_day(*map(int, found.groups())):
        raise FormatError(f"{name}: {said.get(name, '')!r} is no day YYYY-MM-DD")
    return calendar.day_number(*map(int, found.groups()))


def hours_of(text: str) -> tuple[int, int]:
    """Minutes of the day of HH:MM-HH:MM."""
    found = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", text, re.ASCII)
    if not found:
        raise FormatError(f"hours: {text!r} is not HH:MM-HH:MM")
    numbers = [int(one) for one in found.groups()]
    if numbers[1] > 59 or numbers[3] > 59:
        raise FormatError(f"hours: {text!r} has more than 59 minutes")
    return numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]


def groups_of(text: str) -> int:
    """Bits of gate groups 1..16, `1 3`."""
    bits = 0
    for word in text.split():
        if not re.fullmatch(r"[0-9]{1,2}", word) or not 1 <= int(word) <= 16:
            raise FormatError(f"groups: {word!r} is no gate group 1..16")
        bits |= 1 << (int(word) - 1)
    return bits


def rows_of(text: str, name: str) -> Iterator[dict]:
    """Rows of a CSV with a head of COLUMNS; an id that stands twice is refused. FormatError."""
    seen = set()
    reader = csv.DictReader(io.StringIO(text))
    for row in reader:
        if None in row or None in row.values():
            raise FormatError(f"{name}:{reader.line_num}: as many cells as the head has")
        if row.get("id") in seen:
            raise FormatError(f"{name}:{reader.line_num}: id {row['id']} stands twice")
        seen.add(row.get("id"))
        yield row


def svg(text: str) -> bytes:
    """The QR code as SVG, medium error correction, with its quiet zone."""
    out = io.BytesIO()
    segno.make_qr(text, error="m").save(out, kind="svg", scale=4)
    return out.getvalue()


def terminal(text: str) -> str:
    """The QR code for a terminal window."""
    out = io.StringIO()
    segno.make_qr(text, error="l").terminal(out=out, compact=True)
    return out.getvalue()


def described(text: str, keys: dict) -> dict:
    """What a gate reads in a ticket, verified; FormatError says why it would refuse it."""
    found = ticket.read(text, keys)
    ticket.verify(found, keys)
    values = found.values
    days = [calendar.date_of(values[one]) for one in ("first_day", "last_day")]
    hours = "%02d:%02d-%02d:%02d" % (
        *divmod(values["opens"], 60),
        *divmod(values["closes"], 60),
    )
    return {
        "id": values["id"],
        "kind": ticket.KINDS[values["kind"]],
        "groups": " ".join(str(n + 1) for n in range(16) if values["groups"] >> n & 1),
        "first": "%04d-%02d-%02d" % days[0],
        "last": "%04d-%02d-%02d" % days[1],
        "hours": hours,
        "entries": values["entries"] or "as many as its days allow",
        "daily": "yes" if values["daily"] else "no",
        "persons": values["persons"],
        "key": "%d, %s" % (values["key"], "RSA" if found.scheme == signed.RSA else "SM2"),
    }


def make_key(path: Path) -> Sm2Signer:
    """A new SM2 issuer key; FileExistsError rather than lose one."""
    return make_sm2_key(path)


def make_kiosk_key(path: Path, number: int, bounds: str) -> str:
    """A new key of a kiosk in its file, for its owner alone; returns its line for the gates.
    FormatError for bounds that are none, FileExistsError rather than lose a key.
    """
    signer = Sm2Signer(secrets.randbelow(ORDER - 2) + 1)
    line = f"{key_line(number, signer)} {bounds}"
    ticket.read_keys(line, "bounds")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(kiosk_file(line, signer))
    return line


__all__ = ["described", "issue", "key_line", "load_signer", "make_key", "rows_of", "svg"]
