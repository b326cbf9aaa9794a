# SPDX-License-Identifier: Apache-2.0
"""Pre-processing and the TTQ (JR/T 0025.12 §6.2.2; QT-001 to QT-005, QT-026, QT-036 to QT-046)."""

from firmware.kernel.preprocess import NO_LIMITS, Limits, check_ttq, preprocess

OFFLINE = bytes.fromhex("28000080")
ONLINE = bytes.fromhex("26000080")


def ttq(amount_fen, limits, base):
    value, reason = preprocess(amount_fen, limits, base)
    assert bool(reason) == (value is None)
    return value.hex().upper() if value else reason


def test_only_defined_bits_may_be_configured():
    """QT-001, QT-005."""
    for good in ("28000080", "26000080", "20000000", "7E000080"):
        assert check_ttq(bytes.fromhex(good)) == "", good
    for bad in ("A8000080", "29000080", "28010080", "28000180", "28000081", "08000080", "280000"):
        assert check_ttq(bytes.fromhex(bad)) != "", bad


def test_amounts_should_be_held_against_the_limits():
    """QT-041, QT-042, QT-043: transaction and CVM limit count at the limit, the floor above."""
    table = (
        (199, Limits(200, None, None), OFFLINE, "28000080"),
        (200, Limits(200, None, None), OFFLINE, "over_transaction_limit"),
        (199, Limits(None, 200, None), ONLINE, "26000080"),
        (200, Limits(None, 200, None), ONLINE, "26400080"),
        (200, Limits(None, None, 200), ONLINE, "26000080"),
        (201, Limits(None, None, 200), ONLINE, "26800080"),
        (201, Limits(None, 201, 200), ONLINE, "26C00080"),
        (200, Limits(None, 200, None), OFFLINE, "needs_online_or_cvm"),  # QT-046
        (201, Limits(None, None, 200), OFFLINE, "needs_online_or_cvm"),
        (200, Limits(None, None, 200), OFFLINE, "28000080"),
        (10**9, NO_LIMITS, OFFLINE, "28000080"),
    )
    for amount_fen, limits, base, wanted in table:
        assert ttq(amount_fen, limits, base) == wanted, (amount_fen, limits)


def test_every_limit_may_be_absent():
    """QT-026: eight combinations; an absent limit is not checked."""
    for mask in range(8):
        limits = Limits(*[500 if mask >> place & 1 else None for place in range(3)])
        wanted = "26" + ("40" if mask & 2 else "00") + "0080"
        if mask & 1:
            wanted = "over_transaction_limit"
        assert ttq(500, limits, ONLINE) == wanted, mask


def test_zero_should_go_online_or_end():
    """QT-038, QT-039."""
    assert ttq(0, NO_LIMITS, ONLINE) == "26800080"
    assert ttq(0, NO_LIMITS, OFFLINE) == "amount_zero"
    assert ttq(-1, NO_LIMITS, ONLINE) == "amount_zero"


def test_second_byte_should_begin_at_zero_each_time():
    """QT-045."""
    limits = Limits(None, 200, None)
    assert ttq(200, limits, ONLINE) == "26400080"
    assert ttq(100, limits, ONLINE) == "26000080"
    assert ttq(100, limits, bytes.fromhex("26C00080")) == "26000080"
