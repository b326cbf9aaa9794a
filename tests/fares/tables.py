# SPDX-License-Identifier: Apache-2.0
"""Fare tables of the tests: the city of the pages, and small ones made of rows."""

from firmware.fares import layout
from firmware.fares.engine import Fares
from tests.fares.city import DATA

N = layout.NO_FEN


class Bytes:
    """A file in memory: what is read of it is counted."""

    def __init__(self, data):
        self.data = data
        self.size = len(data)
        self.reads = 0
        self.longest = 0

    def read(self, at, count):
        self.reads += 1
        self.longest = max(self.longest, count)
        return self.data[at : at + count]


def city(ceiling_fen=10000):
    """Fares of docs/fares.toml."""
    return Fares(Bytes(DATA), ceiling_fen)


def product(word, kind, **more):
    """A row of the products, with nothing in it that is not said."""
    row = {
        "word": layout.padded(word), "kind": kind, "group": 0, "fen": N, "most_fen": N,
        "least_balance_fen": 0, "most_riders": 1, "first_place": 0, "places": 0, "first_price": 0,
        "prices": 0,
    }  # fmt: skip
    row.update(more)
    return row


def packed(sections, **more):
    """Bytes of a table."""
    head = {
        "version": 1, "effective": "20260101000000", "ceiling_fen": 5000, "round_fen": 1,
        "drift_s": 0,
    }  # fmt: skip
    head.update(more)
    return layout.pack_table(head, sections)


def flat(fen=200, ceiling_fen=10000, sections=None, **more):
    """Fares with one flat product, `12`."""
    rows = {"products": [product("12", layout.FLAT, fen=fen)]}
    rows.update(sections or {})
    return Fares(Bytes(packed(rows, **more)), ceiling_fen)
