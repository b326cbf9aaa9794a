# SPDX-License-Identifier: Apache-2.0
"""What proves a torn debit: balances by source and currency, the log, the TC (qpboc.md H)."""

from firmware.drive import drive
from firmware.kernel import apdu, bcd, selection, tags, tlv, torn
from tests.cards import AIDS, again, present, purchase_from
from tests.full_card import INS_GET_TRANS_PROVE, LOG_SFI, FullCard, issuer_data
from tests.small_card import CAPK, LAST, TODAY, values

PURCHASE = purchase_from(values(), TODAY, (CAPK,))


def torn_card(acted=True, before_fen=None, **has):
    """(card, Tap that stayed open), the card with the switches `has` (tests/full_card.py)."""
    card = FullCard()
    for name in has:
        setattr(card, name, has[name])
    card.tear = (apdu.INS_READ_RECORD, LAST, acted)
    open_taps = []
    assert present(card, PURCHASE, open_taps).outcome == "torn_pending"
    tap = open_taps[0]
    tap.before_fen = before_fen
    card.sent = []
    return card, tap


def verdict_of(card, tap, prove=torn.PROVE_BY_FCI):
    """Verdict of a re-tap; no GPO may be in it."""

    def steps():
        selected = yield from selection.select_application(AIDS)
        return (yield from torn.resume(selected, tap, PURCHASE, prove))

    card.power_up()
    verdict = drive(steps(), card.exchange)
    assert card.asked(apdu.INS_GPO) == 0
    return verdict


def word(*args, **has):
    """The word alone of torn_card() and verdict_of()."""
    return verdict_of(*torn_card(*args, **has)).verdict


def asked_for(card, tag):
    return apdu.get_data(tag) in card.sent


# --- balances


def test_each_source_alone_should_resolve():
    """QT-175: read before the GPO, 9F5D, issuer data 01 and 05, each without the others."""
    for has in (
        {"offline_amount": False, "before_fen": 10000},
        {"offline_amount": True},
        {"offline_amount": False, "issuer": issuer_data(0x01)},
        {"offline_amount": False, "issuer": issuer_data(0x05)},
    ):
        assert word(True, **has) == torn.RECOVERED, has
        assert word(False, **has) == torn.NOT_DEBITED, has
    for acted in (False, True):
        assert word(acted, offline_amount=False) == torn.SUSPECT


def test_allowance_should_make_the_balance_worthless():
    """QT-176: a card that may have paid from CTTA is suspect, not unpaid."""
    for kind in (0x02, 0x03, 0x04):
        for acted in (False, True):
            assert word(acted, issuer=issuer_data(kind)) == torn.SUSPECT, kind
    for acted in (False, True):  # less money than the fare: something else has paid
        assert word(acted, before_fen=199) == torn.SUSPECT
    assert word(True, offline_amount=False, before_fen=200) == torn.SUSPECT  # it shows 98.00


def test_amount_of_nothing_should_prove_nothing():
    """QT-176: no debit, no difference; the balance is not even asked for by it."""
    purchase = purchase_from(values(amount_fen=0), TODAY, (CAPK,))
    card, open_taps = FullCard(), []
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert present(card, purchase, open_taps).outcome == "torn_pending"
    card.sent = []
    assert verdict_of(card, open_taps[0]).verdict == torn.SUSPECT
    assert card.asked_last() == 0


def test_sources_that_differ_should_prove_nothing_but_a_signature():
    """QT-174, QT-175: a wrong source must not make a debit void."""
    assert word(True, before_fen=10001) == torn.RECOVERED
    for before_fen in (9900, 10001, 20000):
        assert word(False, before_fen=before_fen) == torn.SUSPECT, before_fen
    card, tap = torn_card(True, before_fen=10200)  # 100.00 is after by one, before by the other
    card.balance_fen = 10000
    card.edit = lambda command, answer: b"\x69\x85" if command == LAST_RECORD else answer
    assert verdict_of(card, tap).verdict == torn.SUSPECT


LAST_RECORD = apdu.read_record(3, 3)


def test_issuer_data_that_are_no_number_should_prove_nothing():
    """9F5D is shown and was looked at by the gate; what stands beside it need not be a number."""
    odd = bytes.fromhex("07010103900000010A01" + "00000098FF" + "00" * 4)
    assert word(True, issuer=lambda atc, fen: odd) == torn.SUSPECT


def test_second_currency_should_be_judged_by_its_own_balance():
    """QT-173: 9F51 is another one; DF71 and DF79 decide, 9F79 is not asked for."""
    yuan, dollar = b"\x01\x56", b"\x03\x44"
    for second, wanted in (
        ((yuan, 9800), torn.RECOVERED),
        ((yuan, 10000), torn.NOT_DEBITED),
        ((yuan, 9999), torn.SUSPECT),
        ((b"\x08\x40", 9800), torn.SUSPECT),
        (None, torn.SUSPECT),
    ):
        card, tap = torn_card(currency=dollar, second=second)
        assert verdict_of(card, tap).verdict == wanted, second
        assert not asked_for(card, tags.EC_BALANCE)
    card, tap = torn_card(second=(dollar, 1))
    assert verdict_of(card, tap).verdict == torn.RECOVERED
    assert not asked_for(card, tags.SECOND_CURRENCY)
    for tag in (tags.SECOND_CURRENCY, tags.SECOND_BALANCE):
        card, tap = torn_card(currency=dollar, second=(yuan, 9800), hides=(tag,))
        assert verdict_of(card, tap).verdict == torn.SUSPECT


# --- the log


def test_log_should_prove_a_debit_where_the_balance_cannot_be_read():
    """QT-177: same ATC and amount in record 1; its signature still has to verify."""
    card, tap = torn_card(logs=True, hides=(tags.EC_BALANCE,))
    result = verdict_of(card, tap)
    assert result.verdict == torn.RECOVERED and result.outcome.taken is True
    assert apdu.read_record(LOG_SFI, 1) in card.sent
    assert apdu.read_record(LOG_SFI, 2) not in card.sent
    card, tap = torn_card(logs=True, hides=(tags.EC_BALANCE,))
    card.edit = lambda command, answer: b"\x69\x85" if command == LAST_RECORD else answer
    result = verdict_of(card, tap)
    assert (result.verdict, result.outcome.taken) == (torn.UNPROVEN, True)


def test_log_without_the_debit_should_prove_nothing():
    """QT-177: older or none is no proof that nothing was taken."""
    hidden = (tags.EC_BALANCE,)
    assert word(False, logs=True, hides=hidden) == torn.SUSPECT
    assert word(True, logs=False, hides=hidden) == torn.SUSPECT
    for at, other in ((43, b"\x00\x04"), (6, bcd.from_int(201, 6))):  # ATC, amount
        card, tap = torn_card(logs=True, hides=hidden)
        card.log[0] = card.log[0][:at] + other + card.log[0][at + len(other) :]
        assert verdict_of(card, tap).verdict == torn.SUSPECT, at


def test_log_should_not_be_read_where_the_balance_speaks():
    """QT-174: neither balance is suspect, whatever is logged."""
    card, tap = torn_card(logs=True)
    card.balance_fen = 9799
    assert verdict_of(card, tap).verdict == torn.SUSPECT
    assert not asked_for(card, tags.LOG_FORMAT)


def test_log_should_prove_a_debit_from_an_allowance():
    """QT-176, QT-177: the balance proves nothing, the log entry does."""
    assert word(True, logs=True, issuer=issuer_data(0x02)) == torn.RECOVERED
    assert word(False, logs=True, issuer=issuer_data(0x02)) == torn.SUSPECT


def test_log_should_be_read_as_its_format_says():
    """QT-177: entry and format of a hostile card prove nothing and crash nothing."""
    for entry in ("", "0B", "000A", "0A0A", "1F0A", "0B00", "0B0A0A"):
        card, tap = torn_card(hides=(tags.EC_BALANCE,), logs=True)
        plain = tlv.build(tags.LOG_ENTRY, b"\x0b\x0a")
        other = tlv.build(tags.LOG_ENTRY, bytes.fromhex(entry))
        card.edit = swap(plain, other)
        assert verdict_of(card, tap).verdict == torn.SUSPECT, entry
        assert not [one for one in card.sent if one[1] == apdu.INS_READ_RECORD and one[2] > 3]
    for layout in ("", "9F36", "9F02069F36", "9F02069F3602", "9F368400000002", "9A03" * 15):
        card, tap = torn_card(hides=(tags.EC_BALANCE,), logs=True)
        card.edit = answering(tags.LOG_FORMAT, bytes.fromhex(layout))
        assert verdict_of(card, tap).verdict == torn.SUSPECT, layout


def swap(old, new):
    """An edit that replaces bytes of equal length, or cuts the template around them anew."""

    def edit(command, answer):
        at = answer.find(old)
        if command[1] != apdu.INS_SELECT or at < 0:
            return answer
        fci = tlv.parse_template(answer[:-2], tags.FCI)
        own = tlv.find(fci, tags.FCI_PROPRIETARY).children
        kept = [tlv.build(one.tag, one.value) for one in own if one.tag != 0xBF0C]
        body = tlv.build(0xA5, b"".join(kept) + tlv.build(0xBF0C, new))
        return tlv.build(0x6F, tlv.build(0x84, fci[0].value) + body) + answer[-2:]

    return edit


def answering(tag, value):
    """An edit: GET DATA of `tag` gives `value`."""
    head = apdu.get_data(tag)
    answer = tlv.build(tag, value) + b"\x90\x00"
    return lambda command, good: answer if command == head else good


# --- a greater counter


def used_since(times, **has):
    """A torn card that another terminal debited `times` more."""
    card, tap = torn_card(True, **has)
    other = purchase_from(values(amount_fen=300), TODAY, (CAPK,))
    for _ in range(times):
        assert present(card, other).outcome == "approved"
    card.sent = []
    return card, tap


def test_greater_counter_should_be_a_debit_where_the_log_says_so():
    """QT-172, QT-177: unproven, to be uploaded; the last record is not read again."""
    for times in (1, 3, 9):
        card, tap = used_since(times, logs=True)
        assert verdict_of(card, tap).verdict == torn.DEBITED_BEFORE, times
        assert card.asked_last() == 0
        read = [one for one in card.sent if one[1] == apdu.INS_READ_RECORD and one[3] >> 3 == 11]
        assert len(read) == times + 1
    for times, logs in ((10, True), (11, True), (1, False)):
        card, tap = used_since(times, logs=logs)
        assert verdict_of(card, tap).verdict == torn.MOVED_ON, times


def test_greater_counter_without_a_debit_between_should_read_one_record():
    """QT-177: a GPO that was never completed moves the counter and logs nothing."""
    card, tap = torn_card(logs=True)
    card.atc += 1
    assert verdict_of(card, tap).verdict == torn.DEBITED_BEFORE
    card, tap = torn_card(False, logs=True)
    card.atc += 1
    assert verdict_of(card, tap).verdict == torn.MOVED_ON


# --- GET TRANS PROVE


def test_returned_tc_should_prove_the_debit():
    """QT-178: whatever the balance says; a hidden card number included."""
    for has in (
        {},
        {"hides": (tags.EC_BALANCE,)},
        {"issuer": issuer_data(0x02)},
        {"currency": b"\x03\x44"},
    ):
        card, tap = torn_card(capp=True, proves=True, **has)
        result = verdict_of(card, tap)
        assert (result.verdict, result.outcome.taken) == (torn.RECOVERED, True), has
        assert apdu.get_trans_prove(b"\x00\x05") in card.sent
        assert not asked_for(card, tags.EC_BALANCE)
    card, tap = torn_card(capp=True, proves=True, free_records=False)
    card.edit = lambda command, answer: b"\x69\x85" if command == LAST_RECORD else answer
    result = verdict_of(card, tap)
    assert (result.verdict, result.outcome.taken) == (torn.UNPROVEN, True)


def test_any_other_proof_should_prove_nothing():
    """QT-178: 9406, another TC, zeros, too long; the balance decides as without."""
    for answer in ("9406", "6D00", "00" * 8 + "9000", "11" * 8 + "9000", "9000", "6F", ""):
        for acted, wanted in ((True, torn.RECOVERED), (False, torn.NOT_DEBITED)):
            card, tap = torn_card(acted, capp=True)
            given = bytes.fromhex(answer)
            card.edit = proving(given)
            assert verdict_of(card, tap).verdict == wanted, answer
    card, tap = torn_card(capp=True, hides=(tags.EC_BALANCE,))
    card.edit = proving(bytes.fromhex("9406"))
    assert verdict_of(card, tap).verdict == torn.SUSPECT


def proving(answer):
    """An edit: GET TRANS PROVE is answered so."""
    return lambda command, good: answer if command[1] == INS_GET_TRANS_PROVE else good


def test_stored_tc_of_zeros_should_be_proven_by_nothing():
    """A pre-authorisation has no TC and is answered with zeros (JR/T 0025.14 A.4.1)."""
    card, tap = torn_card(capp=True, hides=(tags.EC_BALANCE,))
    tap.data[tags.CRYPTOGRAM] = bytes(8)
    card.edit = proving(bytes(8) + b"\x90\x00")
    assert verdict_of(card, tap).verdict == torn.SUSPECT


def test_proof_should_be_asked_of_whom_the_parameter_says():
    """QT-178: by DF61 in the FCI, of everybody, of nobody."""
    for capp, prove, wanted in (
        (False, torn.PROVE_BY_FCI, 0),
        (True, torn.PROVE_BY_FCI, 1),
        (False, torn.PROVE_ALWAYS, 1),
        (True, torn.PROVE_NEVER, 0),
    ):
        card, tap = torn_card(capp=capp, proves=True)
        assert verdict_of(card, tap, prove).verdict == torn.RECOVERED
        assert card.asked(INS_GET_TRANS_PROVE) == wanted, (capp, prove)


def test_proof_of_a_card_used_since_should_be_a_debit_unproven():
    """QT-178: a counter that moved on without another debit leaves the old TC."""
    card, tap = torn_card(capp=True, proves=True)
    card.atc += 1
    assert verdict_of(card, tap).verdict == torn.DEBITED_BEFORE
    card, tap = used_since(1, capp=True, proves=True)
    assert verdict_of(card, tap).verdict == torn.MOVED_ON


def test_hidden_number_should_need_a_signature_over_what_is_read_now():
    """9F69 of version 01 is the card's alone; version 00 would verify with anybody's record."""
    for ttq, wanted in (("28000080", torn.RECOVERED), ("28000000", torn.SUSPECT)):
        purchase = purchase_from(values(ttq=ttq), TODAY, (CAPK,))
        card, open_taps = FullCard(), []
        card.tear = (apdu.INS_READ_RECORD, LAST, True)
        assert present(card, purchase, open_taps).outcome == "torn_pending"
        card.sent = []
        card.edit = hiding_all_but(LAST_RECORD)
        assert verdict_of(card, open_taps[0]).verdict == wanted, ttq
        stranger = FullCard("6228000100000028", balance_fen=9800, atc=5)
        stranger.card_auth = b"\x01" + b"\x02" * 4 + bytes(3)
        stranger.edit = hiding_all_but(LAST_RECORD)
        assert verdict_of(stranger, open_taps[0]).verdict == torn.SUSPECT, ttq


def hiding_all_but(shown):
    """An edit: READ RECORD is refused but for the command `shown`."""

    def edit(command, answer):
        return answer if command[1] != apdu.INS_READ_RECORD or command == shown else b"\x69\x85"

    return edit


def test_card_that_takes_back_at_the_next_gpo_should_be_completed():
    """qpboc.md 3, point 1: it shows the debit until then; the last record makes it final."""
    for acted in (False, True):
        card, tap = torn_card(acted, rollback="gpo")
        assert verdict_of(card, again(tap)).verdict == torn.RECOVERED
        assert card.debits == [5] and card.balance_fen == 9800
