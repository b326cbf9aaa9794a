# SPDX-License-Identifier: Apache-2.0
"""What rider and driver see and hear, in which order."""

from firmware.devices import panel
from firmware.kernel import apdu
from tests.bent import declining, expired, forged, forged_late, torn
from tests.small_card import SmallCard
from tests.stand import Stand


def screens(stand):
    """[(colour, sound, English line)] in the order of their showing."""
    found, line = [], ""
    for kind, value, _ in stand.log:
        if kind == "show":
            line = value
        elif kind == "lamp":
            found.append([value, "", line])
        else:
            found[-1][1] = value
    return [tuple(one) for one in found]


READY = ("blue", "", "Tap card, fare 2.00")
BUSY = ("blue", "", "Processing, hold the card")
READ = ("blue", "", "Card read, processing")


def test_paid_tap_should_show_its_three_signals_in_order():
    """QT-047, QT-141, QT-240, QT-242, QT-244: present, in progress, read, paid; the fare shown
    before is the one that is sent; the card may go before the record is written.
    """
    stand, card = Stand(), SmallCard()
    stand.tap(card)
    assert screens(stand) == [READY, BUSY, READ, ("green", "ok", "Paid 2.00, balance 98.00")]
    read = stand.log.index(("show", "Card read, processing", 0))
    assert stand.log[read + 1] == ("lamp", "blue", 0)  # not one record was durable then
    assert stand.log[-2] == ("lamp", "green", 1)
    gpo = [one for one in card.sent if one[1] == apdu.INS_GPO][0]
    assert bytes.fromhex("000000000200") in gpo


def test_refusals_should_show_their_signals_and_never_look_like_another_try():
    """QT-238, QT-241, QT-242, QT-244: declined is red and one long tone; what may be tried again
    is amber.
    """
    for make, middle, end in (
        (declining, [BUSY], ("red", "no", "Declined, balance 100.00")),  # AAC: as it is
        (expired, [BUSY], ("red", "no", "Card expired, not charged")),
        (forged, [BUSY], ("red", "no", "Not verified, not charged")),
        (forged_late, [BUSY, READ], ("red", "no", "Refused: 2.00 will be refunded")),
        (lambda: torn(1), [BUSY], ("amber", "again", "Tap again, not charged")),
        (lambda: torn(-1), [BUSY], ("amber", "again", "Not done: same card again")),
    ):
        stand = Stand()
        stand.tap(make())
        assert screens(stand) == [READY] + middle + [end]


def test_recommended_messages_should_be_there_in_both_languages():
    """QT-243: present card, read, processing, present again, approved, declined, one card only,
    other means.
    """
    for message, chinese, english in (
        ("ready", "请刷卡", "Tap card"),
        ("card_read", "读卡完成", "Card read"),
        ("processing", "处理中", "Processing"),
        ("card_lost", "请再刷一次", "Tap again"),
        ("last_record_lost", "请再刷同一张卡", "same card again"),
        ("ok", "已付", "Paid"),
        ("card_declined", "拒绝", "Declined"),
        ("several_cards", "只刷一张卡", "One card only"),
        ("no_common_app", "请用其他方式", "use other means"),
    ):
        _, _, line1, line2, _ = panel.row_of(message)
        assert chinese in line1 and english in line2, message
    for message in panel.names():
        _, _, line1, line2, _ = panel.row_of(message)
        assert any(sign > "\u4e00" for sign in line1), message
        assert all(sign < "\x7f" for sign in line2), message


def test_what_cannot_be_charged_should_point_to_other_means_without_a_field():
    """QT-036, QT-039, QT-041, QT-046: no field, no card asked, said once."""
    for change, line in (
        ({"fare_fen": 0}, "No fare: use other means"),
        ({"fare_fen": None}, "Out of service: no fare"),
    ):
        stand, card = Stand(), SmallCard()
        fleet = stand.fleet
        stand.fleet = type(fleet)(*[change.get(name, getattr(fleet, name)) for name in FIELDS])
        stand.restart()
        assert stand.hold(card) == [] and card.sent == [] and not stand.reader.powered
        assert [one[2] for one in screens(stand) if one[0] == "red"] == [line]


FIELDS = (
    "version", "fare_fen", "classes", "aids", "capks", "deny", "deny_list_version", "ttq",
    "standing", "ceiling_fen", "limits", "aid_limits", "status_check", "torn_window_s",
    "torn_count", "torn_prompt_s", "trans_prove", "balance_before", "torn_over_restart",
    "clock_from_year", "clock_back_s", "same_card_s", "rest_after_s", "sda",
    "deny_growth_percent", "deny_growth_least", "deny_hits_percent",
    "clock_step_s", "clock_bound_s", "service", "extended", "capp_header_bytes",
    "stamp_lets_pass",
)  # fmt: skip
