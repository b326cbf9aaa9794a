# SPDX-License-Identifier: Apache-2.0
"""The commit gate: whatever can refuse, refuses before the last READ RECORD (QT-142 to QT-162)."""

from firmware.drive import drive
from firmware.kernel import apdu, bcd, capk, oda_rsa, selection, tags, tlv, transaction
from firmware.kernel.outcome import Outcome
from tests.cards import AIDS, committed, present, purchase_from
from tests.small_card import (
    CAPK,
    ICC,
    ISSUER,
    PDOL,
    TODAY,
    SmallCard,
    bend,
    icc_fields,
    replaced,
    sealed,
    values,
    without,
)


def tapped(card, purchase=None):
    return present(card, purchase or purchase_from(values(), TODAY, (CAPK,)))


def stopped(card, result):
    """(reason, oda), after checking that the last record stayed unasked and all comes back."""
    assert card.asked(apdu.INS_GPO) == 1
    assert card.asked_last() == 0 and card.debits == [], result
    assert result.outcome == "declined" and result.taken is False
    card.power_up()
    card.exchange(apdu.select(b"\xa0\x00\x00\x03\x33\x01\x01\x01"))
    assert card.balance_fen == 10000
    return result.reason, result.oda


def test_each_mandatory_object_should_be_missed_before_the_commit():
    """QT-143, QT-144, QT-186: remove one in turn; the last READ RECORD is absent from the wire."""
    for tag in (
        tags.CAPK_INDEX,
        tags.ISSUER_CERTIFICATE,
        tags.ISSUER_EXPONENT,
        tags.ISSUER_REMAINDER,
        tags.ICC_CERTIFICATE,
        tags.ICC_EXPONENT,
        tags.ICC_REMAINDER,
        tags.SDAD,
        tags.EXPIRY,
        tags.SDA_TAG_LIST,
    ):
        card = SmallCard()
        card.edit = without(tag)
        result = tapped(card)
        assert stopped(card, result) == ("oda_failed", "failed"), hex(tag)
        named = {
            tags.ISSUER_REMAINDER: "issuer certificate hash",
            tags.ICC_REMAINDER: "ICC certificate remainder length",
            tags.SDA_TAG_LIST: "ICC certificate hash",
        }
        assert result.detail == named.get(tag, "%X missing" % tag)


def test_card_that_never_tells_its_expiry_should_be_refused():
    """QT-152: everything signed as it should be, 5F24 left out or put into the last record."""
    for late in (False, True):
        card = SmallCard()
        body = card.records[2][2].replace(bytes.fromhex("5F2403351231"), b"")
        hashed = ICC.modulus[38:] + ICC.exponent + body + card.aip
        certificate = sealed(ISSUER, icc_fields(card.pan), hashed)
        card.records[2][2] = body
        card.records[4][2] += bytes.fromhex("5F2403351231") if late else b""
        card.edit = bend("00B20214", lambda pairs: replaced(pairs, 0x9F46, certificate))  # noqa: B023
        result = tapped(card)
        assert stopped(card, result) == ("oda_failed", "failed")
        assert result.detail == "5F24 missing"


def test_card_without_a_number_should_be_refused():
    """QT-144: neither 57 nor 5A."""
    card = SmallCard()
    card.edit = bend(
        "", lambda pairs: [one for one in pairs if one[0] not in (tags.TRACK_2, tags.PAN)]
    )
    reason, _ = stopped(card, tapped(card))
    assert reason == "card_data"


def test_objects_of_the_last_record_should_come_too_late():
    """QT-148, QT-152, QT-161: certificates, expiry and signed records must be there before."""
    for afl in (
        "10010200" + "18020300" + "18010101",
        "18010301" + "10010200",
        "10010100" + "18010301" + "10020200",
    ):
        card = SmallCard()
        card.afl = bytes.fromhex(afl)
        assert stopped(card, tapped(card)) == ("oda_failed", "failed"), afl


def test_signed_last_record_should_be_refused():
    """QT-148: what is signed must be complete before the commit."""
    card = SmallCard()
    card.afl = bytes.fromhex("10010200" + "18010303")
    assert stopped(card, tapped(card)) == ("oda_failed", "failed")


def test_single_record_should_be_refused_unread():
    """QT-161."""
    card = SmallCard()
    card.afl = bytes.fromhex("18030300")
    assert stopped(card, tapped(card)) == ("card_data", "failed")
    assert card.asked(apdu.INS_READ_RECORD) == 0


def test_card_that_cannot_sign_should_be_refused():
    """QT-145, QT-213: AIP 4000, SDA only."""
    card = SmallCard()
    card.aip = b"\x40\x00"
    card.personalise("351231")
    assert stopped(card, tapped(card)) == ("oda_failed", "failed")


def test_ca_key_should_be_known_for_this_rid_and_alive():
    """QT-017, QT-023, QT-146, QT-187."""

    def key(rid=CAPK.rid, index=0xF1, modulus=CAPK.key, until=None):
        return capk.new(rid, index, oda_rsa, modulus, 3, until)

    other_rid = key(b"\xa0\x00\x00\x00\x03", modulus=ISSUER.modulus)
    for capks, good in (
        ((), False),
        ((key(index=0xF2),), False),
        ((other_rid,), False),
        ((other_rid, CAPK), True),
        ((key(until=(2026, 11, 20)),), False),
        ((key(until=TODAY),), True),
    ):
        card = SmallCard()
        result = tapped(card, purchase_from(values(), TODAY, capks))
        if good:
            assert result.outcome == "approved", result
        else:
            assert stopped(card, result) == ("oda_failed", "failed")
            assert "CA key F1" in result.detail


def test_ca_index_should_be_one_byte():
    card = SmallCard()
    card.edit = bend("00B20114", lambda pairs: replaced(pairs, tags.CAPK_INDEX, b"\xf1\xf1"))
    assert stopped(card, tapped(card)) == ("oda_failed", "failed")


def test_pdol_should_ask_what_the_signature_covers():
    """QT-151, QT-153, QT-030: 9F37, 9F02, 5F2A in full; cut short they would sign nothing new."""
    table = (
        ("9F66049F02065F2A02" + "9A03", "oda_failed"),  # no 9F37
        ("9F66049F02065F2A02" + "9F3703", "oda_failed"),
        ("9F66049F02065F2A02" + "9F3705", "oda_failed"),
        ("9F66049F02065F2A02" + "9F3700", "oda_failed"),
        ("9F66049F02069F3704", "oda_failed"),  # no 5F2A
        ("9F66049F02065F2A01" + "9F3704", "oda_failed"),
        ("9F66045F2A029F3704", "card_data"),  # no 9F02
        ("9F66049F02055F2A02" + "9F3704", "card_data"),
    )
    for pdol, wanted in table:
        card = SmallCard()
        card.fci = tlv.build(tags.PDOL, bytes.fromhex(pdol))
        assert stopped(card, tapped(card))[0] == wanted, pdol
    card = SmallCard()  # version 00 does not sign the currency
    card.fci = tlv.build(tags.PDOL, bytes.fromhex("9F66049F02069F3704"))
    purchase = purchase_from(values(ttq="28000000"), TODAY, (CAPK,))
    assert tapped(card, purchase).outcome == "approved"


def test_refusal_by_number_and_sequence_should_come_at_the_gate():
    """QT-152: 5F34 may come with the record before the last."""
    asked = []

    def refuse(pan, psn):
        asked.append((pan, psn))
        return "deny_list" if psn == 1 else ""

    card = SmallCard()
    card.gpo_extra = b""
    card.records[3][2] += tlv.build(tags.PSN, b"\x01")
    purchase = purchase_from(values(), TODAY, (CAPK,))
    purchase = transaction.Purchase(
        purchase.values,
        TODAY,
        purchase.capks,
        purchase.cache,
        refuse,
        purchase.editions,
        True,
        None,
    )
    assert stopped(card, tapped(card, purchase)) == ("deny_list", "not_performed")
    assert asked[0] == (card.pan, None) and asked[-1] == (card.pan, 1)
    card = SmallCard()  # without 5F34 the number is 0, and only the gate knows that none came
    card.gpo_extra = b""
    purchase = transaction.Purchase(
        purchase.values,
        TODAY,
        purchase.capks,
        purchase.cache,
        lambda pan, psn: "deny_list" if psn == 0 else "",
        purchase.editions,
        True,
        None,
    )
    assert stopped(card, tapped(card, purchase)) == ("deny_list", "not_performed")


def test_prepare_should_end_ready_and_commit_should_send_one_command():
    """QT-143: only the gate makes a Ready, only commit() sends the last READ RECORD."""
    card = SmallCard()
    purchase = purchase_from(values(), TODAY, (CAPK,))

    def first_half():
        selected = yield from selection.select_application(AIDS)
        return (yield from transaction.prepare(selected, purchase))

    ready = drive(first_half(), card.exchange)
    assert not isinstance(ready, Outcome) and ready.last == (3, 3)
    assert card.asked_last() == 0 and card.debits == [] and card.restore == 10000
    count = len(card.sent)
    result = drive(committed(ready, purchase), card.exchange)
    assert result.outcome == "approved" and card.debits == [5]
    assert card.sent[count:] == [apdu.read_record(3, 3)]


def test_amount_should_be_as_sent():
    """QT-153, QT-209."""
    card = SmallCard()
    result = tapped(card)
    assert result.tap.amount_fen() == 200
    assert result.tap.as_sent(tags.AMOUNT) == bcd.from_int(200, 6)
    assert len(PDOL) == 14


def test_key_cache_should_save_the_second_tap_the_issuer_key():
    """QT-162; the outcome is the same."""
    purchase = purchase_from(values(), TODAY, (CAPK,))
    assert tapped(SmallCard(), purchase).outcome == "approved"
    assert len(purchase.cache.entries) == 1
    assert tapped(SmallCard("6228000100000028"), purchase).outcome == "approved"
    assert len(purchase.cache.entries) == 1
    card = SmallCard()
    card.edit = bend(
        "00B20114", lambda pairs: replaced(pairs, tags.ISSUER_EXPONENT, b"\x01\x00\x01")
    )
    assert stopped(card, tapped(card, purchase)) == ("oda_failed", "failed")


def test_remainders_may_come_in_any_record_before_the_last():
    """QT-196, QT-202: each order gives the same, however much work the wait has done."""
    parts = dict(
        [(one.tag, one.value) for at in (0, 1) for one in tlv.parse(SmallCard().records[at][2])]
    )
    orders = (
        ((0x8F, 0x90, 0x9F32), (0x92, 0x9F46, 0x9F47, 0x9F48)),
        ((0x8F, 0x90, 0x9F32, 0x9F46, 0x9F47), (0x92, 0x9F48)),
        ((0x8F, 0x90, 0x9F32, 0x92), (0x9F46, 0x9F47, 0x9F48)),
        ((0x8F, 0x90, 0x9F32, 0x92, 0x9F46), (0x9F47, 0x9F48)),
        ((0x8F, 0x9F32, 0x92, 0x9F46, 0x9F47, 0x90), (0x9F48,)),
        ((0x9F46, 0x9F48), (0x8F, 0x90, 0x9F32, 0x92, 0x9F47)),
        ((0x92, 0x9F48), (0x9F46, 0x9F47, 0x8F, 0x9F32, 0x90)),
    )
    for order in orders:
        for slices in (0, 1, 99):
            card = SmallCard()
            for at in (0, 1):
                card.records[at][2] = b"".join([tlv.build(tag, parts[tag]) for tag in order[at]])
            result = busy_tap(card, slices)
            assert result.outcome == "approved", (order, slices, result)


def test_tag_list_may_come_after_the_certificate_was_opened():
    """QT-140: 9F4A in an unsigned record behind 9F46 counts, whenever the work was done."""
    for slices in (0, 1, 99):
        card = SmallCard()
        body = card.records[2][2][:-4]  # the signed record without 9F4A
        hashed = ICC.modulus[38:] + ICC.exponent + body + card.aip
        certificate = sealed(ISSUER, icc_fields(card.pan), hashed)
        card.records[2][2] = body
        card.records[3][2] += b"\x9f\x4a\x01\x82"
        card.edit = bend("00B20214", lambda pairs: replaced(pairs, 0x9F46, certificate))  # noqa: B023
        assert busy_tap(card, slices).outcome == "approved", slices
    for slices in (0, 1, 99):
        card = SmallCard()
        card.records[1], card.records[3] = card.records[3], card.records[1]
        card.records[1][:2], card.records[3][:2] = [2, 2], [3, 2]
        assert busy_tap(card, slices).outcome == "approved"


def busy_tap(card, slices):
    """Outcome of a tap with so many slices of work in each wait."""
    inner = card.exchange

    def exchange(command, spare=None):
        for _ in range(slices):
            spare()
        return inner(command)

    card.exchange = exchange
    return tapped(card)


def test_pdol_that_cuts_the_qualifiers_should_not_talk_the_version_down():
    """QT-006, QT-210: version 00 signs no amount."""
    for pdol in ("9F66039F02065F2A029A039F3704", "9F66009F02065F2A029A039F3704"):
        card = SmallCard()
        card.fci = tlv.build(tags.PDOL, bytes.fromhex(pdol))
        result = tapped(card)
        assert (result.outcome, result.taken) in (("declined", False), ("other_interface", False))
        assert card.asked_last() == 0 and card.debits == []


def test_expiry_of_no_bytes_should_not_pass():
    """QT-144, QT-152."""
    card = SmallCard()
    card.edit = bend("00B2", lambda pairs: [
        (tag, b"" if tag == tags.EXPIRY else value) for tag, value in pairs
    ])  # fmt: skip
    result = tapped(card)
    assert (result.outcome, result.taken) == ("declined", False) and card.asked_last() == 0
