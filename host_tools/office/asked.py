# SPDX-License-Identifier: Apache-2.0
"""What a browser asked, read with bounds: query, form, person, language.

Parsers raise FormatError with a sentence; the page that answers it says 400.
"""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.requests import Request

from firmware.errors import FormatError
from host_tools.ledger import days
from host_tools.office.people import Person, Signed

BODY_MOST = 8192
FIELDS_MOST = 24
VALUE_MOST = 512
PAGE_ROWS = 50
OFFSET_MOST = 10_000_000


@dataclass(frozen=True)
class Asked:
    """One request, as handlers see it. `form` is empty for a GET."""

    method: str
    path: str
    at: dict[str, str]
    query: dict[str, str]
    form: dict[str, str]
    address: str
    lang: str
    signed: Signed | None = None
    cookies: dict[str, str] = field(default_factory=dict)
    bearer: str = ""  # token of a machine that asks

    @property
    def person(self) -> Person:
        """Who asks, behind the door."""
        assert self.signed is not None
        return self.signed.person

    def number(self, name: str, least: int = 0, most: int = 0xFFFFFFFF) -> int | None:
        """A number of path, form or query; None where it is not given."""
        text = self.text(name)
        return whole(text, name, least, most) if text else None

    def text(self, name: str) -> str:
        """A text of path, form or query, without blanks around it; "" where it is not given."""
        value = self.at.get(name) or self.form.get(name) or self.query.get(name) or ""
        return value.strip()

    def choice(self, name: str, words: tuple[str, ...]) -> str:
        """One of these words, or "" where none is given."""
        text = self.text(name)
        if text and text not in words:
            raise FormatError(f"{name} is one of {', '.join(words)}")
        return text

    def day(self, name: str) -> int | None:
        """A day such as 2026-11-22; None where it is not given."""
        text = self.text(name)
        return days.read(text[:32]) if text else None

    @property
    def offset(self) -> int:
        """Rows before the page that is wanted."""
        return self.number("from", 0, OFFSET_MOST) or 0


def whole(text: str, name: str, least: int, most: int) -> int:
    """A number in its bounds."""
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise FormatError(f"{name} is a number")
    number = int(text)
    if not least <= number <= most:
        raise FormatError(f"{name} is a number from {least} to {most}")
    return number


def fen_of(text: str) -> int | None:
    """Fen of yuan as people type them, 2 or 2.00; None for nothing."""
    if not text:
        return None
    yuan, dot, cents = text.partition(".")
    good = yuan.isascii() and yuan.isdigit() and len(yuan) <= 7
    good = good and (not dot or (cents.isascii() and cents.isdigit() and len(cents) <= 2))
    if not good:
        raise FormatError("an amount is said in yuan: 2 or 2.00")
    return int(yuan) * 100 + int((cents or "0").ljust(2, "0"))


def read_pairs(text: str, what: str) -> dict[str, str]:
    """Keys and values of a query or a form, each key once."""
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, max_num_fields=FIELDS_MOST, errors="strict"
        )
    except ValueError as wrong:  # UnicodeDecodeError is one
        raise FormatError(f"the {what} cannot be read") from wrong
    found: dict[str, str] = {}
    for key, value in pairs:
        if key in found or len(value) > VALUE_MOST or "\x00" in value:
            raise FormatError(f"the {what} has a field twice, or one too long")
        found[key] = value
    return found


async def read_form(request: Request) -> dict[str, str]:
    """The form of a POST; FormatError where it is none, or longer than any of ours."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise FormatError("a form is expected")
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_MOST:
            raise FormatError("a form of that length is none of ours")
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError as wrong:
        raise FormatError("the form cannot be read") from wrong
    return read_pairs(text, "form")
