# SPDX-License-Identifier: Apache-2.0
"""GPO, updates and the commit of an extended purchase (capp.md C, F, G, I)."""

from firmware.drive import drive
from firmware.kernel import apdu, capp, capp_update, outcome, selection, tags, tlv, transaction
from tests.capp_card import (
    BUS,
    METRO,
    TRIP_ID,
    UPDATE_CAPP,
    CappCard,
    HashModule,
    Tearing,
    extended_values,
    key_of,
    record_of,
)
from tests.cards import AIDS, committed, purchase_from
from tests.small_card import CAPK, TODAY, bend, replaced

FACTOR = b"12345678"
RIDE = bytes(range(48))


def stamped(record, mark=b"\x07"):
    """The record with one byte of its trade data changed."""
    return record[:-1] + mark


def changes_of(card, module, *places, after=None):
    """Changes that stamp each place, (CYCLIC_FILE, 0) with RIDE."""
    session = module.session(1, 1, FACTOR)
    made = []
    for sfi, following in places:
        if sfi == capp.CYCLIC_FILE:
            made.append(capp.Change(sfi, 0, b"", RIDE, session))
        else:
            before = card.pages[(sfi, following)]
            made.append(capp.Change(sfi, following, before, after or stamped(before), session))
    return tuple(made)


def purchase_of(card, kind=1, amount_fen=0, changes=None, module=None, header=5):
    """transaction.Purchase that changes the metro record."""
    made = changes or changes_of(card, module or HashModule(), (METRO, 0))
    purchase = purchase_from(extended_values(kind, amount_fen), TODAY, (CAPK,))
    return transaction.Purchase(
        purchase.values,
        TODAY,
        purchase.capks,
        purchase.cache,
        purchase.refuse,
        purchase.editions,
        True,
        capp.Extension(kind, card.df61, made, header),
    )


def steps(purchase, reads):
    selected = yield from selection.select_application(AIDS)
    if reads:
        yield from capp.read_pages(purchase.extension.df61, reads, lambda: bytes(8))
    ready = yield from transaction.prepare(selected, purchase)
    if isinstance(ready, outcome.Outcome):
        return ready
    return (yield from committed(ready, purchase))


def pay(card, purchase, reads=((METRO, TRIP_ID),), at=None, acted=False):
    """Outcome of one presentation, lost at exchange `at`."""
    card.power_up()
    card.sent = []
    return drive(steps(purchase, reads), Tearing(card, at, acted).exchange)


def frozen_card(df61=0x02, **how):
    card = CappCard(df61=df61, **how)
    card.pages = {(METRO, 0): record_of(kind=2)}
    return card


def of_kind(kind, df61=None, amount_fen=300):
    """A card with what `kind` needs of it, and its purchase."""
    if kind == capp.DEDUCTION:
        card = CappCard(df61=df61 or 0x01)
    else:
        card = frozen_card(df61 or 0x02)
        if kind == capp.COMPLETION:
            card.frozen[(METRO, 0)] = 500
            card.balance_fen -= 500
    return card, purchase_of(card, kind, amount_fen)


def untouched(card, result, reason):
    """Nothing was charged or written, and the last record was never asked for."""
    assert (result.outcome, result.reason) == ("declined", reason), result
    assert result.taken is False
    assert card.asked_last() == 0 and card.debits == []
    record = dict(card.pages)
    card.exchange(apdu.select(card_aid(card)))  # the card takes its debit back
    assert card.balance_fen == 10000 and card.pages == record and card.offset_used_fen == 0


def card_aid(card):
    return [one for one in card.sent if one[1] == 0xA4][-1][5:-1]


def test_entry_should_change_the_record_with_the_commit():
    """QX-018, QX-022, QX-030: GPO, UPDATE, records, last record; nothing stands before that."""
    for df61 in (0x01, 0x81):
        for amount_fen in (0, 300):
            card = CappCard(df61=df61)
            before = card.pages[(METRO, 0)]
            seen = []

            def note(command, good):
                seen.append((command[1], dict(card.pages)))  # noqa: B023
                return good

            card.edit = note
            result = pay(card, purchase_of(card, amount_fen=amount_fen))
            assert (result.outcome, result.oda) == ("approved", "fdda01")
            assert card.pages[(METRO, 0)] == stamped(before)
            assert card.balance_fen == 10000 - amount_fen and card.debits == [5]
            order = [instruction for instruction, _ in seen]
            assert order == [0xA4, 0xA4, 0xB4, 0xA8, 0xDE, 0xB2, 0xB2, 0xB2, 0xB2, 0xB2]
            assert all(pages[(METRO, 0)] == before for _, pages in seen[:-1])
            assert card.sent[3][-2:-1] == b"\x01"  # DF60


def test_update_should_be_the_record_and_its_mac():
    """QX-023, QX-025: bytes of a variable and of a cyclic record, initial value and MAC input."""
    for header in (4, 5):
        card, module = CappCard(), HashModule()
        card.header = header
        made = changes_of(card, module, (METRO, 0), (capp.CYCLIC_FILE, 0))
        result = pay(card, purchase_of(card, changes=made, header=header))
        assert result.outcome == "approved"
        sent = [one for one in card.sent if one[1] == UPDATE_CAPP]
        record = stamped(record_of())
        head = bytes((0x84, 0xDE, 0x00, 0xA8, len(record) + 4))
        assert sent[0][:5] == head and sent[0][5:-5] == record and sent[0][-1] == 0
        ride = bytes((0x84, 0xDE, 0x00, 0xF0, 52))
        assert sent[1][:5] == ride and sent[1][5:-5] == RIDE
        initial = bytes(6) + b"\x00\x05"
        assert module.asked == [(initial, head[:header] + record), (initial, ride[:header] + RIDE)]
    card = CappCard()
    card.header = 4  # the other reading of the standard: the card refuses
    untouched(card, pay(card, purchase_of(card)), "update_refused")


def test_several_records_should_go_before_the_first_read():
    """QX-029: one of a variable file, two of the cyclic one, one after the other."""
    card = CappCard()
    card.pages[(METRO, 1)] = record_of(body=bytes(4))
    made = changes_of(
        card, HashModule(), (METRO, 0), (METRO, 1), (capp.CYCLIC_FILE, 0), (capp.CYCLIC_FILE, 0)
    )
    assert pay(card, purchase_of(card, changes=made)).outcome == "approved"
    order = bytes([one[1] for one in card.sent])
    assert b"\xa8\xde\xde\xde\xde\xb2" in order and order.count(b"\xde") == 4
    assert card.newest == [RIDE, RIDE]
    assert card.pages[(METRO, 1)] == stamped(record_of(body=bytes(4)))


def test_only_three_kinds_should_be_sent():
    """QX-017: any other value, and one that DF61 does not allow, ends before GPO."""
    for df61 in (0x01, 0x02, 0x00, 0x03, 0x41):
        for kind in (0, 1, 2, 3, 4, 5, 0x10, 0x80, 0xFF):
            if (df61 == 0x01 and kind == 1) or (df61 == 0x02 and kind in (1, 2, 3)):
                continue
            card = CappCard(df61=df61)
            result = pay(card, purchase_of(card, kind), reads=())
            assert (result.reason, card.asked(apdu.INS_GPO)) == ("capp_unfit", 0)
            assert card.atc == 4
    card = CappCard()
    purchase = purchase_of(card)
    purchase.values[tags.CAPP_INDICATOR] = b"\x02"  # not what the extension says
    assert pay(card, purchase).reason == "capp_unfit"
    card.fci = tlv.build(tags.PDOL, bytes.fromhex("9F66049F02065F2A029A039F3704"))
    assert pay(card, purchase_of(card)).reason == "capp_unfit" and card.atc == 4


def test_change_should_keep_length_and_head():
    """QX-012, QX-024: another length, ID, kind or lock, a file of others: not sent."""
    good, session = record_of(), HashModule().session(1, 1, FACTOR)
    assert capp_update.change_fault(capp.Change(METRO, 0, good, stamped(good), session), 1) == ""
    taken_out = good[:3] + b"\x00" + good[4:]  # QX-048: its valid flag
    assert capp_update.change_fault(capp.Change(METRO, 0, good, taken_out, session), 1) == ""
    for sfi, before, after, kind in (
        (METRO, good, good + b"\x00", 1),
        (METRO, good, good[:-1], 1),
        (METRO, good, b"", 1),
        (METRO, b"", good, 1),
        (METRO, bytes(252), bytes(252), 1),
        (METRO, good, b"\x01\x21" + good[2:], 1),
        (METRO, good, good[:2] + b"\x0c" + good[3:], 1),
        (METRO, good, good[:4] + b"\x02" + good[5:], 1),
        (METRO, good, good[:5] + b"\x01" + good[6:], 1),
        (METRO, good, stamped(good), 2),
        (METRO, good, stamped(good), 3),
        (METRO, record_of(kind=2), stamped(record_of(kind=2)), 1),
        (METRO, record_of(valid=0), record_of(valid=1), 1),
        (METRO, record_of(locked=1), record_of(locked=1), 1),
        (0x02, good, stamped(good), 1),
        (0x1F, good, stamped(good), 1),
        (capp.CYCLIC_FILE, bytes(48), bytes(47), 1),
    ):
        change = capp.Change(sfi, 0, before, after, session)
        assert capp_update.change_fault(change, kind), (sfi, before, after, kind)
        card = CappCard()
        result = pay(card, purchase_of(card, kind, changes=(change,)))
        assert (result.reason, card.asked(apdu.INS_GPO)) == ("capp_unfit", 0)


FOR_GOOD = (0x6700, 0x6981, 0x6986, 0x6988, 0x6A80, 0x6A81, 0x6A84, 0x6D00, 0x6E00, 0x9407)
WORDS_OF_UPDATE = (
    ((0x6A82, 0x6A83), "record_missing"),
    (FOR_GOOD, "update_refused"),
    ((0x6581, 0x6985, 0x6283, 0x63C1, 0x6100, 0x0000), "update_failed"),
)


def test_every_status_word_of_update_should_end_it():
    """QX-027, QX-028: the card takes its debit back, because nothing more is read. Only what a
    second tap may cure is said to be tapped again; a ring that is not there, by any word, is not
    subscribed.
    """
    words = [(sw, reason) for many, reason in WORDS_OF_UPDATE for sw in many]
    for sw, reason in words:
        for which in (0, 1):
            for df61 in (0x01, 0x81):
                card = CappCard(df61=df61)
                made = changes_of(card, HashModule(), (METRO, 0), (capp.CYCLIC_FILE, 0))
                told = sw.to_bytes(2, "big")
                card.edit = lambda command, good: (
                    told if command[1] == UPDATE_CAPP and card.asked(UPDATE_CAPP) > which else good  # noqa: B023
                )
                result = pay(card, purchase_of(card, amount_fen=300, changes=made))
                untouched(card, result, "record_missing" if which else reason)
                assert card.asked(UPDATE_CAPP) == which + 1 and card.asked(0xB2) == 0


def test_r_mac_of_an_update_should_be_right():
    """QX-026, QX-065: every bit of it, missing, too long; and none from a card without."""

    def answered(card, change):
        card.edit = lambda command, good: (
            change(good[:-2]) + good[-2:] if command[1] == UPDATE_CAPP else good
        )
        untouched(card, pay(card, purchase_of(card, amount_fen=300)), "update_failed")

    for at in range(32):
        answered(
            CappCard(df61=0x81),
            lambda mac: (int.from_bytes(mac, "big") ^ 1 << at).to_bytes(4, "big"),  # noqa: B023
        )
    answered(CappCard(df61=0x81), lambda mac: b"")
    answered(CappCard(df61=0x81), lambda mac: mac + b"\x00")
    answered(CappCard(df61=0x81), lambda mac: mac[:3])
    answered(CappCard(df61=0x01), lambda mac: b"\x01\x02\x03\x04")
    card = CappCard()
    card.edit = lambda command, good: b"\x90" if command[1] == UPDATE_CAPP else good
    untouched(card, pay(card, purchase_of(card)), "update_failed")


def test_module_that_fails_should_end_it_before_the_last_record():
    """QX-072, QX-073: without a session there is no GPO; at each MAC there is no last record."""
    card, module = CappCard(), HashModule()
    module.present = False
    result = pay(card, purchase_of(card, module=module))
    assert (result.reason, card.asked(apdu.INS_GPO)) == ("module_failed", 0)
    for left in range(4):
        card, module = CappCard(df61=0x81), HashModule()
        made = changes_of(card, module, (METRO, 0), (capp.CYCLIC_FILE, 0))
        module.left = left
        result = pay(card, purchase_of(card, amount_fen=300, changes=made))
        untouched(card, result, "module_failed")
        assert len(module.asked) == left + 1  # one MAC, one command
    card, module = CappCard(), HashModule()
    made = changes_of(card, module, (METRO, 0))
    made[0].session.mac = lambda initial, data: b"\x01"
    untouched(card, pay(card, purchase_of(card, changes=made)), "module_failed")
    card = CappCard()
    made = changes_of(card, HashModule(), (METRO, 0))
    made[0].session.key = key_of(b"87654321")  # of another card
    untouched(card, pay(card, purchase_of(card, changes=made)), "update_refused")


def test_card_that_declines_should_get_no_update():
    """QX-019: AAC of a card without money, ARQC."""
    card = CappCard()
    result = pay(card, purchase_of(card, amount_fen=20000))
    assert (result.reason, card.asked(UPDATE_CAPP)) == ("card_declined", 0)
    card = CappCard()
    card.edit = bend(
        "80A8", lambda pairs: replaced(pairs, tags.IAD, bytes.fromhex("07010103A0000001"))
    )
    result = pay(card, purchase_of(card))
    assert (result.reason, card.asked(UPDATE_CAPP)) == ("online_required", 0)
    assert card.asked_last() == 0


def test_gpo_should_say_what_is_wrong_with_a_pre_authorisation():
    """QX-020, QX-050, QX-051: a fourth one, a second one on a record, none to complete."""
    card = frozen_card()
    card.frozen = {(BUS, 0): 1, (BUS, 1): 1, (0x17, 0): 1}
    assert pay(card, purchase_of(card, 2, 300)).reason == "pre_authorised_thrice"
    card.frozen = {(METRO, 0): 100}
    assert pay(card, purchase_of(card, 2, 300)).reason == "pre_authorised"
    card.frozen = {}
    result = pay(card, purchase_of(card, 3, 300))
    assert (result.outcome, result.reason) == ("declined", "not_pre_authorised")
    assert result.taken is False and card.balance_fen == 10000 and card.atc == 4
    card.edit = lambda command, good: b"\x69\x71" if command[1] == apdu.INS_GPO else good
    plain = purchase_from(extended_values(0, 300), TODAY, (CAPK,))
    assert pay(card, plain, reads=()).reason == "gpo_refused"  # says it of nothing we asked


def test_pre_authorisation_should_freeze_and_completion_take():
    """QX-018, QX-021, QX-055: no TC, or one of zeros; less than frozen, the same, more."""
    for cryptogram in (None, bytes(8)):
        for real_fen in (0, 200, 300, 9000):
            card = frozen_card()
            card.edit = bend("80A8", lambda pairs: replaced(pairs, tags.CRYPTOGRAM, cryptogram))  # noqa: B023
            result = pay(card, purchase_of(card, 2, 300))
            assert (result.outcome, result.oda) == ("approved", "fdda01")
            assert card.frozen == {(METRO, 0): 300} and card.balance_fen == 9700
            card.edit = None
            result = pay(card, purchase_of(card, 3, real_fen))
            assert result.outcome == "approved" and card.frozen == {}
            assert card.balance_fen == 10000 - real_fen


def test_tc_where_a_sum_was_frozen_should_be_refused():
    """QX-021: it would be a debit; and every other check of the GPO answer stays."""
    card = frozen_card()
    card.edit = bend("80A8", lambda pairs: replaced(pairs, tags.CRYPTOGRAM, bytes(7) + b"\x01"))
    untouched(card, pay(card, purchase_of(card, 2, 300)), "card_data")
    for tag in (tags.AIP, tags.ATC, tags.IAD, tags.AFL):
        card = frozen_card()
        card.edit = bend("80A8", lambda pairs: replaced(pairs, tag, None))  # noqa: B023
        result = pay(card, purchase_of(card, 2, 300))
        assert result.reason == "not_qpboc" and card.asked(UPDATE_CAPP) == 0, tag
    for kind in (1, 3):
        card, purchase = of_kind(kind)
        card.edit = bend("80A8", lambda pairs: replaced(pairs, tags.CRYPTOGRAM, None))
        assert pay(card, purchase).reason == "not_qpboc"  # only a freeze goes without
