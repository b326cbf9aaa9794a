# SPDX-License-Identifier: Apache-2.0
"""Fault knobs as text, for a command line or a small file (PS-19).

    3: wrong_dcs                     command 3, counted from 0
    40.0: status=27                  the first InDataExchange (codes and statuses in hex)
    40.2..5: rf_lost=in rf_block=1   the third to the sixth
    *: ack_delay_ms=2                every other command
    refuse_speed 7 6                 codes of SetSerialBaudRate; also garble_speed, keep_speed
    bad_dcs error                    or silent: reaction to a command with a wrong DCS
    stop_at 120 reset                behind so many bytes; also wake, power
    seed 42 share=0.2 count=500      knobs drawn for a share of the first commands

`#` begins a remark; `;` ends a line as well. What says nothing of a command keeps its rest.
"""

import dataclasses
import inspect
import re

from firmware.errors import FormatError
from sim import faults
from sim.faults import CHOICES, REST, Fault, Faults, scatter

FIELDS = {field.name: field for field in dataclasses.fields(Fault)}
SPEEDS = ("refuse_speed", "garble_speed", "keep_speed")
SEED_WORDS = {"share": float, "count": int}
LINES_MOST = 10_000
KEY = re.compile(r"(?:([0-9A-Fa-f]{2})\.)?(\d{1,7})(?:\.\.(\d{1,7}))?")


def parse(text: str, name: str = "faults") -> Faults:
    """The table a text describes (PS-19); FormatError with `name` and the number of the line."""
    found: dict = {"at": {}, "drawn": {}}
    lines = re.split(r"[\n;]", text)
    if len(lines) > LINES_MOST:
        raise FormatError(f"{name}: more than {LINES_MOST} lines")
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].strip()
        try:
            if words:
                _line(found, words)
        except FormatError as wrong:
            raise FormatError(f"{name}:{number}: {wrong}") from None
    at = {**found.pop("drawn"), **found.pop("at")}
    return Faults(at, **found)


def _line(found: dict, line: str) -> None:
    key, colon, knobs = line.partition(":")
    if not colon:
        _setting(found, line.split())
        return
    fault = dataclasses.replace(REST, **dict(_knob(one) for one in knobs.split()))
    if fault == REST:
        raise FormatError(f"no knob behind {key.strip()!r}:; such as `{key.strip()}: wrong_dcs`")
    if key.strip() == "*":
        found["always"] = fault
        return
    for one in _keys(key.strip()):
        found["at"][one] = fault


def _keys(key: str):
    match = KEY.fullmatch(key)
    if not match:
        raise FormatError(
            f"{key!r} is no command: say its number (3), code and number (40.0), a range of them"
            " (40.0..5), or * for all"
        )
    code, first, last = match.groups()
    numbers = range(int(first), int(last or first) + 1)
    if not 0 < len(numbers) <= LINES_MOST:
        raise FormatError(f"{key!r} is a range of nothing, or of more than {LINES_MOST}")
    return [(int(code, 16), n) if code else n for n in numbers]


def _knob(word: str):
    """(name, value) of `name` or `name=value`."""
    name, equals, value = word.partition("=")
    if name not in FIELDS:
        raise FormatError(
            f"no knob {name!r}; `faretap pn532 --knobs` lists them: {', '.join(FIELDS)}"
        )
    try:
        return name, _value(name, value if equals else None)
    except (ValueError, OverflowError):
        raise FormatError(f"{word!r}: {name} takes {takes(name)}") from None


def _value(name: str, value: str | None):
    """The value of one knob; ValueError when it is none."""
    rest = FIELDS[name].default
    if name in CHOICES:
        if value is None and rest is False:
            return True
        return CHOICES[name][CHOICES[name].index(value)]
    if isinstance(rest, bool):
        return value is None or ("no", "yes").index(value) == 1
    if value is None:
        return _no()
    if name == "status":
        return _within(int(value, 16), 0xFF)
    if isinstance(rest, bytes):
        return bytes.fromhex(value)
    if isinstance(rest, tuple):
        count, _, factor = value.partition("x")
        return _within(int(count), 255), _within(int(factor), 63)
    if isinstance(rest, float):
        return _within(float(value), 1e7)
    return _within(int(value), 100_000)


def _within(value, most):
    return value if 0 <= value <= most else _no()


def _no():
    raise ValueError


def takes(name: str) -> str:
    """What a knob takes, in words."""
    rest = FIELDS[name].default
    if name in CHOICES:
        return ("nothing, " if rest is False else "") + " or ".join(CHOICES[name])
    if isinstance(rest, bool):
        return "nothing, or no"
    if name == "status":
        return "a status byte in hex"
    if isinstance(rest, bytes):
        return "bytes in hex"
    if isinstance(rest, tuple):
        return "count and multiplier, such as 3x10"
    return "milliseconds" if name.endswith("_ms") else "a number"


def _setting(found: dict, words: list[str]) -> None:
    """A line without a colon: what concerns speeds or the whole chip."""
    what, values = words[0], words[1:]
    try:
        if what in SPEEDS:
            found[what] = tuple(_within(int(one), 8) for one in values) or _no()
        elif what == "bad_dcs":
            (found[what],) = values
            if found[what] not in ("silent", "error"):
                _no()
        elif what == "stop_at":
            found[what] = _within(int(values[0]), 10**9)
            found["stop"] = (values[1:] or ["reset"])[0]
            if found["stop"] not in faults.STOPS or len(values) > 2:
                _no()
        elif what == "seed":
            found["drawn"] = _drawn(values)
        else:
            raise FormatError(
                f"{what!r} says nothing: a line is `3: wrong_dcs`, or begins with"
                f" {', '.join(SPEEDS)}, bad_dcs, stop_at or seed"
            )
    except (ValueError, TypeError, IndexError):
        raise FormatError(f"`{' '.join(words)}`: see the lines in docs/simulator.md") from None


def _drawn(values: list[str]) -> dict:
    options: dict = {"count": 1000, "share": 0.2}
    for word in values[1:]:
        name, _, value = word.partition("=")
        if name not in SEED_WORDS:
            _no()
        options[name] = _within(SEED_WORDS[name](value), 1 if name == "share" else 100_000)
    return scatter(int(values[0]), options["count"], options["share"]).at


def meanings() -> dict[str, str]:
    """Knob -> meaning: the comment beside the field, or the lines of comment above it."""
    notes, above = {}, []
    for line in inspect.getsource(Fault).split("\n"):
        field, _, comment = line.strip().partition("  # ")
        if field.startswith("# "):
            above.append(field[2:])
            continue
        notes[field.partition(":")[0]] = " ".join(above) or comment
        above = []
    return {name: notes[name] for name in FIELDS}
