# SPDX-License-Identifier: Apache-2.0
"""One record as a row of the ledger: what can be asked for in columns, the whole of it sealed.

The date a record bears decides its business day as long as it can be believed; what lies in the
future, too far back, or is no date goes to the day on which it arrived, and `doubt` says why:

| doubt  | the record is dated                                  |
|--------|------------------------------------------------------|
| future | more than a day after its arrival                    |
| old    | more than DAYS_KEPT days before it                   |
| date   | on a day that is in no calendar                      |
| clock  | plausibly, by a clock that was not trusted (QT-015)  |
"""

from typing import NamedTuple

from firmware.errors import FormatError
from firmware.formats import record
from host_tools.ledger import days, reading
from host_tools.ledger.schema import COUNTS, LOST, UNREADABLE
from host_tools.ledger.stamps import Memory, memory_of
from host_tools.ledger.vault import DIGEST_BYTES, Vault


class Entry(NamedTuple):
    """A row of `records`, columns in their order, and behind them what is a row of `stamps`."""

    terminal: int
    sequence: int
    business_day: int
    settled_on: int
    mark: str
    doubt: str
    kind: int | None
    sale: bytes | None
    card: bytes | None
    card_shown: str
    day: str
    time: str
    time_utc_s: int
    amount_fen: int
    reason: str
    device: str
    line: int
    vehicle: int
    driver: int
    shift: int
    riders: int
    reference: int
    received_utc_s: int
    sealed: bytes
    memory: Memory | None = None

    @property
    def row(self) -> tuple:
        """The columns of `records`."""
        return self[:-1]

    @property
    def digest(self) -> bytes:
        """By which the same bytes are known again; nothing for a lost record."""
        return self.sealed[:DIGEST_BYTES]


class Calendar(NamedTuple):
    """How moments become business days."""

    cut_hour: int
    utc_offset_s: int

    def today(self, now_utc_s: int) -> int:
        """Business day of a moment."""
        return days.of_utc(now_utc_s // 3600, self.cut_hour, self.utc_offset_s)


def make_entry(
    vault: Vault, calendar: Calendar, now_utc_s: int, terminal: int, sequence: int, raw: bytes
) -> Entry:
    """The row of a record's bytes, whatever they are; no bytes: the record is lost."""
    today = calendar.today(now_utc_s)
    sealed = vault.seal(terminal, sequence, raw)
    try:
        found = reading.unpacked(raw) if raw else None
    except FormatError:
        found = None
    if found is None:
        return Entry(
            terminal, sequence, today, today, UNREADABLE if raw else LOST, "", None, None, None,
            "", "", "", 0, 0, "", "", 0, 0, 0, 0, 0, 0, now_utc_s, sealed,
        )  # fmt: skip
    day, doubt = _day(found, calendar, now_utc_s, today)
    pan = found["pan"]
    key = record.business_key(found)
    memory = memory_of(found)
    return Entry(
        terminal,
        sequence,
        day,
        day,
        COUNTS,
        doubt,
        found["kind"],
        vault.sale(key) if key else None,
        vault.card(record.pan_digits(pan)) if pan else None,
        record.mask_pan(pan) if pan else "",
        found["date"],
        found["time"],
        found["time_utc_s"],
        0 if memory and memory.frozen_fen else found["amount_fen"],  # frozen is not taken (QX-052)
        found["reason"],
        found["device"],
        found["line"],
        found["vehicle"],
        found["driver"],
        found["shift"],
        found.get("riders", 0),
        found.get("reference", 0),
        now_utc_s,
        sealed,
        memory,
    )


def _day(found: dict, calendar: Calendar, now_utc_s: int, today: int) -> tuple[int, str]:
    """(business day, doubt)."""
    day = days.of_local(found["date"], found["time"][:2], calendar.cut_hour)
    if day is None:
        return today, "date"
    if day > days.shifted(today, 1) or found["time_utc_s"] > now_utc_s + days.FUTURE_S:
        return today, "future"
    if day < days.shifted(today, -days.DAYS_KEPT):
        return today, "old"
    return day, "" if found["clock_trusted"] else "clock"
