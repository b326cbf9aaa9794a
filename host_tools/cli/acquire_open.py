# SPDX-License-Identifier: Apache-2.0
"""What the commands of the acquirer's side share: the profile, and a run of all accounts."""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import sqlalchemy as sa

from firmware.errors import FormatError, LinkLost
from host_tools.acquirer import profile as profiles
from host_tools.acquirer.alone import alone
from host_tools.acquirer.book import Book
from host_tools.acquirer.line import TcpLine, drive
from host_tools.acquirer.present import present
from host_tools.acquirer.profile import Merchant, Profile
from host_tools.acquirer.steps import Dialogue
from host_tools.ledger import Ledger

SAMPLE = Path(profiles.__file__).with_name("sample.toml")
PROGRESS_S = 5.0
PROFILE = click.option(
    "--profile",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What the acquirer decides (`faretap acquire profile` prints one); without it: a sample.",
)
ONLY = click.option("--only", metavar="NAME", help="This merchant of the profile alone.")
AT_A_TIME = click.option(
    "--at-a-time",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="So many accounts side by side; each has one request outstanding.",
)
TO = click.option("--to", metavar="HOST:PORT", help="Instead of the address in the profile.")


def open_profile(path: Path | None) -> Profile:
    """The profile of a file, or the sample. FormatError with the file's name."""
    path = path or SAMPLE
    try:
        return profiles.parse(path.read_text(encoding="utf-8"))
    except (FormatError, UnicodeDecodeError) as wrong:
        raise FormatError(f"{path.name}: {wrong}") from wrong


class Progress:
    """Counts what is reported of one account and says so now and then."""

    def __init__(self, account: str):
        self.account = account
        self.kinds: Counter[str] = Counter()
        self.began_s = self.told_s = time.monotonic()

    def report(self, event: dict) -> None:
        """One event of a Dialogue."""
        what = event["event"]
        if what == "sale":
            self.kinds[event["kind"]] += 1
            if time.monotonic() - self.told_s < PROGRESS_S:
                return
            self.told_s = time.monotonic()
            click.echo(f"{self.account}: {self}", err=True)
        elif what == "settled":
            click.echo(
                f"{self.account}: batch {event['batch']:06d}, {event['sales']} sales,"
                f" {event['sales_fen']} fen: {event['balance']}"
            )
        elif what in ("signed_on", "closed"):
            click.echo(
                f"{self.account}: {what.replace('_', ' ')}, batch {event['batch']:06d}", err=True
            )
        else:
            self.kinds[what.replace("_", " ")] += 1

    def __str__(self) -> str:
        told = ", ".join(f"{count} {kind}" for kind, count in self.kinds.items())
        return f"{told}; {time.monotonic() - self.began_s:.1f} s" if told else "nothing sent"


def run(
    ledger: Ledger,
    profile: Profile,
    only: str | None,
    to: str | None,
    settle: bool,
    at_a_time: int = 1,
) -> None:
    """Present what is queued of each merchant, so many accounts at a time.

    Each is tried, whatever became of another. FormatError, LinkLost at the end where one could not
    be finished; the next run goes on there.
    """
    chosen = [one for one in profile.merchants if only in (None, one.name)]
    if not chosen:
        profile.merchant(only or "")
    over = threading.Event()

    def work(merchant: Merchant) -> FormatError | LinkLost | None:
        return _present(ledger, profile, merchant, to, settle, over)

    if at_a_time == 1:  # in this thread, which Ctrl-C ends at once
        outcomes = [work(one) for one in chosen]
    else:
        with ThreadPoolExecutor(at_a_time) as workers:
            try:
                outcomes = list(workers.map(work, chosen))
            except (KeyboardInterrupt, SystemExit):  # the others end at their next wait
                over.set()
                raise
    failed = [one for one in outcomes if one]
    if failed:
        raise failed[-1]


def _present(
    ledger: Ledger,
    profile: Profile,
    merchant: Merchant,
    to: str | None,
    settle: bool,
    over: threading.Event,
) -> FormatError | LinkLost | None:
    """One account to its end; what stopped it."""
    progress = Progress(merchant.name)
    line = TcpLine(to or profile.host.address, profile.host.answer_s)

    def wait(seconds: float) -> None:
        if over.wait(seconds):
            raise LinkLost("ended by hand; the same command goes on from here")

    failed: FormatError | LinkLost | None = None
    try:
        with alone(ledger, merchant.name):
            book = Book(ledger, profile, merchant)
            dialogue = Dialogue(book, random.SystemRandom().random, progress.report)
            drive(present(dialogue, settle), line, wait)
    except (FormatError, LinkLost) as wrong:
        failed = wrong
    except sa.exc.DBAPIError as wrong:  # the database went away: all that is done is in it
        failed = LinkLost(f"{merchant.name}: database: {type(wrong.orig).__name__}")
    if failed:
        click.echo(f"{merchant.name}: {failed}", err=True)
    click.echo(f"{merchant.name}: {progress}")
    return failed
