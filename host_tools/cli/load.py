# SPDX-License-Identifier: Apache-2.0
"""Send a day of simulated taps to a collector of its own, twice, and hold the totals against it"""

import contextlib
import tempfile

import click
import sqlalchemy as sa

from firmware.errors import LinkLost
from host_tools.cli.bench_collector import Apart
from host_tools.cli.load_day import Day, Told
from sim.database import Database

CITY_TAPS = 50_000_000
SECONDS_OF_DAY = 86_400
MIB = 1 << 20


@click.command(
    epilog="""\b
Examples:
  faretap load                                 100,000 records into SQLite
  faretap load --records 500000 --postgresql   into a PostgreSQL of its own
  faretap load --records 5000000 --terminals 5000 --lines 16 --postgresql --workers 2
  faretap load --database day.db               keep the ledger, for `faretap ledger days`
"""
)
@click.option("--records", type=click.IntRange(1), default=100_000, show_default=True)
@click.option("--terminals", type=click.IntRange(1, 100_000), default=100, show_default=True)
@click.option(
    "--each", type=click.IntRange(1, 100), default=100, show_default=True, help="Records a batch."
)
@click.option(
    "--lines", type=click.IntRange(1, 256), default=16, show_default=True, help="At a time."
)
@click.option("--workers", type=click.IntRange(1, 16), default=1, show_default=True)
@click.option("--seed", default=6, show_default=True)
@click.option("--database", metavar="FILE|URL", help="A ledger of simulated cards, kept.")
@click.option("--postgresql", is_flag=True, help="A server of its own, gone afterwards.")
def command(records, terminals, each, lines, workers, seed, database, postgresql):
    """A load test. It sends a day, then the same day again, and ends.

    Collector and sender run on this machine and speak over loopback, to nobody else. Nothing is
    kept unless --database says so. Exit code 1 where a total is not what was sent.
    """
    day = Day(records, terminals, each, seed=seed)
    with contextlib.ExitStack() as places:
        url = place(places, database, postgresql)
        with Apart(url, workers) as apart:
            before = apart.totals()
            if before:
                raise click.ClickException("this ledger holds records: choose a new one")
            click.echo(f"{day.count:,} records of {terminals:,} terminals, {each} a batch")
            first = apart.sent(day, day.frames, lines)
            tell("sent", day, first)
            stored = apart.totals()
            again = apart.sent(day, day.frames, lines)
            tell("sent again", day, again)
            same = apart.totals() == stored == {"approved": (day.count, day.fen)}
        bytes_each = size_of(url) / day.count
        click.echo(
            f"totals: {day.count:,} sales, {day.fen:,} fen, {'the same' if same else stored}"
        )
        click.echo(
            f"disk: {bytes_each * day.count / MIB:,.0f} MiB, {bytes_each:,.0f} bytes a record"
        )
        hours = CITY_TAPS * first.seconds / day.count / 3600
        disk = CITY_TAPS * bytes_each / (1 << 30)
        click.echo(f"{CITY_TAPS:,} at this pace: {hours:.1f} hours, {disk:,.0f} GiB")
    if not same:
        raise click.ClickException("the totals are not those of the records that were sent")


def place(places: contextlib.ExitStack, database: str | None, postgresql: bool) -> str:
    """URL of the ledger to fill."""
    if database and postgresql:
        raise click.UsageError("--database or --postgresql, not both")
    if postgresql:
        try:
            return places.enter_context(Database()).fresh()
        except LinkLost as none:
            raise click.ClickException(str(none)) from none
    if database:
        return database if "://" in database else f"sqlite:///{database}"
    return f"sqlite:///{places.enter_context(tempfile.TemporaryDirectory())}/ledger.db"


def tell(what: str, day: Day, told: Told) -> None:
    """A line about one sending."""
    kib = told.kib or [0]
    tenths = [kib[len(kib) * at // 10] // 1024 for at in range(10)]
    memory = f"{tenths[0]} MiB, then " + " ".join(map(str, [*tenths[1:], kib[-1] // 1024]))
    click.echo(
        f"{what}: {told.seconds:,.0f} s, {day.count / told.seconds:,.0f} records/s, "
        f"{told.frames:,} batches acknowledged; memory of the collector by tenths {memory}"
    )


def size_of(url: str) -> int:
    """Bytes a database takes, indexes and all."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            asked = "SELECT pg_database_size(current_database())"
            size = connection.exec_driver_sql(asked).scalar_one()
        else:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            size = pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one()
    engine.dispose()
    return size
