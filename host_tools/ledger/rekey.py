# SPDX-License-Identifier: Apache-2.0
"""Changes the key of a ledger in place: every sealed column and keyed hash, a block a commit.

What is small goes at once, in the transaction that names the new key in `books` beside the old
one: quarantine, keys of terminals, keys of acquirers. From then on nobody writes under the old key
(a sitting looks at `books`), and nobody at all until the change is over; questions are answered
under both keys. Records, their digests in `numbers` and the keys of `sales` follow by terminal and
number, with the place that was reached in the same commit: killed at any moment, it goes on there.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.formats import record
from host_tools.ledger import postgres, reading
from host_tools.ledger.credentials import place
from host_tools.ledger.engine import open_engine, writing
from host_tools.ledger.schema import BOOKS, NUMBERS, QUARANTINE, RECORDS, SALES, UPLOAD_KEYS
from host_tools.ledger.vault import BEFORE, DIGEST_BYTES, Vault

BLOCK = 500  # records of a commit
ACCOUNTS = sa.table(
    "acquirer_accounts",
    sa.column("account"),
    sa.column("master_sealed"),
    sa.column("mac_key_sealed"),
)


class Keys(NamedTuple):
    """The two vaults of a change."""

    old: Vault
    new: Vault


def rekey(url: str, old: bytes, new: bytes, told: Callable[[int], None] = lambda _: None) -> int:
    """Bring a ledger under the new key; how many records that took; `told` hears of each block.

    FormatError where the ledger is under neither key, or on the way to another one.
    """
    keys = Keys(Vault(old), Vault(new))
    engine = open_engine(url)
    try:
        if not _begun(engine, keys):
            return 0
        count = 0
        for some in _blocks(engine, keys):
            count += some
            told(count)
        return count
    finally:
        engine.dispose()


def _begun(engine: sa.Engine, keys: Keys) -> bool:
    """Whether there is anything to change; the first time it names both keys in the books."""
    with writing(engine) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(postgres.DAY_LOCK)))
        books = connection.execute(sa.select(BOOKS)).first()
        if books is None:
            raise FormatError("there is no ledger yet: nothing is under any key")
        now, before = bytes(books.key_check), bytes(books.key_before or b"")
        if now == keys.new.check and before in (b"", keys.old.check):
            return bool(before)
        if before or now != keys.old.check:
            raise FormatError(
                f"{BEFORE} is not the key of this ledger"
                + (", which is on its way to another one" if before else "")
            )
        _change_small(connection, keys)
        connection.execute(
            sa.update(BOOKS).values(
                key_check=keys.new.check, key_before=keys.old.check,
                rekeyed_terminal=0, rekeyed_sequence=0,
            )
        )  # fmt: skip
        return True


def _change_small(connection: sa.Connection, keys: Keys) -> None:
    for one in connection.execute(sa.select(QUARANTINE)).all():
        raw = keys.old.open(one.terminal, 0, bytes(one.sealed))
        sealed = keys.new.seal(one.terminal, 0, raw)
        here = (QUARANTINE.c.terminal == one.terminal, QUARANTINE.c.digest == one.digest)
        change = sa.update(QUARANTINE).where(*here)
        connection.execute(change.values(digest=sealed[:DIGEST_BYTES], sealed=sealed))
    for one in connection.execute(sa.select(UPLOAD_KEYS)).all():
        here = (UPLOAD_KEYS.c.terminal == one.terminal, UPLOAD_KEYS.c.key_id == one.key_id)
        sealed = _as_named(keys, place(one.terminal, one.key_id), one.sealed)
        connection.execute(sa.update(UPLOAD_KEYS).where(*here).values(sealed=sealed))
    for one in connection.execute(sa.select(ACCOUNTS)).all():
        master = _as_named(keys, f"acquirer {one.account} master", one.master_sealed)
        mac = _as_named(keys, f"acquirer {one.account} mac key", one.mac_key_sealed)
        change = sa.update(ACCOUNTS).where(ACCOUNTS.c.account == one.account)
        connection.execute(change.values(master_sealed=master, mac_key_sealed=mac))


def _as_named(keys: Keys, name: str, sealed: bytes) -> bytes:
    return keys.new.seal_as(name, keys.old.open_as(name, bytes(sealed)))


def _blocks(engine: sa.Engine, keys: Keys) -> Iterator[int]:
    """Change block after block; how many records each had. Ends when the old key is forgotten."""
    here = RECORDS.c
    while True:
        with writing(engine) as connection, connection.begin():
            books = connection.execute(sa.select(BOOKS).with_for_update()).one()
            reached = (books.rekeyed_terminal, books.rekeyed_sequence)
            after = sa.tuple_(here.terminal, here.sequence) > sa.tuple_(*map(sa.literal, reached))
            asked = sa.select(here.terminal, here.sequence, here.business_day, here.sealed)
            asked = asked.where(after).order_by(here.terminal, here.sequence).limit(BLOCK)
            rows = connection.execute(asked).all()
            if not rows:
                connection.execute(sa.update(BOOKS).values(key_before=None))
                return
            _change(connection, keys, [one for one in rows if one.sealed])
            last = {"rekeyed_terminal": rows[-1].terminal, "rekeyed_sequence": rows[-1].sequence}
            connection.execute(sa.update(BOOKS).values(last))
        yield len(rows)


def _change(connection: sa.Connection, keys: Keys, rows: list) -> None:
    """Records of one block, their digests, and the keys of the sales they name."""
    records, digests, sales = [], [], []
    for one in rows:
        raw = keys.old.open(one.terminal, one.sequence, bytes(one.sealed))
        sealed = keys.new.seal(one.terminal, one.sequence, raw)
        number = {"t": one.terminal, "n": one.sequence}
        hashes = _hashes(keys, raw)
        records.append(
            {
                **number,
                "d": one.business_day,
                "sealed": sealed,
                "card": hashes[0],
                "sale": hashes[2],
            }
        )
        digests.append({**number, "digest": sealed[:DIGEST_BYTES]})
        if hashes[1]:
            sales.append({"before": hashes[1], "sale": hashes[2]})
    if not rows:
        return
    bound = sa.bindparam
    mine = (RECORDS.c.terminal == bound("t"), RECORDS.c.sequence == bound("n"))
    change = sa.update(RECORDS).where(*mine, RECORDS.c.business_day == bound("d"))
    values = {name: bound(name) for name in ("sealed", "card", "sale")}
    connection.execute(change.values(values), records)
    taken = (NUMBERS.c.terminal == bound("t"), NUMBERS.c.sequence == bound("n"))
    connection.execute(sa.update(NUMBERS).where(*taken).values(digest=bound("digest")), digests)
    if sales:
        change = sa.update(SALES).where(SALES.c.sale == bound("before"))
        connection.execute(change.values(sale=bound("sale")), sales)


def _hashes(keys: Keys, raw: bytes) -> tuple[bytes | None, bytes | None, bytes | None]:
    """(card under the new key, sale under the old one, sale under the new one)."""
    try:
        found = reading.unpacked(raw)
    except FormatError:
        return None, None, None
    card = keys.new.card(record.pan_digits(found["pan"])) if found["pan"] else None
    key = record.business_key(found)
    return card, keys.old.sale(key) if key else None, keys.new.sale(key) if key else None
