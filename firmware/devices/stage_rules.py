# SPDX-License-Identifier: Apache-2.0
"""What the settings of a bus with records on the card decide: discounts, passes, missing taps.

Settings: docs/devices.md, stage bus. FormatError for those that mean nothing.
"""

from collections import namedtuple

from firmware.capp import trip as rules_of_trips
from firmware.devices import options
from firmware.errors import FormatError

# within_s: from the ride before; most: transfers behind one full fare; percent, less_fen: what a
# transfer is cheaper by, one of them 0; look_back: rides that are read (QX-063)
Transfer = namedtuple("Transfer", ("within_s", "most", "percent", "less_fen", "look_back"))
NO_TRANSFER = Transfer(0, 0, 0, 0, 1)
# trades whose rides count, codes of the ring
CODES = {"bus": 2, "metro": 1}
LANES = ("", "entry", "exit", "both")  # "": one tap a ride
LOOK_BACK_MOST = 9
SAYS = {"maximum": "most", "replace": "forget"}  # others are the same word in the rules


def transfer_of(more):
    """Transfer of `transfer: MINUTES MOST LESS [RIDES]`; LESS is fen, a percentage with %, or
    `free`.
    """
    words = more.get("transfer", "").split()
    if not words:
        return NO_TRANSFER
    if not 3 <= len(words) <= 4:
        raise FormatError("`transfer: %s` is not MINUTES MOST LESS [RIDES]" % more["transfer"])
    minutes, most = _number(words[0], 1, 1440), _number(words[1], 1, 254)
    look_back = _number(words[3], 1, LOOK_BACK_MOST) if words[3:] else 1
    less = "100%" if words[2] == "free" else words[2]
    if less[-1:] == "%":
        return Transfer(60 * minutes, most, _number(less[:-1], 1, 100), 0, look_back)
    return Transfer(60 * minutes, most, 0, _number(less, 1, 100000), look_back)


def _number(text, least, most):
    return options.number({"transfer": text}, "transfer", 0, least, most)


def discounted(amount_fen, transfer):
    """What a transfer costs, rounded down: in the rider's favour."""
    return max(0, amount_fen * (100 - transfer.percent) // 100 - transfer.less_fen)


def sources_of(more):
    """Codes of the trades from whose rides a transfer goes on: `transfer_from: bus metro`."""
    words = more.get("transfer_from", "bus").split()
    wrong = [word for word in words if word not in CODES]
    if wrong or not words:
        raise FormatError("`transfer_from: %s` has no %s" % (more["transfer_from"], wrong))
    return tuple([CODES[word] for word in words])


def rules_from(more):
    """(Rules (firmware/capp/trip.py), whether a missing exit is paid at the next entry)."""
    plain = rules_of_trips.DEFAULT

    def word(key, default, *words):
        said = options.word(more, key, default, (default,) + words)  # noqa: RUF005
        return SAYS.get(said, said)

    missing = word("missing_exit", "maximum", "refuse", "replace")
    rules = rules_of_trips.Rules(
        plain.grace_s,
        plain.ahead_s,
        60 * options.number(more, "longest_min", plain.longest_s // 60, 1, 1440),
        60 * options.number(more, "turn_min", 5, 0, 240),
        "refuse" if missing == "refuse" else "forget",
        word("missing_entry", "maximum", "refuse"),
        word("overtime", "maximum", "refuse", "fare"),
        word("same_station", "free", "fare"),
    )
    return rules, missing == "most"
