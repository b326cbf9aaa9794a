# SPDX-License-Identifier: Apache-2.0
"""CA keys: found by RID and index, held against their checksum, out of use in time."""

from firmware.kernel import capk, oda_rsa
from tests.cards import present, purchase_from
from tests.small_card import CAPK, RID, TODAY, SmallCard, values

MODULUS = CAPK.key
OTHER_RID = b"\xa0\x00\x00\x00\x04"


def key(rid=RID, index=0xF1, modulus=MODULUS, exponent=3, **more):
    return capk.new(rid, index, oda_rsa, modulus, exponent, **more)


def damaged(one, at):
    """The same Capk with one bit of its field `at` changed, as if memory had lost it."""
    parts = list(one)
    if isinstance(parts[at], int):
        parts[at] ^= 1
    else:
        parts[at] = bytes((parts[at][0] ^ 1,)) + parts[at][1:]
    return capk.Capk(*parts)


def test_key_should_be_found_by_rid_and_index():
    """QT-017, QT-187: the same index under two RIDs."""
    one, two, three = key(), key(OTHER_RID), key(index=0xF2)
    for keys in ((one, two, three), (two, three, one)):
        assert capk.find(keys, RID, 0xF1) is one and capk.find(keys, OTHER_RID, 0xF1) is two
        assert capk.find(keys, RID, 0xF2) is three
        assert capk.find(keys, OTHER_RID, 0xF2) is None and capk.find(keys, RID, 0xF3) is None


def test_key_should_be_held_against_its_checksum():
    """QT-019, QT-022: RID, index, modulus, exponent, and the checksum itself."""
    one = key()
    assert capk.is_intact(one) and capk.refusal(one, TODAY) == ""
    for at in (0, 1, 3, 4, 8):
        bad = damaged(one, at)
        assert not capk.is_intact(bad) and capk.refusal(bad, TODAY) == "is damaged", at


def test_damaged_key_should_be_refused_at_the_gate():
    """QT-022: also before the round of checks has come to it."""
    card = SmallCard()
    result = present(card, purchase_from(values(), TODAY, (damaged(CAPK, 3),)))
    assert (result.outcome, result.reason, result.oda) == ("declined", "oda_failed", "failed")
    assert result.detail == "CA key F1 is damaged" and card.asked_last() == 0


def test_ring_should_take_a_damaged_key_out_and_tell():
    """QT-022: each key in turn, for ever; the others stay."""
    keys = (key(), key(index=0xF2), key(index=0xF3))
    ring = capk.Keyring(keys)
    assert [ring.check_next() for _ in range(9)] == [None] * 9 and ring.capks == keys
    ring.capks = (keys[0], damaged(keys[1], 3), keys[2])
    found = [one.index for one in [ring.check_next() for _ in range(9)] if one]
    assert found == [0xF2] and ring.capks == (keys[0], keys[2])
    ring.capks = tuple([damaged(one, 8) for one in ring.capks])
    found = sorted([one.index for one in [ring.check_next() for _ in range(5)] if one])
    assert found == [0xF1, 0xF3] and ring.capks == () and ring.check_next() is None


def test_key_should_be_out_of_use_after_its_last_day():
    """QT-023, QT-146: at the gate, whatever its checksum."""
    for today, good in (((2026, 11, 21), True), ((2026, 11, 22), False)):
        card = SmallCard()
        purchase = purchase_from(values(), today, (key(until=(2026, 11, 21)),))
        result = present(card, purchase)
        assert (result.outcome == "approved") is good
        assert good or result.detail == "CA key F1 is out of use"


def test_revoked_issuer_should_be_refused_although_its_key_is_cached():
    """QT-024, QT-162, QT-194: serial 000001; the list counts from the next tap on."""
    free, revoked = key(), key(revoked=(b"\x00\x00\x01",))
    first = purchase_from(values(), TODAY, (free,))
    assert present(SmallCard(), first).outcome == "approved" and len(first.cache.entries) == 1
    for capks, today, detail in (
        ((revoked,), TODAY, "issuer certificate revoked"),
        ((key(revoked=(b"\x00\x00\x02",)),), TODAY, ""),
        ((free,), (2050, 1, 1), "issuer certificate expired"),
    ):
        purchase = purchase_from(values(), today, capks)
        purchase.cache.entries += first.cache.entries
        card = SmallCard(expiry="491231")
        result = present(card, purchase)
        if today[0] == 2050:
            assert result.reason == "expired"  # the card goes before its issuer
            continue
        assert result.detail == detail and len(purchase.cache.entries) == 1
        assert (result.outcome == "approved") is not bool(detail)
        assert bool(card.asked_last()) is not bool(detail)
