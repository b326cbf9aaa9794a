# SPDX-License-Identifier: Apache-2.0
"""What the re-tap dialogue reads at most, and what odd answers come to (qpboc.md H)."""

from firmware.drive import drive
from firmware.kernel import apdu, selection, tags, tlv, torn
from tests.cards import AIDS, present, purchase_from
from tests.full_card import LOG_SFI, FullCard
from tests.small_card import CAPK, LAST, TODAY, values

YUAN = purchase_from(values(), TODAY, (CAPK,))
HIDDEN = (tags.EC_BALANCE,)


def torn_card(purchase=YUAN, **has):
    """(card, Tap that stayed open), the debit final; `has`: switches of tests/full_card.py."""
    card, open_taps = FullCard(), []
    for name in has:
        setattr(card, name, has[name])
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert present(card, purchase, open_taps).outcome == "torn_pending"
    card.sent = []
    return card, open_taps[0]


def verdict_of(card, tap, purchase=YUAN):
    def steps():
        selected = yield from selection.select_application(AIDS)
        return (yield from torn.resume(selected, tap, purchase))

    card.power_up()
    verdict = drive(steps(), card.exchange)
    assert card.asked(apdu.INS_GPO) == 0
    return verdict


def log_reads(card, sfi=LOG_SFI):
    """Numbers of the log records that were read."""
    return [one[2] for one in card.sent if one[1] == 0xB2 and one[3] == sfi << 3 | 4]


def answering(command, answer):
    """An edit: this command is answered so."""
    return lambda asked, good: answer if asked == command else good


def log_at(place):
    """An edit: 9F4D of the final SELECT says so."""

    def edit(command, answer):
        return answer.replace(tlv.build(tags.LOG_ENTRY, b"\x0b\x0a"), tlv.build(0x9F4D, place))

    return edit


def test_currency_should_be_that_of_the_torn_sale():
    """QT-173: as it was sent; only where the card did not ask for it, that of the terminal."""
    dollar = values()
    dollar[tags.CURRENCY] = b"\x03\x44"
    card, tap = torn_card(purchase_from(dollar, TODAY, (CAPK,)), currency=b"\x03\x44")
    assert verdict_of(card, tap).verdict == torn.RECOVERED
    old = values(ttq="28000000")
    short = tlv.build(tags.PDOL, bytes.fromhex("9F66049F02069A039F3704"))
    for currency, wanted in ((b"\x01\x56", torn.RECOVERED), (b"\x03\x44", torn.SUSPECT)):
        card, tap = torn_card(purchase_from(old, TODAY, (CAPK,)), fci=short, currency=currency)
        assert tap.as_sent(tags.CURRENCY) is None
        assert verdict_of(card, tap).verdict == wanted, currency


def test_currency_of_wrong_length_should_not_be_one():
    """QT-173: 9F51 as if it were not told, DF71 and DF79 as if there were no second balance."""
    card, tap = torn_card()
    card.edit = answering(
        apdu.get_data(tags.CARD_CURRENCY), bytes.fromhex("9F5103034400" + "9000")
    )
    assert verdict_of(card, tap).verdict == torn.RECOVERED
    card, tap = torn_card(currency=b"\x03\x44", second=(b"\x01\x56", 9800))
    card.edit = answering(
        apdu.get_data(tags.SECOND_BALANCE), bytes.fromhex("DF7905000000" + "98009000")
    )
    assert verdict_of(card, tap).verdict == torn.SUSPECT


def test_one_log_record_should_be_read_of_a_card_in_its_old_state():
    """QT-177: record 1; what lies behind it is older than the transaction."""
    card, tap = torn_card(logs=True, hides=HIDDEN)
    card.log.insert(0, bytes(len(card.log[0])))
    assert verdict_of(card, tap).verdict == torn.SUSPECT
    assert log_reads(card) == [1]


def test_no_more_log_should_be_read_than_may_hold_it():
    """QT-177: one record for each transaction since, ten at the most, none behind the last."""
    for newer, entry, wanted in (
        (3, b"\x0b\x1e", 4),
        (50, b"\x0b\x1e", torn.MOST_LOGGED),
        (50, b"\x0b\x03", 3),
        (3, b"\x0b\x02", 2),
    ):
        card, tap = torn_card(logs=True)
        blank = bytes(len(card.log[0]))
        card.log = [blank] * 30
        card.atc += newer
        card.edit = log_at(entry)
        assert verdict_of(card, tap).verdict == torn.MOVED_ON
        assert log_reads(card) == list(range(1, wanted + 1)), newer


def test_files_of_a_log_should_be_11_to_30():
    """qpboc.md 3, point 10."""
    for sfi, wanted in (
        (10, torn.SUSPECT),
        (11, torn.RECOVERED),
        (30, torn.RECOVERED),
        (31, torn.SUSPECT),
    ):
        card, tap = torn_card(logs=True, hides=HIDDEN)
        record = card.log[0] + b"\x90\x00"
        entry = log_at(bytes((sfi, 10)))
        if sfi < 31:
            shown = apdu.read_record(sfi, 1)
            card.edit = lambda asked, good: record if asked == shown else entry(asked, good)  # noqa: B023
        else:
            card.edit = entry
        assert verdict_of(card, tap).verdict == wanted, sfi
        assert (len(log_reads(card, sfi)) > 0 if sfi < 31 else False) is (wanted == torn.RECOVERED)


def test_log_record_of_another_length_should_prove_nothing():
    """QT-177: its fields cannot be where the format says."""
    for change in (lambda one: one + b"\x00", lambda one: one[:-1]):
        card, tap = torn_card(logs=True, hides=HIDDEN)
        card.log[0] = change(card.log[0])
        assert verdict_of(card, tap).verdict == torn.SUSPECT
    card, tap = torn_card(logs=True, hides=HIDDEN)
    card.edit = answering(apdu.read_record(LOG_SFI, 1), card.log[0] + b"\x62\x81")
    assert verdict_of(card, tap).verdict == torn.SUSPECT


def test_record_without_the_number_should_name_nobody():
    """It is well formed, and the card has put something else there."""
    card, tap = torn_card()
    sfi, number, _ = [
        one for one in tap.records if tlv.find(tlv.parse(one[2])[0].children, 0x9F46)
    ][0]
    other = tlv.build(0x70, tlv.build(0x5F28, b"\x01\x56")) + b"\x90\x00"
    card.edit = answering(apdu.read_record(sfi, number), other)
    assert verdict_of(card, tap).verdict == torn.RECOVERED  # by its signature
    card.atc += 1
    assert verdict_of(card, tap).verdict == torn.OTHER


def test_keys_that_are_gone_should_leave_it_unproven():
    """QT-180: withdrawn between the taps; what is written says why."""
    card, tap = torn_card()
    verdict = verdict_of(card, tap, purchase_from(values(), TODAY, ()))
    result = verdict.outcome
    assert (verdict.verdict, result.outcome, result.reason) == (
        torn.UNPROVEN,
        "torn_pending",
        "last_record_lost",
    )
    assert (result.oda, result.cryptogram, result.taken) == ("failed", "TC", None)
    assert result.balance_fen == 9800 and result.tap is tap and "CA key" in result.detail
