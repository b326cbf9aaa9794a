# SPDX-License-Identifier: Apache-2.0
"""Cards that cannot sign: refused before the commit, whatever their static data are worth."""

from hashlib import sha1

from firmware.kernel import apdu, oda, oda_rsa, sda, tags, tlv
from firmware.kernel.work import Work
from tests.cards import present, purchase_from
from tests.sm_card import CAPK as SM_CAPK
from tests.sm_card import ISSUER as SM_ISSUER
from tests.sm_card import SmCard
from tests.small_card import CAPK, ISSUER, TODAY, SmallCard, bend, replaced, values
from tests.small_card import sealed as rsa_sealed

SDA_ONLY = b"\x40\x00"
SSAD_FLIPS = (
    (-1, 0xBB, "SSAD trailer"),
    (0, 0x6B, "SSAD header"),
    (1, 0x05, "SSAD format"),
    (2, 0x07, "SSAD hash algorithm"),
    (3, 0xDB, "SSAD hash"),  # the code itself
    (5, 0xBA, "SSAD padding"),
    (58, 0x00, "SSAD padding"),
    (59, 0x00, "SSAD hash"),
)


def ssad(static):
    """93 of the small card's issuer (JR/T 0025.7 table 7)."""
    fields = b"\x03\x01\xda\xc1" + b"\xbb" * (len(ISSUER.modulus) - 26)
    return rsa_sealed(ISSUER, fields, static)


def static_card(card, made):
    """`card` without DDA, with 93 in place of the card's own certificate."""
    card.aip = SDA_ONLY
    card.personalise("351231")
    static = card.records[2][2] + card.aip
    card.records[1][2] = tlv.build(tags.SSAD, made(static))
    card._sign = lambda entries, sent: b""
    return card


def sm_ssad(static):
    return b"\x13\xda\xc1" + SM_ISSUER.sign(b"\x13\xda\xc1" + static)


CARDS = ((SmallCard, ssad, CAPK), (SmCard, sm_ssad, SM_CAPK))


def refused(card, key, looks=True):
    """(detail, 9F45) of a refusal before the commit."""
    purchase = purchase_from(values(), TODAY, (key,))
    purchase = purchase.__class__(*(purchase[:-2] + (looks, purchase[-1])))
    result = present(card, purchase)
    assert (result.outcome, result.reason, result.taken) == ("declined", "oda_failed", False)
    assert result.oda == "failed" and card.asked_last() == 0 and card.debits == []
    assert card.asked(0x88) == 0 and card.asked(0xAE) == 0
    return result.detail, result.tap.value(tags.DATA_AUTHENTICATION_CODE)


def test_card_with_sda_alone_should_be_refused_before_the_commit():
    """QT-007, QT-145, QT-212, QT-213, QT-231, QT-235: its code is told, no sale is made."""
    for kind, made, key in CARDS:
        said = "AIP without DDA, static data genuine, DAC dac1"
        assert refused(static_card(kind(), made), key) == (said, b"\xda\xc1")


def test_switch_should_turn_the_look_off_and_never_the_refusal():
    """QT-008, QT-213, QT-235."""
    for kind, made, key in CARDS:
        assert refused(static_card(kind(), made), key, False) == ("AIP without DDA", b"")
        assert refused(static_card(kind(), made), key)[1] == b"\xda\xc1"


def test_what_is_wrong_with_the_static_data_should_be_told():
    """QT-212, QT-231: no code of data that are not genuine."""
    for kind, made, key in CARDS:
        card = static_card(kind(), made)
        card.edit = bend("00B2011C", lambda pairs: replaced(pairs, 0x5F25, b"\x20\x01\x02"))
        detail, code = refused(card, key)
        assert detail.startswith("AIP without DDA, static data: SSAD") and code == b""
        card = static_card(kind("6229000100000010"), made)
        wrong = "AIP without DDA, static data: issuer certificate issuer id"
        assert refused(card, key) == (wrong, b"")
        card = static_card(kind(), made)
        card.edit = bend("00B20114", lambda pairs: [])
        wrong = "AIP without DDA, static data: certificates incomplete before the last record"
        assert refused(card, key) == (wrong, b"")
        card = static_card(kind(), made)
        card.aip = b"\x00\x00"  # neither: nothing is attempted (QT-107)
        assert refused(card, key) == ("AIP without DDA", b"")


def test_signed_static_data_should_fail_at_each_byte():
    """QT-212: header, format, hash algorithm, padding, trailer, and the hash over the rest."""
    issuer = oda_rsa.Key(ISSUER.modulus, ISSUER.e, (2049, 12), "622800", b"")

    def failure(made):
        try:
            Work(sda.check_rsa(issuer, made, b"static"), oda.OdaFailed).finish()
        except oda.OdaFailed as failed:
            return str(failed)
        return ""

    good = ssad(b"static")
    assert failure(good) == ""
    block = pow(int.from_bytes(good, "big"), ISSUER.e, ISSUER.n).to_bytes(80, "big")
    assert block[-21:-1] == sha1(block[1:-21] + b"static").digest()
    for at, value, step in SSAD_FLIPS:
        at %= len(block)
        assert block[at] != value, at
        bent = block[:at] + bytes((value,)) + block[at + 1 :]
        assert failure(ISSUER.sign(bent)) == step, at
    for made in (good[:-1], good + b"\x00", b""):
        assert failure(made) == "SSAD length"


def test_card_with_both_should_sign_and_nothing_else():
    """QT-007, QT-214: SDA and DDA in the AIP: fDDA alone is run, a false 93 is not looked at."""
    for kind, _, key in CARDS:
        card = kind()
        card.aip = b"\x60\x00"
        card.personalise("351231")
        card.records[3][2] += tlv.build(tags.SSAD, bytes(67))
        result = present(card, purchase_from(values(), TODAY, (key,)))
        assert (result.outcome, result.oda) == ("approved", "fdda01")
        assert result.tap.value(tags.DATA_AUTHENTICATION_CODE) == b""
        sent = {command[1] for command in card.sent}
        assert sent == {apdu.INS_SELECT, apdu.INS_GPO, apdu.INS_READ_RECORD}
