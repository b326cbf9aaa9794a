# SPDX-License-Identifier: Apache-2.0
"""A torn tap stays open while a queue pays, and the journal of a usual unit sells on."""

from sim.flash import Flash
from sim.profile import Profile
from tests.host.test_torn_everywhere import City
from tests.host.torn_world import LAST

BLOCKS = 64  # as settings have it by default
QUEUE = 120


class Unit(City):
    """With the journal of a unit."""

    flash = Flash(BLOCKS, 4096)


def test_queue_should_pay_beside_a_torn_tap():
    """QT-155, QT-182: of the pending entries only the open one has to stay."""
    unit = Unit(Profile(bits=512))
    unit.begin()
    assert unit.visit("rider", (LAST, True))[0]["outcome"] == "torn_pending"
    for number in range(QUEUE):
        if number % 40 == 0:  # the next one in the queue, with money
            unit.put_back(unit.cards["other"])
        event, _ = unit.visit("other")
        assert event is not None and event["outcome"] == "approved", number
        if number == QUEUE // 2:
            unit.restart()
    assert unit.journal.pending_ring.generation > 3 * unit.journal.pending_ring.count
    assert unit.visit("rider")[0]["outcome"] == "recovered"
    assert len(unit.cards["rider"].debits) == 1
