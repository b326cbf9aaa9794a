# SPDX-License-Identifier: Apache-2.0
"""E-tickets at the gate: forged, early, expired, elsewhere, and what a mode waives."""

from tests.ticket_stand import TicketStand
from tests.tickets import TODAY, issued

EARLY_OLD_GOOD = ({"opens": 660}, {"first_day": TODAY - 3, "last_day": TODAY - 2}, {})


def test_every_wrong_ticket_should_have_its_message():
    """TD-002, TD-070: what is refused opens nothing."""
    stand, forged = TicketStand(), issued()
    forged = forged[:60] + ("A" if forged[60] != "A" else "B") + forged[61:]
    for text, message in (
        (forged, "ticket_forged"),
        (issued(groups=2), "ticket_gate"),
        (issued(first_day=TODAY + 1, last_day=TODAY + 2), "ticket_early"),
        (issued(first_day=TODAY - 2, last_day=TODAY - 1), "ticket_expired"),
        (issued(opens=10 * 60 + 16), "ticket_early"),
        (issued(closes=10 * 60 + 14), "ticket_expired"),
        (issued(closes=10 * 60 + 14, last_day=TODAY + 1), "ticket_early"),
        ("https://example.org/ticket", "ticket_unread"),
        ("FT1:AAAA", "ticket_unread"),
        (issued()[:-1], "ticket_unread"),
    ):
        shown = stand.scan(text)
        assert shown == message, (text[:20], shown)
        assert ("open" in stand.lane.orders) is (message == "ticket_ok"), message


def test_waived_windows_should_be_let_in():
    """TD-066: each mode with a ticket outside its hours, outside its days, and a good one."""
    stand, number = None, 100
    for mode, messages in (
        ("controlled", ("ticket_early", "ticket_expired", "ticket_ok")),
        ("time_waived", ("ticket_ok", "ticket_expired", "ticket_ok")),
        ("date_waived", ("ticket_ok", "ticket_ok", "ticket_ok")),
        ("fare_waived", ("ticket_early", "ticket_expired", "ticket_ok")),
        ("free", ("gate_free",) * 3),
        ("exit_only", ("gate_exit_only",) * 3),
        ("closed", ("gate_closed",) * 3),
    ):
        stand = None  # a board has no room for two
        stand = TicketStand("mode=" + mode)
        for other, message in zip(EARLY_OLD_GOOD, messages):
            number += 1
            assert stand.scan(issued(id=number, **other)) == message, (mode, message)
            if message == "ticket_ok":
                stand.walk()


def test_clock_in_doubt_should_keep_nobody_out_whose_hour_it_may_be():
    """TD-008: the window counts from either side of the doubt; beyond it the ticket waits."""
    stand = TicketStand()
    for number, (doubt_s, closes, message) in enumerate(
        ((0, 614, "ticket_expired"), (120, 614, "ticket_ok"), (120, 611, "ticket_expired"))
    ):
        stand.clock.in_doubt = lambda doubt_s=doubt_s: doubt_s > 0
        stand.clock.error_s = lambda doubt_s=doubt_s: doubt_s
        assert stand.scan(issued(id=500 + number, closes=closes)) == message, (doubt_s, closes)
        if message == "ticket_ok":
            stand.walk()
