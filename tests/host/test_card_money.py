# SPDX-License-Identifier: Apache-2.0
"""The card's money through tears, and its file through cuts (JR/T 0025.12 7.4.1, 7.7.19)."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.errors import FormatError
from sim.card import Card
from tests.host.card_reading import (
    PPSE,
    SELECT,
    get_data,
    gpo,
    image,
    last_of,
    ok,
    own_card,
    read_record,
    records_of,
    select,
    tags,
)

# --- tears --------------------------------------------------------------------------------------


def test_the_debit_should_be_final_only_with_the_last_record():
    card = own_card()
    select(card)
    ok(card.exchange(gpo(200)))
    assert (card.torn, card.balance_fen, card.debits) == (True, 9800, [(1, 200, False)])
    *others, last = [read_record(*record) for record in records_of(card.afl)]
    for record in others:
        ok(card.exchange(record))
        assert card.torn
    ok(card.exchange(last))
    assert (card.torn, card.balance_fen, card.debits) == (False, 9800, [(1, 200, True)])


@pytest.mark.parametrize(
    "rollback, after_select, after_gpo", (("select", 10000, 9900), ("gpo", 9800, 9900))
)
def test_a_torn_debit_should_be_taken_back(rollback, after_select, after_gpo):
    card = own_card(rollback=rollback)
    select(card)
    ok(card.exchange(gpo(200)))
    card.power_up()
    select(card)
    balance = tags(ok(card.exchange(get_data("9F79"))))["9F79"]
    assert int(balance.hex()) == after_select
    assert tags(ok(card.exchange(get_data("9F36"))))["9F36"] == b"\x00\x01"  # the ATC stays
    ok(card.exchange(gpo(100)))
    assert card.balance_fen == after_gpo
    ok(card.exchange(last_of(card)))
    assert card.debits == [(1, 200, False), (2, 100, True)]


def test_a_card_that_restores_at_gpo_should_commit_when_its_last_record_is_read_again():
    card = own_card(rollback="gpo")
    select(card)
    ok(card.exchange(gpo(200)))
    card.power_up()
    select(card)
    assert "9F69" in tags(ok(card.exchange(last_of(card))))
    assert (card.torn, card.debits) == (False, [(1, 200, True)])


def test_a_card_that_restored_should_forget_the_signature():
    card = own_card()
    select(card)
    ok(card.exchange(gpo(200)))
    select(card)
    assert "9F69" not in tags(ok(card.exchange(last_of(card))))
    assert (card.balance_fen, card.debits) == (10000, [(1, 200, False)])


TAPS = st.lists(
    st.tuples(st.integers(0, 6000), st.integers(0, 9), st.booleans(), st.booleans()), max_size=12
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TAPS, st.sampled_from(("select", "gpo")), st.sampled_from((1024, 1152)))
def test_money_should_be_conserved_whatever_is_torn(taps, rollback, bits):
    """A tap is cut behind `steps` commands; the last record may be read before the GPO."""
    card = own_card(rollback=rollback, bits=bits)
    for amount_fen, steps, reread, version_01 in taps:
        card.power_up()
        commands = [PPSE, SELECT] + [last_of(card)] * reread
        commands.append(gpo(amount_fen, ttq="28000080" if version_01 else "28000000"))
        commands += [read_record(*record) for record in records_of(card.afl)]
        for command in commands[:steps]:
            card.exchange(command)
        final = sum(amount for _, amount, done in card.debits if done)
        pending = card.debits[-1][1] if card.torn else 0
        assert card.balance_fen == 10000 - final - pending
        assert card.balance_fen >= 0
    card.power_up()
    select(card)
    card.exchange(gpo(999999))  # too much: declined, but whatever was open is settled now
    final = sum(amount for _, amount, done in card.debits if done)
    assert not card.torn and card.balance_fen == 10000 - final


# --- its file -----------------------------------------------------------------------------------


def test_a_card_should_go_on_from_its_file(tmp_path):
    path = tmp_path / "card.json"
    card = own_card(path=path, rollback="gpo")
    card.save()
    select(card)
    ok(card.exchange(gpo(200)))
    again = Card.load(path)
    assert (again.torn, again.balance_fen, again.atc) == (True, 9800, 1)
    assert again.rollback == "gpo" and again.path == path
    again.power_up()
    select(again)
    ok(again.exchange(last_of(again)))
    assert Card.load(path).debits == [(1, 200, True)]
    assert [one.name for one in tmp_path.iterdir()] == ["card.json"]  # no new file left behind


def test_every_change_should_be_in_the_file_before_the_answer(tmp_path):
    path = tmp_path / "card.json"
    card = own_card(path=path)
    card.save()
    for command in (PPSE, SELECT, gpo(200), *(read_record(*one) for one in records_of(card.afl))):
        card.exchange(command)
        assert Card.load(path).state == card.state


def test_a_cut_while_writing_should_leave_the_old_card(tmp_path):
    path = tmp_path / "card.json"
    card = own_card(path=path)
    card.save()
    path.with_suffix(".new").write_text('{"format": 1, "state"')  # torn off half way
    assert Card.load(path).balance_fen == 10000
    select(card)
    ok(card.exchange(gpo(200)))
    assert Card.load(path).balance_fen == 9800


@pytest.mark.parametrize("text", ("", "[]", "{}", '{"format": 2}', '{"format": 1, "state": {}}'))
def test_a_file_that_is_no_card_should_be_refused(tmp_path, text):
    path = tmp_path / "card.json"
    path.write_text(text)
    with pytest.raises(FormatError, match="card.json"):
        Card.load(path)


def test_only_two_ways_to_restore_should_be_known():
    with pytest.raises(ValueError):
        Card(image(), rollback="never")
