# SPDX-License-Identifier: Apache-2.0
"""What follows a tap: no second attempt by itself, counters, and power that goes at the end."""

from firmware.devices import panel
from firmware.devices.sale import DECLINED_S
from firmware.devices.screen import COMMON
from firmware.devices.terminal import COUNTERS_S
from firmware.kernel import apdu, tags
from tests.bent import declining, forged_late
from tests.small_card import SmallCard, bend, replaced
from tests.stand import Stand


def test_declined_card_should_not_be_tried_again_by_itself():
    """QT-114, QT-248: held on, one GPO; shown again within seconds, never approved; later it may
    be.
    """
    stand, card = Stand(), declining()
    assert stand.hold(card) == ["declined"]
    assert card.asked(apdu.INS_GPO) == 1 and card.asked(apdu.INS_READ_RECORD) == 0
    card.edit = None  # it would pay at once
    event = stand.tap(card)
    assert (event["reason"], event["taken"], event["cryptogram"]) == ("card_declined", False, "TC")
    assert card.debits == [] and card.asked(apdu.INS_READ_RECORD) == 0
    assert stand.tap(SmallCard("6228000100000028"))["message"] == "ok"  # others may
    stand.clock.advance(DECLINED_S)
    assert stand.tap(card)["message"] == "ok"


def test_card_debited_and_refused_should_not_be_tried_again_by_itself():
    """QT-248: after a failed fDDA."""
    stand, card = Stand(), forged_late()
    assert stand.hold(card) == ["declined"] and card.debits == [5]
    card.edit = None
    assert stand.tap(card)["message"] == "refund_due" and card.debits == [5]


def test_balance_should_come_from_what_was_read_before_when_the_card_tells_none():
    """QT-245: GET DATA before the GPO less the amount; as it was when nothing was paid; none
    where it was not asked for.
    """

    def silent(pairs):
        return replaced(pairs, tags.AVAILABLE_OFFLINE_AMOUNT, None)

    for extra, line in (("balance_before: yes", "98.00"), ("", "--")):
        stand, card = Stand(extra), SmallCard()
        card.edit = bend("80A8", silent)
        event = stand.tap(card)
        assert event["message"] == "ok" and ("show", "Paid 2.00, balance " + line, 0) in stand.log
        poor = SmallCard("6228000100000028", balance_fen=150)
        poor.edit = card.edit
        stand.tap(poor)
        shown = "1.50" if extra else "--"
        assert ("show", "Declined, balance " + shown, 0) in stand.log
    stand, card = Stand("balance_before: yes"), SmallCard()  # issuer data before what was read
    iad = bytes.fromhex("07010103900000010A01" + "0000012345" + "00" * 4)
    card.edit = bend("80A8", lambda pairs: replaced(silent(pairs), tags.IAD, iad))
    assert stand.tap(card)["balance_fen"] == 12345


def test_refusals_should_be_counted_by_their_code():
    """QT-249: each of them, what is no refusal is not; reported each hour and at the end."""
    stand = Stand("deny: 6228000100000044")
    old = SmallCard("6228000100000028", expiry="261120")
    listed = SmallCard("6228000100000044")
    for _ in range(2):
        stand.tap(SmallCard(), listed)
    for card in (SmallCard(), old, listed, listed):
        stand.tap(card)
    wanted = {"several_cards": 2, "expired": 1, "deny_list": 2}
    assert stand.terminal.screen.counts == wanted
    stand.events[:] = []
    stand.clock.advance(COUNTERS_S)
    stand.terminal.turn()
    stand.terminal.turn()
    assert [one for one in stand.events if one["event"] == "counters"] == [
        {"event": "counters", "counts": wanted}
    ]
    stand.terminal.show("never heard of")
    stand.terminal.stop()
    stand.terminal.turn()
    last = [one for one in stand.events if one["event"] == "counters"][-1]["counts"]
    assert last == {"several_cards": 2, "expired": 1, "deny_list": 2, "other": 1, "closed": 1}
    assert all(message in panel.names() for message in COMMON)


def test_power_lost_behind_the_last_answer_should_leave_one_sale():
    """QT-163: the answer is durable before it is looked at; the next start verifies it and closes
    the sale, once, without the card. One that does not verify is refunded, not sold.
    """
    for forged, kind, reason in (
        (False, "approved", "ok"),
        (True, "debited-refused", "oda_failed"),
    ):
        stand, card = Stand(), forged_late() if forged else SmallCard()

        class Gone(Exception):
            """The power."""

        def gone(message):
            if message == "card_read":
                raise Gone  # noqa: B023

        stand.terminal.sale.notice = gone
        try:
            stand.tap(card)
            raise AssertionError("the power did not go")
        except Gone:
            pass
        assert card.debits == [5] and stand.records() == []
        for _ in range(2):
            stand.reader.field = []
            stand.restart()
            assert [(one, values["reason"]) for one, values in stand.records()] == [(kind, reason)]
            assert stand.journal.pending() == [] and stand.terminal.torn_taps.open == []
        values = stand.records()[0][1]
        assert (values["atc"], values["tc"]) == (5, bytes(7) + b"\x05")
        message = stand.tap(card)["message"]
        assert message == ("refund_due" if forged else "already_paid") and card.debits == [5]
