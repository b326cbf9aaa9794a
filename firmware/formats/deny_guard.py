# SPDX-License-Identifier: Apache-2.0
"""Poison guard: what makes a deny list unbelievable, however well it is signed.

In London, July 2008, a wrong table stopped the cards that were just being used (terminals.md 8,
9). So a list is held against the size of the one before, against the last cards that paid, and no
range may stop more than one issuer. The operator's tool asks the same before it signs. Each
returns text, "" where nothing speaks against the list.
"""

BIN = 6  # digits that name an issuer


def grown(old, new, percent, least):
    """`new` entries instead of `old`: `least` more are always allowed, and `percent` of `old`.

    Behind no list any number may come.
    """
    allowed = max(least, old * percent // 100)
    if old and new - old > allowed:
        return "%d entries more than %d, %d are allowed" % (new - old, old, allowed)
    return ""


def hitting(hits, cards, percent):
    """`hits` of the last `cards` that paid would be stopped; a single one may be right."""
    if hits > 1 and hits * 100 > percent * cards:
        return "%d of the last %d cards that paid are on it" % (hits, cards)
    return ""


def too_wide(digits):
    """A range by prefixes of so many digits."""
    if digits < BIN:
        return "a range of %d digits, %d are the least" % (digits, BIN)
    return ""
