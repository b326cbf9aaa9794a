# SPDX-License-Identifier: Apache-2.0
"""Scenario files: a day in front of a terminal as TOML (grammar: docs/scenarios.md).

    scenario = read("sim/scenarios/bus_shift.toml")

What a step does is a verb of scenario_play.py or of the machine beside the device (beside.py);
this file only turns text into a timed list. FormatError names file and fault.
"""

import random
import tomllib
from collections import namedtuple
from datetime import timedelta, timezone
from pathlib import Path

from firmware.errors import FormatError
from sim.kinds import kind_called
from sim.profile import Profile, changed

FOLDER = Path(__file__).parent / "scenarios"
CHINA = timezone(timedelta(hours=8))
KEYS = (
    "title", "about", "device", "seed", "start", "until", "settings", "parameters", "files",
    "world", "beside", "kinds", "step", "flow", "expect", "then", "gates",
)  # fmt: skip
FLOW_KEYS = ("from", "to", "count", "do", "cards", "regulars", "tears", "patience", "every_s")

# What a rider of a kind is: prefix of the PAN, Profile, messages of which one must end a visit
Person = namedtuple("Person", ("prefix", "profile", "ends"))
# at_ms from the start; do: verb; args: dict
Step = namedtuple("Step", ("at_ms", "do", "args"))
Scenario = namedtuple(
    "Scenario",
    (
        "name", "title", "about", "device", "seed", "start_utc_s", "until_ms", "settings",
        "parameters", "files", "world", "beside", "people", "steps", "expect", "then", "gates",
    ),
)  # fmt: skip

PAID = ("ok", "concession", "torn_recovered", "already_paid")
TEARS = (  # how a card may leave too early: arguments of Field.tear
    {"at_apdu": 2},
    {"ins": 0xA8, "acted": True},
    {"at_apdu": 6, "acted": True},
    {"ins": 0xB2, "last": True},
    {"ins": 0xB2, "last": True, "acted": True},
)


def names():
    """The scenarios of this edition, by name."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find(word):
    """Path of a scenario file: a path, or the name of one of this edition."""
    path = Path(word)
    if path.exists():
        return path
    inside = FOLDER / f"{word}.toml"
    if not inside.exists():
        raise FormatError(f"{word}: no such file, and no scenario of {', '.join(names())}")
    return inside


def made(name, found, share=1.0, seed=None):
    """Scenario of what a file holds, as a dict. FormatError names what is wrong in it."""
    try:
        return _scenario(name, found, share, seed)
    except KeyError as wrong:
        raise FormatError(f"{name}: {wrong} is missing") from wrong
    except FormatError as wrong:
        raise FormatError(f"{name}: {wrong}") from wrong
    except (TypeError, ValueError, AttributeError) as wrong:
        raise FormatError(f"{name}: {wrong!r}") from wrong


def read(path, share=1.0, seed=None):
    """Scenario of a file. share: of the people in its flows, for a short run without what is
    expected of the whole; seed: another one.
    """
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeError) as wrong:
        raise FormatError(f"{path}: {wrong}") from wrong
    return made(Path(path).stem, found, share, seed)


def _scenario(name, found, share, seed):
    unknown = sorted(set(found) - set(KEYS))
    if unknown:
        raise FormatError(f"no key {unknown[0]!r}; there are {', '.join(KEYS)}")
    start = found["start"].replace(tzinfo=CHINA)
    seed = found.get("seed", 1) if seed is None else seed
    people = {word: _person(word, one) for word, one in found.get("kinds", {}).items()}
    steps = [_step(one, start) for one in found.get("step", [])]
    for number, flow in enumerate(found.get("flow", [])):
        draw = random.Random(f"{seed} flow {number}")
        steps += _flow(name, flow, start, draw, share, f"f{number}")
    steps.sort(key=lambda one: one.at_ms)
    for kind in sorted({kind for one in steps for kind in kinds_of(one)} - set(people)):
        person_called(kind)
    return Scenario(
        name=name,
        title=found["title"],
        about=found.get("about", ""),
        device=found["device"],
        seed=seed,
        start_utc_s=int(start.timestamp()),
        until_ms=_ms(found["until"], start),
        settings=found.get("settings", {}),
        parameters=found.get("parameters", {}),
        files=found.get("files", {}),
        world=found.get("world", {}),
        beside=found.get("beside", {}),
        people=people,
        steps=steps,
        expect=found.get("expect", {}) if share == 1 else {},
        then=made(f"{name}, then", found["then"], share, seed) if "then" in found else None,
        gates=found.get("gates", {}),
    )


def _person(word, told):
    """A kind of the file: {like = KIND, prefix = .., ends = [..], profile fields as text}."""
    like = person_called(told.get("like", "adult-1"))
    texts = {key: str(value) for key, value in told.items() if key not in PERSON_KEYS}
    prefix, ends = told.get("prefix", like.prefix), tuple(told.get("ends", like.ends))
    return Person(prefix, changed(like.profile, texts), ends)


PERSON_KEYS = ("like", "prefix", "ends")


def person_called(word):
    """Person of a kind of sim/kinds.py by its name or word. FormatError: no such."""
    kind = kind_called(word)
    if kind is None:
        raise FormatError(f"no kind of card is called {word!r}; `faretap card kinds` has them")
    ends = PAID if kind.reason == "ok" else (kind.reason, "debited_refused", "refund_due")
    profile = kind.profile or Profile()
    return Person(kind.prefix, profile, ends)


def _step(told, start):
    args = {key: value for key, value in told.items() if key not in ("at", "do")}
    return Step(_ms(told["at"], start), told["do"], args)


def kinds_of(step):
    """Words of the kinds of card that come with a step: `KIND#WHO` or a list of them; none where
    somebody shows an e-ticket.
    """
    if step.do == "ticket":
        return []
    cards = step.args.get("card", [])
    names = [cards] if isinstance(cards, str) else cards
    return [name.partition("#")[0] for name in names]


def _ms(text, start):
    """Milliseconds from the start: "06:30", "06:30:05" of that day or later, "+90" seconds."""
    if text.startswith("+"):
        return int(float(text[1:]) * 1000)
    days, _, clock = text.rpartition("d ")
    parts = [int(one) for one in clock.split(":")] + [0, 0]
    moment = timedelta(days=int(days or 0), hours=parts[0], minutes=parts[1], seconds=parts[2])
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    ms = int((midnight + moment - start).total_seconds() * 1000)
    if ms < 0:
        raise ValueError(f"{text} is before the start")
    return ms


def _flow(name, told, start, draw, share, mark):
    """People who come in a span of time, each with a card drawn by weights."""
    unknown = sorted(set(told) - set(FLOW_KEYS) - set(told.get("with", {})) - {"with"})
    if unknown:
        raise FormatError(f"a flow has no {unknown[0]!r}; it has {', '.join(FLOW_KEYS)}")
    first, last = _ms(told["from"], start), _ms(told["to"], start)
    count = max(1, round(told["count"] * share))
    if "every_s" in told:  # a queue: one behind the other
        moments = [first + int(n * told["every_s"] * 1000) for n in range(count)]
    else:
        moments = sorted(draw.randint(first, last) for _ in range(count))
    kinds = told.get("cards", {"adult": 1})
    regulars = told.get("regulars", 0)
    steps = []
    for number, at_ms in enumerate(moments):
        kind = draw.choices(list(kinds), list(kinds.values()))[0]
        who = draw.randint(1, regulars) if regulars else number + 1
        args = {"card": f"{kind}#{'' if regulars else mark + '-'}{who}"}
        for key, value in told.get("with", {}).items():
            args[key] = draw.randint(*value) if _is_span(value) else value
        if draw.random() < told.get("tears", 0):
            args["tear"] = draw.choice(TEARS)
            args["again"] = draw.random() < told.get("patience", 1)
        steps.append(Step(at_ms, told.get("do", "tap"), args))
    return steps


def _is_span(value):
    """True for [a, b], a number between two others."""
    return isinstance(value, list) and [type(one) for one in value] == [int, int]
