# SPDX-License-Identifier: Apache-2.0
"""QT-170: the card lies on the reader while an answer is lost, and the sale completes without its
owner. Real reader, real terminal on both interpreters, virtual chip.
"""

import pytest

from host_tools.cli.runtime import runtime_command
from sim.card import Card
from sim.closing import close_the_day
from sim.faults import REST, Fault, Faults
from sim.issuer import Profile
from sim.replaying import until
from sim.rig import Rig
from sim.timing import Timing
from tests.host.card_reading import image, records_of
from tests.host.console import RUNTIMES

IN_DATA_EXCHANGE = 0x40
BEFORE_RECORDS = 4  # PPSE, SELECT, free read, GPO
HEAP_KIB = 512  # what is asked here is not how small a board may be
LINK = (  # the line between chip and terminal: the terminal asks the chip again, not the card
    Fault(wrong_dcs=True),
    Fault(cut_at=9),
    Fault(late_answer_ms=20),
)
AIR = Fault(status=0x01)  # the card has acted, the chip's own repeats did not bring the answer
PAID = ("approved", "recovered")


class Next(Faults):
    """One fault, at the n-th InDataExchange from arm() on."""

    left, fault = 0, REST

    def arm(self, number, fault):
        self.left, self.fault = number, fault

    def pick(self, number, code, nth):
        if code != IN_DATA_EXCHANGE:
            return REST
        self.left -= 1
        return self.fault if self.left == 0 else REST


class Held:
    """A rig, and a rider who does not move."""

    def __init__(self, rig):
        self.rig = rig
        self.faults = rig.chip_server.chip.faults = Next()

    def outcomes(self, name, number, fault):
        """Outcomes of the taps of one presentation until it is paid."""
        self.faults.arm(number, fault)
        self.rig.field.place(self.rig.cards[name])
        seen = []
        while not seen or (seen[-1] not in PAID and len(seen) < 4):
            seen.append(until(self.rig.firmware, "tap")[-1]["outcome"])
        self.rig.field.remove()
        until(self.rig.firmware, "ready")
        return seen

    def finals(self, name):
        return [debit for debit in self.rig.cards[name].debits if debit[2]]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_held_card_should_be_debited_once(runtime, tmp_path):
    """QT-065, QT-170: lost at any exchange; a line that damages answers costs no tap at all."""
    last = BEFORE_RECORDS + len(list(records_of(Card(image()).afl)))
    moments = [(number, AIR) for number in range(1, last + 1)]
    moments += [(number, fault) for number in (1, BEFORE_RECORDS, last) for fault in LINK]
    kinds = [(f"rider-{n}", "adult", "62280001", Profile()) for n in range(len(moments))]
    interpreter = runtime_command(runtime, HEAP_KIB)[:3]
    rig = Rig(tmp_path, interpreter, Timing.none(), kinds)
    with rig:
        held = Held(rig)
        for place, (number, fault) in enumerate(moments):
            name = f"rider-{place}"
            lost = fault is AIR
            first = ["torn_pending" if number == last else "try_again"] if lost else []
            end = "recovered" if lost and number == last else "approved"
            assert held.outcomes(name, number, fault) == [*first, end], (number, fault)
            assert len(held.finals(name)) == 1, (number, fault)
        balance = close_the_day(rig, lambda event: None)
    assert balance.faults == [] and balance.pending_fen == 0
    assert balance.cards_fen == balance.approved_fen == 200 * len(moments)
    assert balance.records == len(moments)
