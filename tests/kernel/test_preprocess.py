# SPDX-License-Identifier: Apache-2.0
"""Pre-processing and the TTQ (JR/T 0025.12 §6.2.2; QT-001 to QT-005, QT-026, QT-036 to QT-046)."""

from firmware.kernel.preprocess import NO_LIMITS, Limits, check_ttq, preprocess

OFFLINE = bytes.fromhex("28000080")
ONLINE = bytes.fromhex("26000080")


def floors(floor_fen, floor_9f1b):
    return Limits(None, None, floor_fen, floor_9f1b)


def ttq(amount_fen, limits, base, *options):
    value, reason = preprocess(amount_fen, limits, base, *options)
    assert bool(reason) == (value is None)
    return value.hex().upper() if value else reason


def test_only_defined_bits_may_be_configured():
    """QT-001, QT-005, QT-006: qPBOC and fDDA 01 always, reserved bits never."""
    assert check_ttq(OFFLINE) == ""
    for bad in ("A8000080", "29000080", "28010080", "28000180", "28000081", "08000080", "280000",
                "28000000"):  # fmt: skip
        assert check_ttq(bytes.fromhex(bad)) != "", bad


def test_profiles_should_claim_what_they_are_built_with():
    """QT-001, QT-002, QT-003, QT-004: each value of byte 1 passes for the right device alone.

    Full PBOC wants the path and a tray that holds the card: a gate, a bus, a hand-held never.
    """
    attended = ("online", "online_pin", "signature")
    tray = ("online", "online_pin", "signature", "contact", "full_pboc", "holds_card")
    for built, wanted in (
        ((), (0x28,)),
        (("signature",), (0x28, 0x2A)),
        (attended, (0x20, 0x22, 0x24, 0x26)),
        (("full_pboc",), (0x28,)),
        (("holds_card",), (0x28,)),
        (("full_pboc", "holds_card"), (0x28, 0x68)),
        (("contact",), (0x28, 0x38)),
        (tray, tuple([0x20 | more for more in (0, 2, 4, 6, 16, 18, 20, 22)])
               + tuple([0x60 | more for more in (0, 2, 4, 6, 16, 18, 20, 22)])),
    ):  # fmt: skip
        passed = [one for one in range(256) if not check_ttq(bytes((one, 0, 0, 0x80)), built)]
        assert passed == sorted(wanted), built
    assert check_ttq(ONLINE, attended) == "" and "online" in check_ttq(ONLINE)
    assert "full_pboc" in check_ttq(bytes.fromhex("68000080"), ("holds_card",))
    assert "holds_card" in check_ttq(bytes.fromhex("68000080"), ("full_pboc",))


def test_no_amount_should_give_a_reserved_bit_or_lose_a_capability():
    """QT-001, QT-005: over all profiles, limits and amounts."""
    for base in (OFFLINE, ONLINE, bytes.fromhex("2A000080"), bytes.fromhex("7E000080")):
        for limits in (NO_LIMITS, floors(0, None), Limits(None, 1, 1, None)):
            for amount_fen in (0, 1, 2, 99, 100, 101, 10**6, 10**12 - 1):
                for option in (False, True):
                    for extended in (False, True):
                        value, _ = preprocess(amount_fen, limits, base, option, extended)
                        if value:
                            assert value[0] == base[0] and value[2:] == b"\x00\x80"
                            assert value[0] & 0x20 and not value[1] & 0x3F


def test_amounts_should_be_held_against_the_limits():
    """QT-041, QT-042, QT-043: transaction and CVM limit count at the limit, the floor above."""
    table = (
        (199, Limits(200, None, None, None), OFFLINE, "28000080"),
        (200, Limits(200, None, None, None), OFFLINE, "over_transaction_limit"),
        (199, Limits(None, 200, None, None), ONLINE, "26000080"),
        (200, Limits(None, 200, None, None), ONLINE, "26400080"),
        (200, floors(200, None), ONLINE, "26000080"),
        (201, floors(200, None), ONLINE, "26800080"),
        (201, Limits(None, 201, 200, None), ONLINE, "26C00080"),
        (10**9, NO_LIMITS, OFFLINE, "28000080"),
    )
    for amount_fen, limits, base, wanted in table:
        assert ttq(amount_fen, limits, base) == wanted, (amount_fen, limits)


def test_offline_terminal_should_refuse_what_the_card_would_not_check():
    """QT-046: before the field is on; a signature it can take is no reason."""
    signature = bytes.fromhex("2A000080")
    for amount_fen, limits, base, wanted in (
        (199, Limits(None, 200, None, None), OFFLINE, "28000080"),
        (200, Limits(None, 200, None, None), OFFLINE, "needs_online_or_cvm"),
        (200, Limits(None, 200, None, None), signature, "2A400080"),
        (200, floors(200, None), OFFLINE, "28000080"),
        (201, floors(200, None), OFFLINE, "needs_online_or_cvm"),
        (201, floors(200, None), signature, "needs_online_or_cvm"),
    ):
        assert ttq(amount_fen, limits, base) == wanted, (amount_fen, limits)


def test_terminal_floor_limit_should_count_where_no_other_does():
    """QT-027, QT-044: 9F1B is binary; the same digits as BCD would be another amount."""
    hundred = bytes.fromhex("00002710")  # 10,000 fen
    for amount_fen, limits, wanted in (
        (10000, floors(None, hundred), "26000080"),
        (10001, floors(None, hundred), "26800080"),
        (2710, floors(None, hundred), "26000080"),  # were it read as BCD: 2710 fen
        (2711, floors(None, hundred), "26000080"),
        (10000, floors(None, bytes.fromhex("00010000")), "26000080"),
        (65536, floors(None, bytes.fromhex("00010000")), "26000080"),
        (65537, floors(None, bytes.fromhex("00010000")), "26800080"),
        (10001, floors(10001, hundred), "26000080"),  # its own limit comes first
        (501, floors(500, hundred), "26800080"),
        (1, floors(None, bytes(4)), "26800080"),
    ):
        assert ttq(amount_fen, limits, ONLINE) == wanted, (amount_fen, limits)


def test_every_limit_may_be_absent():
    """QT-026: eight combinations; an absent limit is not checked."""
    for mask in range(8):
        limits = Limits(*([500 if mask >> place & 1 else None for place in range(3)] + [None]))
        wanted = "26" + ("40" if mask & 2 else "00") + "0080"
        if mask & 1:
            wanted = "over_transaction_limit"
        assert ttq(500, limits, ONLINE) == wanted, mask
        wanted = ("C0" if mask & 2 else "80") if mask & 4 else "40" if mask & 2 else "00"
        wanted = "over_transaction_limit" if mask & 1 else "26" + wanted + "0080"
        assert ttq(501, limits, ONLINE) == wanted, mask


def test_status_check_should_be_an_option():
    """QT-028, QT-037: 1.00 and nothing else, and only when it is switched on."""
    for amount_fen, option, base, wanted in (
        (100, False, ONLINE, "26000080"),
        (100, True, ONLINE, "26800080"),
        (99, True, ONLINE, "26000080"),
        (101, True, ONLINE, "26000080"),
        (100, False, OFFLINE, "28000080"),
        (100, True, OFFLINE, "needs_online_or_cvm"),
    ):
        assert ttq(amount_fen, NO_LIMITS, base, option) == wanted, (amount_fen, option)


def test_zero_should_go_online_or_end():
    """QT-036, QT-038, QT-039."""
    assert ttq(0, NO_LIMITS, ONLINE) == "26800080"
    assert ttq(0, NO_LIMITS, OFFLINE) == "amount_zero"
    assert ttq(-1, NO_LIMITS, ONLINE) == "no_amount"
    assert ttq(None, NO_LIMITS, ONLINE) == "no_amount"


def test_entry_stamp_may_cost_nothing():
    """QT-040: zero without 2.8 where an extended-application transaction is run."""
    for base, wanted in ((ONLINE, "26000080"), (OFFLINE, "28000080")):
        assert ttq(0, NO_LIMITS, base, False, True) == wanted


def test_second_byte_should_begin_at_zero_each_time():
    """QT-035, QT-045: a large amount leaves nothing for the small one behind it."""
    limits = Limits(None, 200, 300, None)
    assert ttq(301, limits, ONLINE) == "26C00080"
    assert ttq(200, limits, ONLINE) == "26400080"
    assert ttq(100, limits, ONLINE) == "26000080"
    assert ttq(100, limits, bytes.fromhex("26C00080")) == "26000080"
