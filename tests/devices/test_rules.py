# SPDX-License-Identifier: Apache-2.0
"""Fares, concession classes, deny list and same-card guard."""

from firmware.devices import fare
from firmware.devices.rules import MAX_REMEMBERED, Rules, SameCard, is_denied, is_other_card
from firmware.formats.parameters import FareClass

STUDENT = FareClass("student", "62280002", 50)
YOUNG = FareClass("young", "622800020", 25)
ALL = FareClass("all", "6", 99)
PAN = "6228000200000010"


def test_longest_prefix_should_name_the_class():
    for classes, pan, wanted in (
        ((), PAN, None),
        ((STUDENT,), PAN, STUDENT),
        ((STUDENT, ALL), PAN, STUDENT),
        ((ALL, STUDENT), PAN, STUDENT),
        ((ALL, STUDENT, YOUNG), PAN, YOUNG),
        ((YOUNG, STUDENT, ALL), "6228000210000010", STUDENT),
        ((STUDENT,), "6228000100000010", None),
        ((STUDENT,), "", None),
    ):
        assert fare.class_of(pan, classes) == wanted
    assert fare.name(STUDENT) == "student" and fare.name(None) == "adult"


def test_price_should_be_rounded_down_and_never_be_nothing():
    """QT-039: an offline-only terminal cannot debit zero."""
    for full_fen, percent, wanted in (
        (200, 50, 100),
        (201, 50, 100),
        (1, 50, 1),
        (199, 1, 1),
        (200, 100, 200),
        (333, 33, 109),
    ):
        assert fare.price(full_fen, FareClass("x", "6", percent)) == wanted
    assert fare.price(201, None) == 201


def test_deny_list_should_find_first_middle_and_last():
    """QT-029."""
    pans = ["62280001%08d" % number for number in range(50)]
    deny = {pan: () for pan in pans}
    for pan in (pans[0], pans[25], pans[49]):
        assert is_denied(deny, pan, None) and is_denied(deny, pan, 1)
    assert not is_denied(deny, "6228000200000010", 1) and not is_denied({}, pans[0], 1)


def test_listed_sequence_should_not_hit_the_card_that_replaced_it():
    """QT-029: issued again with a new sequence number."""
    deny = {PAN: (1, 3)}
    for psn, hit in ((1, True), (3, True), (0, False), (2, False), (None, False)):
        assert is_denied(deny, PAN, psn) is hit, psn


def test_same_card_should_be_known_inside_its_window():
    """TD-005, TD-035."""
    guard = SameCard(60)
    guard.remember(PAN, 1, 1000)
    for pan, psn, now, known in (
        (PAN, 1, 1000, True),
        (PAN, None, 1059, True),
        (PAN, 1, 1060, False),
        (PAN, 2, 1001, False),
        ("6228000100000010", 1, 1001, False),
        (PAN, 1, 999, True),  # the clock was set back a little
        (PAN, 1, 940, False),  # it shows another hour
    ):
        assert guard.why(pan, psn, now) == ("already_paid" if known else ""), (psn, now)
    assert SameCard(0).why(PAN, 1, 1000) == ""
    for number in range(MAX_REMEMBERED):
        guard.remember(str(number), 1, 1000)
    assert len(guard.debited) == MAX_REMEMBERED and guard.why(PAN, 1, 1000) == ""


def test_a_card_debited_and_refused_should_not_be_debited_again():
    guard = SameCard(60)
    guard.remember(PAN, 1, 1000, "refund_due")
    assert guard.why(PAN, 1, 1010) == "refund_due" and guard.why(PAN, 1, 1060) == ""


def test_reasons_should_come_in_the_order_of_their_weight():
    guard = SameCard(60)
    guard.remember(PAN, 1, 1000)

    def price(pan):
        return 100 if pan == PAN else 200

    assert Rules({PAN: ()}, guard, 1000, 200, price).refuse(PAN, 1) == "deny_list"
    assert Rules({}, guard, 1000, 200, price).refuse(PAN, 1) == "already_paid"
    assert Rules({}, guard, 1060, 200, price).refuse(PAN, 1) == "fare_changed"
    assert Rules({}, guard, 1060, 100, price).refuse(PAN, 1) == ""


def test_other_card_should_be_one_that_cannot_be_the_last():
    """QT-053, QT-073: random numbers tell nothing."""
    fixed, other = ("A", b"\x04\x11\x22\x33\x44\x55\x66"), ("A", b"\x04\x11\x22\x33\x44\x55\x67")
    drawn, redrawn, single = (
        ("A", b"\x08\x01\x02\x03"),
        ("A", b"\x08\x01\x02\x04"),
        ("A", b"\x11" * 4),
    )
    pupi, new_pupi = ("B", b"\x01\x02\x03\x04"), ("B", b"\x01\x02\x03\x05")
    for before, now, known in (
        (fixed, other, True),
        (fixed, fixed, False),
        (fixed, drawn, True),
        (drawn, fixed, True),
        (drawn, redrawn, False),
        (drawn, single, True),
        (pupi, new_pupi, False),
        (pupi, drawn, False),
        (pupi, fixed, True),
        (None, fixed, False),  # two cards were there: who stays is nobody new
    ):
        assert is_other_card(before, now) is known, (before, now)
