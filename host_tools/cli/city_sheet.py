# SPDX-License-Identifier: Apache-2.0
"""What the console shows of a city: tables of riders, faults and money, and the verdict."""

from rich.markup import escape
from rich.table import Table

from firmware.devices.panel import yuan
from sim.city.drawing import money
from sim.city.faults import FAULTS

DEVIATIONS_SHOWN = 12


def print_report(console, report, again):
    """All of it; `again`: the command that plays it once more."""
    console.print(_riders(report))
    if report.drawn:
        console.print(_faults(report))
    console.print(_money(report))
    console.print(_days(report))
    for text in _notes(report):
        console.print(text)
    faults = report.balance.faults
    for fault in faults:
        console.print(f"[red]{escape(fault)}[/red]")
    console.print(f"digest {report.digest}", style="dim")
    if faults:
        console.print(f"[red]it does not balance[/red]; once more: {escape(again)}")
    else:
        console.print("[green]cards, journals and ledger agree to the fen[/green]")


def _riders(report):
    counts, table = report.counts, Table(title="riders", title_justify="left")
    table.add_column("what")
    table.add_column("times", justify="right")
    for name in ("rides", "taps", "paid"):
        table.add_row(name, f"{counts[name]:,}")
    for name in sorted(set(counts) - {"rides", "taps", "paid"}):
        table.add_row(name, f"{counts[name]:,}")
    return table


def _faults(report):
    table = Table(title="faults that came to pass", title_justify="left")
    table.add_column("fault")
    table.add_column("times", justify="right")
    table.add_column("of these")
    for one in FAULTS:
        if report.drawn[one.name]:
            parts = [
                f"{name.partition(': ')[2]} {count}"
                for name, count in sorted(report.drawn.items())
                if name.startswith(one.name + ": ")
            ]
            table.add_row(one.name, f"{report.drawn[one.name]:,}", ", ".join(parts))
    return table


def _money(report):
    table = Table(title="money", title_justify="left")
    table.add_column("")
    table.add_column("count", justify="right")
    table.add_column("yuan", justify="right")
    for row in money(report):
        table.add_row(*row)
    return table


def _days(report):
    table = Table(title="settled", title_justify="left")
    for name in ("business day", "sales", "yuan", "late records"):
        table.add_column(name, justify="right")
    for one in report.days:
        table.add_row(str(one.day), f"{one.sales:,}", yuan(one.sales_fen), f"{one.late:,}")
    return table


def _presented(taken):
    met = ", ".join(f"{name} {count}" for name, count in sorted(taken.faults.items()))
    return (
        f"the acquirer has {taken.sales:,} sales of {yuan(taken.sales_fen)} in {taken.batches:,}"
        f" batches; {taken.messages:,} messages, on the way: {met or 'nothing lost'}"
    )


def _notes(report):
    """What is explained, what people have to look after, what it cost."""
    balance = report.balance
    for one in balance.deviations[:DEVIATIONS_SHOWN]:
        yield f"[yellow]explained[/yellow]: {one.name}, {one.count} of {yuan(one.fen)}: {one.what}"
    more = len(balance.deviations) - DEVIATIONS_SHOWN
    if more > 0:
        yield f"[yellow]explained[/yellow]: {more} more of the kind"
    refused = ", ".join(f"{name} {count}" for name, count in sorted(report.refused.items()))
    yield f"the collector refused: {refused or 'nothing'}"
    yield "to look after: " + ", ".join(f"{name} {n}" for name, n in report.claims.items())
    rules = ", ".join(f"{name} {count:,}" for name, count in sorted(balance.rules.items()))
    yield f"sales by what made the price: {rules or 'none'}"
    if report.presented:
        yield _presented(report.presented)
    rate = report.counts["taps"] / max(report.seconds, 0.001)
    yield (
        f"{report.counts['taps']:,} full taps, {report.frames:,} frames, {report.commits:,} groups"
        f" in {report.seconds:.0f} s ({rate:.0f} taps/s; {report.cpu_s:.0f} s of processor,"
        f" the largest process {report.memory_mb:.0f} MB)"
    )
