# SPDX-License-Identifier: Apache-2.0
"""Sums of multiples of points by the C module of the image (tools/micropython/native): a twin of
sm2_plain.py, the same combs and windows.

What a sum needs between two slices is a buffer; SPARE keeps one, so that a tap makes none. A sum
that is dropped half way leaves its buffer to the collector.
"""

import faretap_sm

from firmware.kernel.sm2_base import BASE_TABLE
from firmware.kernel.sm2_curve import HALF, SHIFT, N, halves

WORD = "c"
COLUMNS = 2  # of a slice
SPARE = [bytearray(faretap_sm.WORK)]


def _work():
    return SPARE.pop() if SPARE else bytearray(faretap_sm.WORK)


def _bits(number):
    """What a comb cuts into columns (sm2_comb.comb_digits)."""
    return ((number * HALF + SHIFT) % N).to_bytes(32, "big")


def _sum(base_bits, key_bits, point, table):
    work = _work()
    faretap_sm.begin(work, base_bits, key_bits, point)
    yield
    while faretap_sm.columns(work, BASE_TABLE, table, COLUMNS):
        yield
    made = bytearray(64)
    faretap_sm.result(work, made)
    SPARE[:] = [work]
    return halves(made)


def by_table(s, t, table):
    """Generator: (X, Z^2) of [s]G + [t]P; table: what table() made of P."""
    made = yield from _sum(_bits(s), _bits(t), None, table)
    return made


def by_point(s, t, point):
    """Generator: the same for a `point` on the curve, 64 bytes."""
    made = yield from _sum(_bits(s), t.to_bytes(32, "big"), point, None)
    return made


def table(point):
    """Generator: the table of `point`, 4,096 bytes."""
    work = _work()
    made = bytearray(4096)
    faretap_sm.begin_table(work, point)
    while faretap_sm.table_step(work, made):
        yield
    SPARE[:] = [work]
    return made
