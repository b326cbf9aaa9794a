# SPDX-License-Identifier: Apache-2.0
"""The simulated card: byte for byte the published one, and how it answers everything else."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.errors import FormatError
from firmware.formats.session import parse
from sim import card_risk
from sim.card import Card
from sim.issuer import Authority
from sim.rsa_keys import RsaKey
from tests.host.card_reading import (
    PPSE,
    SELECT,
    get_data,
    gpo,
    last_of,
    ok,
    own_card,
    purchase,
    read_record,
    select,
    shared,
    shared_json,
    tags,
    verify_chain,
    verify_fdda,
)


def published(number="0031", **terms):
    card = Card.from_test_card(shared("vectors", "test_card.json"), number, **terms)
    card.power_up()
    return card


def recorded(name):
    path = shared("sessions", name + ".session")
    return parse(path.read_text(encoding="utf-8"), path.name)


# --- against the published card -----------------------------------------------------------------

# session, ATC before, balance before, the card's random numbers (9F69 bytes 2 to 5)
SAME_BYTES = (
    ("pboc-offline-tc-fdda01", 4, 10000, ["266DF61F"]),
    ("pboc-offline-tc-fdda00", 0, 10000, []),
    ("pboc-torn-last-record-committed", 4, 10000, ["266DF61F"]),
    ("pboc-torn-middle-rolled-back", 4, 10000, ["266DF61F", "8137A563"]),
)


@pytest.mark.parametrize("name, atc, balance_fen, numbers", SAME_BYTES)
def test_the_published_card_should_answer_every_byte_of_its_sessions(
    name, atc, balance_fen, numbers
):
    session, left = recorded(name), [bytes.fromhex(number) for number in numbers]
    card = published(atc=atc, balance_fen=balance_fen, random=lambda count: left.pop(0))
    for presentation in session.presentations:
        card.power_up()
        for exchange in presentation:
            lost_before_it_acted = exchange.answer is None and "middle" in name
            if not lost_before_it_acted:
                answer = card.exchange(exchange.command)
                assert answer == (exchange.answer or answer)
    assert not left
    assert card.balance_fen == int(session.expected("balance_fen"))
    assert sum(final for _, _, final in card.debits) == int(session.expected("debits"))


def test_the_published_card_should_decline_like_its_session():
    session = recorded("pboc-offline-decline-aac")
    card = published(atc=6, balance_fen=100)
    for command, expected, _ in session.presentations[0]:
        answer = card.exchange(command)
        if command[1] != 0xA8:
            assert answer == expected
    # The session leaves 9F10 byte 6 (limit exceeded, qpboc.md 2.4) zero; so 9F26 differs too.
    ours, theirs = tags(ok(answer)), tags(ok(expected))
    assert ours["9F10"][:5] + ours["9F10"][6:] == theirs["9F10"][:5] + theirs["9F10"][6:]
    assert ours["9F10"][5] == card_risk.CVR_LIMIT
    assert list(ours) == list(theirs)
    assert all(ours[tag] == theirs[tag] for tag in ours if tag not in ("9F10", "9F26"))
    assert (card.balance_fen, card.debits, card.torn) == (100, [], False)


def test_signed_dynamic_data_should_be_those_of_the_vectors():
    chain = shared_json("vectors", "fdda.json")
    key = published("0001").key
    for vector in chain["qpboc_test_card"]["vectors"]:
        atc = bytes.fromhex(vector["icc_dynamic_number"])
        dynamic = bytes.fromhex(vector["terminal_dynamic_data"])
        same = key.sign_dynamic(atc, dynamic).hex().upper() == vector["sdad_9F4B"]
        assert same is vector["verified"], vector["name"]
    modulus = chain["qpboc_test_card"]["icc_recovered"]["modulus"]
    assert key.modulus.hex().upper() == modulus


@pytest.mark.parametrize("number, ttq", list(product(("0031", "0001"), ("28000080", "28000000"))))
def test_both_images_should_pay_with_a_chain_that_verifies(number, ttq):
    card = published(number)
    found, static = purchase(card.exchange, 200, ttq=ttq)
    ca = shared_json("vectors", "test_card.json")["ca"]
    key = verify_chain(found, static, bytes.fromhex(ca["modulus"]), int(ca["exponent"], 16))
    dynamic = "A1B2C3D4" + ("0000000002000156" if ttq.endswith("80") else "")
    verify_fdda(found, *key, bytes.fromhex(dynamic))
    assert ("9F69" in found) == ttq.endswith("80")
    if "9F69" in found:
        assert found["9F69"][5:7] == found["9F6C"]  # CTQ copy, qpboc.md 2.7
    assert found["9F5D"] == bytes.fromhex("000000009800")
    assert found["9F10"][10:15] == bytes.fromhex("0000009800")


def test_a_file_that_is_no_published_card_should_be_refused(tmp_path):
    with pytest.raises(FormatError, match="image 0099"):
        published("0099")
    for text in ("", "[]", "{}"):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(FormatError):
            Card.from_test_card(tmp_path / "x.json")


# --- the dialogue -------------------------------------------------------------------------------


def test_each_version_01_signature_should_have_its_own_random_number():
    card = own_card()
    seen = {purchase(card.exchange, 1)[0]["9F69"] for _ in range(5)}
    assert len(seen) == 5 and all(one[0] == 1 and len(one) == 8 for one in seen)


def test_records_should_be_readable_without_a_gpo_and_repeat_the_last_9f69():
    card = own_card()
    found, _ = purchase(card.exchange, 200)
    card.power_up()
    select(card)
    assert tags(ok(card.exchange(last_of(card))))["9F69"] == found["9F69"]
    assert tags(ok(card.exchange(read_record(1, 1))))["57"] == found["57"]
    assert card.debits == [(1, 200, True)]  # reading again takes nothing


def test_a_card_whose_records_need_a_gpo_should_refuse_to_repeat_them():
    card = own_card(records_need_gpo=True)
    purchase(card.exchange, 200)
    card.power_up()
    select(card)
    assert card.exchange(last_of(card)) == b"\x69\x85"


def test_a_long_key_should_bring_its_signature_in_a_record():
    card = own_card(bits=1152)
    select(card)
    answer = tags(ok(card.exchange(gpo(200))))
    assert "9F4B" not in answer and "9F5D" not in answer
    record = tags(ok(card.exchange(read_record(2, 4))))
    assert len(record["9F4B"]) == 144 and "9F5D" in record
    card.power_up()
    select(card)
    assert tags(ok(card.exchange(gpo(200, ttq="28000000"))))["94"]
    assert tags(ok(card.exchange(read_record(2, 4))))["9F4B"] != record["9F4B"]


def test_data_objects_should_follow_the_money():
    card = own_card()
    purchase(card.exchange, 200)
    for tag, value in (
        ("9F36", "0001"),
        ("9F79", "000000009800"),
        ("9F5D", "000000009800"),
        ("9F6D", "000000000000"),
        ("9F51", "0156"),
        ("9F13", "0001"),
        ("9F17", "03"),
    ):
        assert tags(ok(card.exchange(get_data(tag))))[tag].hex() == value
    quiet = published()
    quiet.image["internal_data"]["9F5D"] = "000000000000"
    select(quiet)
    assert quiet.exchange(get_data("9F5D")) == b"\x6a\x88"
    assert "9F5D" not in tags(ok(quiet.exchange(gpo(200))))


def test_cryptogram_version_17_should_leave_date_and_tvr_out():
    card, other = own_card(cvn="17"), own_card(cvn="17")
    select(card), select(other)
    command = gpo(200)
    day_later = command.replace(bytes.fromhex("261121"), bytes.fromhex("261122"))
    ours, theirs = tags(ok(card.exchange(command))), tags(ok(other.exchange(day_later)))
    assert ours["9F10"][2] == 0x17 and ours["9F26"] == theirs["9F26"]
    card, other = own_card(), own_card()
    select(card), select(other)
    assert tags(ok(card.exchange(command)))["9F26"] != tags(ok(other.exchange(day_later)))["9F26"]


def test_times_should_be_those_of_the_model():
    card = own_card()
    card.image = dict(card.image, busy_ms={"GPO": 900})
    times = []
    for command in (PPSE, SELECT, get_data("9F79"), gpo(200), read_record(2, 1), b"\x00\xff"):
        card.exchange(command)
        times.append(card.busy_ms)
    assert times == [8, 12, 7, 900, 11, 2]


# --- hostile terminals --------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=6))
def test_random_commands_should_always_get_a_status_word(commands):
    card = own_card()
    select(card)
    for command in commands:
        assert len(card.exchange(command)) >= 2
    assert 0 <= card.balance_fen <= 10000


def test_a_raw_signature_should_come_back_by_the_public_key():
    key = RsaKey.generate(1024, 65537)
    block = b"\x6a" + bytes(range(126)) + b"\xbc"
    signed = int.from_bytes(key.sign(block), "big")
    assert pow(signed, key.e, key.n).to_bytes(128, "big") == block
    assert Authority("A000000333", 1, key).ca_line().startswith("RSA A000000333 01 010001 ")
