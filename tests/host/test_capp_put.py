# SPDX-License-Identifier: Apache-2.0
"""What the issuer puts onto a card with an extended application, and a module that stamps it."""

import pytest

from firmware.hal import ciphers_cpython
from firmware.module import software
from host_tools import module_file
from sim import capp_keys, capp_put
from sim.capp_profile import Extension, known_key_rows
from sim.profile import Profile, changed
from tests.host.capp_reading import (
    extended_card,
    gpo_as,
    last,
    money,
    place,
    read,
    told_fen,
    whole,
    written,
)
from tests.host.card_reading import ok, select, value_of

# --- PUT DATA ------------------------------------------------------------------------------------


def put(card, tag, amount_fen, wrong=0):
    """The status word of PUT DATA."""
    value = bytes.fromhex(f"{amount_fen:012d}")
    header = bytes.fromhex(f"04DA{tag}") + bytes([len(value) + 4])
    sent = capp_put.put_mac(card, header, value)
    sent = sent[:-1] + bytes([sent[-1] ^ wrong])
    return card.exchange(header + value + sent)[-2:].hex().upper()


def test_the_offset_limit_should_never_be_below_what_is_used():
    card = extended_card("metro", offset_fen=4000, profile={"balance_fen": 1000})
    whole(card, "deduct", 3500)
    assert (told_fen(card, "DF62"), told_fen(card, "DF63")) == (4000, 2500)
    assert put(card, "DF62", 2499) == "6A80" and told_fen(card, "DF62") == 4000
    assert put(card, "DF62", 2500) == "9000" and told_fen(card, "DF62") == 2500
    assert put(card, "DF63", 0) == "6A88" and put(card, "DF62", 9999, wrong=1) == "6988"
    assert put(extended_card("metro"), "DF62", 1) == "6A88"


def test_a_balance_should_leave_room_for_what_is_frozen():
    card = extended_card("bike", profile={"ceiling_fen": 20000})
    whole(card, "freeze", 6000, "bike")
    assert put(card, "9F79", 14001) == "6A80" and money(card) == (4000, 6000, 0)
    assert put(card, "9F79", 14000) == "9000" and money(card) == (14000, 6000, 0)
    with pytest.raises(ValueError, match="at most 0"):
        card.top_up(1)


@pytest.mark.parametrize(
    "added, left", ((2000, (0, 0, 500)), (2500, (0, 0, 0)), (2600, (100, 0, 0)))
)
def test_what_is_loaded_should_pay_the_offset_first(added, left):
    for load in (lambda card: card.top_up(added), lambda card: put(card, "9F79", added)):
        card = extended_card("metro", offset_fen=4000, profile={"balance_fen": 1000})
        whole(card, "deduct", 3500)
        load(card)
        assert money(card) == left


def test_a_load_should_take_back_what_is_open_whatever_it_was():
    for form in ("deduct", "plain"):
        card = extended_card("bike", "metro", offset_fen=4000)
        whole(card, "freeze", 1000, "bike")
        select(card)
        ok(read(card, "metro"))
        ok(gpo_as(card, form, 500))
        assert (card.settled_fen, card.held_fen) == (9000, 10000)
        card.top_up(300)
        assert money(card) == (9300, 1000, 0) and card.held_fen == 10300


def test_a_kind_of_a_scenario_should_say_what_its_cards_have():
    texts = {"capp_trades": "metro, rides", "capp_r_mac": "yes", "balance_fen": "700"}
    made = changed(Profile(), texts)
    assert made.extended == Extension(("metro", "rides"), r_mac=True) and made.balance_fen == 700
    again = changed(made, {"capp_offset_fen": "40", "capp_layout": "t-union"}).extended
    assert again == Extension(("metro", "rides"), "t-union", True, offset_fen=40)
    for wrong, words in (
        ({"capp_tires": "4"}, "capp_trades"),
        ({"capp_r_mac": "1"}, "yes nor no"),
    ):
        with pytest.raises(ValueError, match=words):
            changed(Profile(), wrong)


def test_get_data_should_know_the_offset_of_cards_that_have_one():
    card = extended_card("metro", offset_fen=4000)
    assert value_of(card, "DF62") == "000000004000" and value_of(card, "DF63") == "0" * 12
    plain = extended_card("metro", r_mac=True)
    assert value_of(plain, "DF62") is value_of(plain, "DF63") is None
    assert value_of(plain, "DF61") == "81" and value_of(plain, "9F36") == "0000"


# --- a module ------------------------------------------------------------------------------------


def module_of(cipher):
    """The terminal's software module with the keys that `faretap card keys` prints."""
    rows = "\n".join(known_key_rows(cipher))
    made = software.Software(
        ciphers_cpython.CIPHERS, lambda: ("any", module_file.read_plain(rows, "rows"))
    )
    assert made.open() == "ready"
    return made


@pytest.mark.parametrize("cipher", ("3des", "sm4"))
def test_a_module_of_the_test_masters_should_stamp_and_read_a_card(cipher):
    card, module = extended_card("metro", r_mac=True, cipher=cipher), module_of(cipher)
    one = place("metro")
    factor = capp_keys.factor_of(card.pan, "01")
    assert module.derive(one.key_use, one.version, factor) == ""
    answer = ok(read(card, "metro", random=bytes(range(8))))
    assert module.mac(bytes(range(8)), answer[:-4]) == ("", answer[-4:])
    ok(gpo_as(card, "deduct", 200))
    record = written(card, "metro", 7)
    header = bytes([0x84, 0xDE, 0, one.sfi << 3, len(record) + 4])
    _, sent = module.mac(bytes(6) + b"\x00\x01", header + record)
    answer = ok(card.exchange(header + record + sent + b"\0"))
    assert module.mac(bytes(4) + sent, b"\x90\x00") == ("", answer)
    ok(last(card))
    select(card)
    assert ok(read(card, "metro"))[:-4] == record and money(card) == (9800, 0, 0)
