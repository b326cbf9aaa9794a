# SPDX-License-Identifier: Apache-2.0
"""Pay station and exit over the shared store: the card's link is cut at every exchange of the tap
that pays, before and after the card acted; line and power may fail with it. Who comes again pays
once and drives out, whoever goes to the exit at once is not charged.
"""

import pytest

from tests.devices.parking_stand import open_card
from tests.devices.pay_stand import STATION, Park
from tests.host.torn_world import Rim

MOST = 40
FEN = 500


def cut_at(at, acted, mishap):
    """(Park, card, did it come to pass): asked, then cut while paying; the mishap behind it."""
    park, card = Park(), open_card()
    park.asks(card)
    assert park.payment().asked_by == STATION
    rim = Rim(card, lambda _: b"")
    rim.cut = (at, acted)
    park.pay.tap(rim)
    mishap(park)
    return park, card, rim.fired


def nothing(park):
    park.beat()


def line_cut(park):
    park.wire.cut = True
    park.beat(4)


def plug(park):
    park.pay.restart()
    park.beat(4)


@pytest.mark.parametrize("mishap", (nothing, line_cut, plug))
@pytest.mark.parametrize("acted", (False, True))
def test_a_payment_lost_anywhere_should_be_made_once(acted, mishap):
    """TD-068, QT-157: at the exit nobody pays while the pay station may have been paid."""
    for at in range(1, MOST):
        park, card, fired = cut_at(at, acted, mishap)
        if not fired:
            assert card.balance_fen == 10000 - FEN
            break
        debited = card.restore is None and card.balance_fen != 10000  # final, not taken back
        before = park.exit.tap(card)
        if debited:
            assert before in ("pay_open", "prepaid"), (at, before)
        assert card.balance_fen == 10000 - FEN * (debited or before == "ok"), at
        park.wire.cut = False
        park.beat(4)
        if before == "pay_open":
            for _ in range(4):
                park.asks(card)
                if park.pay.tap(card) is None or park.payment().moment:
                    break
            park.beat()
            assert park.exit.tap(card) in ("prepaid", "ok"), at
        assert card.balance_fen == 10000 - FEN, at
        assert park.exit.barrier.pulses == 1, at
    assert at > 5
