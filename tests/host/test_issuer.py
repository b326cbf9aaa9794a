# SPDX-License-Identifier: Apache-2.0
"""Certificates and images of our own issuer, opened with pow() alone (JR/T 0025.7 5.3)."""

import json
from itertools import product

import pytest

from sim.card import Card
from sim.ciphers import TripleDes, padded
from sim.issuer import Authority, Issuer, Profile
from tests.host.card_reading import (
    authority,
    image,
    issuer,
    own_card,
    purchase,
    records_of,
    shared_json,
    tags,
    verify_chain,
    verify_fdda,
)

DYNAMIC = bytes.fromhex("A1B2C3D40000000002000156")  # 9F37, 9F02, 5F2A of purchase()


def ca(one):
    return one.key.modulus, one.key.e


@pytest.mark.parametrize("bits, exponent", list(product((1024, 1152), (3, 65537))))
def test_the_chain_of_a_card_should_verify_down_to_its_signature(bits, exponent):
    found, static = purchase(own_card(bits=bits, exponent=exponent).exchange, 200)
    modulus, e = verify_chain(found, static, *ca(authority()))
    assert (len(modulus) * 8, e) == (bits, exponent)
    verify_fdda(found, modulus, e, DYNAMIC)
    assert found["8F"] == b"\xf1"
    assert ("9F48" in found) == (bits == 1152)  # NIC > NI - 42


def test_an_issuer_key_too_long_for_its_certificate_should_leave_a_remainder():
    one = Authority.generate(index=0xF5, bits=1408, exponent=65537)
    card = Card(one.issue_issuer(bits=1408, exponent=65537).personalise("6228000100000028"))
    card.power_up()
    found, static = purchase(card.exchange, 200)
    assert len(found["92"]) == 36  # NI - NCA + 36
    modulus, e = verify_chain(found, static, *ca(one))
    verify_fdda(found, modulus, e, DYNAMIC)


@pytest.mark.parametrize("pan", ("12345678903", "6228000100000010", "6228000100000000004"))
def test_cards_should_be_made_for_numbers_of_11_to_19_digits(pan):
    one = authority().issue_issuer(issuer_id=pan[:6])
    card = Card(one.personalise(pan))
    card.power_up()
    found, static = purchase(card.exchange, 200)
    verify_chain(found, static, *ca(authority()))
    assert found["57"].hex().upper().startswith(pan + "D")


def test_a_changed_static_byte_should_break_the_card_certificate():
    found, static = purchase(own_card().exchange, 200)
    with pytest.raises(AssertionError):
        verify_chain(found, static[:-1] + b"\x01", *ca(authority()))
    with pytest.raises(AssertionError):
        verify_chain(found, static, b"\xff" + authority().key.modulus[1:], 3)


def test_forgeries_should_fail_where_they_are_meant_to():
    found, static = purchase(own_card(forged="certificate").exchange, 200)
    with pytest.raises(AssertionError):
        verify_chain(found, static, *ca(authority()))
    for forged, words in (("sdad", None), ("hash", "hash")):
        found, static = purchase(own_card(forged=forged).exchange, 200)
        key = verify_chain(found, static, *ca(authority()))
        with pytest.raises(AssertionError, match=words):
            verify_fdda(found, *key, DYNAMIC)


def test_records_should_be_those_of_a_conforming_card():  # qpboc.md 2.5
    for bits in (1024, 1152):
        one = image(bits=bits)
        afl = bytes.fromhex(one["profiles"]["qpboc"]["afl"])
        names = [f"{sfi:02X}{number:02X}" for sfi, number in records_of(afl)]
        assert len(afl) <= 16 and all(name in one["records"] for name in names)
        assert "0101" not in names and "57" in tags(bytes.fromhex(one["records"]["0101"]))
        first = bytes.fromhex(one["records"][names[0]])
        assert len(first) == 254 and set(tags(first)) == {"90"}  # 256 with its status word
        last = bytes.fromhex(one["records"][names[-1]])
        assert len(last) + 11 <= 32 and set(tags(last)) == {"9F74"}
        assert set(tags(bytes.fromhex(one["records"]["0301"]))) >= {"5A", "5F24", "9F4A"}


def test_keys_and_images_should_survive_json():
    one = Authority.from_json(json.loads(json.dumps(authority().to_json())))
    assert one.ca_line() == authority().ca_line()
    two = Issuer.from_json(json.loads(json.dumps(issuer().to_json())))
    card = Card(json.loads(json.dumps(two.personalise("6228000100000044"))))
    card.power_up()
    found, static = purchase(card.exchange, 200)
    verify_chain(found, static, *ca(authority()))


def test_the_ca_line_should_be_what_a_session_file_takes():
    words = authority().ca_line().split()
    assert words[:4] == ["RSA", "A000000333", "F1", "03"]
    assert int(words[4], 16).bit_length() == 1984


def test_a_profile_should_reach_the_card():
    one = image(balance_fen=123, options="C0000000", ca_index=0x55, kind="B", uid="01020304")
    assert one["internal_data"]["9F79"] == "000000000123"
    assert one["internal_data"]["9F68"] == "C0100000"
    assert tags(bytes.fromhex(one["records"]["0202"]))["8F"] == b"\x55"
    assert (one["kind"], one["uid"]) == ("B", "01020304")
    assert Profile().options == "80400000"


# --- symmetric keys, against the published values ---------------------------------------------


def test_session_keys_should_be_the_published_ones():
    for row in shared_json("vectors", "mac_des.json")["key_derivation"]:
        key = TripleDes.session_key(bytes.fromhex(row["udk"]), bytes.fromhex(row["atc"]))
        assert key.hex().upper() == row["session_key"]


def test_mac_should_be_iso_9797_algorithm_3():
    rows = {row["name"]: row for row in shared_json("vectors", "mac_des.json")["mac"]}
    one, two = rows["EMV MAC alg 3 padding 1"], rows["EMV MAC alg 3 padding 2"]
    for row in (one, two):
        assert len(bytes.fromhex(row["key"])) == 16
    data = bytes.fromhex(two["data"])
    sealed = TripleDes.mac(bytes.fromhex(two["key"]), padded(data, 8))
    assert sealed.hex().upper() == two["computed"]
    data += bytes(-len(data) % 8)
    assert TripleDes.mac(bytes.fromhex(one["key"]), data).hex().upper() == one["computed"]


def test_a_card_key_should_come_from_the_right_16_digits():  # JR/T 0025.7 11.1.4
    master = bytes(range(16))
    block = bytes.fromhex("2800010000001001")
    other = bytes(byte ^ 0xFF for byte in block)
    expected = TripleDes.encrypt(master, block) + TripleDes.encrypt(master, other)
    assert TripleDes.card_key(master, "6228000100000010", "01") == expected
    short = TripleDes.card_key(master, "12345678903", "00")
    assert short == TripleDes.card_key(master, "00012345678903", "00")
