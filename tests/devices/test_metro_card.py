# SPDX-License-Identifier: Apache-2.0
"""A metro gate whose trips lie on the card: entry, exit, re-taps and tears, to the fen."""

from firmware.capp import layouts
from firmware.formats import extension
from firmware.kernel import apdu
from tests.capp_card import METRO
from tests.devices.metro_card_stand import Gate, entered, fields, new_card
from tests.small_card import LAST


def test_entry_should_stamp_the_card_and_take_nothing():
    """QX-018, QX-033, QX-044: amount 0, own fields, the gate behind the verdict."""
    gate, card = Gate("entry", 1, 0), new_card(df61=0x81)
    event = gate.tap(card)
    assert (event["message"], card.balance_fen, gate.barrier.pulses) == ("entered", 10000, 1)
    kind, values = gate.records()[0]
    (change,) = extension.of(values)["changes"]
    assert kind == "stamped" and change[3] == card.pages[(METRO, 0)]
    stamp = fields(card)
    assert (stamp["state"], stamp["entry_place"], stamp["entry_gate"]) == (1, 1, 1501)
    assert stamp["entry_number"] == 1 and stamp["entry_time"] == (2026, 11, 21, 10, 0, 0)


def test_trip_of_another_city_should_go_to_the_service_desk():
    """QX-045: its station numbers are none of ours; one that was closed there is no matter."""
    card = entered()
    trip = fields(card)
    for state, city, wanted in (
        (layouts.INSIDE, trip["city"] + 1, "record_foreign"),
        (layouts.INSIDE, trip["city"], "ok"),
    ):
        changes = {"state": state, "city": city}
        card.pages[(METRO, 0)] = layouts.write(layouts.TRIP, card.pages[(METRO, 0)], changes)
        gate, asked = Gate("exit", 3, 10), card.asked(apdu.INS_GPO)
        assert gate.tap(card)["message"] == wanted
        opened = wanted == "ok"
        assert card.asked(apdu.INS_GPO) == asked + opened and bool(gate.barrier.pulses) == opened


def test_open_trip_of_another_city_should_not_be_written_over():
    """QX-044: also where an open trip of our own is; one that was closed there is no matter."""
    for state, wanted in ((layouts.INSIDE, "record_foreign"), (layouts.CLOSED, "entered")):
        card = entered()
        changes = {"state": state, "city": fields(card)["city"] + 1}
        card.pages[(METRO, 0)] = layouts.write(layouts.TRIP, card.pages[(METRO, 0)], changes)
        before = card.pages[(METRO, 0)]
        gate = Gate("entry", 1, 30, missing_exit="replace")
        assert gate.tap(card)["message"] == wanted
        assert (card.pages[(METRO, 0)] == before) == (wanted != "entered")


def test_exit_should_be_priced_by_the_card_and_close_the_trip():
    """QX-046: the matrix from the entry's station; the record says both."""
    card = entered()
    gate = Gate("exit", 3, 30)
    event = gate.tap(card)
    assert (event["outcome"], card.balance_fen) == ("approved", 10000 - 400)
    assert gate.barrier.pulses == 1 and gate.kinds() == ["approved"]
    values = gate.records()[0][1]
    assert (values["riders"], values["direction"], values["full_fare_fen"]) == (1, 2, 400)
    stamp = fields(card)
    assert (stamp["state"], stamp["exit_place"], stamp["amount_fen"]) == (2, 3, 400)


def test_same_gate_should_let_through_whom_it_stamped():
    """QX-042: within the grace, without a second stamp; behind it the rule for open trips."""
    card = entered()
    for minute, message, pulses, gpos in ((1, "re_entry", 1, 1), (5, "exit_missing", 0, 1)):
        gate = Gate("entry", 1, minute)
        assert gate.tap(card)["message"] == message and gate.barrier.pulses == pulses
        assert card.asked(apdu.INS_GPO) == gpos
    assert Gate("entry", 1, 5, missing_exit="replace").tap(card)["message"] == "entered"


def test_exit_without_an_entry_should_go_by_the_rule():
    """QX-045."""
    for rule, balance_fen in (("maximum", 9100), ("refuse", 10000)):
        card = new_card()
        Gate("exit", 3, 30, missing_entry=rule).tap(card)
        assert card.balance_fen == balance_fen, rule


class Next:
    """Settings of the gate beside it."""

    terminal, line = 1502, 2

    def __init__(self, settings, stop):
        self.more, self.stop = settings.more, stop


class NextGate(Gate):
    """A gate at the same station, of another number."""

    here = Next


def test_next_gate_should_not_charge_who_was_just_stamped_out():
    """QX-042: torn when the card had acted, he goes to another gate: it takes no dearest
    fare of him. Behind the grace the rule holds.
    """
    card = entered()
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert Gate("exit", 3, 30).tap(card)["message"] == "last_record_lost"
    gate = NextGate("exit", 3, 31)
    assert gate.tap(card)["message"] == "entry_missing" and gate.barrier.pulses == 0
    assert card.balance_fen == 10000 - 400
    assert NextGate("exit", 3, 33).tap(card)["message"] == "ok"
    assert card.balance_fen == 10000 - 400 - 900


def test_exit_that_was_never_settled_should_be_let_out_once_however_late():
    """QX-042: its own record says that he may have paid and was not let out; nobody else has it,
    and he has it once.
    """
    card, gate = entered(), Gate("exit", 3, 30)
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert gate.tap(card)["message"] == "last_record_lost"
    gate.clock.advance(70)
    for _ in range(4):
        gate.terminal.turn()
    assert gate.kinds() == ["pending"] and gate.barrier.pulses == 0
    gate.clock.now = (2026, 11, 21, 10, 50, 0)
    gate.restart()
    assert gate.tap(card)["message"] == "re_entry" and gate.barrier.pulses == 1
    assert card.balance_fen == 10000 - 400
    assert gate.tap(card)["message"] == "ok" and card.balance_fen == 10000 - 400 - 900


def test_bad_records_should_be_refused_before_the_gpo():
    """QX-012, QX-016: locked, not valid, a stamp from the future, digits that are none."""
    cases = (({"valid": 0}, None), ({"locked": 1}, None),
             ({"state": 1, "entry_time": (2026, 11, 21, 11, 0, 0)}, "stamp_ahead"),
             ({"state": 1, "entry_time": (2026, 13, 1, 0, 0, 0)}, "stamp_bad"))  # fmt: skip
    for changed, message in cases:
        card = new_card()
        page = layouts.write(layouts.TRIP, card.pages[(METRO, 0)], changed)
        card.pages[(METRO, 0)] = page
        gate = Gate("exit", 3, 30)
        event = gate.tap(card)
        assert message in (None, event["message"]), event["message"]
        assert card.asked(apdu.INS_GPO) == 0 and gate.barrier.pulses == 0, changed
        assert card.balance_fen == 10000 and card.pages[(METRO, 0)] == page


def test_least_balance_should_be_asked_at_the_entry():
    """QX-007."""
    gate, card = Gate("entry", 1, 0, least_fen="10001"), new_card()
    assert gate.tap(card)["message"] == "balance_low" and card.asked(apdu.INS_GPO) == 0
