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


class Ticks:
    """A clock of ticks alone."""

    def __init__(self):
        self.ms = 0

    def ticks_ms(self):
        return self.ms

    def ticks_diff(self, later, earlier):
        return later - earlier


class NoTornTaps:
    """Nothing is open."""

    def holds(self, pan, psn):
        return False


class Held(NoTornTaps):
    """A debit of PAN is open."""

    def holds(self, pan, psn):
        return pan == PAN


def test_same_card_should_be_known_inside_its_window():
    """TD-005, TD-035; no wall clock is asked."""
    clock = Ticks()
    guard = SameCard(60, clock)
    guard.remember(PAN, 1)
    for pan, psn, ms, known in (
        (PAN, 1, 0, True),
        (PAN, None, 0, False),  # the gate asks again when it is known
        (PAN, 1, 59999, True),
        (PAN, 1, 60000, False),
        (PAN, 2, 1000, False),
        ("6228000100000010", 1, 1000, False),
    ):
        clock.ms = ms
        assert guard.why(pan, psn) == ("already_paid" if known else ""), (psn, ms)
    clock.ms = 60000
    guard.forget()
    assert guard.debited == []
    closed = SameCard(0, clock)
    closed.remember(PAN, 1)
    assert closed.why(PAN, 1) == ""
    guard.remember(PAN, 1)
    for number in range(MAX_REMEMBERED):
        guard.remember(str(number), 1)
    assert len(guard.debited) == MAX_REMEMBERED and guard.why(PAN, 1) == ""


def test_guard_should_know_the_last_cards_however_many_there_were():
    """TD-005: the oldest makes room; numbers of 11 to 19 digits, each with its sequence."""
    clock = Ticks()
    guard = SameCard(60, clock)
    pans = ["62280001" + "0" * (number % 9) + "%03d" % number for number in range(200)]
    for number, pan in enumerate(pans):
        clock.ms = 100 * number
        guard.remember(pan, number % 100)
        for older in range(number + 1):
            known = older > number - MAX_REMEMBERED
            assert bool(guard.why(pans[older], older % 100)) is known, (number, older)
    clock.ms = 100 * 150 + 60000  # of 136..199 the first fifteen are outside their window
    for _ in range(MAX_REMEMBERED):
        guard.forget()
    assert len(guard.debited) == 49 and not guard.why(pans[150], 50) and guard.why(pans[151], 51)


def test_a_card_debited_and_refused_should_not_be_debited_again():
    clock = Ticks()
    guard = SameCard(60, clock)
    guard.remember(PAN, 1, "refund_due")
    clock.ms = 10000
    assert guard.why(PAN, 1) == "refund_due"
    clock.ms = 60000
    assert guard.why(PAN, 1) == ""


def test_reasons_should_come_in_the_order_of_their_weight():
    clock = Ticks()
    guard = SameCard(60, clock)
    guard.remember(PAN, 1)

    def price(pan):
        return 100 if pan == PAN else 200

    def no():
        return False

    ended = Rules({PAN: ()}, Held(), guard, 200, price, lambda: True)
    assert ended.refuse(PAN, 1) == "closed"
    assert Rules({PAN: ()}, Held(), guard, 200, price, no).refuse(PAN, 1) == "deny_list"
    assert Rules({}, Held(), guard, 200, price, no).refuse(PAN, 1) == "torn_suspect"
    assert Rules({}, NoTornTaps(), guard, 200, price, no).refuse(PAN, 1) == "already_paid"
    clock.ms = 60000
    assert Rules({}, NoTornTaps(), guard, 200, price, no).refuse(PAN, 1) == "fare_changed"
    assert Rules({}, NoTornTaps(), guard, 100, price, no).refuse(PAN, 1) == ""


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
