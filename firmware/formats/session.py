# SPDX-License-Identifier: Apache-2.0
"""A card session as text, format 1: one '>' command, one '<' answer a line.

`parse(text, name)` gives a Session, `format_session(session)` its text. Pure: text in, text out.
Everything malformed raises FormatError with 'name:line: what is wrong', and nothing else.

A line is a comment (#), a header `key: value` (before the first exchange), `> HEX` followed by
`< HEX [@120ms]` or `< -` (answer lost), or `---` (the card is presented again). HEADERS is the one
table for both directions.
"""

from collections import namedtuple

from firmware.errors import FormatError

FIRST_LINE = "# qPBOC session v"
VERSION = "1"
DEFAULT_TTQ = bytes((0x28, 0x00, 0x00, 0x80))  # JR/T 0025.12 table 3: offline gate
PURCHASE = b"\x00"
MAX_COMMAND, MAX_ANSWER = 261, 258  # short APDUs: 5 + 255 + Le, 256 + SW
MAX_CARD_MS = 999999
MAX_AMOUNT_FEN = 999999999999  # 9F02 is n12

OUTCOMES = (
    "approved",
    "recovered",
    "declined",
    "online",
    "other_interface",
    "try_again",
    "torn_pending",
)
EXPECTS = (
    ("outcome", OUTCOMES),
    ("reason", None),
    ("cryptogram", ("TC", "ARQC", "AAC")),
    ("oda", ("fdda00", "fdda01", "failed", "not_performed")),
    ("balance_fen", "number"),
    ("debits", "number"),
)

# answer None: it was lost. card_ms None: not recorded.
Exchange = namedtuple("Exchange", ("command", "answer", "card_ms"))
# algorithm "RSA": exponent 3 or 65537, key = modulus. "SM2": exponent 0, key = X then Y.
CaKey = namedtuple("CaKey", ("algorithm", "rid", "index", "exponent", "key"))


class Session:
    """One recorded session.

    Hex headers are bytes: uid, ats, date 9A, time 9F21, currency 5F2A, country 9F1A, un 9F37,
    ttq 9F66, transaction_type 9C. `presentations` is a list of lists of Exchange, `cas` of CaKey,
    `denies` of PAN digits as text, `expects` of (field, value) as written.
    """

    def __init__(self, name, uid, ats, amount_fen, date, time, currency, country, un, **rest):
        self.name = name
        self.uid, self.ats = uid, ats
        self.amount_fen = amount_fen
        self.date, self.time = date, time
        self.currency, self.country = currency, country
        self.un = un
        self.source = rest.pop("source", "recorded")
        self.note = rest.pop("note", "none")
        self.ttq = rest.pop("ttq", DEFAULT_TTQ)
        self.transaction_type = rest.pop("transaction_type", PURCHASE)
        self.cas = rest.pop("cas", [])
        self.denies = rest.pop("denies", [])
        self.expects = rest.pop("expects", [])
        self.presentations = rest.pop("presentations", [])
        if rest:
            raise TypeError("unknown fields: " + ", ".join(rest))

    def expected(self, field):
        """Return the promised value of `field` as text, None when nothing is promised."""
        for name, value in self.expects:
            if name == field:
                return value
        return None


def _hex(text, lengths=None):
    if not text or len(text) % 2 or not all(c in "0123456789abcdefABCDEF" for c in text):
        raise FormatError("not whole bytes of hex: " + text[:40])
    value = bytes.fromhex(text)
    if lengths and len(value) not in lengths:
        due = " or ".join(str(length) for length in lengths)
        raise FormatError(f"{len(value)} bytes of hex where {due} are due")
    return value


def _number(text, most):
    if not text or len(text) > 15 or not all(c in "0123456789" for c in text):
        raise FormatError("not a number: " + text[:40])
    if int(text) > most:
        raise FormatError("number too big: " + text)
    return int(text)


def _date(text):
    value = _hex(text, (3,))
    year, month, day = (_number(text[at : at + 2], 99) for at in (0, 2, 4))
    days = (31, 29 if year % 4 == 0 else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not 1 <= month <= 12 or not 1 <= day <= days[month - 1]:
        raise FormatError("no such day: " + text)
    return value


def _time(text):
    value = _hex(text, (3,))
    if _number(text[:2], 99) > 23 or _number(text[2:4], 99) > 59 or _number(text[4:], 99) > 59:
        raise FormatError("no such time: " + text)
    return value


def _ats(text):
    value = _hex(text)
    if value[0] != len(value):  # ISO/IEC 14443-4, 5.2.2: TL counts itself
        raise FormatError("first byte of the ATS does not count its bytes")
    return value


def _ca(text):
    words = text.split()
    if len(words) == 5 and words[0] == "RSA":
        exponent = int.from_bytes(_hex(words[3]), "big")
        if exponent not in (3, 65537):  # QT-020
            raise FormatError("exponent is neither 3 nor 65537")
        modulus = _hex(words[4])
        if len(modulus) > 248:  # QT-016
            raise FormatError("modulus longer than 248 bytes")
        return CaKey("RSA", _hex(words[1], (5,)), _hex(words[2], (1,))[0], exponent, modulus)
    if len(words) == 4 and words[0] == "SM2":
        return CaKey(
            "SM2", _hex(words[1], (5,)), _hex(words[2], (1,))[0], 0, _hex(words[3], (64,))
        )
    raise FormatError("ca is neither 'RSA RID INDEX EXPONENT MODULUS' nor 'SM2 RID INDEX POINT'")


def _ca_text(key):
    if key.algorithm == "SM2":
        return f"SM2 {_upper(key.rid)} {key.index:02X} {_upper(key.key)}"
    exponent = "03" if key.exponent == 3 else "010001"
    return f"RSA {_upper(key.rid)} {key.index:02X} {exponent} {_upper(key.key)}"


def _pan(text):
    if not 11 <= len(text) <= 19 or not all(c in "0123456789" for c in text):  # QT-132
        raise FormatError("a PAN has 11 to 19 digits")
    return text


def _expect(text):
    field, equals, value = text.partition("=")
    if not equals or not value:
        raise FormatError("expect is not field=value")
    for name, allowed in EXPECTS:
        if name == field:
            if allowed == "number":
                _number(value, MAX_AMOUNT_FEN)
            elif allowed and value not in allowed:
                raise FormatError(f"expect: no such {field}: {value}")
            return (field, value)
    raise FormatError("expect: unknown field " + field)


def _expect_text(pair):
    return pair[0] + "=" + pair[1]


def _text(value):
    return value


def _upper(value):
    return value.hex().upper()


def _amount(text):
    return _number(text, MAX_AMOUNT_FEN)


def _currency(text):
    return _hex(text, (2,))


# key, attribute, read, write, repeatable, mandatory; in the order in which they are written
HEADERS = (
    ("name", "name", _text, _text, False, True),
    ("source", "source", _text, _text, False, True),
    ("note", "note", _text, _text, False, True),
    ("uid", "uid", lambda text: _hex(text, (4, 7, 10)), _upper, False, True),
    ("ats", "ats", _ats, _upper, False, True),
    ("amount_fen", "amount_fen", _amount, str, False, True),
    ("date", "date", _date, _upper, False, True),
    ("time", "time", _time, _upper, False, True),
    ("currency", "currency", _currency, _upper, False, True),
    ("country", "country", _currency, _upper, False, True),
    ("un", "un", lambda text: _hex(text, (4,)), _upper, False, True),
    ("ttq", "ttq", lambda text: _hex(text, (4,)), _upper, False, False),
    ("type", "transaction_type", lambda text: _hex(text, (1,)), _upper, False, True),
    ("ca", "cas", _ca, _ca_text, True, False),
    ("deny", "denies", _pan, _text, True, False),
    ("expect", "expects", _expect, _expect_text, True, False),
)


def _version(text):
    if text != VERSION:
        raise FormatError(f"session format {text} is not known")


def _header(key):
    for row in HEADERS:
        if row[0] == key:
            return row
    raise FormatError("unknown key: " + key[:40])


class _Reader:
    """The state between two lines of a session file."""

    def __init__(self):
        self.number = 0
        self.fields = {}
        self.presentations = [[]]
        self.command = None

    def lines(self, text):
        """Take a whole file."""
        if text[:1] == "\ufeff":
            text = text[1:]
        for line in text.split("\n"):
            self.number += 1
            line = line.strip()
            if "\r" in line:
                raise FormatError("a carriage return inside a line")
            if line:
                self.line(line)
        self.end_presentation()
        for key, attribute, _, _, _, mandatory in HEADERS:
            if mandatory and attribute not in self.fields:
                raise FormatError(f"header {key} is missing")

    def line(self, line):
        if line[0] == "#":
            if self.number == 1 and line.startswith(FIRST_LINE):
                _version(line[len(FIRST_LINE) :])
        elif line[0] == ">":
            self.end_command()
            self.command = _hex(line[1:].strip())
            if not 4 <= len(self.command) <= MAX_COMMAND:
                raise FormatError(f"a command has 4 to {MAX_COMMAND} bytes")
        elif line[0] == "<":
            self.answer(line[1:].strip())
        elif line == "---":
            self.end_presentation()
            self.presentations.append([])
        else:
            self.header(line)

    def answer(self, text):
        if self.command is None:
            raise FormatError("answer without a command")
        if text == "-":
            answer = card_ms = None
        else:
            digits, at, time = text.partition("@")
            answer, card_ms = _hex(digits.strip()), None
            if not 2 <= len(answer) <= MAX_ANSWER:
                raise FormatError(f"an answer has 2 to {MAX_ANSWER} bytes")
            if at:
                if not time.endswith("ms"):
                    raise FormatError("a card time is written @120ms")
                card_ms = _number(time[:-2], MAX_CARD_MS)
        self.presentations[-1].append(Exchange(self.command, answer, card_ms))
        self.command = None

    def header(self, line):
        key, colon, value = line.partition(":")
        value = value.strip()
        _, attribute, read, _, repeatable, _ = _header(key)
        if self.command is not None or self.presentations != [[]]:
            raise FormatError("header after the first exchange: " + key)
        if not colon or not value:
            raise FormatError("no value for " + key)
        if repeatable:
            self.repeated(attribute, read(value))
        elif attribute in self.fields:
            raise FormatError(key + " is given twice")
        else:
            self.fields[attribute] = read(value)

    def repeated(self, attribute, value):
        values = self.fields.setdefault(attribute, [])
        if attribute == "expects" and any(field == value[0] for field, _ in values):
            raise FormatError(f"expect: {value[0]} is given twice")
        values.append(value)

    def end_command(self):
        if self.command is not None:
            raise FormatError("command without an answer")

    def end_presentation(self):
        self.end_command()
        if not self.presentations[-1]:
            raise FormatError("a presentation without a command")


def parse(text, name):
    """Read a session file; `name` is what a FormatError calls it ('name:line: what is wrong')."""
    reader = _Reader()
    wrong = None
    try:
        reader.lines(text)
    except FormatError as error:
        wrong = str(error)
    if wrong:
        raise FormatError(f"{name}:{reader.number}: {wrong}")
    return Session(presentations=reader.presentations, **reader.fields)


def format_session(session):
    """Return the text of `session`; parse() reads it back. FormatError if it could not."""
    lines = [FIRST_LINE + VERSION]
    for key, attribute, _, write, repeatable, _ in HEADERS:
        value = getattr(session, attribute)
        for one in value if repeatable else (value,):
            if isinstance(one, str) and ("\n" in one or "\r" in one):
                raise FormatError("a line break in " + key)
            lines.append(key + ": " + write(one))
    for number, presentation in enumerate(session.presentations):
        if number:
            lines.append("---")
        for command, answer, card_ms in presentation:
            lines.append("> " + _upper(command))
            took = "" if card_ms is None or answer is None else f" @{card_ms}ms"
            lines.append("< -" if answer is None else "< " + _upper(answer) + took)
    text = "\n".join(lines) + "\n"
    parse(text, session.name)
    return text
