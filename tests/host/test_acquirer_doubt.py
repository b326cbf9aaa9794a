# SPDX-License-Identifier: Apache-2.0
"""Doubt at the acquirer: books that differ, sales nobody answered, ledgers from an older copy."""

import pytest
import sqlalchemy as sa

from firmware.errors import FormatError, LinkLost
from host_tools.acquirer import batches
from host_tools.acquirer.profile import parse
from host_tools.acquirer.tables import ACCOUNTS, ACKED, BATCHES, PRESENTED, QUEUED
from sim.acquirer_faults import Faults
from tests.host.acquirer_stand import DAY, PROFILE, Stand
from tests.host.test_acquirer_present import books_agree, rows


def test_a_batch_that_does_not_balance_is_listed_until_both_agree(tmp_path):
    """The acquirer lost a sale it had accepted: 0510 says so, 0320 brings it again."""
    stand = Stand(tmp_path)
    stand.sell(4)
    stand.queue()
    stand.present(settle=False)
    stand.acquirer_book._base.execute("DELETE FROM sales WHERE trace = 3")
    stand.present()
    books_agree(stand)
    assert [one["balance"] for one in stand.events if one["event"] == "settled"] == [
        "not balanced"
    ]
    assert [one[5] for one in stand.acquirer_book.all_sales()] == [1] * 4
    assert stand.acquirer_book.batches()[0][2:] == ("closed", "202 0004")


def test_what_the_acquirer_puts_off_goes_into_a_later_batch(tmp_path):
    plan = {number: "busy" for number in range(2, 50)}
    stand = Stand(tmp_path, PROFILE.replace("attempts = 12", "attempts = 2"), Faults(plan))
    stand.sell(2)
    stand.queue()
    with pytest.raises(LinkLost):  # the settlement too is put off
        stand.present()
    assert rows(stand) == [QUEUED] * 2 and rows(stand, "batch") == [0] * 2
    stand.way.faults.plan = {}
    stand.clock[0] += 3600
    stand.present()
    books_agree(stand)
    assert rows(stand) == [ACKED] * 2 and rows(stand, "batch") == [2] * 2


def test_a_batch_is_not_settled_while_a_sale_is_in_doubt(tmp_path):
    stand = Stand(tmp_path, faults=Faults({number: "silent" for number in range(3, 99)}))
    stand.sell(3)
    stand.queue()
    with pytest.raises(LinkLost):
        stand.present()
    book = stand.book()
    with pytest.raises(FormatError, match="may have arrived"):
        batches.begin_settlement(book)
    assert stand.acquirer_book.count() == 2  # the second is there, and nobody told us
    stand.way.faults.plan = {}
    stand.present()
    books_agree(stand)


def test_a_full_batch_waits_for_the_one_that_is_put_off_in_doubt(tmp_path):
    """Unanswered, then put off: others that are due have no place in the batch meanwhile."""
    slow = PROFILE.replace("retry_s = 1", "retry_s = 30").replace(
        "batch_sales = 8", "batch_sales = 2"
    )
    stand = Stand(tmp_path, slow, Faults({3: "silent", 4: "busy"}))
    stand.sell(6)
    stand.queue()
    stand.present()
    books_agree(stand)
    assert rows(stand) == [ACKED] * 6 and rows(stand, "attempts")[1] == 3


def test_totals_that_are_not_those_of_the_records_settle_nothing(tmp_path):
    stand = Stand(tmp_path)
    stand.sell(2)
    stand.queue()
    stand.present(settle=False)
    with stand.book().writing() as connection:
        connection.execute(sa.update(PRESENTED).values(amount_fen=1))
    with pytest.raises(FormatError, match="their records say"):
        stand.present()
    assert "0500" not in stand.host.seen


def test_a_ledger_from_an_older_copy_clears_nothing_twice(tmp_path):
    """What we forgot the acquirer still knows: 94, in no batch of ours, and both sums agree."""
    stand = Stand(tmp_path)
    stand.sell(4)
    stand.queue()
    stand.present()
    before = stand.acquirer_book.all_sales()
    with stand.book().writing() as connection:
        for table in (PRESENTED, BATCHES, ACCOUNTS):
            connection.execute(sa.delete(table))
    stand.queue()
    stand.present()
    assert rows(stand) == [ACKED] * 4 and rows(stand, "batch") == [0] * 4
    assert "before" in rows(stand, "note")[0]
    assert stand.acquirer_book.all_sales() == before
    told = [one for one in stand.events if one["event"] == "settled"]
    assert [(one["sales"], one["balance"]) for one in told] == [(4, "balanced"), (0, "balanced")]


def test_an_acquirer_that_gives_a_closed_batch_again_is_not_believed(tmp_path):
    stand = Stand(tmp_path)
    stand.sell(1)
    stand.queue()
    stand.present()
    stand.sell(1, first=9)
    stand.clock[0] += 86400
    stand.queue(DAY + 1)
    stand.acquirer_book._base.execute("DELETE FROM batches")
    with stand.book().writing() as connection:
        connection.execute(sa.delete(BATCHES).where(BATCHES.c.state == "open"))
    with pytest.raises(FormatError, match="closed here"):
        stand.present()
    assert rows(stand) == [ACKED, QUEUED]


def test_a_terminal_number_does_not_change_under_a_name(tmp_path):
    stand = Stand(tmp_path)
    stand.book()
    stand.profile = parse(PROFILE.replace("00001140", "00001199"))
    with pytest.raises(FormatError, match="name of its own"):
        stand.book()
