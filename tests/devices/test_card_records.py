# SPDX-License-Identifier: Apache-2.0
"""A sale that changes records of the card: what is sold, stored and refused (capp.md)."""

from firmware.devices.trade import Trade
from firmware.formats import extension
from firmware.kernel import apdu, capp, tags, tlv
from tests.capp_card import BUS, METRO, READ_CAPP, TRIP_ID, UPDATE_CAPP, CappCard, record_of
from tests.devices.records_trade import RecordStand
from tests.small_card import PDOL, SmallCard


def df60_of(card):
    """DF60 as the last GPO had it."""
    return [one for one in card.sent if one[1] == apdu.INS_GPO][-1][-2]


def test_entry_should_cost_nothing_and_be_stored_with_its_record():
    """QX-018, QX-033, QX-034, QX-072: an amount of nothing; before and after in the journal; green
    when that is durable; the key derived before GPO.
    """
    stand, card = RecordStand(), CappCard()
    order = []
    session = stand.module.session
    stand.module.session = lambda *key: (order.append(card.asked(apdu.INS_GPO)), session(*key))[1]
    event = stand.tap(card)
    assert (event["outcome"], event["taken"]) == ("approved", True)
    assert order == [0] and stand.module.derived == [(0x28, 1, b"12345678")]
    kind, values = stand.records()[0]
    assert (kind, values["amount_fen"], values["version"]) == ("stamped", 0, 4)
    kept = extension.of(values)
    assert (kept["kind"], kept["df61"]) == (1, 1)
    assert kept["changes"] == [(METRO, 0, record_of(), card.pages[(METRO, 0)])]
    assert ("lamp", "green", 1) in stand.log and card.balance_fen == 10000


def test_exit_should_be_a_sale():
    """QX-018, QX-025."""
    stand, card = RecordStand(), CappCard(df61=0x81)
    stand.trade.fen = 400
    event = stand.tap(card)
    assert (event["outcome"], event["balance_fen"]) == ("approved", 9600)
    assert stand.kinds() == ["approved"] and card.pages[(METRO, 0)][-1] == 1


def test_card_without_it_should_be_refused_or_pay_plainly():
    """QX-001, QX-003, QX-004, QX-010, QX-071: by parameter; DF60 is 00 in a plain purchase."""

    def without_record():
        card = CappCard()
        card.pages = {}
        return card

    def not_asked():
        card = CappCard()
        card.fci = tlv.build(tags.PDOL, PDOL)
        return card

    for make, word in (
        (lambda: CappCard(df61=0x03), "capp_absent"),
        (lambda: CappCard(df61=0x80), "capp_absent"),
        (SmallCard, "capp_absent"),
        (not_asked, "capp_absent"),
        (without_record, "record_missing"),
        (CappCard, "module_failed"),
    ):
        for policy, wanted in (("require", word), ("plain", "ok"), ("off", "ok")):
            stand, card = RecordStand("same_card_s: 0\nextended: " + policy), make()
            stand.module.present = word != "module_failed"
            if policy == "off":
                stand.trade.offer = lambda: Trade.offer(stand.trade)  # noqa: B023
            event = stand.tap(card)
            assert event["message"] == wanted, (word, policy, event)
            assert card.asked(UPDATE_CAPP) == 0
            if wanted == "ok":
                assert card.balance_fen == 9800 and stand.kinds() == ["approved"]
                if b"\xdf\x60\x01" in card.fci:
                    assert df60_of(card) == 0
            else:
                assert card.asked(apdu.INS_GPO) == 0 and card.atc == 4  # QX-016
            if policy == "off":
                assert card.asked(READ_CAPP) == 0 and stand.terminal.sale.records is None


def test_refusals_should_come_before_gpo():
    """QX-007, QX-011, QX-012, QX-016, QX-058: nothing has happened to the card."""

    def bent(at, value):
        card = CappCard()
        body = bytearray(card.pages[(METRO, 0)])
        body[at] = value
        card.pages[(METRO, 0)] = bytes(body)
        return card

    for card, word in (
        (bent(3, 0), "record_invalid"),
        (bent(5, 1), "record_locked"),
        (bent(2, 9), "record_unread"),
        (bent(4, 3), "record_unread"),
    ):
        stand = RecordStand()
        assert stand.tap(card)["message"] == word
        assert card.asked(apdu.INS_GPO) == 0 and stand.shown() == "red"
    low, ok = "balance_low", "ok"
    for least_fen, balance_fen, wanted in (
        (500, 499, low), (500, 500, ok), (1, 0, low), (1, 1, ok), (0, 0, ok),
    ):  # fmt: skip
        stand, card = RecordStand(), CappCard(balance_fen=balance_fen)
        stand.trade.least_fen = least_fen
        assert stand.tap(card)["message"] == wanted
        assert card.asked(apdu.INS_GPO) == (wanted == "ok")
    stand, card = RecordStand(), CappCard()  # one that does not tell what it holds
    balance, stand.trade.least_fen = apdu.get_data(tags.EC_BALANCE), 1
    card.edit = lambda command, good: b"\x6a\x88" if command == balance else good
    assert stand.tap(card)["message"] == low and card.asked(apdu.INS_GPO) == 0
    stand, card = RecordStand(), CappCard(df61=0x81)
    card.key = b"another"
    assert stand.tap(card)["message"] == "record_forged"  # QX-009
    stand, card = RecordStand(), CappCard()
    stand.trade.kind = 2  # this card only deducts
    assert stand.tap(card)["message"] == "capp_absent" and card.asked(apdu.INS_GPO) == 0


def test_sum_should_be_frozen_on_the_record_that_was_read_last():
    """QX-015: any other order ends before the GPO; a deduction may change what it likes."""
    bus = (BUS, b"\x02\x22")
    for kind, wants, wanted in (
        (2, ((METRO, TRIP_ID), bus), "capp_unfit"),
        (2, (bus, (METRO, TRIP_ID)), "ok"),
        (1, ((METRO, TRIP_ID), bus), "ok"),
    ):
        stand, card = RecordStand(), CappCard(df61=0x02)
        card.pages = {(METRO, 0): record_of(kind=kind), (BUS, 0): record_of(bus[1])}
        stand.trade.kind, stand.trade.fen, stand.trade.asked = kind, 300, wants
        stand.trade.place = wants.index((METRO, TRIP_ID))
        assert stand.tap(card)["message"] == wanted, (kind, wants)
        assert card.asked(apdu.INS_GPO) == (wanted == "ok")


def test_what_was_not_read_should_not_be_written():
    """QX-016, QX-024: a change of other bytes than the card has told, or of another file."""
    other = record_of(body=bytes(9) + b"\x01")
    for page in (capp.Page(METRO, 0, other), capp.Page(BUS, 0, record_of())):
        stand, card = RecordStand(), CappCard()
        trip_of = stand.trade.trip_of
        stand.trade.trip_of = lambda pages, pan: trip_of([page], pan)  # noqa: B023
        assert stand.tap(card)["message"] == "capp_unfit" and card.asked(apdu.INS_GPO) == 0


def test_number_that_pays_another_fare_should_be_found_at_the_gate():
    """QX-030: priced for nobody, or for whom the card has named first; what its records sign
    counts, and nothing is charged.
    """
    for fares, wanted in (((300, 200), "fare_changed"), ((300, 300), "ok")):
        stand, card = RecordStand(), CappCard()
        trip_of = stand.trade.trip_of

        def priced(pages, pan, stand=stand, fares=fares, trip_of=trip_of):
            stand.trade.fen = fares[1] if pan else fares[0]
            return trip_of(pages, pan)

        stand.trade.trip_of = priced
        assert stand.tap(card)["message"] == wanted
        assert len(card.debits) == (wanted == "ok")


def test_own_stamp_should_let_pass_by_the_trades_word():
    """QX-042: who stamped here a moment ago goes on without a GPO, with a record of it."""
    stand, card = RecordStand(), CappCard()
    stand.trade.says = "re_entry"
    stand.trade.reads_first = lambda: True
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])  # read freely
    assert stand.tap(card)["message"] == "re_entry"
    assert stand.kinds() == ["event"] and card.asked(apdu.INS_GPO) == 0
    card.free_records = False  # a card that hides its number cannot be written down
    assert stand.tap(card)["message"] == "number_unread"


def test_failed_update_should_leave_no_sale():
    """QX-019, QX-028, QX-073: module gone in the tap; the next one finds it again."""
    stand, card = RecordStand(), CappCard()
    stand.trade.fen = 300
    stand.module.left = 0
    event = stand.tap(card)
    assert (event["message"], event["taken"]) == ("module_failed", False)
    assert card.asked(apdu.INS_GPO) == 1 and card.asked_last() == 0 and card.debits == []
    assert stand.journal.pending() == []
    stand.module.left = None
    assert stand.tap(card)["message"] == "ok" and card.balance_fen == 9700


def test_pre_authorisation_should_be_no_sale_and_its_completion_one():
    """QX-021, QX-031, QX-052, QX-054."""
    stand, card = RecordStand(), CappCard(df61=0x02)
    card.pages = {(METRO, 0): record_of(kind=2)}
    stand.trade.kind, stand.trade.fen = 2, 500
    event = stand.tap(card)
    assert (event["outcome"], event["balance_fen"]) == ("approved", 9500)
    stand.trade.kind, stand.trade.fen = 3, 200
    stand.trade.frozen_by = (b"00000007", b"MERCHANT 7")
    assert stand.tap(card)["balance_fen"] == 9800
    assert stand.kinds() == ["preauthorised", "approved"]
    first, second = [extension.of(values) for _, values in stand.records()]
    assert (first["kind"], first["terminal"]) == (2, b"")
    assert (second["kind"], second["terminal"], second["merchant"]) == (
        3, b"00000007", b"MERCHANT 7",
    )  # fmt: skip
    card._update = lambda command: b"\x90\x00"
    stand.trade.kind = 2
    event = stand.tap(card)
    assert (event["message"], event["taken"]) == ("update_failed", False)
    assert stand.kinds()[-1] == "void" and stand.journal.pending() == []


def test_refusal_behind_the_commit_should_say_what_the_card_holds():
    """QX-032, QX-052: another DF61 is signed; only what was taken is to be refunded."""
    for kind, fen, message in (
        (1, 300, "debited_refused"), (1, 0, "stamp_refused"), (2, 500, "frozen_refused"),
    ):  # fmt: skip
        stand, card = RecordStand(), CappCard(df61=0x02)
        card.pages = {(METRO, 0): record_of(kind=kind)}
        card.offer = b"\x01"
        stand.trade.kind, stand.trade.fen = kind, fen
        event = stand.tap(card)
        assert (event["message"], event["taken"], stand.shown()) == (message, True, "red")
        assert stand.kinds() == ["debited-refused"]


def test_offset_should_be_told():
    """QX-059, QX-060, QX-061: a fare above the balance; what is left, less what is owed."""
    for net, balance_fen, used_fen, wanted, left in (
        (False, 250, 0, 0, (0, 150)),
        (True, 250, 0, 0, (0, 150)),
        (False, 900, 120, 500, (500, 120)),
        (True, 900, 120, 380, (500, 120)),
    ):
        stand, card = RecordStand(), CappCard(balance_fen=balance_fen)
        card.offset_limit_fen, card.offset_used_fen = 1000, used_fen
        stand.trade.fen, stand.trade.shows_offset = 400, net
        event = stand.tap(card)
        assert (event["outcome"], event["balance_fen"]) == ("approved", wanted), (net, used_fen)
        assert (card.balance_fen, card.offset_used_fen) == left


def test_card_of_sm_algorithms_should_be_given_what_it_asks():
    """QX-005: DF69 and 9F1A behind DF60."""
    stand, card = RecordStand(), CappCard()
    pdol = PDOL + bytes.fromhex("DF6001" + "DF6901" + "9F1A02")
    card.fci = tlv.build(tags.PDOL, pdol)
    assert stand.tap(card)["outcome"] == "approved"
    sent = [one for one in card.sent if one[1] == apdu.INS_GPO][-1]
    assert sent[-5:-1] == bytes.fromhex("01" + "00" + "0156")  # no SM key is held here
