# SPDX-License-Identifier: Apache-2.0
"""The plug is pulled at every exchange of a tap, before and after the card acted, also on re-taps.

Each rider comes again until the terminal says that he has paid: every card is debited once, and
cards, journal and ledger agree to the fen (QT-165, QT-184, TD-012).
"""

import os

import pytest

from host_tools.cli.runtime import runtime_command
from sim.closing import close_the_day
from sim.issuer import Profile
from sim.morning import Visit
from sim.rider import Rider
from sim.rig import Rig
from sim.timing import Timing
from tests.host.console import RUNTIMES

EXCHANGES = 9  # PPSE, SELECT, free read, GPO, five records
MOMENTS = [(number, acted) for number in range(1, EXCHANGES + 1) for acted in (False, True)]
ALL = os.environ.get("EXCHANGES") == "all"  # each with and without a second cut; else by turns
PAID = ("ok", "torn_recovered", "already_paid")


class Trigger:
    """Stands between chip and field, and pulls the plug at chosen exchanges of a rider's visit."""

    def __init__(self, rig):
        self.rig = rig
        self.transmit = rig.field.transmit
        self.count = 0
        self.moments = []

    def arm(self, *moments):
        """moments: (number of the exchange since now, True when the card has acted)."""
        self.count, self.moments = 0, list(moments)

    def __call__(self, card, c_apdu):
        self.count += 1
        if (self.count, False) in self.moments:
            self.rig.pull_plug()
        answer = self.transmit(card, c_apdu)
        if (self.count, True) in self.moments:
            self.rig.pull_plug()
        return answer


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("twice", [False, True], ids=["first tap", "and on the re-tap"])
def test_every_rider_pays_once(runtime, twice, tmp_path):
    """Every moment on each interpreter; the plug is pulled again in every second one."""
    odd = twice == (runtime == "cpython")
    moments = list(enumerate(MOMENTS)) if ALL else list(enumerate(MOMENTS))[odd::2]
    kinds = tuple((f"rider-{n}", "adult", "62280001", Profile(bits=512)) for n, _ in moments)
    rig = Rig(tmp_path, runtime_command(runtime)[:3], Timing.none(), kinds, torn_window_s=30)
    trigger = rig.field.transmit = Trigger(rig)
    with rig:
        rider = Rider(rig, lambda event: None, 0.02)
        for number, (exchange, acted) in moments:
            again = [(exchange + 1 + number % 6, number % 2 == 0)] if twice else []
            trigger.arm((exchange, acted), *again)
            name = f"rider-{number}"
            message = rider.visit(Visit(name, [name], None, True, 0.1, PAID))
            assert message in PAID, (exchange, acted, message)
            finals = [atc for atc, _, final in rig.cards[name].debits if final]
            assert len(finals) == 1, (exchange, acted, rig.cards[name].debits)
        trigger.arm()
        balance = close_the_day(rig, lambda event: None)
    assert balance.faults == []
    assert balance.approved_fen == 200 * len(moments) and balance.pending_fen == 0
    assert rig.restarts >= len(moments) - 2
