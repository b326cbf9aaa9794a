# SPDX-License-Identifier: Apache-2.0
"""Who is in the field and when, from a text: cards come, stay, go, change (PS-21).

    0      come adult-1      a card comes into an empty field and stays
    +2.5   enter student-1   a further one, 2.5 s after the line above
    +1     leave student-1   one of them goes; `leave` alone: all
    0:05   change senior-1   at 5 s past the begin another card lies there, without a gap
    +0     tear apdu=5 after the APDU to come at which a card is torn off: apdu=N (from 1) or
                             ins=B2 or last (the AFL's last record); before or after it acted
    +9     repeat 3          from the first line again with an empty field, three times in all;
                             without a number for ever

A time is seconds, minutes:seconds or hours:minutes:seconds from the begin, or + and seconds.
Nothing here has a clock: `Timeline.play(field, card_of, now_s)` does what is due.
"""

import re
from collections import namedtuple
from random import Random

from firmware.errors import FormatError

# at_s: from the begin; verb; card: its name, "" for none; terms: of Field.tear
Event = namedtuple("Event", ("at_s", "verb", "card", "terms"))

VERBS = ("come", "change", "enter", "leave", "tear", "repeat")
LINES_MOST = 100_000
TIME = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,2}):)?(\d{1,8}(?:\.\d{1,6})?)")


def parse(text: str, name: str = "timeline") -> "Timeline":
    """Read a timeline; FormatError says which line, why, and what would be right."""
    events: list[Event] = []
    rounds, here = 1, []
    lines = text.splitlines()
    if len(lines) > LINES_MOST:
        raise FormatError(f"{name}: more than {LINES_MOST} lines")
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            if events and events[-1].verb == "repeat":
                raise FormatError("nothing can follow `repeat`")
            event = _event(words, events[-1].at_s if events else 0.0)
            if event.verb == "repeat":
                rounds = event.terms
            here = _presence(event, here)
            events.append(event)
        except FormatError as wrong:
            raise FormatError(f"{name}:{number}: {wrong}") from None
    if rounds != 1 and not events[-1].at_s:
        raise FormatError(f"{name}: a round of no time would never end; put a time before repeat")
    return Timeline(events, rounds)


def _event(words: list[str], before_s: float) -> Event:
    at_s = _time(words[0], before_s)
    if at_s < before_s:
        raise FormatError(f"{words[0]} lies before the line above; lines go forward in time")
    verb, rest = (words + [""])[1], words[2:]
    if verb not in VERBS:
        raise FormatError(f"a line is TIME and one of {', '.join(VERBS)}; {verb!r} is none")
    if verb == "repeat":
        return Event(at_s, verb, "", _rounds(rest))
    if verb == "tear":
        return Event(at_s, verb, "", _terms(rest))
    if len(rest) != 1 and not (verb == "leave" and not rest):
        raise FormatError(f"`{verb}` wants the name of one card")
    return Event(at_s, verb, "".join(rest), None)


def _time(word: str, before_s: float) -> float:
    match = TIME.fullmatch(word.lstrip("+") if word[:1] == "+" else word)
    if not match or (word[0] == "+" and ":" in word):
        raise FormatError(f"{word!r} is no time: 12.5, 6:30:00, or +2.5 after the line above")
    hours, minutes, seconds = match.groups()
    time_s = int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)
    return before_s + time_s if word[0] == "+" else time_s


def _rounds(rest: list[str]) -> int | None:
    if not rest:
        return None
    if len(rest) > 1 or not rest[0].isdigit() or not 0 < int(rest[0]) <= LINES_MOST:
        raise FormatError("`repeat` wants a number of rounds, or nothing: for ever")
    return int(rest[0])


def _terms(rest: list[str]) -> dict:
    """Arguments of Field.tear: which APDU, before or after the card acted."""
    terms: dict = {}
    for word in rest:
        name, _, value = word.partition("=")
        if name == "apdu" and value.isdigit() and 0 < int(value) <= LINES_MOST:
            terms["at_apdu"] = int(value)
        elif name == "ins" and re.fullmatch("[0-9A-Fa-f]{2}", value):
            terms["ins"] = int(value, 16)
        elif word == "last":
            terms["last"] = True
        elif word in ("before", "after"):
            terms["acted"] = word == "after"
        else:
            raise FormatError(
                f"`tear` does not know {word!r}; it takes apdu=N, ins=XX, last, before, after"
            )
    if not {"at_apdu", "ins", "last"} & set(terms):
        raise FormatError("`tear` wants to know where: apdu=5, ins=B2 or last")
    return terms


def _presence(event: Event, here: list[str]) -> list[str]:
    """The names in the field behind an event; FormatError when that cannot be."""
    verb, card = event.verb, event.card
    if verb == "come" and here:
        raise FormatError(f"{here[0]} is still there: let it `leave`, or say `change` or `enter`")
    if verb == "change" and not here:
        raise FormatError("nothing is there to be changed: say `come`")
    if verb == "enter" and card in here:
        raise FormatError(f"{card} is there already")
    if verb == "leave" and (card not in here if card else not here):
        raise FormatError(f"{card or 'a card'} cannot leave, it is not there")
    if verb in ("come", "change"):
        return [card]
    if verb == "enter":
        return [*here, card]
    if verb == "leave":
        return [one for one in here if card and one != card]
    return here


class Timeline:
    """Events in their order, `rounds` times; None: for ever."""

    def __init__(self, events: list[Event], rounds: int | None = 1):
        self.events = events
        self.rounds = rounds
        self.at = 0  # index of the next event
        self.begin_s = 0.0  # of this round

    def cards(self) -> list[str]:
        """Names of all cards, each once, in the order in which they come."""
        return list(dict.fromkeys(one.card for one in self.events if one.card))

    def next_s(self) -> float | None:
        """When something happens next; None: nothing any more."""
        if self.at == len(self.events):
            return None
        return self.begin_s + self.events[self.at].at_s

    def play(self, field, card_of, now_s: float) -> list[Event]:
        """Do what is due; return it. `card_of(name)` gives the card (PS-21)."""
        done = []
        while (next_s := self.next_s()) is not None and next_s <= now_s:
            event = self.events[self.at]
            self.at += 1
            self._do(event, field, card_of)
            done.append(event._replace(at_s=next_s))
        return done

    def _do(self, event: Event, field, card_of) -> None:
        if event.verb in ("come", "change"):
            field.place(card_of(event.card))
        elif event.verb == "enter":
            field.enter(card_of(event.card))
        elif event.verb == "leave" and event.card:
            field.leave(card_of(event.card))
        elif event.verb == "leave":
            field.remove()
        elif event.verb == "tear":
            field.tear(**event.terms)
        else:
            self._repeat(event, field)

    def _repeat(self, event: Event, field) -> None:
        field.remove()
        self.rounds = None if self.rounds is None else self.rounds - 1
        if self.rounds != 0:
            self.begin_s += event.at_s
            self.at = 0


def day(seed: int, names, taps: int, hours: float = 16.0, tears: int = 0) -> str:
    """A day before one reader as a timeline: `taps` cards of `names` with two rushes, drawn from a
    seed; `tears` of them torn off at some APDU.
    """
    dice = Random(seed)
    peaks = (0.15, 0.7)
    moments = sorted(
        min(max(dice.gauss(dice.choice(peaks), 0.08), 0), 1) * hours * 3600 for _ in range(taps)
    )
    torn = set(dice.sample(range(taps), tears))
    lines, free_s = [], 0.0
    for number, moment_s in enumerate(moments):
        at_s = max(moment_s, free_s)
        if number in torn:
            where = f"apdu={dice.randrange(1, 8)} {dice.choice(('before', 'after'))}"
            lines.append(f"{at_s:.3f} tear {where}")
        stay_s = dice.uniform(0.8, 2.5)
        lines.append(f"{at_s:.3f} come {dice.choice(list(names))}")
        lines.append(f"{at_s + stay_s:.3f} leave")
        free_s = at_s + stay_s + dice.uniform(0.3, 1.5)
    return "\n".join(lines) + "\n"
