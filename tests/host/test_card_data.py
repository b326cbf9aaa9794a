# SPDX-License-Identifier: Apache-2.0
"""What the simulated card gives and how it lies: GET DATA, 9F10, 9F69, AFL shapes, keys.

qpboc.md 2.4, 2.5, 2.7, 2.12; the chain is opened with pow() and textbook curve arithmetic.
"""

import hashlib

import pytest

from sim.card import Card
from sim.issuer import Authority, Profile
from sim.personalise import SHAPES
from sim.profile import PDOL, SHORT_PDOL
from sim.rsa_keys import RsaKey
from tests.host import sm2_reading
from tests.host.card_reading import (
    authority,
    gpo_of,
    image,
    issuer,
    last_of,
    ok,
    own_card,
    pay,
    purchase,
    read_record,
    records_of,
    select,
    tags,
    value_of,
    verify_chain,
    verify_fdda,
)
from tests.host.test_issuer_sm2 import ca_point
from tests.host.test_issuer_sm2 import card_of as sm2_card

DYNAMIC = bytes.fromhex("A1B2C3D40000000002000156")  # 9F37, 9F02, 5F2A of purchase()


def ca():
    return authority().key.modulus, authority().key.e


# --- GET DATA -----------------------------------------------------------------------------------

# tag, value of a usual card after a debit of 2.00; None: 6A88
READABLE = (
    ("9F36", "0001"),
    ("9F13", "0001"),
    ("9F17", "03"),
    ("9F4F", "9A039F21039F02069F03069F1A025F2A029F4E149C019F3602"),
    ("9F79", "000000009800"),
    ("9F6D", "000000000000"),
    ("9F5D", "000000009800"),
    ("9F77", "000000100000"),
    ("9F78", "000000100000"),
    ("9F51", "0156"),
    ("DF4F", "9A039F21039F1A029F4E149F3602"),
    ("9F6B", None),  # for the issuer's devices, JR/T 0025.12 C.1
    ("9F68", None),
    ("DF79", None),  # no second currency
    ("9F26", None),
    ("9F10", None),
    ("57", None),
    ("9F74", None),  # by READ RECORD only
)


@pytest.mark.parametrize("tag, value", READABLE)
def test_get_data_should_give_what_the_list_allows(tag, value):
    """JR/T 0025.5 B.7, .12 C.1, .13 table 1 (qpboc.md 2.12)."""
    card = own_card(cvm_limit_fen=500)
    pay(card, 200)
    select(card)
    assert value_of(card, tag.rjust(4, "0")) == value


def test_a_card_may_hide_its_balance():
    """6A88 to GET DATA of 9F79, the money moves all the same."""
    card = own_card(unreadable=("9F79", "9F5D"))
    pay(card, 200)
    select(card)
    assert value_of(card, "9F79") is None and value_of(card, "9F5D") is None
    assert value_of(card, "9F68") == "80500000"  # what is hidden is a matter of the card
    assert card.balance_fen == 9800


def test_the_available_amount_should_be_told_only_when_it_is_enabled():
    """9F5D personalised as zero is switched off (JR/T 0025.12 C.1)."""
    for shown in (True, False):
        card = own_card(show_balance=shown)
        found = pay(card, 200)
        assert ("9F5D" in found) is shown
        select(card)
        assert (value_of(card, "9F5D") is not None) is shown
        declined = pay(card, 999999)
        assert declined.get("9F5D") == (bytes.fromhex("000000009800") if shown else None)


# --- 9F10 ---------------------------------------------------------------------------------------

# Profile.idd, limit, length of 9F10, from byte 9 without the MAC
ISSUER_DATA = (
    ("01", None, 19, "0A010000009800"),
    ("02", None, 19, "0A020000000200"),
    ("03", None, 24, "0F0300000098000000000200"),
    ("04", 50000, 24, "0F0400000002000000050000"),
    ("05", None, 19, "0A050000009800"),
    ("", None, 8, ""),
    ("AB", None, 10, "01AB"),
    ("AB" * 23, None, 32, "17" + "AB" * 23),
)


@pytest.mark.parametrize("idd, limit_fen, length, text", ISSUER_DATA)
def test_issuer_data_should_have_their_variants(idd, limit_fen, length, text):
    """JR/T 0025.5 A.1, .12 D: balance, CTTA, both, CTTA and limit, static, none.

    The balance is the one after the debit.
    """
    limits = {"total_limit_fen": limit_fen or 50000, "options": "40400000"}
    iad = pay(own_card(idd=idd, **limits), 200)["9F10"]
    assert len(iad) == length and iad[:4] == bytes.fromhex("07010103") and iad[7] == 1
    assert iad[8:].hex().upper().startswith(text)
    if length in (19, 24):
        assert iad[8] == length - 9


def test_static_data_should_not_outgrow_the_32_bytes_of_9f10():
    with pytest.raises(ValueError, match="idd cannot be"):
        image(idd="AB" * 24)


# --- 9F69 and the versions of the signature -----------------------------------------------------


@pytest.mark.parametrize("length", (8, 12, 16))
def test_9f69_of_any_length_should_be_signed_whole(length):
    """JR/T 0025.12 C.1, B.2: version 01, 4 random bytes, copy of 9F6C, then the rest."""
    found, static = purchase(own_card(card_auth_bytes=length, ctq="3000").exchange, 200)
    assert len(found["9F69"]) == length and found["9F69"][0] == 1
    assert found["9F69"][5:7] == found["9F6C"] == b"\x30\x00"
    verify_fdda(found, *verify_chain(found, static, *ca()), DYNAMIC)


def test_a_card_without_9f6c_should_sign_zeros_for_it():
    found, _ = purchase(own_card(ctq=None).exchange, 200)
    assert "9F6C" not in found and found["9F69"][5:7] == b"\0\0"


def test_an_older_card_should_sign_version_00_whatever_the_terminal_knows():
    """JR/T 0025.12 B.1: 9F08 says which edition it is, 9F69 is absent."""
    for version in ("0020", "0030"):  # the second is a downgrade
        found, static = purchase(own_card(fdda="00", version=version).exchange, 200)
        assert "9F69" not in found and found["9F08"].hex() == version
        verify_fdda(found, *verify_chain(found, static, *ca()), DYNAMIC[:4])


# --- how the records lie ------------------------------------------------------------------------


@pytest.mark.parametrize("bits", (1024, 1152))
@pytest.mark.parametrize("shape", SHAPES)
def test_the_chain_should_verify_however_the_records_lie(shape, bits):
    """AFL shapes: 1 to 4 entries, SFI above 10, none or two signed."""
    card = own_card(shape=shape, bits=bits)
    assert 4 <= len(card.afl) <= 16 and len(card.afl) // 4 == len(SHAPES[shape])
    found, static = purchase(card.exchange, 200)
    verify_fdda(found, *verify_chain(found, static, *ca()), DYNAMIC)
    assert card.debits == [(1, 200, True)] and last_of(card)[3] >> 3 == card.afl[-4] >> 3
    signed = card.afl[3::4]
    assert sum(signed) == {"unsigned": 0, "two_signed": 2}.get(shape, 1)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_sm2_chain_should_verify_however_the_records_lie(shape):
    card = sm2_card(shape=shape)
    found, static = tags(ok(card.exchange(sm2_reading.gpo(200)))), b""
    for at in range(0, len(card.afl), 4):
        sfi, first, last, signed = card.afl[at] >> 3, *card.afl[at + 1 : at + 4]
        for number in range(first, last + 1):
            record = ok(card.exchange(read_record(sfi, number)))
            found.update(tags(record))
            if number < first + signed:
                static += record if sfi > 10 else record[2:]
    point = sm2_reading.verify_chain(found, static + found["82"], ca_point())
    sm2_reading.verify_fdda(found, point, DYNAMIC)


def test_57_may_come_in_the_answer_in_a_record_or_not_at_all():
    """JR/T 0025.12 table 11: once a transaction."""
    for where, in_answer, in_record in (
        ("gpo", True, False),
        ("record", False, True),
        ("", False, False),
    ):
        card = own_card(track2_in=where)
        select(card)
        answer = tags(ok(card.exchange(gpo_of(card, 200))))
        records = [tags(ok(card.exchange(read_record(*one)))) for one in records_of(card.afl)]
        assert ("57" in answer) is in_answer
        assert any("57" in record for record in records) is in_record
        assert any("5A" in record for record in records)


def test_a_short_pdol_should_do_for_a_card_of_version_17():
    """JR/T 0025.12 tables 8 to 10: 9F66, 9F02, 5F2A and 9F37."""
    card = own_card(pdol=SHORT_PDOL, cvn="17")
    assert sum(length for _, length in card.pdol) == 16
    found = pay(card, 200, un="A1B2C3D4")
    assert found["9F10"][4] == 0x90 and card.debits == [(1, 200, True)]


def test_the_usual_pdol_should_be_the_live_one():
    assert sum(length for _, length in own_card().pdol) == 33
    assert PDOL.startswith("9F6604")


# --- static data authentication -----------------------------------------------------------------


def test_a_card_of_static_authentication_alone_should_sign_nothing_of_the_sale():
    """JR/T 0025.7 5.2.4: 93 opens under the issuer key, there is no 9F4B."""
    card = own_card(oda="sda", aip="4000")
    found, static = purchase(card.exchange, 200)
    assert found["82"] == b"\x40\x00" and not {"9F46", "9F47", "9F4B", "9F69"} & found.keys()
    n = int.from_bytes(issuer().key.modulus, "big")
    block = pow(int.from_bytes(found["93"], "big"), 3, n).to_bytes(len(found["93"]), "big")
    assert block[:5] == bytes.fromhex("6A0301DAC1") and block[-1] == 0xBC
    assert hashlib.sha1(block[1:-21] + static).digest() == block[-21:-1]


def test_a_card_of_both_authentications_should_have_both():
    found, static = purchase(own_card(oda="both").exchange, 200)
    assert len(found["93"]) == len(issuer().key.modulus)
    verify_fdda(found, *verify_chain(found, static, *ca()), DYNAMIC)


# --- sizes of RSA keys --------------------------------------------------------------------------

# CA, issuer, card, exponent of all three
SIZES = (
    (768, 768, 512, 3),
    (1024, 1024, 768, 65537),
    (1152, 1152, 1152, 3),
    (1408, 1152, 1024, 65537),
    (1984, 1984, 1408, 3),
    (1984, 1984, 1984, 65537),
)


@pytest.mark.parametrize("ca_bits, issuer_bits, bits, exponent", SIZES)
def test_keys_of_512_to_1984_bits_should_make_a_chain(ca_bits, issuer_bits, bits, exponent):
    """JR/T 0025.7 5.2.1, 5.3.1: remainders where NI > NCA - 36, NIC > NI - 42."""
    one = Authority.generate(bits=ca_bits, exponent=exponent)
    two = one.issue_issuer(bits=issuer_bits, exponent=exponent)
    card = Card(two.personalise("6228000100000010", Profile(bits=bits, exponent=exponent)))
    card.power_up()
    found, static = purchase(card.exchange, 200)
    assert ("92" in found) is (issuer_bits // 8 > ca_bits // 8 - 36)
    assert ("9F48" in found) is (bits // 8 > issuer_bits // 8 - 42)
    key = verify_chain(found, static, one.key.modulus, exponent)
    assert len(key[0]) * 8 == bits
    verify_fdda(found, *key, DYNAMIC)


@pytest.mark.parametrize("bits, exponent", ((504, 3), (2000, 3), (1030, 3), (1024, 17)))
def test_keys_that_no_card_has_should_not_be_made(bits, exponent):
    with pytest.raises(ValueError):
        RsaKey.generate(bits, exponent)


@pytest.mark.parametrize("bits", (512, 768))
def test_short_keys_should_be_of_two_primes(bits):
    key = RsaKey.generate(bits, 3)
    assert key.n.bit_length() == bits and key.p * key.q == key.n
    for prime in (key.p, key.q):  # Fermat to four bases: the making used random ones
        assert all(pow(base, prime - 1, prime) == 1 for base in (2, 3, 5, 7))
    block = b"\x6a" + bytes(bits // 8 - 2) + b"\xbc"
    signed = int.from_bytes(key.sign(block), "big")
    assert pow(signed, 3, key.n).to_bytes(bits // 8, "big") == block
