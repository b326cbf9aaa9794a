# SPDX-License-Identifier: Apache-2.0
"""The four exceptions of the house.

A refusal of a card is none of them: it is a returned Outcome.
"""


class FormatError(Exception):
    """Bytes or text from outside that break their format. The only thing a parser raises."""


class LinkLost(Exception):
    """A card or a line has gone; nobody knows whether the last command arrived."""


class ChipError(LinkLost):
    """The reader chip reported an error: `code` is its status byte (UM0701-02, 7.1), -1 for
    silence.

    It is a LinkLost: whether card or chip failed makes no difference to the money.
    """

    def __init__(self, text, code=-1):
        super().__init__(text)
        self.code = code


class JournalFull(Exception):
    """No room for one more sale and its pending entry: the terminal stops selling, visibly."""
