# SPDX-License-Identifier: Apache-2.0
"""The target in which the fuzzer bends a recorded card: sessions of the project's own simulator,
with keys as long as those of real cards, and their second presentations.

Card and terminal data are those of the session, so its signatures hold where nothing was bent.
"""

from functools import lru_cache

from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.formats import record
from firmware.kernel import bcd
from sim.recording import sale_of
from tests.cards import ReplayExchange, load
from tests.fuzz import bends, verifier
from tests.fuzz.bends import LOST, bent
from tests.fuzz.cards import name_of
from tests.fuzz.choices import Choices
from tests.fuzz.watch import Watch

NAMES = (
    "pboc-approved-v01",
    "pboc-approved-v00",
    "pboc-approved-long-key",
    "pboc-torn-last-committed",
    "pboc-torn-last-rolled-back",
    "pboc-torn-last-long-key",
)
TORN_COUNT = 3


@lru_cache
def told(name):
    """The Session of a name."""
    return load(name)


def terms_of(one):
    """verifier.Terms of a session."""
    year, month, day = [int(part) for part in one.date.hex(" ").split()]
    return verifier.Terms(
        un=one.un,
        amount=bcd.from_int(one.amount_fen, 6),
        currency=one.currency,
        ttq=one.ttq,
        today=(2000 + year, month, day),
        cas=[(ca.rid, ca.index, ca.exponent, ca.key) for ca in one.cas],
        denied=one.denies,
        edition=b"\x00\x30",
    )


class BentReplay:
    """One presentation of a session, bent; exchange() for drive()."""

    def __init__(self, exchanges, number, plan, watch, log):
        self.inner = ReplayExchange(exchanges, "one")
        self.plan = [one for one in plan if one.presentation == number]
        self.watch, self.log = watch, log

    def exchange(self, command, spare=None):
        """The recorded answer with its bends; LinkLost where it was lost or is to be."""
        self.watch.asked(command)
        due = [one for one in self.plan if one.slot in (name_of(command), "any")]
        losses = [one.how for one in due if one.how in LOST]
        answer = None
        if "lose" not in losses:
            answer = self._recorded(command, spare)
        for one in due:
            if answer is not None and one.how not in LOST:
                answer = bent(answer, one)
        answer = None if losses else answer
        self.log.append((command, answer))
        if answer is None:
            raise LinkLost("gone")
        return answer

    def _recorded(self, command, spare):
        try:
            return self.inner.exchange(command, spare)
        except LinkLost:
            return None


def present(data):
    """Every presentation of the session that the first byte names."""
    choices = Choices(data)
    one = told(choices.one_of(NAMES))
    plan = bends.read(choices)
    sale, watch = sale_of(one), Watch(TORN_COUNT)
    watch.journal = sale.journal
    good = 0
    for number, exchanges in enumerate(one.presentations):
        log = watch.present(lambda: terms_of(one))
        card = BentReplay(exchanges, number, plan, watch, log)
        sold = drive(sale.steps(one.uid), card.exchange)
        if sold.outcome.outcome in ("approved", "recovered"):
            watch.approved(sold.sequence, sold.outcome.outcome == "recovered")
            good += 1
        watch.check_journal()
    kinds = [values["kind"] for _, values in watch.records()]
    assert kinds.count(record.APPROVED) == good
