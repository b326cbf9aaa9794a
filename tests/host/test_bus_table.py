# SPDX-License-Identifier: Apache-2.0
"""The fare table of the tests of a bus; its bytes stand in tests/bus_table.py, for a board."""

from firmware.fares import layout
from tests.bus_table import TABLE
from tests.fares.tables import packed, product

LINE_12 = {"fen": 500, "most_riders": 3, "places": 10, "first_price": 0, "prices": 3}
STEPS = ((0, 200), (3, 300), (6, 400))


def packed_table():
    """Line 12 by stages, 5.00 where a stop is not known; line 13 flat; transfers 1.00 less."""
    return packed(
        {
            "products": [
                product("12", layout.STAGE, **LINE_12),
                product("13", layout.FLAT, fen=250),
            ],
            "places": [{"stop": stop, "value": stop} for stop in range(1, 11)],
            "steps": [
                {"over": over, "fen": fen, "every": 0, "more_fen": 0} for over, fen in STEPS
            ],
            "transfers": [
                {
                    "from_group": layout.ANY,
                    "to_group": layout.ANY,
                    "within_min": 30,
                    "same": 0,
                    "how": layout.LESS,
                    "value": 100,
                },
            ],
        }
    )


def test_bytes_should_be_the_table():
    assert packed_table() == TABLE
