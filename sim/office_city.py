# SPDX-License-Identifier: Apache-2.0
"""A small city in a ledger, for `faretap office --demo` and the pictures of its pages.

Everything is simulated and follows from the seed: two weeks of a few dozen buses, with what goes
wrong in a city: torn taps, a backlog that comes after the cut, a number that was given twice, two
terminals that fell silent, somebody who forges, a roll-out that is halted. Records are those of
firmware/formats/record.py and come in by the ledger's own doors; no card, chip or link takes part.
The city's clock begins at START and goes on from there.
"""

import random
from datetime import UTC, datetime, timedelta

from firmware.devices import shift as bus_shift
from firmware.formats import batch, fields, record
from host_tools import sessions
from host_tools.ledger import Ledger, registry, settlement
from host_tools.office import doubtful
from host_tools.verdicts import REPLAYED
from sim.office_fleet import OFFSET, OPERATORS, START, Bus, Clock, Fleet, card_number

DAYS = 14
TERMINALS_A_LINE = 4
RUSH = (0, 0, 0, 0, 0, 2, 6, 14, 12, 6, 5, 5, 6, 5, 5, 6, 9, 13, 10, 6, 4, 3, 2, 1)
SILENT = {1007: 3, 1022: 5}  # terminal: days ago
BACKLOG = 1013  # its records of the day before yesterday come today
CARDS = 900
REFUSED = (
    (1011, sessions.FORGED, 4),
    (1030, REPLAYED, 1),
    (0, batch.reject_name(batch.UNKNOWN_TERMINAL), 17),
    (1002, batch.reject_name(batch.GAP), 2),
)


class City:
    """Fills a ledger; `make()` once."""

    def __init__(self, ledger: Ledger, clock: Clock, seed: int = 7, days: int = DAYS):
        self._ledger = ledger
        self._clock = clock
        self._days = days
        self._random = random.Random(seed)
        self._numbers: dict[int, int] = {}
        self._atc: dict[int, int] = {}
        self.buses = []
        for operator, lines in OPERATORS:
            for line in lines:
                for _ in range(TERMINALS_A_LINE):
                    self.buses.append(Bus(1001 + len(self.buses), line, operator))
        self._held: list[tuple[int, bytes]] = []  # what comes late

    def make(self) -> None:
        """Days of the city, one after the other, up to START."""
        ledger = self._ledger
        self._clock.local = START - timedelta(days=self._days)
        for operator, _ in OPERATORS:
            mine = [bus.terminal for bus in self.buses if bus.operator == operator]
            registry.enrol(ledger, mine, operator, "2026-01")
        for back in range(self._days - 1, -1, -1):
            self._day(back)
        registry.stop(ledger, self.buses[-1].terminal)
        self._troubles()
        Fleet(ledger, self._clock, self.buses, self._random, SILENT, BACKLOG).make()
        self._clock.local = START

    # --- a day

    def _day(self, back: int) -> None:
        """A day's records; BACKLOG has no link from the day before yesterday until today."""
        end = START if back == 0 else (START - timedelta(days=back)).replace(hour=23, minute=50)
        came = {}
        for bus in self.buses:
            if SILENT.get(bus.terminal, -1) < back:
                items = self._worked(bus, end.replace(hour=0, minute=0), end)
                if bus.terminal == BACKLOG and back in (1, 2):
                    self._held += items
                else:
                    came[bus.terminal] = items
        if back == 0:
            settlement.cut(self._ledger, int(f"{START - timedelta(days=2):%Y%m%d}"))
            came[BACKLOG] = self._held + came[BACKLOG]
        self._clock.local = end - timedelta(minutes=self._random.randrange(1, 9))
        self._store(came)

    def _store(self, came: dict[int, list[tuple[int, bytes]]]) -> None:
        ledger = self._ledger
        entries = [
            ledger.entry(terminal, number, raw)
            for terminal, items in came.items()
            for number, raw in items
        ]
        with ledger.sitting(entries) as sitting:
            sitting.standings(came)
            sitting.store(entries)

    def _worked(self, bus: Bus, date: datetime, end: datetime) -> list[tuple[int, bytes]]:
        """What a bus journals in a day, by number."""
        quiet = 0.6 if date.weekday() > 4 else 1.0
        rows = []
        for hour, weight in enumerate(RUSH):
            count = int(weight * quiet * self._random.uniform(0.2, 0.55))
            for second in sorted(self._random.sample(range(3600), count)):
                rows.append(date.replace(hour=hour, minute=second // 60, second=second % 60))
        rows = [moment for moment in rows if moment < end]
        driver = 4000 + bus.terminal % 100
        shift = date.timetuple().tm_yday
        items = [self._event(bus, rows[0], "shift_opened", driver, shift)] if rows else []
        paid = [0, 0]
        for moment in rows:
            number, raw, fen = self._tap(bus, moment, driver, shift)
            items.append((number, raw))
            paid = [paid[0] + (fen > 0), paid[1] + fen]
        if rows and end < START:
            items.append(self._event(bus, end, "shift_closed", driver, shift, *paid))
        return items

    def _tap(self, bus: Bus, moment: datetime, driver: int, shift: int) -> tuple[int, bytes, int]:
        card = self._random.randrange(CARDS)
        self._atc[card] = self._atc.get(card, 0) + 1
        kind, reason = record.APPROVED, "ok"
        luck = self._random.random()
        for share, other, why in (
            (0.0015, record.PENDING, "torn"),
            (0.0022, record.DEBITED_REFUSED, "oda_failed"),
            (0.0028, record.DEBITED_UNPROVEN, "torn_unproven"),
            (0.022, record.REFUSED, "card_declined"),
            (0.026, record.REFUSED, "deny_list"),
        ):
            if luck < share:
                kind, reason = other, why
                break
        fen = (200, 100, 50)[0 if card % 7 else 1 + card % 2]
        values = self._blank(kind, bus, moment, driver, shift) | {
            "reason": reason, "amount_fen": fen, "full_fare_fen": 200,
            "fare_class": "adult" if card % 7 else "student", "rule": "flat",
            "pan": bytes.fromhex(card_number(card)), "psn": 1,
            "atc": self._atc[card], "tc": self._random.randbytes(8), "oda": "fdda01",
            "balance_fen": self._random.randrange(200, 20000), "uid": self._random.randbytes(4),
        }  # fmt: skip
        return self._number(bus), record.pack(values), fen if kind == record.APPROVED else 0

    def _event(
        self, bus: Bus, moment: datetime, reason: str, driver: int, shift: int, count=0, fen=0
    ) -> tuple[int, bytes]:
        if bus.terminal == 1018 and moment.day == 18 and reason == "shift_closed":
            fen += 200  # a driver who is told more than the records say
        rows = [(count, count, fen)] + [(0, 0, 0)] * (bus_shift.COUNT - 1)
        kept = {"version": 1, "is_open": int(reason == "shift_opened"), "opened_utc_s": 0,
                "opened": "0" * 10, "rows": rows}  # fmt: skip
        values = self._blank(record.EVENT, bus, moment, driver, shift)
        told = {"reason": reason, "trade_data": fields.pack(bus_shift.CHECKPOINT, kept)}
        return self._number(bus), record.pack(values | told)

    def _blank(self, kind: int, bus: Bus, moment: datetime, driver: int, shift: int) -> dict:
        utc_s = int((moment - OFFSET).replace(tzinfo=UTC).timestamp())
        return record.blank(kind) | {
            "time_utc_s": utc_s, "date": f"{moment:%y%m%d}", "time": f"{moment:%H%M%S}",
            "device": "bus", "line": bus.line, "vehicle": 5000 + bus.terminal, "driver": driver,
            "shift": shift, "parameters_version": 31, "deny_list_version": 46, "trade": 2,
            "riders": 1 if kind != record.EVENT else 0, "clock_trusted": 1, "fares_version": 12,
        }  # fmt: skip

    def _number(self, bus: Bus) -> int:
        self._numbers[bus.terminal] = self._numbers.get(bus.terminal, 0) + 1
        return self._numbers[bus.terminal]

    # --- what goes wrong

    def _troubles(self) -> None:
        ledger, bus = self._ledger, self.buses[4]
        self._clock.local = START - timedelta(minutes=9)
        moment = START - timedelta(minutes=40)
        number, raw, _ = self._tap(bus, moment, 4004, 324)
        values = record.unpack(raw) | {"kind": record.APPROVED, "reason": "ok"}
        twin = self.buses[5]
        ledger.commit(bus.terminal, [(number, record.pack(values)), (self._number(bus), b"")])
        ledger.commit(twin.terminal, [(self._number(twin), record.pack(values))])
        other = record.pack(values | {"amount_fen": 300})
        ledger.commit(twin.terminal, [(self._number(twin), other)])
        ledger.commit(twin.terminal, [(self._number(twin), b"\x09 of a later version")])
        frame = batch.pack_batch(bus.terminal, [(number, other), (number + 1, other)])
        with ledger.sitting() as sitting:
            for _ in range(3):
                sitting.refuse(bus.terminal, "conflict")
                sitting.keep_aside(bus.terminal, f"{number} is stored with other bytes", frame)
            for terminal, reason, times in REFUSED:
                for _ in range(times):
                    sitting.refuse(terminal, reason)
        for one in doubtful.listed(ledger, "", "", 0, 2):
            doubtful.decide(
                ledger,
                one.terminal,
                one.sequence,
                "refunded",
                "客诉已核实 checked by phone",
                "clerk",
            )
