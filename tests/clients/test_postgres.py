# SPDX-License-Identifier: Apache-2.0
"""The ledger on a real PostgreSQL: the tests of ledger and collector once more, and what several
workers, a server that goes away and a migration do to it. Debian's server, in a temporary folder.
"""

import subprocess
import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import host_tools.acquirer.tables  # noqa: F401 - METADATA knows a table when its file was read
import host_tools.ledger.schema_fleet  # noqa: F401
from firmware.errors import FormatError
from firmware.formats import batch, record
from host_tools.collector import Collector
from host_tools.ledger import COUNTS, DUPLICATE, Ledger, migrate, postgres
from host_tools.ledger.engine import open_engine
from host_tools.ledger.schema import METADATA
from sim.database import server_programs
from tests.host.test_collector import (  # noqa: F401 - run again, with the `ledger` of this file
    collector,
    test_a_batch_is_on_disk_when_it_is_acknowledged,
    test_a_batch_sent_again_is_acknowledged_again_and_stored_once,
    test_a_gap_is_refused_with_the_number_expected,
    test_a_ledger_that_cannot_commit_acknowledges_nothing,
    test_a_ledger_that_holds_the_top_number_already_is_answered_for,
    test_a_lost_record_is_a_stated_gap,
    test_a_terminal_never_seen_may_begin_anywhere,
    test_other_bytes_under_a_stored_number_are_a_conflict,
)
from tests.host.test_ledger import (  # noqa: F401
    PAN,
    packed,
    test_a_number_is_stored_once_and_a_batch_whole_or_not_at_all,
    test_a_row_says_what_the_record_says,
    test_lost_and_unreadable_records_are_stated,
    test_no_row_shows_a_whole_card_number,
    test_rows_are_filtered,
    test_the_same_key_with_another_amount_or_time_is_a_conflict,
    test_the_same_sale_twice_counts_once,
    test_totals_are_by_kind_and_only_approved_is_a_sale,
    test_what_happened_to_a_card_is_found_by_number_mask_or_last_four,
)
from tests.host.test_ledger_rekey import (  # noqa: F401
    filled,
    test_everything_is_under_the_new_key_and_nothing_under_the_old_one,
    test_interrupted_anywhere_it_goes_on_and_both_keys_read_meanwhile,
)
from tests.host.test_ledger_report import (  # noqa: F401
    test_car_should_be_inside_until_an_exit_lets_it_out,
    test_report_of_any_records_should_add_up_to_the_settlement,
    test_stay_in_the_store_should_be_told_from_its_exit_with_what_was_paid_before,
    test_stay_on_a_card_should_be_told_likewise,
    test_transfer_should_tell_the_ride_before_and_whether_anybody_knows_it,
)
from tests.host.test_ledger_trips import (  # noqa: F401
    test_a_late_trip_should_be_settled_with_the_first_open_day,
    test_entry_and_exit_should_be_one_trip,
    test_exit_without_an_entry_should_close_nothing,
    test_frozen_sum_should_be_no_money_and_its_completion_all_of_it,
    test_open_trip_should_be_listed_until_something_closes_it,
    test_price_of_a_missing_exit_should_stand_with_the_ride_that_was_not_ended,
    test_ride_on_a_card_of_t_union_should_be_joined_by_terminal_moment_and_card,
    test_ride_on_a_card_of_t_union_should_not_be_joined_with_anothers,
    test_sale_sent_twice_should_open_one_trip,
    test_settlement_should_tell_what_cards_with_memory_did,
    test_torn_taps_should_neither_close_nor_surely_open,
    test_what_cannot_be_read_should_be_kept_and_join_nothing,
    test_what_is_open_should_age_and_say_what_to_do,
)
from tests.host.test_rollout import (  # noqa: F401
    test_a_file_comes_out_in_pieces_of_any_size,
    test_a_halt_reaches_a_terminal_in_the_middle_of_a_file,
    test_a_number_is_a_file_for_ever,
    test_only_what_is_newer_and_fits_is_offered,
    test_terminals_may_be_named_and_belong_to_an_operator,
    test_too_many_refusals_halt_it_at_once,
)
from tests.host.test_settlement import (  # noqa: F401
    clocked,
    test_a_batch_that_cannot_be_taken_is_kept_aside_once_and_alarms,
    test_a_business_day_goes_from_cut_to_cut,
    test_a_dispute_finds_the_whole_story_of_each_card_that_fits,
    test_a_group_of_batches_is_taken_each_by_its_own_merits,
    test_cards_that_fail_again_and_again_are_proposed,
    test_gaps_are_listed_whether_stated_or_not,
    test_quarantine_is_bounded_and_counts_what_exceeds,
    test_shift_totals_are_held_against_records,
    test_totals_are_by_operator_line_terminal_and_shift,
    test_what_comes_after_the_cut_is_late_and_changes_no_total,
    test_what_is_pending_stays_on_the_list_the_oldest_first,
    test_what_was_given_back_is_listed_with_its_sale_and_is_no_sale,
    test_where_enrolment_is_closed_strangers_are_refused_under_one_count,
)

pytestmark = pytest.mark.skipif(
    server_programs() is None, reason="no PostgreSQL: tools/clients.sh database"
)
WORKERS, BATCHES, ITEMS = 4, 12, 5


@pytest.fixture
def ledger(url):
    opened = Ledger(url, key=bytes(range(32)), workers=WORKERS)
    yield opened
    opened.close()


def same_sale(number):
    return packed(atc=number)


def test_workers_of_several_ledgers_store_each_sale_once(ledger, url):
    """Every terminal brings the same sales, in another order, twice: one row of each counts."""
    # CL-006, QT-263
    others = [Ledger(url, key=bytes(range(32))) for _ in range(WORKERS)]
    sales = list(range(1, BATCHES * ITEMS + 1))

    def bring(terminal, own):
        collecting = Collector(own)
        order = sales if terminal % 2 else sales[::-1]
        for at in [*range(0, len(order), ITEMS)] * 2:
            items = [(at + i + 1, same_sale(n)) for i, n in enumerate(order[at : at + ITEMS])]
            frame = batch.pack_batch(terminal, items)
            while batch.unseal(answer := collecting.answer(frame))[0] != batch.ACK:
                assert batch.unseal(answer)[1]["code"] == batch.LATER, collecting.error

    threads = [threading.Thread(target=bring, args=one) for one in enumerate(others, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.totals() == {"approved": (len(sales), 200 * len(sales))}
    marks = [row.mark for row in ledger.rows()]
    assert (marks.count(COUNTS), marks.count(DUPLICATE)) == (60, 180) and len(marks) == 240
    for one in others:
        one.close()


def test_two_terminals_with_one_number_are_told_apart_by_their_bytes(ledger, url):
    """On two machines at the same moment: one of them is stored, the other one refused."""
    # CL-015
    others = [Ledger(url, key=bytes(range(32))) for _ in range(2)]
    answers = [[], []]

    def bring(side):
        collecting = Collector(others[side])
        for number in range(1, 9):
            items = [(number, packed(atc=number, driver=side))]
            answers[side].append(batch.unseal(collecting.answer(batch.pack_batch(7, items)))[1])

    threads = [threading.Thread(target=bring, args=(side,)) for side in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    codes = [one.get("code") for side in answers for one in side]
    assert codes.count(None) == len(ledger.raw(7)) == ledger.last_sequence(7) >= 1
    assert batch.CONFLICT in codes
    with ledger.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT count(*), sum(times) FROM quarantine").one()
    assert kept[0] == codes.count(batch.CONFLICT)
    for one in others:
        one.close()


def test_each_business_day_is_a_partition_and_a_wild_date_makes_none(ledger):
    ledger.commit(
        7, [(1, packed(atc=1)), (2, packed(atc=2, time_utc_s=0xFFFFFFFF, date="991231"))]
    )
    today = ledger.calendar.today(int(ledger.time_utc_s()))
    with ledger.engine.connect() as connection:
        days = postgres.partitions(connection)
    assert len(days) <= 2 and today in days
    assert len(ledger.rows()) == 2


def test_a_server_that_dies_in_mid_commit_loses_nothing_that_was_acknowledged(database):
    # CL-007
    ledger = Ledger(database.fresh(), key=bytes(range(32)))
    collecting = Collector(ledger)
    acknowledged, number = 0, 0
    killer = threading.Timer(0.02, database.kill)
    while True:
        number += 1
        frame = batch.pack_batch(7, [(number, packed(atc=number))])
        if batch.unseal(collecting.answer(frame))[0] != batch.ACK:
            break
        acknowledged = number
        if acknowledged == 4:
            killer.start()
    killer.join()
    assert acknowledged >= 4 and collecting.error
    database.start()
    kind, values = batch.unseal(collecting.answer(frame))
    assert (kind, values["upto"]) == (batch.ACK, number)
    assert [one for one, _ in ledger.raw(7)] == list(range(1, number + 1))
    ledger.close()


def test_the_migrations_make_the_schema_that_the_program_knows(ledger):
    with ledger.engine.connect() as connection:
        differs = compare_metadata(MigrationContext.configure(connection), METADATA)
    assert [one for one in differs if "records_2" not in str(one)] == []


def test_an_older_database_waits_until_somebody_says_so(database):
    url = database.fresh()
    engine = sa.create_engine(url)
    migrate.upgrade(engine, "0001")
    engine.dispose()
    with pytest.raises(FormatError, match="faretap ledger migrate"):
        open_engine(url)


def test_neither_dump_nor_files_hold_a_card_number(ledger, database):
    # CL-016: rows, sealed records with the number in the card's answer too, quarantine, WAL
    number = bytes.fromhex(PAN + "f")
    refused = packed(kind=record.REFUSED, atc=2, gpo_answer=number)
    ledger.commit(7, [(1, packed()), (2, refused)])
    Collector(ledger).answer(batch.pack_batch(7, [(1, packed(driver=5))]))  # into quarantine
    with ledger.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("CHECKPOINT")
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
    dump = [server_programs() / "pg_dump", "-h", "127.0.0.1", "-p", str(database.port)]
    dump += ["-U", "faretap", "-n", schema, "postgres"]
    told = subprocess.run(dump, capture_output=True, check=True).stdout
    files = [path for path in (database.folder / "data").rglob("*") if path.is_file()]
    everything = told + b"".join(path.read_bytes() for path in files)
    assert b"622848*********0123" in told and b"stored with other bytes" in told
    for clear in (number, number.hex().encode(), PAN.encode()):
        assert clear not in everything
