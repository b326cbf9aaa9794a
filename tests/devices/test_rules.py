# SPDX-License-Identifier: Apache-2.0
"""Fares, concession classes, deny list and same-card guard."""

from firmware.devices import fare
from firmware.devices.rules import MAX_REMEMBERED, DenyTable, Rules, SameCard, is_other_card
from firmware.devices.trade import Charge
from firmware.formats.parameters import FareClass
from tests.hand_clock import HandClock

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
    deny = DenyTable({pan: () for pan in pans})
    for pan in (pans[0], pans[25], pans[49]):
        assert deny.holds(pan, None) and deny.holds(pan, 1) and deny.names(pan)
    assert not deny.holds("6228000200000010", 1) and not deny.names("6228000200000010")
    assert not DenyTable({}).holds(pans[0], 1)


def test_listed_sequence_should_not_hit_the_card_that_replaced_it():
    """QT-029: issued again with a new sequence number."""
    deny = DenyTable({PAN: (1, 3)})
    assert deny.names(PAN)
    for psn, hit in ((1, True), (3, True), (0, False), (2, False), (None, False)):
        assert deny.holds(PAN, psn) is hit, psn


class NoTornTaps:
    """Nothing is open."""

    def holds(self, pan, psn):
        return False


class HalfFare:
    """A trade where everybody pays 100."""

    def __init__(self, refusal="", amount_fen=100):
        self.refusal = refusal
        self.amount_fen = amount_fen
        self.again = False

    def refuse(self, pan, psn):
        return self.refusal

    def pays_again(self, pan, psn):
        return self.again

    def charge(self, pan):
        return Charge(self.amount_fen, 200, "student", "flat", 1)


class Held(NoTornTaps):
    """A debit of PAN is open."""

    def holds(self, pan, psn):
        return pan == PAN


def test_same_card_should_be_known_inside_its_window():
    """TD-005, TD-035; no wall clock is asked."""
    clock = HandClock()
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
    clock = HandClock()
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
    clock = HandClock()
    guard = SameCard(60, clock)
    guard.remember(PAN, 1, "refund_due")
    clock.ms = 10000
    assert guard.why(PAN, 1) == "refund_due"
    clock.ms = 60000
    assert guard.why(PAN, 1) == ""


def test_reasons_should_come_in_the_order_of_their_weight():
    clock = HandClock()
    guard = SameCard(60, clock)
    guard.remember(PAN, 1)

    def no():
        return False

    def refuse(trade, listed=False, torn=None, fare_fen=200, stopping=no):
        deny = DenyTable({PAN: ()} if listed else {})
        torn = torn or NoTornTaps()
        return Rules(deny, torn, guard, fare_fen, trade, stopping).refuse(PAN, 1)

    trade = HalfFare()
    assert refuse(HalfFare("no_stop"), True, Held(), stopping=lambda: True) == "closed"
    assert refuse(HalfFare("no_stop"), True, Held()) == "deny_list"
    assert refuse(HalfFare("no_stop"), False, Held()) == "torn_suspect"
    assert refuse(HalfFare("no_stop")) == "no_stop"  # before the guard: re-entry is the trade's
    assert refuse(trade) == "already_paid"
    trade.again = True  # companion
    assert refuse(trade) == "fare_changed" and refuse(trade, fare_fen=100) == ""
    trade.again = False
    clock.ms = 60000
    assert refuse(trade) == "fare_changed"
    assert refuse(trade, fare_fen=100) == ""
    trade.amount_fen = 0
    assert refuse(trade, fare_fen=100) == "free_ride"  # zero cannot be debited (QT-039)


def test_free_ride_should_need_no_gpo_but_never_for_a_listed_or_torn_card():
    """TD-063; the sequence number is not known before the GPO, so a listed number goes on."""
    guard = SameCard(60, HandClock())

    def early(trade, table=None, torn=None, stopping=False):
        deny = DenyTable(table or {})
        rules = Rules(deny, torn or NoTornTaps(), guard, 0, trade, lambda: stopping)
        return rules.before_gpo(PAN)

    assert early(HalfFare()) == ""
    assert (
        early(HalfFare("re_entry")) == "re_entry" and early(HalfFare(amount_fen=0)) == "free_ride"
    )
    assert early(HalfFare("re_entry"), {PAN: (7,)}) == ""
    assert early(HalfFare("re_entry"), torn=Held()) == ""
    assert early(HalfFare("re_entry"), stopping=True) == ""


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
