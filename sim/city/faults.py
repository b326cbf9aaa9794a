# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in a city, how often, and how often it did.

    read("power=0.01,link=0.05")        these alone
    read("default,power=0.1")           the usual mix, one of them changed
    read("none")

Each fault of a district has a generator of its own, so that turning one off leaves the others as
they were.
"""

import random
from collections import Counter, namedtuple

from firmware.errors import FormatError

# rate: of the usual mix, for each `of`
Fault = namedtuple("Fault", ("name", "rate", "of", "text"))

FAULTS = (
    Fault("torn", 0.03, "tap", "the card is torn off at a drawn APDU, before or after it acted"),
    Fault("power", 0.01, "tap", "the terminal loses power at a drawn write, erase or APDU"),
    Fault("link", 0.05, "frame", "lost, doubled, late, damaged, cut short, or the line dies"),
    Fault("offline", 0.05, "terminal and day", "no network until the evening of the last day"),
    Fault("clock", 0.02, "terminal", "its clock is years, months or minutes off"),
    Fault("full", 0.02, "terminal", "a journal of nine blocks without a network"),
    Fault("twin", 0.01, "terminal", "another terminal has its number"),
    Fault("replaced", 0.02, "terminal and day", "it breaks; another one with a new number comes"),
    Fault("cards", 0.02, "card", "forged, expired or nearly empty"),
    Fault("forged", 0.005, "frame", "somebody else sends a batch"),
    Fault("collector", 0.01, "commit", "its process is killed: in the transaction, or behind it"),
    Fault("database", 0.005, "commit", "it is gone for a minute, first in the transaction"),
)
NAMES = tuple(one.name for one in FAULTS)
USUAL = {one.name: one.rate for one in FAULTS}


def read(text, table=FAULTS):
    """{name: rate} of a --faults text; FormatError says what is wrong with it. table: of Fault;
    what only the city has does not come.
    """
    names = [one.name for one in table]
    rates = dict.fromkeys([*NAMES, *names], 0.0)
    for word in text.replace(" ", "").split(","):
        name, equals, rate = word.partition("=")
        if word == "default":
            rates.update({one.name: one.rate for one in table})
        elif name in names and equals:
            rates[name] = _rate(word, rate)
        elif word not in ("none", ""):
            raise FormatError(
                f"--faults: {word!r} is none; say NAME=RATE, default or none; names are "
                + ", ".join(names)
            )
    return rates


def _rate(word, text):
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0.0 <= rate <= 1.0:
        raise FormatError(f"--faults: {word!r}: a rate from 0 to 1 is wanted")
    return rate


def shown(rates):
    """The shortest text that read() makes these rates of."""
    named = [f"{name}={rates[name]:g}" for name in NAMES if rates[name] != USUAL[name]]
    if len(named) == 0:
        return "default"
    given = [f"{name}={rates[name]:g}" for name in NAMES if rates[name]]
    both = min(",".join(["default", *named]), ",".join(given), key=len) if given else "none"
    return both


class Draws:
    """The dice of one district; `counts` says how often each fault came to pass."""

    def __init__(self, rates, seed):
        self.rates = rates
        self.dice = {name: random.Random(f"{seed}/{name}") for name in rates}
        self.counts = Counter()

    def hits(self, name):
        """Whether this fault comes now; the caller counts it when it has come to pass."""
        return self.dice[name].random() < self.rates[name]

    def pick(self, name, choices):
        """One of `choices`, as this fault's dice fall."""
        return self.dice[name].choice(choices)

    def below(self, name, limit):
        """A whole number from 0 below `limit`, likewise."""
        return self.dice[name].randrange(limit)

    def note(self, name, how=""):
        """It came to pass."""
        self.counts[name] += 1
        if how:
            self.counts[f"{name}: {how}"] += 1
