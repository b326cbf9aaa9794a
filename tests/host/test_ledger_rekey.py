# SPDX-License-Identifier: Apache-2.0
"""The key of a ledger is changed in place: whole or to be gone on with, and nothing is lost."""

import pytest
import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.formats import batch
from host_tools.acquirer.tables import ACCOUNTS
from host_tools.collector import Collector
from host_tools.ledger import DUPLICATE, Ledger, keys, registry
from host_tools.ledger import rekey as change
from tests.host.test_ledger import PAN, packed

OLD, NEW, THIRD = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96))
SECRET = bytes(range(100, 132))


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'city.db'}"


@pytest.fixture
def filled(url):
    ledger = Ledger(url, key=OLD)
    for terminal in (7, 8):
        items = [(number, packed(atc=number)) for number in range(1, 8)]
        ledger.commit(terminal, [*items, (8, b""), (9, b"\x09?")])
    Collector(ledger).answer(batch.pack_batch(7, [(1, packed(atc=99))]))  # into quarantine
    keys.enter(ledger, 7, "first", SECRET)
    account = {
        "account": "bank", "merchant": "", "terminal": "", "trace": 0, "batch": 0,
        "master_sealed": ledger.vault.seal_as("acquirer bank master", SECRET),
        "mac_key_sealed": b"", "signed_on_utc_s": 0,
    }  # fmt: skip
    with ledger.engine.begin() as connection:
        connection.execute(sa.insert(ACCOUNTS).values(account))
    yield ledger
    ledger.close()


def all_of(ledger):
    return [[*ledger.raw(7), *ledger.raw(8)], ledger.rows(), ledger.card_history(PAN)]


def test_everything_is_under_the_new_key_and_nothing_under_the_old_one(filled, url):
    # CL-016
    before, frames = all_of(filled), [one.frame for one in registry.quarantine(filled)]
    assert change.rekey(url, OLD, NEW) == 18
    with pytest.raises(FormatError, match="another key"):
        Ledger(url, key=OLD)
    ledger = Ledger(url, key=NEW)
    assert all_of(ledger) == before
    assert [one.frame for one in registry.quarantine(ledger)] == frames and frames
    assert ledger.credentials([7])[7].signers[0].key_id == "first"
    with ledger.engine.connect() as connection:
        sealed = connection.execute(sa.select(ACCOUNTS.c.master_sealed)).scalar_one()
    assert ledger.vault.open_as("acquirer bank master", bytes(sealed)) == SECRET
    # CL-006, QT-263: what comes again is known again
    collector = Collector(ledger, unsigned=True)
    again = batch.pack_batch(8, [(number, packed(atc=number)) for number in range(1, 8)])
    assert batch.unseal(collector.answer(again))[0] == batch.ACK
    ledger.commit(9, [(1, packed(atc=3))])
    assert [row.mark for row in ledger.rows(terminal=9)] == [DUPLICATE]
    assert change.rekey(url, OLD, NEW) == 0
    ledger.close()


def test_interrupted_anywhere_it_goes_on_and_both_keys_read_meanwhile(filled, url, monkeypatch):
    before = all_of(filled)
    monkeypatch.setattr(change, "BLOCK", 4)

    def stop(_count):
        raise InterruptedError

    for _ in range(3):
        with pytest.raises(InterruptedError):
            change.rekey(url, OLD, NEW, stop)
        with pytest.raises(FormatError, match="FARETAP_LEDGER_KEY_BEFORE"):
            Ledger(url, key=NEW)
        ledger = Ledger(url, key=NEW, key_before=OLD)
        assert all_of(ledger) == before
        with pytest.raises(FormatError, match="is changed"):
            ledger.commit(9, [(1, packed(atc=50))])
        ledger.close()
    with pytest.raises(FormatError, match="on its way"):
        change.rekey(url, OLD, THIRD)
    assert change.rekey(url, OLD, NEW) == 6
    ledger = Ledger(url, key=NEW)
    assert all_of(ledger) == before
    ledger.close()


def test_a_collector_that_runs_on_under_the_old_key_is_told_later(filled, url):
    # CL-007: what nobody could read any more is not acknowledged
    collector = Collector(filled)
    change.rekey(url, OLD, NEW)
    frame = batch.pack_batch(8, [(10, packed(atc=70))])
    kind, values = batch.unseal(collector.answer(frame))
    assert (kind, values["code"]) == (batch.REJECT, batch.LATER)
    with filled.engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM records")).scalar() == 18


def test_another_key_than_the_ledgers_changes_nothing(filled, url):
    before = all_of(filled)
    with pytest.raises(FormatError, match="not the key of this ledger"):
        change.rekey(url, THIRD, NEW)
    assert all_of(filled) == before
