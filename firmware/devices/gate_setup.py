# SPDX-License-Identifier: Apache-2.0
"""`gate_lane` of the settings: words NAME=VALUE that say how a lane works.

| word | value |
|---|---|
| lane | number in the records, 1..255 |
| group | gate group 1..16 that tickets name (TD-070) |
| direction | entry: cards pay; exit: cards are read, never debited (TD-022) |
| mode | of gate_modes.py (TD-066) |
| kind | ticket kind that is sold while no key says otherwise |
| queue | people who may be let in at one time: 1, one by one (TD-064) |
| grace_s | a card that paid and did not pass comes again free, 60..180 s (TD-063) |
| passback_min | same guest, same direction, not before; 0: not checked (TD-067) |
| passage_s, body_s, close_s, alarm_s | times of the lane: gate_machine.Times |
| tickets | used tickets kept, 8 bytes each (TD-070) |
"""

from collections import namedtuple

from firmware.devices import gate_modes
from firmware.devices.gate_machine import MOST_PERSONS, TIMES, Times
from firmware.errors import FormatError

Lane = namedtuple(
    "Lane",
    (
        "lane", "group", "direction", "mode", "kind", "queue", "grace_s", "passback_min",
        "tickets", "times",
    ),
)  # fmt: skip

NUMBERS = (  # word, default, least, most
    ("lane", 1, 1, 255),
    ("group", 1, 1, 16),
    ("queue", 1, 1, MOST_PERSONS),
    ("grace_s", 120, 60, 180),
    ("passback_min", 0, 0, 1440),
    ("passage_s", TIMES.passage_s, 1, 60),
    ("body_s", TIMES.body_s, 1, 600),
    ("close_s", TIMES.close_s, 1, 60),
    ("alarm_s", TIMES.alarm_s, 1, 600),
    ("tickets", 1024, 16, 65535),
)
WORDS = ("direction", "mode", "kind")


def words_of(text, known, name):
    """Dict of `NAME=VALUE` words; FormatError for others, and for one that stands twice."""
    found = {}
    for word in text.split():
        key, equals, value = word.partition("=")
        if not equals or not value or key not in known or key in found:
            raise FormatError("settings: `%s`: %s is not one NAME=VALUE of its" % (name, word))
        found[key] = value
    return found


def whole(found, name, key, default, least, most):
    """A number among words; FormatError."""
    text = found.get(key, str(default))
    odd = [sign for sign in text if not "0" <= sign <= "9"]
    if odd or not 0 < len(text) < 10 or not least <= int(text) <= most:
        raise FormatError("settings: `%s`: %s is %d..%d" % (name, key, least, most))
    return int(text)


def serial_of(settings, key):
    """Path of `KEY: serial:PATH`."""
    kind, _, path = settings.more.get(key, "").partition(":")
    if kind != "serial" or not path:
        raise FormatError("settings: `%s` is serial:PATH" % key)
    return path


def read_lane(text):
    """Lane of a text; FormatError."""
    name = "gate_lane"
    found = words_of(text, WORDS + tuple([row[0] for row in NUMBERS]), name)
    numbers = {row[0]: whole(found, name, *row) for row in NUMBERS}
    direction, mode = found.get("direction", "entry"), found.get("mode", gate_modes.MODES[0])
    if direction not in ("entry", "exit"):
        raise FormatError("settings: `gate_lane`: direction is entry or exit")
    if mode not in gate_modes.MODES:
        raise FormatError("settings: `gate_lane`: no mode is called " + mode)
    kind = found.get("kind", "adult")
    if len(kind) > 16:
        raise FormatError("settings: `gate_lane`: kind has at most 16 letters")
    return Lane(
        numbers["lane"],
        numbers["group"],
        2 if direction == "exit" else 1,
        mode,
        kind,
        numbers["queue"],
        numbers["grace_s"],
        numbers["passback_min"],
        numbers["tickets"],
        Times(
            numbers["passage_s"],
            numbers["body_s"],
            numbers["close_s"],
            numbers["alarm_s"],
            TIMES.same_s,
        ),
    )
