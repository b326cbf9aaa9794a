# SPDX-License-Identifier: Apache-2.0
"""A wallet of test cards: its kinds, its numbers, and that it never overwrites one."""

import json

import pytest

from firmware.errors import FormatError
from sim.issuer import Profile
from sim.kinds import KINDS
from sim.parameter_file import parameter_text
from sim.wallet import Wallet, luhn
from tests.host.card_reading import SELECT, gpo, ok, purchase, tags, verify_chain, verify_fdda

DYNAMIC = bytes.fromhex("A1B2C3D40000000002000156")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One full wallet for the tests that only look."""
    return Wallet.create(tmp_path_factory.mktemp("wallets") / "full").folder


def passes(digits):
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value if value < 10 else value - 9
    return total % 10 == 0


def test_a_wallet_should_hold_every_kind(folder):
    wallet = Wallet(folder)
    assert len(wallet.entries) >= 12
    kinds = [entry.kind for entry in wallet.entries]
    assert set(kinds) >= {
        "adult",
        "student",
        "senior",
        "low_balance",
        "deny_listed",
        "expired",
        "unknown_ca",
        "forged",
        "foreign",
        "slow",
    }
    assert kinds.count("adult") >= 3
    listed = json.loads((folder / "wallet.json").read_text())["cards"]
    assert [sorted(entry) for entry in listed] == [["file", "kind", "name", "pan"]] * len(kinds)
    assert all((folder / entry["file"]).exists() for entry in listed)


def test_card_numbers_should_be_distinct_and_tell_the_class(folder):
    wallet = Wallet(folder)
    pans = [entry.pan for entry in wallet.entries]
    assert len(set(pans)) == len(pans)
    assert all(len(pan) == 16 and passes(pan) for pan in pans)
    prefixes = dict((name, prefix) for prefix, name in wallet.parameters()["classes"])
    for entry in wallet.entries:
        if entry.kind in prefixes:
            assert entry.pan.startswith(prefixes[entry.kind])
    uids = [card.uid for card in wallet.cards()]
    assert len(set(uids)) == len(uids)
    assert {card.kind for card in wallet.cards()} == {"A", "B"}


def test_parameters_should_be_what_a_terminal_needs(folder):
    wallet = Wallet(folder)
    facts = wallet.parameters()
    assert [line.split()[:3] for line in facts["ca"]] == [["RSA", "A000000333", "F1"]]
    assert facts["aids"] == ["A0000003330101"]
    assert facts["deny"] == [card.pan for card in wallet.cards("deny_listed")]


def test_each_kind_should_fail_a_terminal_where_it_is_meant_to(folder):
    wallet = Wallet(folder)
    _, _, _, exponent, modulus = wallet.parameters()["ca"][0].split()
    ca = bytes.fromhex(modulus), int(exponent, 16)
    for entry, card in zip(wallet.entries, wallet.cards(), strict=True):
        card.path = None  # only look
        card.power_up()
        if entry.kind == "foreign":
            assert card.exchange(SELECT) == b"\x6a\x82"
            continue
        if entry.kind == "low_balance":
            ok(card.exchange(SELECT))
            assert tags(ok(card.exchange(gpo(200))))["9F10"][4] == 0x80
            continue
        found, static = purchase(card.exchange, 200)
        assert (found["5F24"] < bytes.fromhex("250101")) is (entry.kind == "expired")
        assert (found["8F"] == b"\xf2") is (entry.kind == "unknown_ca")
        if entry.kind in ("forged", "unknown_ca"):
            with pytest.raises(AssertionError):
                verify_fdda(found, *verify_chain(found, static, *ca), DYNAMIC)
        else:
            verify_fdda(found, *verify_chain(found, static, *ca), DYNAMIC)


def test_a_slow_card_should_be_slow(folder):
    card = Wallet(folder).cards("slow")[0]
    card.path = None
    card.power_up()
    ok(card.exchange(SELECT))
    ok(card.exchange(gpo(200)))
    assert card.busy_ms > 500


def test_a_sale_should_stay_in_the_wallet(tmp_path):
    wallet = Wallet.create(tmp_path / "w", KINDS[:1])
    card = wallet.card("adult-1")
    card.power_up()
    purchase(card.exchange, 200)
    assert Wallet(tmp_path / "w").card("adult-1").balance_fen == 9800


def test_an_existing_wallet_should_never_be_overwritten(tmp_path):
    Wallet.create(tmp_path / "w", KINDS[:1])
    before = {path.name: path.read_bytes() for path in (tmp_path / "w").iterdir()}
    with pytest.raises(FileExistsError, match="already holds a wallet"):
        Wallet.create(tmp_path / "w")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "adult-1.json").write_text("money")
    with pytest.raises(FileExistsError, match="already holds files"):
        Wallet.create(tmp_path / "other", KINDS[:1])
    assert (tmp_path / "other" / "adult-1.json").read_text() == "money"
    assert {path.name: path.read_bytes() for path in (tmp_path / "w").iterdir()} == before


def test_cards_should_be_added_later_under_the_same_ca(tmp_path):
    Wallet.create(tmp_path / "w", KINDS[:1])
    wallet = Wallet(tmp_path / "w")
    wallet.add("mine", "adult", "62280001", Profile(balance_fen=77))
    with pytest.raises(ValueError, match="mine"):
        wallet.add("mine", "adult", "62280001")
    card = Wallet(tmp_path / "w").card("mine")
    assert card.balance_fen == 77 and passes(card.pan)
    with pytest.raises(KeyError):
        wallet.card("nobody")


def test_the_ca_key_of_sm2_should_be_told_where_a_card_needs_it(tmp_path):
    """Told apart by its index; the line is that of session files."""
    wallet = Wallet.create(tmp_path / "w", KINDS[:1])
    assert [line.split()[0] for line in wallet.parameters()["ca"]] == ["RSA"]
    for suite in ("sm2", "both"):
        wallet.add(suite, "adult", "62280001", Profile(suite=suite))
    lines = Wallet(tmp_path / "w").parameters()["ca"]
    assert [line.split()[:3] for line in lines] == [
        ["RSA", "A000000333", "F1"],
        ["SM2", "A000000333", "F3"],
    ]
    assert f"ca: {lines[1]}\n" in parameter_text(wallet.parameters(), 200)
    assert wallet.card("both").suites == ("rsa", "sm2")


@pytest.mark.parametrize("text", (None, "", "[]", "{}", '{"format": 3}'))
def test_a_folder_without_a_wallet_should_be_refused(tmp_path, text):
    if text is not None:
        (tmp_path / "wallet.json").write_text(text)
    with pytest.raises(FormatError, match=tmp_path.name):
        Wallet(tmp_path)


def test_luhn_should_append_the_check_digit():
    assert luhn("7992739871") == "79927398713"  # ISO/IEC 7812-1, the usual example
    assert luhn("622800010000001") == "6228000100000010"
