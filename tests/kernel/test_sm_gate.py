# SPDX-License-Identifier: Apache-2.0
"""The commit gate on the SM path, and chains that mix the suites (JR/T 0025.17 §10)."""

from firmware.kernel import apdu, capk, fdda, oda_sm2, tags
from tests.cards import SM_INDICATOR, present, purchase_from
from tests.sm_card import CA, CAPK, ICC, ISSUER, SmCard, issuer_fields, sealed, sm_values
from tests.small_card import CAPK as RSA_CAPK
from tests.small_card import LAST, TODAY, SmallCard, bend, objects_of, replaced, values, without

LAST_RECORD = "00B2031C"
BOTH = (RSA_CAPK, CAPK)


def tapped(card, capks=BOTH, **more):
    return present(card, purchase_from(sm_values(**more), TODAY, capks))


def stopped(card, result):
    """The detail, after checking that nothing was charged."""
    assert card.asked(apdu.INS_GPO) == 1
    assert card.asked_last() == 0 and card.debits == [], result
    assert (result.outcome, result.reason, result.taken) == ("declined", "oda_failed", False)
    assert result.oda == "failed"
    return result.detail


def test_both_versions_should_be_approved():
    """QT-006, QT-207, QT-208, QT-230, QT-233, QT-234: as with RSA."""
    result = tapped(SmCard())
    assert (result.outcome, result.oda, result.taken) == ("approved", "fdda01", True)
    assert result.tap.as_sent(SM_INDICATOR) == b"\x01"
    assert result.tap.value(tags.IAD)[7] == 4
    result = tapped(SmCard(), ttq="28000000")
    assert (result.outcome, result.oda) == ("approved", "fdda00")


def test_terminal_with_sm2_should_take_rsa_cards():
    """QT-009, QT-188: the index of the CA key picks the suite, card by card."""
    for card in (SmallCard(), SmCard(), SmallCard()):
        assert tapped(card).outcome == "approved"


def test_terminal_without_sm2_key_should_refuse_the_card():
    """QT-146, QT-187."""
    card = SmCard()
    assert stopped(card, tapped(card, (RSA_CAPK,))) == "CA key 57 is not known"


def test_each_mandatory_object_should_be_missed_before_the_commit():
    """QT-144, QT-186: neither exponents nor remainders are asked of an SM card."""
    for tag in (
        tags.CAPK_INDEX,
        tags.ISSUER_CERTIFICATE,
        tags.ICC_CERTIFICATE,
        tags.SDAD,
        tags.EXPIRY,
    ):
        card = SmCard()
        card.edit = without(tag)
        assert stopped(card, tapped(card)) == "%X missing" % tag
    sent = SmCard().records[0][2] + SmCard().records[1][2]
    assert b"\x9f\x32" not in sent and b"\x9f\x47" not in sent


def test_forged_bytes_on_the_wire_should_stop_at_the_gate():
    """QT-147, QT-148, QT-149, QT-228: all but the last comparison is before the commit."""
    for head, tag, change, detail in (
        ("00B20114", 0x90, lambda old: old[:-1] + b"\x00", "issuer certificate signature"),
        ("00B20114", 0x90, lambda old: old[:9] + b"\x02" + old[10:], "issuer certificate signa"),
        ("00B20214", 0x9F46, lambda old: old[:-1] + b"\x00", "ICC certificate signature"),
        ("00B2011C", tags.EFFECTIVE, lambda old: b"\x20\x01\x02", "ICC certificate signature"),
        ("00B2011C", tags.SDA_TAG_LIST, lambda old: b"\x82\x84", "9F4A is not 82"),
        ("80A8", tags.SDAD, lambda old: old[:4] + b"\x06" + old[5:], "SDAD dynamic number is not"),
        ("80A8", tags.SDAD, lambda old: b"\x05" + old[1:], "SDAD format"),
        ("80A8", tags.SDAD, lambda old: old[:5] + bytes(64), "SDAD: r or s is out of range"),
        ("80A8", tags.AIP, lambda old: b"\x7d\x00", "ICC certificate signature"),
    ):
        card = SmCard()
        card.edit = bend(head, lambda pairs: replaced(pairs, tag, change(dict(pairs)[tag])))  # noqa: B023
        assert stopped(card, tapped(card)).startswith(detail), detail


def test_issuer_of_another_card_or_revoked_should_be_refused():
    """QT-024, QT-194, QT-220, QT-222: the key cache skips no check of card, day and list."""
    purchase = purchase_from(sm_values(), TODAY, BOTH)
    assert present(short_lived(), purchase).outcome == "approved"
    kept = [key for _, key in purchase.cache.entries if key.owner]
    assert [key.owner for key in kept] == ["622800"]
    foreign = SmCard("6229000100000010")
    assert stopped(foreign, present(foreign, purchase)) == "issuer certificate issuer id"
    known = len(purchase.cache.entries)
    revoked = capk.new(CAPK.rid, CAPK.index, oda_sm2, CA.point, revoked=(b"\x00\x00\x01",))
    for capks, today, detail in (
        ((revoked,), TODAY, "issuer certificate revoked"),
        (BOTH, (2027, 1, 1), "issuer certificate expired"),
        (BOTH, TODAY, ""),
    ):
        card = short_lived()
        again = purchase_from(sm_values(), today, capks)
        again.cache.entries += purchase.cache.entries
        result = present(card, again)
        if detail:
            assert stopped(card, result) == detail
        else:
            assert result.outcome == "approved" and len(again.cache.entries) == known


def short_lived():
    """A card whose issuer's certificate ends with the next month."""
    card = SmCard()
    certificate = sealed(CA, issuer_fields(expiry="1226"))
    card.records[0][2] = objects_of((0x8F, b"\x57"), (0x90, certificate))
    return card


def test_mixed_chain_should_be_refused():
    """QT-188, QT-217, QT-233: one suite from the CA key to 9F10, whatever the card says."""
    rsa, sm = SmallCard(), SmCard()
    issuer_rsa, icc_rsa = rsa.records[0][2], rsa.records[1][2]
    issuer_sm, icc_sm = sm.records[0][2], sm.records[1][2]
    for card, records, detail in (
        (SmCard(), (issuer_sm, icc_rsa), "ICC certificate length"),
        (SmallCard(), (issuer_rsa, icc_sm + b"\x9f\x47\x01\x03"), "ICC certificate length"),
        (SmCard(), (issuer_sm.replace(b"\x8f\x01\x57", b"\x8f\x01\xf1"), icc_sm), "9F32 missing"),
        (SmallCard(), (issuer_rsa.replace(b"\x8f\x01\xf1", b"\x8f\x01\x57"), icc_rsa), ""),
    ):
        card.records[0][2], card.records[1][2] = records
        assert stopped(card, tapped(card)).startswith(detail or "issuer certificate length")
    for card, algorithm in ((SmCard(), b"\x01"), (SmallCard(), b"\x04"), (SmCard(), b"\x00")):
        card.symmetric = algorithm
        assert stopped(card, tapped(card)) == "9F10 is of another suite"
    card = SmCard()
    certificate = sealed(CA, issuer_fields(ids="01001140"))  # says RSA under an SM2 key
    card.edit = bend("00B20114", lambda pairs: replaced(pairs, 0x90, certificate))
    assert stopped(card, tapped(card)) == "issuer certificate algorithm"


def test_amount_or_record_changed_after_signing_should_fail_after_the_debit():
    """QT-209, QT-230: 9F37, 9F02, 5F2A and all of 9F69 are under the signature."""
    for data in (
        b"\xa1\xb2\xc3\xd5" + b"\x00\x00\x00\x00\x02\x00" + b"\x01\x56",
        b"\xa1\xb2\xc3\xd4" + b"\x00\x00\x00\x00\x01\x00" + b"\x01\x56",
        b"\xa1\xb2\xc3\xd4" + b"\x00\x00\x00\x00\x02\x00" + b"\x03\x44",
    ):
        card = SmCard()

        def sign(entries, sent):
            card.card_auth = b"\x01" + bytes(7)  # noqa: B023
            return card.signature(data + card.card_auth)  # noqa: B023

        card._sign = sign
        result = tapped(card)
        assert (result.outcome, result.taken, result.detail) == ("declined", True, fdda.HASH_01)
    card = SmCard()
    card.edit = bend(
        LAST_RECORD,
        lambda pairs: replaced(pairs, tags.CARD_AUTHENTICATION_DATA, b"\x01\x01" + bytes(6)),
    )
    result = tapped(card)
    assert (result.outcome, result.taken, card.debits) == ("declined", True, [5])


def test_old_card_should_be_verified_in_full_before_the_commit():
    """QT-150, QT-210: version 00 of SM2, older edition and downgrade."""
    for version, signed, detail in (
        ("0020", b"\xa1\xb2\xc3\xd4", ""),
        ("0020", b"\xa1\xb2\xc3\xd5", fdda.HASH_00),
        ("0030", b"\xa1\xb2\xc3\xd4", fdda.DOWNGRADE),
    ):
        card = SmCard()
        card.personalise("351231", version=version)
        card._sign = lambda entries, sent: card.signature(signed)  # noqa: B023
        result = tapped(card)
        if detail:
            assert stopped(card, result) == detail
        else:
            assert (result.outcome, result.oda) == ("approved", "fdda00")


def test_outcome_should_not_depend_on_how_much_ran():
    """No slice, one a wait, many, all: the same outcome, good and forged."""
    heard = []
    for forged in (False, True):
        for slices in (0, 1, 40, 9999):
            card = SmCard()
            if forged:
                effective = b"\x20\x01\x02"
                card.edit = bend("00B2011C", lambda pairs: replaced(pairs, 0x5F25, effective))  # noqa: B023
            inner = card.exchange

            def exchange(command, spare=None):
                for _ in range(slices):  # noqa: B023
                    if not spare():
                        break
                return inner(command)  # noqa: B023

            card.exchange = exchange
            heard.append((forged, tapped(card)[:7]))
    assert len(set(heard)) == 2
    assert heard[-1][1][2] == "ICC certificate signature"
    assert [one[1][0] for one in heard] == ["approved"] * 4 + ["declined"] * 4


def test_torn_tap_should_be_recovered_by_the_signature_of_its_own_card():
    """QT-179, QT-180: the last record again, SM2 verified over the stored dialogue."""
    for forged, reason, oda in ((False, "torn_recovered", "fdda01"), (True, None, "failed")):
        card, open_taps = SmCard(), []
        purchase = purchase_from(sm_values(), TODAY, BOTH)
        card.tear = (apdu.INS_READ_RECORD, LAST, True)
        assert present(card, purchase, open_taps).outcome == "torn_pending"
        assert len(open_taps) == 1 and card.debits == [5]
        if forged:
            related = b"\x01\x01" + bytes(6)
            card.edit = bend(LAST_RECORD, lambda pairs: replaced(pairs, 0x9F69, related))  # noqa: B023
        result = present(card, purchase, open_taps)
        assert card.asked(apdu.INS_GPO) == 1 and result.oda == oda
        assert forged or (result.outcome, result.reason) == ("recovered", reason)
        assert not forged or result.outcome == "torn_pending"


def test_rsa_terminal_should_not_hold_sm2():
    """QT-099: DF69 is offered only with an SM2 key."""
    assert not capk.offers_sm(()) and not capk.offers_sm((RSA_CAPK,))
    assert capk.offers_sm((CAPK,)) and capk.offers_sm(BOTH)
    card = SmCard()
    card.fci = SmallCard().fci  # a card that does not ask for DF69 may still be one of SM
    assert tapped(card).outcome == "approved"
    assert present(card, purchase_from(values(), TODAY, BOTH)).outcome == "approved"


def test_keys_of_the_card_should_be_distinct():
    assert len({CA.point, ISSUER.point, ICC.point}) == 3


def slices_of(card, purchase):
    """How many slices of work a tap of `card` takes, all of them done in the waits."""
    count, inner = [0], card.exchange

    def exchange(command, spare=None):
        while spare():
            count[0] += 1
        return inner(command)

    card.exchange = exchange
    assert present(card, purchase).outcome == "approved"
    return count[0]


def test_warm_cache_should_take_less_work_than_a_cold_one():
    """QT-162: counted in slices, so that no clock is in it; tables take more of it away."""
    for kind, keys in ((SmallCard, (RSA_CAPK,)), (SmCard, (CAPK,))):
        purchase = purchase_from(sm_values(), TODAY, keys)
        cold = slices_of(kind(), purchase)
        warm = slices_of(kind(), purchase)
        assert warm < cold
        if kind is SmCard:
            while purchase.cache.idle():
                pass
            assert slices_of(kind(), purchase) < warm
            assert 3 * (cold - warm) > 0.9 * cold  # one signature of three
