# SPDX-License-Identifier: Apache-2.0
"""A day at the acquirer: what goes up, what an answer does, settlement, cuts at each message."""

import os

import pytest
import sqlalchemy as sa

from firmware.errors import FormatError, LinkLost
from firmware.formats import record
from host_tools.acquirer import message, report, steps
from host_tools.acquirer.profile import parse
from host_tools.acquirer.tables import ACKED, BATCHES, CLOSED, PRESENTED, QUEUED, REFUSED
from sim.acquirer_cards import Issuers
from sim.acquirer_faults import FAULTS, Faults
from sim.ciphers import Sm4
from tests.host.acquirer_stand import DAY, PROFILE, Cut, Stand, chance, sale

LISTING = PROFILE.replace("[rules]", '[rules]\nlist_chip_data = "always"')
TWO = (
    PROFILE
    + """
[[merchant]]
name = "south"
merchant = "987654321098765"
terminal = "00001141"
operator = "South"
"""
)


def rows(stand, what="state"):
    """What our book says, by terminal and number."""
    asked = sa.select(PRESENTED).order_by(PRESENTED.c.terminal, PRESENTED.c.sequence)
    with stand.ledger.engine.connect() as connection:
        return [one._mapping[what] for one in connection.execute(asked)]


def books_agree(stand):
    """Each sale of ours that is accepted is in the acquirer's book once, where ours has it.

    Batches that are closed have the same sums on both sides.
    """
    theirs = [(fen, terminal, batch, trace) for _, fen, terminal, batch, trace, _
              in stand.acquirer_book.all_sales()]  # fmt: skip
    names = {one.name: one.terminal for one in stand.profile.merchants}
    with stand.ledger.engine.connect() as connection:
        asked = sa.select(PRESENTED).where(PRESENTED.c.state == ACKED)
        ours = [
            (one.amount_fen, names[one.account], one.batch, one.trace)
            for one in connection.execute(asked)
        ]
        closed = connection.execute(sa.select(BATCHES).where(BATCHES.c.state == CLOSED)).all()
    assert sorted(ours) == sorted(theirs)
    assert len(set(theirs)) == len(theirs)
    for one in closed:
        assert (one.sales, one.sales_fen) == stand.acquirer_book.sums(
            names[one.account], one.batch
        )
        assert stand.acquirer_book.state(names[one.account], one.batch) == CLOSED
    # CL-009: nothing that was sold offline is ever reversed
    assert not [mti for mti in stand.host.seen if mti.startswith("04")]


def test_a_day_goes_up_and_is_settled_in_batches(tmp_path):
    # CL-006, CL-010: torn and refused debits are not among what is presented
    stand = Stand(tmp_path)
    stand.sell(11)
    values = record.unpack(sale(90))
    for number, kind in enumerate((record.PENDING, record.DEBITED_REFUSED, record.REFUSED), 12):
        stand.ledger.commit(7, [(number, record.pack({**values, "kind": kind}))])
    assert stand.queue() == (11, 2200, 11, 0)
    assert stand.queue().queued == 0
    stand.present()
    books_agree(stand)
    assert rows(stand) == [ACKED] * 11
    told = [one for one in stand.events if one["event"] == "settled"]
    assert [(one["sales"], one["balance"]) for one in told] == [(8, "balanced"), (3, "balanced")]
    assert stand.acquirer_book.batches()[-1][2] == "open"
    sent = stand.sent
    stand.present()
    assert stand.sent == sent  # nothing is left to say


def test_a_day_that_is_not_cut_is_not_presented(tmp_path):
    stand = Stand(tmp_path)
    stand.sell(1)
    from host_tools.acquirer.intake import queue_day

    with pytest.raises(FormatError, match="--cut"):
        queue_day(stand.ledger, stand.profile, DAY)


def test_operators_have_accounts_of_their_own(tmp_path):
    stand = Stand(tmp_path, TWO)
    stand.enrol([8], "South")
    stand.sell(2)
    stand.sell(3, terminal=8, first=20)
    stand.queue()
    stand.present("south")
    assert [one[2] for one in stand.acquirer_book.all_sales()] == ["00001141"] * 3
    stand.present("north")
    books_agree(stand)
    assert rows(stand, "account") == ["north"] * 2 + ["south"] * 3


def test_several_terminal_numbers_share_the_sales_of_one_operator(tmp_path):
    """By terminal, so that each sale is in one account, whatever the profile says later."""
    shared = TWO.replace('operator = "South"', "")
    stand = Stand(tmp_path, shared)
    for terminal in (7, 8, 10):
        stand.sell(2, terminal=terminal, first=terminal * 10)
    stand.queue()
    assert rows(stand, "account") == ["south"] * 2 + ["north"] * 4
    stand.profile = parse(PROFILE)
    assert stand.queue().queued == 0
    stand.profile = parse(shared)
    for name in ("north", "south"):
        stand.present(name)
    books_agree(stand)


def test_an_operator_without_a_merchant_is_counted(tmp_path):
    stand = Stand(tmp_path, PROFILE + '\noperator = "North"')
    stand.enrol([7], "North")
    stand.sell(2)
    stand.sell(1, terminal=9, first=50)
    assert stand.queue() == (3, 600, 2, 1)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_each_message_costs_nothing(tmp_path, fault):
    """CL-017, CL-018: each fault of the way, at one message after another of a settlement."""
    planned = {number: fault for number in range(1, 60, 3)}
    stand = Stand(tmp_path, LISTING, Faults(planned))
    stand.sell(10)
    stand.queue()
    stand.present()
    books_agree(stand)
    assert rows(stand) == [ACKED] * 10
    assert stand.way.faults.met[fault] > 3
    if fault in ("crossed", "late"):
        assert [one for one in stand.events if one["event"] == "stray_answer"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_cut_at_every_message_it_goes_on_there(tmp_path, moment):
    """Our power fails before or after the acquirer has committed; clearing.md 8."""
    number = tried = 0
    while True:
        number += 1
        folder = tmp_path / str(number)
        folder.mkdir()
        stand = Stand(folder, LISTING.replace("batch_sales = 8", "batch_sales = 2"))
        stand.sell(3)
        stand.queue()
        try:
            stand.present(cut=lambda n, at=number: moment if n == at else "")
        except Cut:
            tried += 1
        else:
            break
        if number % 4 == 0:
            stand.restart()
        stand.present()
        books_agree(stand)
        assert rows(stand) == [ACKED] * 3
        assert max(rows(stand, "trace")) == max(one[4] for one in stand.acquirer_book.all_sales())
        stand.ledger.close()
    # sign-on, two sales, 0500, two listed, end; sign-on, one sale, 0500, one listed, end; sign-on
    assert tried == 13
    stand.ledger.close()


@pytest.mark.parametrize("seed", range(int(os.environ.get("SEEDS", "4"))))
def test_a_lossy_way_clears_each_sale_once(tmp_path, seed):
    """A model of the way: faults of all kinds, cuts of ours, at random, until all is through."""
    chosen = chance(seed)
    stand = Stand(tmp_path, TWO, Faults(share=0.3, seed=seed))
    stand.enrol([8], "South")
    stand.sell(12)
    stand.sell(6, terminal=8, first=30)
    wrong = record.unpack(sale(60))
    stand.ledger.commit(7, [(13, record.pack({**wrong, "amount_fen": 300}))])  # not the card's
    stand.queue()
    cuts = 0
    for name in ("north", "south"):
        while True:
            at = stand.sent + chosen.randrange(1, 25)
            moment = chosen.choice(["before", "after"])
            try:
                stand.present(name, lambda n, at=at, moment=moment: moment if n == at else "")
            except (Cut, LinkLost):
                cuts += 1
                stand.clock[0] += 60
                continue
            break
    books_agree(stand)
    assert rows(stand) == [ACKED] * 12 + [REFUSED] + [ACKED] * 6
    assert cuts and sum(stand.way.faults.met.values()) >= 5
    print(seed, "cuts", cuts, "messages", stand.sent, stand.way.faults.met)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount_fen": 300}, "13"),
        ({"pan": bytes.fromhex("6228000100000099")}, "05"),
        ({"psn": 2}, "05"),
    ],
)
def test_what_is_refused_is_kept_and_not_repeated(tmp_path, change, code):
    # CL-010
    stand = Stand(tmp_path)
    stand.sell(1, **change)
    stand.sell(1, first=5)
    stand.queue()
    stand.present()
    stand.present()
    assert rows(stand) == [REFUSED, ACKED] and rows(stand, "answer") == [code, "00"]
    assert stand.host.seen["0200"] == 2 and stand.host.refusals == {code: 1}
    assert [one["sales"] for one in stand.events if one["event"] == "settled"] == [1]


def test_refusals_in_a_row_stop_a_run_before_it_spoils_a_day(tmp_path):
    """A fault of one side refuses everything: it is found by the third, and sent again by hand."""
    stand = Stand(tmp_path, PROFILE.replace("[rules]", "[rules]\nrefusals_in_a_row = 3"))
    stand.sell(2, amount_fen=999)
    stand.sell(8, first=20)
    stand.queue()
    issuers, stand.host.issuers = stand.host.issuers, Issuers()
    with pytest.raises(steps.Stopped, match="in a row"):
        stand.present()
    assert rows(stand) == [REFUSED] * 3 + [QUEUED] * 7
    stand.host.issuers = issuers
    assert report.again(stand.book(), DAY, "14", "their keys were gone") == 1
    assert report.again(stand.book(), DAY, "14", "twice") == 0
    stand.present()
    books_agree(stand)
    assert rows(stand) == [REFUSED] * 2 + [ACKED] * 8


def test_a_sale_that_fits_no_message_never_leaves(tmp_path):
    # CL-012: another currency is not converted
    stand = Stand(tmp_path)
    values = record.unpack(sale(1))
    other = values["chip_data"].replace(bytes.fromhex("5F2A020156"), bytes.fromhex("5F2A020344"))
    stand.ledger.commit(7, [(1, record.pack({**values, "chip_data": other}))])
    stand.queue()
    stand.present()
    assert rows(stand) == [REFUSED] and "344" in rows(stand, "note")[0]
    assert "0200" not in stand.host.seen


def test_a_terminal_nobody_knows_stops_and_loses_nothing(tmp_path):
    stand = Stand(tmp_path)
    stand.sell(2)
    stand.queue()
    known = dict(stand.host.masters)
    stand.host.masters.clear()
    with pytest.raises(steps.Stopped, match="97"):
        stand.present()
    assert rows(stand) == [QUEUED] * 2
    stand.host.masters.update(known)
    stand.present()
    books_agree(stand)


def test_a_wrong_master_key_is_found_by_the_check_value(tmp_path):
    """Sign-on under another key: nothing is used, nothing goes up."""
    stand = Stand(tmp_path)
    stand.sell(1)
    stand.queue()
    from host_tools.acquirer.keys import Key

    stand.book().keep_master(Key(bytes(16)))
    with pytest.raises(LinkLost, match="check value"):
        stand.present()
    assert stand.book().mac_key() is None and set(stand.host.seen) == {"0800"}


@pytest.mark.parametrize(
    "rules",
    [
        'mac = "x9.9"\nmac_form = "binary"\nsign_on = "001"',
        'mac = "x9.19"',
        'mac = "x9.19"\nmac_form = "binary"\nsign_on = "004"',
        'mac = "sm4"\nkey_cipher = "sm4"',
        "mac_whole_key = true",
        'optional = [12, 13, 38]\nmac_messages = ["0200"]',
    ],
)
def test_each_kind_of_mac_and_key_works_end_to_end(tmp_path, rules):
    stand = Stand(tmp_path, PROFILE.replace("[rules]", "[rules]\n" + rules))
    stand.sell(2)
    stand.sell(2, first=40, cipher=Sm4)
    stand.queue()
    stand.present()
    books_agree(stand)
    assert rows(stand) == [ACKED] * 4


def test_a_sale_past_its_deadline_is_held_where_the_profile_says_so(tmp_path):
    held = PROFILE.replace("[rules]", '[rules]\nafter_deadline = "hold"\npresentation_days = 2')
    stand = Stand(tmp_path, held)
    stand.sell(1)
    stand.queue()
    stand.clock[0] += 9 * 86400
    stand.present()
    assert rows(stand) == [QUEUED] and "0200" not in stand.host.seen


def test_the_message_of_a_sale_is_as_the_book_has_it(tmp_path):
    """CL-002, CL-003, CL-004, CL-005: clearing.md 8, every field."""
    from host_tools.acquirer.sale import sale_message

    raw = sale(3, fen=250)
    profile = parse(PROFILE)
    made = sale_message(profile, profile.merchants[0], raw, 12, 345)
    chip = made.fields.pop(55)
    assert made.fields == {
        2: "6228000100000003", 3: "000000", 4: "000000000250", 11: "000345", 14: "3512",
        22: "0720", 23: "0001", 25: "00", 38: "ECC001", 41: "00001140", 42: "123456789012345",
        49: "156", 60: "3600001200060", 63: "CUP",
    }  # fmt: skip
    sent = record.unpack(raw)["chip_data"].hex().upper()
    for tag in ("9F26", "9F10", "9F36", "9F02", "9F37"):
        at = chip.index(tag)
        length = 2 * int(chip[at + 4 : at + 6], 16)
        assert chip[at : at + 6 + length] in sent
    assert chip.startswith("9F2608") and chip.endswith("8A025931")
    frame = message.pack(made._replace(fields={**made.fields, 55: chip}))
    assert message.unpack(frame).text(55) == chip
