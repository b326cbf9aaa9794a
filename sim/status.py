# SPDX-License-Identifier: Apache-2.0
"""A status word that ends a command of the simulated card (qpboc.md 2.13)."""


class Refused(Exception):
    """The card answers with this status word, and perhaps data."""

    def __init__(self, sw, data=b""):
        super().__init__(sw)
        self.answer = data + bytes.fromhex(sw)
