# SPDX-License-Identifier: Apache-2.0
"""Cards of the national suite: certificates, signatures, cryptograms (JR/T 0025.17)."""

import json
from functools import cache

import pytest
from gmssl.sm4 import SM4_ENCRYPT, CryptSM4

from sim.card import Card
from sim.ciphers import Sm4
from sim.issuer import Authority, Issuer, Profile
from sim.sm2_keys import Sm2Key
from tests.host import card_reading, sm2_reading
from tests.host.card_reading import ok, select, shared_json, tags

DYNAMIC = bytes.fromhex("A1B2C3D40000000002000156")  # 9F37, 9F02, 5F2A
PAN = "6228000100000010"


@cache
def authority():
    return Authority.generate(index=0xF3, suite="sm2")


@cache
def issuer():
    return authority().issue_issuer()


def card_of(suite="sm2", **profile):
    second = card_reading.issuer() if suite == "both" else None
    card = Card(issuer().personalise(PAN, Profile(suite=suite, **profile), second))
    card.power_up()
    select(card)
    return card


def ca_point():
    return authority().key.point


# --- against values that others published --------------------------------------------------------


def test_a_published_card_key_should_give_its_published_point():
    chain = shared_json("vectors", "oda_sm2.json")
    key = Sm2Key(int(chain["icc_private_key_d"], 16))
    assert key.point == bytes.fromhex(chain["icc_certificate_9F46"])[20:84]


def test_the_published_chain_should_pass_the_check_that_our_cards_pass():
    chain = shared_json("vectors", "oda_sm2.json")
    ca = bytes.fromhex(chain["ca"]["x"] + chain["ca"]["y"])
    one = bytes.fromhex(chain["issuer_certificate_90"])
    sm2_reading.verify(ca, one[:78], one[78:])
    two = bytes.fromhex(chain["icc_certificate_9F46"])
    static = bytes.fromhex(chain["icc_static_data"])
    sm2_reading.verify(one[14:78], two[:84] + static, two[84:])
    with pytest.raises(AssertionError, match="signature"):
        sm2_reading.verify(one[14:78], two[:84] + static[1:], two[84:])


def test_sm4_should_give_the_published_block():
    for case in shared_json("vectors", "sm_standard.json")["cases"]:
        if case["algorithm"] == "SM4" and case.get("iterations", 1) == 1:
            block = Sm4.encrypt(bytes.fromhex(case["key"]), bytes.fromhex(case["plain"]))
            assert block == bytes.fromhex(case["cipher"])


# --- our own cards -------------------------------------------------------------------------------


@pytest.mark.parametrize("ttq", ("28000080", "28000000"))
def test_the_chain_of_an_sm2_card_should_verify_down_to_its_signature(ttq):
    """Tables 4, 8 and 11 of JR/T 0025.17; v01 and v00 of JR/T 0025.12 table B.1."""
    found, static = sm2_reading.read(card_of().exchange, sm2_reading.gpo(200, ttq=ttq))
    point = sm2_reading.verify_chain(found, static, ca_point())
    version_01 = ttq.endswith("80")
    assert ("9F69" in found) == version_01
    sm2_reading.verify_fdda(found, point, DYNAMIC if version_01 else DYNAMIC[:4])
    assert not {"9F32", "92", "9F47", "9F48"} & found.keys()
    assert found["8F"] == b"\xf3"


def test_a_changed_byte_should_break_an_sm2_chain():
    found, static = sm2_reading.read(card_of().exchange, sm2_reading.gpo(200))
    point = sm2_reading.verify_chain(found, static, ca_point())
    for wrong in ({"90": found["90"][:5] + b"\x00" + found["90"][6:]}, {"9F46": found["90"]}):
        with pytest.raises(AssertionError):
            sm2_reading.verify_chain({**found, **wrong}, static, ca_point())
    with pytest.raises(AssertionError, match="signature"):
        sm2_reading.verify_chain(found, static + b"\x00", ca_point())
    with pytest.raises(AssertionError, match="signature"):
        sm2_reading.verify_fdda(found, point, DYNAMIC[:-1] + b"\x00")


def test_a_card_should_answer_with_the_suite_that_the_terminal_asks_for():
    """JR/T 0025.12 7.5: DF69 = 01 gives 9F10 byte 8 = 04; a card of SM2 alone refuses 00."""
    card = card_of("both")
    found, static = sm2_reading.read(card.exchange, sm2_reading.gpo(200, sm="01"))
    assert found["9F10"][7] == 0x04
    sm2_reading.verify_fdda(found, sm2_reading.verify_chain(found, static, ca_point()), DYNAMIC)
    select(card)
    found, static = sm2_reading.read(card.exchange, sm2_reading.gpo(200, sm="00"))
    assert found["9F10"][7] == 0x01 and found["8F"] == b"\xf1"
    ca = card_reading.authority().key
    key = card_reading.verify_chain(found, static, ca.modulus, ca.e)
    card_reading.verify_fdda(found, *key, DYNAMIC)
    assert (card.balance_fen, len(card.debits)) == (9600, 2)
    alone = card_of()
    assert alone.exchange(sm2_reading.gpo(200, sm="00")) == b"\x69\x85"
    assert (alone.atc, alone.balance_fen) == (0, 10000)


def test_after_a_tear_a_card_of_both_should_read_on_in_the_suite_of_its_last_gpo(tmp_path):
    card = card_of("both")
    card.path = tmp_path / "card.json"
    found = tags(ok(card.exchange(sm2_reading.gpo(200))))
    again = Card.load(card.path)
    again.rollback = "gpo"
    again.power_up()
    select(again)
    assert again.afl == found["94"]
    assert "9F69" in tags(ok(again.exchange(card_reading.last_of(again))))


def test_forgeries_of_sm2_cards_should_fail_where_they_are_meant_to():
    for forged in ("certificate", "sdad", "hash"):
        found, static = sm2_reading.read(card_of(forged=forged).exchange, sm2_reading.gpo(200))
        if forged == "certificate":
            with pytest.raises(AssertionError, match="signature"):
                sm2_reading.verify_chain(found, static, ca_point())
            continue
        point = sm2_reading.verify_chain(found, static, ca_point())
        assert (found["9F4B"][0] == 0x15) is (forged == "hash")
        with pytest.raises(AssertionError):
            sm2_reading.verify_fdda(found, point, DYNAMIC)


def test_an_sm2_card_should_need_an_issuer_of_its_suite():
    with pytest.raises(ValueError, match="issuer of rsa"):
        issuer().personalise(PAN, Profile(suite="both"))
    with pytest.raises(ValueError, match="issuer of sm2"):
        card_reading.issuer().personalise(PAN, Profile(suite="sm2"))


def test_sm2_keys_should_survive_json():
    one = Authority.from_json(json.loads(json.dumps(authority().to_json())))
    assert one.ca_line() == authority().ca_line()
    words = one.ca_line().split()
    assert words[:3] == ["SM2", "A000000333", "F3"] and bytes.fromhex(words[3]) == ca_point()
    two = Issuer.from_json(json.loads(json.dumps(issuer().to_json())))
    assert two.key.point == issuer().key.point


def test_a_point_that_begins_04_should_stay_whole():
    """gmssl's constructor would strip it."""
    d = next(d for d in range(1, 5000) if Sm2Key(d).point[0] == 0x04)
    key = Sm2Key(d)
    assert sm2_reading.pair(key.point) == sm2_reading.times(d, sm2_reading.G)
    sm2_reading.verify(key.point, b"text", key.sign(b"text"))


def test_static_data_may_be_signed_too():
    """JR/T 0025.17 5.1.3: 93 is 13, the code, r and s over code and static data."""
    key = issuer().key
    ssad = key.sign_static(b"\xda\xc1", b"static")
    assert len(ssad) == 67 and ssad[:3] == b"\x13\xda\xc1"
    sm2_reading.verify(key.point, ssad[:3] + b"static", ssad[3:])


# --- SM4: the cryptogram and the MAC of the issuer data ------------------------------------------


def chained(key, data):
    """CBC-MAC of whole blocks by gmssl, 8 bytes; the card uses another library."""
    engine = CryptSM4()
    engine.set_key(key, SM4_ENCRYPT)
    last = bytes(16)
    for at in range(0, len(data), 16):
        block = bytes(a ^ b for a, b in zip(last, data[at : at + 16], strict=True))
        last = engine.crypt_ecb(block)[:16]
    return last[:8]


def test_the_cryptogram_of_an_sm2_card_should_be_by_sm4():
    """JR/T 0025.17 8.1.2, 8.1.3: CBC-MAC, its left 8 bytes, a session key by ATC."""
    card = card_of()
    found = tags(ok(card.exchange(sm2_reading.gpo(200))))
    digits = bytes.fromhex("2800010000001001")
    complement = bytes(one ^ 0xFF for one in digits)
    for master, name in zip(issuer().masters, ("udk_ac", "udk_mac"), strict=True):
        engine = CryptSM4()
        engine.set_key(bytes.fromhex(master), SM4_ENCRYPT)
        own = engine.crypt_ecb(digits + complement)[:16]
        assert own.hex().upper() == card.image["sm4_keys"][name]
    keys = []
    for name in ("udk_ac", "udk_mac"):
        engine = CryptSM4()
        engine.set_key(bytes.fromhex(card.image["sm4_keys"][name]), SM4_ENCRYPT)
        keys.append(engine.crypt_ecb(bytes.fromhex("0000000000000001000000000000FFFE"))[:16])
    iad = found["9F10"]
    data = bytes.fromhex("0000000002000000000000000156" + "00" * 5 + "015626112100A1B2C3D4")
    data += found["82"] + found["9F36"] + iad[3:7] + b"\x80"
    assert found["9F26"] == chained(keys[0], data + bytes(-len(data) % 16))
    assert iad[9:15] == bytes.fromhex("010000009800")
    assert iad[15:] == chained(keys[1], found["9F36"] + iad[10:15] + bytes(9))[:4]
