# SPDX-License-Identifier: Apache-2.0
"""Sums of multiples of points in plain Python: the reference of its twins (twins.py)."""

from firmware.kernel import sm2_window
from firmware.kernel.sm2_base import BASE_TABLE
from firmware.kernel.sm2_comb import comb_digits, comb_sum, comb_table

WORD = "plain"
table = comb_table


def by_table(s, t, table):
    """Generator: (X, Z^2) of [s]G + [t]P; table: what table() made of P."""
    base_digits = yield from comb_digits(s)
    key_digits = yield from comb_digits(t)
    made = yield from comb_sum(((base_digits, BASE_TABLE), (key_digits, table)))
    return made


def by_point(s, t, point):
    """Generator: the same for a `point` on the curve, 64 bytes."""
    base_digits = yield from comb_digits(s, sm2_window.LENGTH)
    key_digits = yield from sm2_window.window_digits(t)
    multiples, scales = yield from sm2_window.odd_multiples(point)
    made = yield from sm2_window.window_sum(
        ((base_digits, BASE_TABLE, None), (key_digits, multiples, scales))
    )
    return made
