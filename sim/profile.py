# SPDX-License-Identifier: Apache-2.0
"""What a card is personalised with: Profile, every field with the value of a usual card.

Hex texts, dates YYMMDD, amounts in fen; None for a limit or an element that the card lacks. A
Profile that no card can have is a ValueError that says why in a sentence.
"""

import re
from dataclasses import dataclass, field, fields, replace

from sim.capp_profile import Extension

UNION_PAY = "A000000333"
PDOL = "9F66049F02069F03069F1A0295055F2A029A039C019F3704"  # 33 bytes, the live one
# With time and merchant name, which the card's log then holds
LOG_PDOL = "9F66049F02069F03069F1A0295055F2A029A039F21039C019F37049F4E14"
# Only what cryptogram version 17 and a signature need (JR/T 0025.12 tables 8 to 10)
SHORT_PDOL = "9F66049F02065F2A029F3704"
LOG_FORMAT = "9A039F21039F02069F03069F1A025F2A029F4E149C019F3602"  # qpboc.md 2.16
LOAD_LOG_FORMAT = "9A039F21039F1A029F4E149F3602"
SHAPES = ("usual", "one_file", "four_files", "high_files", "unsigned", "two_signed")
MOST_FEN = 10**12 - 1
HEX = "(?:[0-9A-F]{2})"
DAY = "[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
# What the text of a field must be, whole
TEXTS = {
    "suite": "rsa|sm2|both",
    "psn": "[0-9]{2}",
    "aid": f"{HEX}{{5,16}}",
    "label": "[ -~]{1,16}",
    "effective": DAY,
    "expiry": DAY,
    "pdol": f"{HEX}{{1,120}}",
    "aip": f"{HEX}{{2}}",
    "shape": "|".join(SHAPES),
    "track2_in": "gpo|record|",
    "oda": "fdda|both|sda",
    "version": f"{HEX}{{2}}",
    "fdda": "00|01",
    "cvn": HEX,
    "idd": f"{HEX}{{0,23}}",  # 9F10 has at most 32 bytes
    "ctq": f"{HEX}{{2}}",
    "currency": "[0-9]{4}",
    "options": f"{HEX}{{4}}",
    "rollback": "select|gpo",
    "capp": HEX,
    "forged": "certificate|sdad|hash|",
    "blocked": "application|card|",
    "uid": f"{HEX}{{4}}|{HEX}{{7}}|{HEX}{{10}}|",
    "ats": f"{HEX}{{1,20}}",
    "kind": "A|B",
}
# From, to
NUMBERS = {
    "bits": (512, 1984),
    "card_auth_bytes": (8, 16),
    "atc": (0, 0xFFFF),
    "foreign_limit": (0, 255),
    "pin_tries": (0, 15),
    "ca_index": (0, 255),
}
OF_EXTENSION = "capp_"  # before the name of a field of capp_profile.Extension
# Types of fields that changed() reads from text
SETTABLE = (str, str | None, int, int | None, bool, tuple)
# GET DATA of these is for the issuer's devices (JR/T 0025.12 C.1)
SPECIAL_DEVICE = ("9F6B", "9F68")


@dataclass(frozen=True)
class Second:
    """A second currency, DF71 to DF79 (JR/T 0025.15)."""

    currency: str = "0344"
    balance_fen: int = 10000
    threshold_fen: int = 0
    ceiling_fen: int = 100000
    single_limit_fen: int = 100000
    cvm_limit_fen: int | None = None


@dataclass(frozen=True)
class Profile:
    """What differs from card to card.

    | field | values |
    |---|---|
    | `suite` | rsa; sm2 (needs DF69 = 01 from the terminal); both (answers by DF69) |
    | `bits`, `exponent` | of the card's RSA key: 512 to 1984; 3 or 65537 |
    | `shape` | how the records lie, a row of personalise.SHAPES |
    | `track2_in` | gpo, record (a signed one) or "" (57 only outside the AFL) |
    | `oda` | fdda, both (93 too), sda (93 alone) |
    | `version`, `fdda` | 9F08; newest signature version of the card, 00 or 01 |
    | `card_auth_bytes` | length of 9F69, 8 to 16 |
    | `options` | 9F68; b5 of byte 2 is set where `log` is |
    | `idd` | issuer part of 9F10: 01 to 05, "" for none, other hex for static data |
    | `forged` | certificate (9F46), sdad (9F4B) or hash (only what 9F4B signs) is wrong |
    | `blocked` | application or card |
    | `records_need_gpo` | no re-reading after a tear (JR/T 0025.7 8.3.2.1 allows it) |
    | `rollback` | where a torn debit is taken back: select or gpo (qpboc.md 3, point 1) |
    | `trans_prove` | knows GET TRANS PROVE (JR/T 0025.14 A.4) |
    | `capp` | DF61 of the FCI and byte 8 of 9F69: says an extended application is there |
    | `extended` | an extended application with files and keys (sim/capp_profile.py) |
    | `unreadable` | tags that GET DATA refuses with 6A88 |
    | `ca_index` | in place of 8F |
    | `busy_ms` | PPSE, SELECT, GPO, READ RECORD, GET DATA: time the card takes |
    """

    suite: str = "rsa"
    bits: int = 1024
    exponent: int = 3
    psn: str = "01"
    aid: str = UNION_PAY + "010101"
    label: str = "TEST DEBIT"
    effective: str = "200101"
    expiry: str = "351231"
    pdol: str = PDOL
    aip: str = "7C00"  # live cards show it, qpboc.md 2.3
    shape: str = "usual"
    track2_in: str = "gpo"
    oda: str = "fdda"
    version: str = "0030"
    fdda: str = "01"
    card_auth_bytes: int = 8
    cvn: str = "01"
    idd: str = "01"
    ctq: str | None = "0000"
    atc: int = 0
    currency: str = "0156"
    balance_fen: int = 10000
    ceiling_fen: int | None = 100000
    single_limit_fen: int | None = 100000
    threshold_fen: int = 0
    cvm_limit_fen: int | None = None
    total_limit_fen: int | None = None  # CTTAL
    total_upper_fen: int | None = None  # CTTAUL
    foreign_limit: int = 0  # 9F53, consecutive transactions in another currency
    second: Second | None = None
    options: str = "80400000"  # low value, foreign currency forbidden
    new_card: bool = False
    pin_tries: int = 3
    show_balance: bool = True  # 9F5D
    log: bool = True
    load_log: bool = True
    unreadable: tuple = SPECIAL_DEVICE
    trans_prove: bool = False
    capp: str | None = None
    extended: Extension | None = None
    rollback: str = "select"
    records_need_gpo: bool = False
    forged: str = ""
    blocked: str = ""
    ca_index: int | None = None
    uid: str = ""
    ats: str = "0578807002"
    kind: str = "A"
    busy_ms: dict = field(default_factory=dict)

    def __post_init__(self):
        for name, value in vars(self).items():
            _check(name, value)
        if self.exponent not in (3, 65537):
            raise ValueError("exponent is 3 or 65537")
        if self.bits % 16:
            raise ValueError("bits is a multiple of 16")


def _check(name, value):
    if isinstance(value, str) and name in TEXTS:
        if not re.fullmatch(TEXTS[name], value, re.ASCII):
            raise ValueError(f"{name} cannot be {value!r}")
    elif isinstance(value, int) and not isinstance(value, bool):
        least, most = NUMBERS.get(name, (0, MOST_FEN))
        if not least <= value <= most:
            raise ValueError(f"{name} is {least} to {most}, not {value}")


def changed(profile, texts):
    """`profile` with fields from `texts` {field: text}; ValueError says what is wrong with one.

    Numbers in digits, yes or no, none where a field may be None, tags separated by commas. Fields
    of an Extension have `capp_` before their name: capp_trades = "metro, rides".
    """
    own = {name: text for name, text in texts.items() if not name.startswith(OF_EXTENSION)}
    kinds = {one.name: one.type for one in fields(Profile) if one.type in SETTABLE}
    values = _values(kinds, own, "")
    if len(own) < len(texts):
        kinds = {one.name: one.type for one in fields(Extension)}
        given = {name[len(OF_EXTENSION) :]: texts[name] for name in texts if name not in own}
        trades = tuple(one.lower() for one in _tags(given.pop("trades", "")))
        more = {"trades": trades} if trades else {}
        more.update(_values(kinds, given, OF_EXTENSION))
        values["extended"] = replace(profile.extended or Extension(), **more)
    return replace(profile, **values)


def _values(kinds, texts, prefix):
    """{field: value}; `kinds` {field: type}."""
    for name in texts:
        if name not in kinds:
            known = ", ".join(sorted(prefix + one for one in kinds))
            raise ValueError(f"no field {prefix + name!r}; there are {known}")
    return {name: _value(kinds[name], text) for name, text in texts.items()}


def _value(kind, text):
    if text == "none" and kind in (str | None, int | None, bool | None):
        return None
    if kind in (int, int | None):
        return _number(text)
    if kind in (bool, bool | None):
        return _flag(text)
    return _tags(text) if kind is tuple else text


def _number(text):
    if not re.fullmatch("[0-9]{1,12}", text, re.ASCII):
        raise ValueError(f"{text!r} is not a number")
    return int(text)


def _flag(text):
    if text not in ("yes", "no"):
        raise ValueError(f"{text!r} is neither yes nor no")
    return text == "yes"


def _tags(text):
    return tuple(one.strip().upper() for one in text.split(",") if one.strip())
