# SPDX-License-Identifier: Apache-2.0
"""What an acquirer's interface paper decides, and the merchants that are presented there: a TOML.

    [host]      where it listens, TPDU, header, times
    [rules]     every point that clearing.md 12 leaves open, a named parameter each
    [answers]   codes of field 39 whose class differs: "68" = "refused"
    [[merchant]]  one for each terminal number the acquirer has given out

Pure: the text comes from the caller. FormatError names the key that is wrong.
"""

import dataclasses
import re
import tomllib
from dataclasses import dataclass
from typing import Any

from firmware.errors import FormatError
from host_tools.acquirer import answers, mac
from host_tools.clearing import FIELD_55

DAY_MOST = 366
BATCH_MOST = 999  # its count has three digits in the totals of 0500


@dataclass(frozen=True)
class Host:
    """Where the acquirer listens, and what stands in front of its messages."""

    address: str = "127.0.0.1:4780"  # HOST:PORT
    tpdu: str = "6000030000"
    header: str = "603100311003"
    answer_s: float = 30.0  # silence after which a request counts as unanswered


@dataclass(frozen=True)
class Rules:
    """What differs from acquirer to acquirer; the defaults are what was seen most."""

    mac: str = "ecb-cup"  # ecb-cup, x9.9, x9.19, sm4
    mac_form: str = "hex"  # of X9: field 64 as hex characters or binary
    mac_whole_key: bool = False  # ecb-cup: 3DES with all 16 bytes, not DES with the left 8
    mac_messages: tuple[str, ...] = ("0200", "0320", "0500")  # requests that bear field 64
    key_cipher: str = "3des"  # under which working keys come: 3des, sm4
    sign_on: str = "003"  # field 60.3 of 0800: 001, 003, 004
    field_22: str = "0720"  # contactless chip, no PIN
    field_55: tuple[int, ...] = FIELD_55  # tags in their order, 8A last
    field_63: str = "CUP"  # of a sale
    operator: str = "001"  # field 63 of a settlement
    optional: tuple[int, ...] = (38,)  # fields of a sale sent beside the usual: 12, 13, 38
    batch_sales: int = 900  # a batch is settled at so many, 999 at most
    presentation_days: int = 10  # deadline of a sale
    after_deadline: str = "send"  # send or hold what is older
    list_chip_data: str = "unbalanced"  # 0320 with the sales again: unbalanced, always
    error_digit: str = "3"  # of field 48 in 0510; counts as not balanced, and is reported
    torn_events: str = "report"  # torn and refused debits: report (for a dispute file), none
    refusals_in_a_row: int = 20  # then a run stops: a fault of one side, not of so many cards
    attempts: int = 5  # of one message without an answer, before a run gives up
    retry_s: float = 2.0  # first wait; doubled each time, with jitter
    retry_most_s: float = 60.0


@dataclass(frozen=True)
class Merchant:
    """One terminal number at the acquirer. Sales of `operator` go there; "" takes all others.

    Where several have the same operator its sales are spread over them, by terminal.
    """

    name: str
    merchant: str
    terminal: str
    operator: str = ""
    serial: str = "000000000001"


@dataclass(frozen=True)
class Profile:
    """All of it."""

    host: Host
    rules: Rules
    codes: dict[str, str]
    merchants: tuple[Merchant, ...]

    def merchant(self, name: str) -> Merchant:
        """The merchant of a name."""
        for one in self.merchants:
            if one.name == name:
                return one
        raise FormatError(f"the profile has no merchant {name!r}")


ONE_OF = {
    "mac": mac.KINDS,
    "mac_form": mac.FORMS,
    "key_cipher": ("3des", "sm4"),
    "sign_on": ("001", "003", "004"),
    "after_deadline": ("send", "hold"),
    "list_chip_data": ("unbalanced", "always"),
    "torn_events": ("report", "none"),
}
RANGES: dict[str, tuple[float, float]] = {
    "answer_s": (0.05, 300),
    "batch_sales": (1, BATCH_MOST),
    "presentation_days": (1, DAY_MOST),
    "attempts": (1, 100),
    "refusals_in_a_row": (1, 1000),
    "retry_s": (0, 3600),
    "retry_most_s": (0, 86400),
}
FORMS = {
    "address": r".+:\d{1,5}",
    "tpdu": r"[0-9]{10}",
    "header": r"[0-9]{12}",
    "field_22": r"07[0-9]0",
    "field_63": r"[\x20-\x7e]{0,60}",
    "operator": r"[\x20-\x7e]{0,60}",
    "error_digit": r"[0-9]",
    "merchant.name": r"[A-Za-z0-9][A-Za-z0-9._-]{0,30}",
    "merchant.merchant": r"[\x21-\x7e]{15}",
    "merchant.terminal": r"[\x21-\x7e]{8}",
    "merchant.operator": r".{0,80}",
    "merchant.serial": r"[\x21-\x7e]{12}",
}
OPTIONAL = (12, 13, 38)


def parse(text: str) -> Profile:
    """The profile of a TOML text."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise FormatError(f"not a TOML file: {wrong}") from wrong
    _known("profile", found, ("host", "rules", "answers", "merchant"))
    listed = found.get("merchant", [])
    if not isinstance(listed, list) or not listed:
        raise FormatError("a profile has at least one [[merchant]]")
    merchants = tuple(_merchant(one) for one in listed)
    for what in ("name", "terminal"):
        if len({getattr(one, what) for one in merchants}) < len(merchants):
            raise FormatError(f"two merchants have the same {what}")
    return Profile(
        _section(Host, found.get("host", {})),
        _rules(found.get("rules", {})),
        _codes(found.get("answers", {})),
        merchants,
    )


def _merchant(values: Any) -> Merchant:
    if not isinstance(values, dict) or not {"name", "merchant", "terminal"} <= set(values):
        raise FormatError("a [[merchant]] has name, merchant and terminal")
    return _section(Merchant, values, "merchant.")


def _rules(values: Any) -> Rules:
    rules = _section(Rules, values)
    if not set(rules.optional) <= set(OPTIONAL):
        raise FormatError(f"rules.optional: of {OPTIONAL}")
    if len(set(rules.field_55)) < len(rules.field_55) or rules.field_55[-1:] != (0x8A,):
        raise FormatError("rules.field_55: each tag once, 8A last")
    if any(not re.fullmatch(r"\d{4}", one) for one in rules.mac_messages):
        raise FormatError("rules.mac_messages: message types of four digits")
    if rules.retry_most_s < rules.retry_s:
        raise FormatError("rules.retry_most_s: less than retry_s")
    return rules


def _codes(values: Any) -> dict[str, str]:
    if not isinstance(values, dict):
        raise FormatError("[answers] is a table")
    for code, kind in values.items():
        if not re.fullmatch("[0-9A-Z]{2}", code) or kind not in answers.CLASSES:
            raise FormatError(f"answers.{code}: a code, and one of {', '.join(answers.CLASSES)}")
    return dict(values)


def _section(kind: type, values: Any, prefix: str = "") -> Any:
    """A dataclass of a table; every value checked by its kind, choices and range."""
    if not isinstance(values, dict):
        raise FormatError(f"[{kind.__name__.lower()}] is a table")
    known = {one.name: one for one in dataclasses.fields(kind)}
    _known(kind.__name__.lower(), values, tuple(known))
    return kind(**{name: _value(name, prefix + name, value) for name, value in values.items()})


def _known(where: str, values: dict, names: tuple[str, ...]) -> None:
    for name in values:
        if name not in names:
            raise FormatError(f"{where}: no key {name!r}; there are {', '.join(names)}")


def _value(name: str, place: str, value: Any) -> Any:
    if name == "field_55":
        return tuple(_tag(one) for one in value) if isinstance(value, list) else _bad(place)
    if name in ("optional", "mac_messages"):
        kind = int if name == "optional" else str
        right = isinstance(value, list) and all(type(one) is kind for one in value)
        return tuple(value) if right else _bad(place)
    if name == "mac_whole_key":
        return value if isinstance(value, bool) else _bad(place)
    if name in RANGES:
        least, most = RANGES[name]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        whole = isinstance(value, int) or name in ("answer_s", "retry_s", "retry_most_s")
        return value if number and whole and least <= value <= most else _bad(place)
    form = FORMS.get(place) or FORMS.get(name, "")
    right = isinstance(value, str) and (not form or bool(re.fullmatch(form, value)))
    return value if right and value in ONE_OF.get(name, (value,)) else _bad(place)


def _tag(text: Any) -> int:
    if not isinstance(text, str) or not re.fullmatch("[0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}", text):
        raise FormatError('rules.field_55: tags such as "9F26"')
    return int(text, 16)


def _bad(place: str) -> Any:
    name = place.rpartition(".")[2]
    choices = ONE_OF.get(name)
    between = RANGES.get(name)
    said = f"one of {', '.join(choices)}" if choices else ""
    said = f"{between[0]} to {between[1]}" if between else said
    raise FormatError(f"{place}: {said or 'not in its form'}")
