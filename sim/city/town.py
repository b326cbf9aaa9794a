# SPDX-License-Identifier: Apache-2.0
"""All districts of a city on several processes, day after day; days cut and settled; one Report.

Each process has its districts and its own collector process; all share one database. What comes
out hangs on the plan alone: not on how many processes there are, nor on who is done first.
"""

import contextlib
import hashlib
import os
import resource
import time
from collections import Counter, namedtuple
from multiprocessing.connection import wait

from firmware.errors import FormatError, LinkLost
from firmware.formats import record
from host_tools.ledger import Ledger, claims, keys, registry, settlement
from sim.city import plan as plans
from sim.city.balance import Balance
from sim.city.desk import FORK, told
from sim.city.district import District
from sim.city.presenting import present_days

OPERATORS = ("North buses", "South buses")
KEY_ID = "city"
END_S = 3 * plans.DAY_S  # behind the last midnight: all days are over
SUSPECT_AT = 3  # failed proofs that propose a card for the deny list

# of a business day, as the ledger settles it
Day = namedtuple("Day", ("day", "sales", "sales_fen", "late"))
# hours: [(counts, faults, backlog)] at the end of each, sums since the start
Report = namedtuple(
    "Report",
    ("plan", "balance", "days", "hours", "counts", "drawn", "refused", "claims", "digest",
     "seconds", "cpu_s", "memory_mb", "frames", "commits", "presented"),
)  # fmt: skip


def run(plan, jobs=1, heard=lambda taps: None, only=None, plant="", acquirer=False):
    """Report of a city. heard(taps so far) is called now and then.

    only: number of the one district that is played; plant: of PLANTS, a loss to be found;
    acquirer: whether the settled days are presented to a simulated one.
    FormatError where the ledger is not empty, LinkLost where a process ends by itself.
    """
    began = time.monotonic()
    shares = plans.shares(plan)
    if only is not None:
        shares = [one for one in shares if one.number == only]
        if not shares:
            raise FormatError(f"there is no district {only} in such a city")
    enrol(plan, shares)
    crews = [Crew(plan, shares[start::jobs], plant) for start in range(min(jobs, len(shares)))]
    try:
        for day in range(plan.days):
            last = day == plan.days - 1
            for crew in crews:
                crew.begin(day, last)
            _wait(crews, heard)
            _settle(plan, day)
    finally:
        for crew in crews:
            crew.stop()
    found = [one for crew in crews for one in crew.results]
    found.sort(key=lambda one: one["number"])
    return _report(plan, found, began, acquirer)


def enrol(plan, shares):
    """Enter every number that may come, also of those that are fitted in place of others, and its
    key. FormatError where the ledger has terminals.
    """
    ledger = Ledger(plan.url, time_utc_s=lambda: plans.FIRST_DAY_UTC_S)
    try:
        if registry.terminals(ledger):
            raise FormatError(f"{plan.url} holds a ledger with terminals: give a new database")
        for share in shares:
            numbers = range(share.first, share.first + share.terminals)
            spare = [plans.SPARE_NUMBERS + one for one in numbers]
            operator = OPERATORS[share.number % len(OPERATORS)]
            registry.enrol(ledger, [*numbers, *spare], operator)
            secrets = {one: plans.secret_of(plan, one) for one in [*numbers, *spare]}
            keys.enter_all(ledger, secrets, KEY_ID)
    finally:
        ledger.close()


# --- processes ----------------------------------------------------------------------------------


class Crew:
    """A process with its districts, seen from here."""

    def __init__(self, plan, shares, plant):
        self.pipe, theirs = FORK.Pipe()
        self.process = FORK.Process(target=_work, args=(theirs, plan, shares, plant, os.getpid()))
        self.process.start()
        theirs.close()
        self.results = []
        self.taps = 0
        self.is_busy = False

    def begin(self, day, last):
        self.is_busy = True
        self.pipe.send((day, last))

    def hear(self):
        """Take what the process says. LinkLost when it has ended."""
        try:
            what, value = self.pipe.recv()
        except EOFError:
            self.process.join()
            raise LinkLost("a process of the city has ended; its last words are above") from None
        if what == "taps":
            self.taps = value
        elif what == "result":
            self.results.append(value)
        else:
            self.is_busy = False

    def stop(self):
        with contextlib.suppress(OSError):  # it has ended by itself
            self.pipe.send(None)
        self.process.join()


def _wait(crews, heard):
    while any(crew.is_busy for crew in crews):
        ready = wait([crew.pipe for crew in crews if crew.is_busy])
        for crew in crews:
            if crew.pipe in ready:
                crew.hear()
        heard(sum(crew.taps for crew in crews))


def _work(pipe, plan, shares, plant, parent):
    """The process: day after day as it is told, until it is told to end."""
    districts = {}
    done = [0]
    while True:
        try:
            order = told(pipe, parent)
        except EOFError:
            order = None
        if order is None:
            for district in districts.values():
                district.desk.stop()
            return
        day, last = order
        for share in shares:
            district = districts.pop(share.number, None) or District(plan, share)
            before = done[0] - district.counts["taps"]
            district.told = lambda taps, base=before: pipe.send(("taps", base + taps))
            district.day(day)
            done[0] = before + district.counts["taps"]
            if last:
                pipe.send(("result", _result(plan, district, plant)))
            else:
                district.sleep()
                districts[share.number] = district
        pipe.send(("end", None))


def _result(plan, district, plant):
    """What is kept of a district: plain values."""
    district.close()
    ledger = Ledger(plan.url)
    try:
        if plant:
            PLANTS[plant](district, ledger)
        balance = district.balance(ledger)
    finally:
        ledger.close()
    return {
        "number": district.share.number,
        "balance": balance,
        "hours": district.hours,
        "counts": district.counts,
        "drawn": district.draws.counts,
        "refused": Counter(district.net.refused),
        "frames": district.net.frames,
        "commits": district.net.commits,
        "digest": district.digest(),
    }


# --- settlement ---------------------------------------------------------------------------------


def _settle(plan, day):
    """At midnight behind a day: cut the business day before it, which ended at the cut hour."""
    if day:
        ledger = Ledger(plan.url, time_utc_s=lambda: _midnight(day + 1))
        settlement.cut(ledger, ledger.calendar.today(_midnight(day) - 1))
        ledger.close()


def _midnight(day):
    return plans.FIRST_DAY_UTC_S + day * plans.DAY_S


def _report(plan, found, began, acquirer):
    balance = sum((one["balance"] for one in found), Balance())
    now = [_midnight(plan.days) + END_S]
    ledger = Ledger(plan.url, time_utc_s=lambda: now[0])
    presented = None
    try:
        settlement.cut(ledger, ledger.calendar.today(now[0] - plans.DAY_S))
        days = [_day(ledger, one.day, one.late) for one in settlement.overview(ledger, 100000)]
        open_claims = _claims(ledger)
        if acquirer:
            numbers = [one.day for one in days]
            presented = present_days(ledger, numbers, plan.seed, any(plan.faults.values()), now)
    finally:
        ledger.close()
    _check_days(balance, days, open_claims)
    if presented:
        _check_presented(balance, days, presented)
    digest = hashlib.sha256("".join(one["digest"] for one in found).encode()).hexdigest()[:16]
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Report(
        plan=plan, balance=balance, days=days, hours=_hours(found),
        counts=_all(found, "counts"), drawn=_all(found, "drawn"),
        refused=_all(found, "refused"), claims=open_claims, digest=digest,
        seconds=time.monotonic() - began, presented=presented,
        cpu_s=usage.ru_utime + usage.ru_stime, memory_mb=usage.ru_maxrss / 1024,
        frames=sum(one["frames"] for one in found), commits=sum(one["commits"] for one in found),
    )  # fmt: skip


def _day(ledger, day, late):
    totals = settlement.totals(ledger, day)
    return Day(day, sum(t.sales for t in totals), sum(t.sales_fen for t in totals), late)


def _claims(ledger):
    """{what people have to look after: how many}."""
    return {
        "pending": len(claims.pending(ledger)),
        "gaps": len(claims.gaps(ledger)),
        "repeats": len(claims.repeats(ledger)),
        "proposals": len(claims.suspects(ledger, SUSPECT_AT, 0)),
        "quarantined": len(registry.quarantine(ledger)),
    }


def _check_days(balance, days, open_claims):
    """What the ledger settles against what the rows of it come to."""
    settled = (sum(one.sales for one in days), sum(one.sales_fen for one in days))
    approved = balance.sum_of("ledger", record.APPROVED)
    if settled != approved and not balance.marks:
        balance.faults.append(
            f"days settle {settled[0]} sales of {settled[1]} fen, the ledger has {approved[0]} of"
            f" {approved[1]}"
        )
    unsettled = sum(balance.sum_of("ledger", kind)[0] for kind in claims.UNSETTLED)
    if open_claims["pending"] != unsettled:
        balance.faults.append(
            f"{open_claims['pending']} torn taps are listed, {unsettled} are in the ledger"
        )
    for name in ("gaps", "repeats"):
        if open_claims[name]:
            balance.faults.append(f"the ledger has {open_claims[name]} {name}")


def _check_presented(balance, days, presented):
    settled = (sum(one.sales for one in days), sum(one.sales_fen for one in days))
    if settled != (presented.sales, presented.sales_fen):
        balance.faults.append(
            f"days settle {settled[0]} sales of {settled[1]} fen, the acquirer has"
            f" {presented.sales} of {presented.sales_fen}"
        )


def _all(found, name):
    return sum((one[name] for one in found), Counter())


def _hours(found):
    """Sums over the districts, hour by hour."""
    hours = []
    for rows in zip(*(one["hours"] for one in found), strict=True):
        counts = sum((row[0] for row in rows), Counter())
        drawn = sum((row[1] for row in rows), Counter())
        hours.append((counts, drawn, sum(row[2] for row in rows)))
    return hours


# --- losses that must be found ------------------------------------------------------------------


def _drop_record(district, ledger):
    """The ledger loses a record that it had acknowledged."""
    _statement(ledger, "DELETE FROM records WHERE terminal = {0} AND sequence = 2", district)


def _lose_fen_of_row(district, ledger):
    """A sale in the ledger is a fen less than its record says."""
    text = "UPDATE records SET amount_fen = amount_fen - 1 WHERE terminal = {0} AND sequence = 1"
    _statement(ledger, text, district)


def _statement(ledger, text, district):
    with ledger.engine.connect() as connection, connection.begin():
        connection.exec_driver_sql(text.format(district.share.first))


def _double_debit(district, ledger):
    """A card loses the price of its last ride once more, and no terminal knows."""
    state = _first_that_paid(district).card.state
    atc, amount_fen, final, purse, charge_fen = state["debits"][-1]
    state["debits"].append([atc + 1, amount_fen, final, purse, charge_fen])
    state["balance_fen"] -= amount_fen


def _lose_fen_of_card(district, ledger):
    """A fen is gone from a card, without a debit."""
    _first_that_paid(district).card.state["balance_fen"] -= 1


def _first_that_paid(district):
    return next(one for _, one in sorted(district.purses.items()) if one.finals)


PLANTS = {
    "record": _drop_record,
    "row-fen": _lose_fen_of_row,
    "debit": _double_debit,
    "card-fen": _lose_fen_of_card,
}
