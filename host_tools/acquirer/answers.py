# SPDX-License-Identifier: Apache-2.0
"""What field 39 of an answer means for a sale (clearing.md 8). Pure.

A code that no row names refuses the sale: it is not repeated, kept, and reported.
"""

from collections.abc import Mapping

from host_tools.acquirer.message import Message, answered

ACCEPTED, DUPLICATE, LATER, KEYS, STOP, REFUSED = (
    "accepted",  # in the acquirer's book
    "duplicate",  # was there already: the answer before got lost
    "later",  # not taken this time
    "keys",  # sign on, then again
    "stop",  # merchant or terminal are not known there: nothing more goes up
    "refused",
)
CLASSES = (ACCEPTED, DUPLICATE, LATER, KEYS, STOP, REFUSED)

# All but the first two rows are assumptions (clearing.md 12, 5): a profile may say otherwise.
CODES = (
    ("00", ACCEPTED),
    ("94", DUPLICATE),
    ("68", LATER),
    ("90", LATER),
    ("91", LATER),
    ("92", LATER),
    ("96", LATER),
    ("98", LATER),
    ("77", KEYS),
    ("A0", KEYS),
    ("03", STOP),
    ("58", STOP),
    ("97", STOP),
)
WORDS = {
    "00": "accepted",
    "03": "merchant not known",
    "13": "wrong amount",
    "14": "no such card",
    "30": "wrong form",
    "54": "card expired",
    "58": "terminal not allowed to do this",
    "68": "no answer in time behind the host",
    "77": "sign on first",
    "90": "day change at the host",
    "91": "issuer not there",
    "92": "network not there",
    "94": "duplicate",
    "96": "host fault",
    "97": "terminal not known",
    "98": "no answer from the issuer",
    "A0": "MAC wrong",
}
# CL-018: an answer belongs to the request that has the same values here
MATCHED = (3, 4, 11, 41, 42)


def class_of(code: str, own: Mapping[str, str]) -> str:
    """The class of a code; `own` are the rows a profile adds or changes."""
    return own.get(code) or dict(CODES).get(code, REFUSED)


def words(code: str) -> str:
    """A code for people."""
    return WORDS.get(code, "refused by the acquirer")


def belongs(request: Message, answer: Message) -> bool:
    """Whether this is the answer to that request (CL-018)."""
    if answer.mti != answered(request.mti):
        return False
    return all(request.text(number) == answer.text(number) for number in MATCHED)
