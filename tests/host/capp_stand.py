# SPDX-License-Identifier: Apache-2.0
"""The terminal's kernel and its software module before a simulated card with records."""

from functools import cache

from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.formats import parameters
from firmware.hal import ciphers_cpython, cpython
from firmware.kernel import (
    capp,
    capp_torn,
    fdda,
    oda,
    outcome,
    selection,
    torn,
    transaction,
)
from firmware.module import module as modules
from firmware.module import software
from host_tools import module_file
from sim import capp_keys
from sim.capp_profile import known_key_rows
from sim.parameter_file import parameter_text
from tests.cards import committed
from tests.host.capp_reading import place
from tests.host.card_reading import authority

AIDS = (selection.ListedAid(bytes.fromhex("A0000003330101"), True),)
FORMS = {"deduct": 1, "freeze": 2, "complete": 3}
STAMP = 0x77


@cache
def module_of(cipher="3des"):
    """The software module with the keys that `faretap card keys` prints."""
    rows = module_file.read_plain("\n".join(known_key_rows(cipher)), "rows")
    holder = software.Software(ciphers_cpython.CIPHERS, lambda: ("any", rows))
    made = modules.Module(holder, cpython)
    assert made.check() == "ready"
    return made


@cache
def capks():
    """The card's CA as a terminal's parameters have it."""
    facts = {"ca": [authority().ca_line()], "aids": ["A0000003330101"], "deny": [], "classes": []}
    return parameters.parse(parameter_text(facts, 200), "test").capks


class Terminal:
    """One terminal that stamps the record of `trade` and adds a ride, with amount and form."""

    def __init__(self, form, amount_fen, trade, cipher="3des", ride=True):
        self.form, self.amount_fen, self.trade = FORMS[form], amount_fen, trade
        self.module, self.ride = module_of(cipher), ride
        self.capks = capks()
        self.factor = None
        self.draws = 0

    def draw(self):
        """Another random at each read."""
        self.draws += 1
        return self.draws.to_bytes(8, "big")

    def session(self, trade):
        one = place(trade)
        return self.module.session(one.key_use, one.version, self.factor)

    def tap(self, exchange, factor):
        """The Outcome, or a word where no GPO was sent."""
        self.factor = factor
        try:
            return drive(self._steps(), exchange)
        except LinkLost:  # before the GPO: nothing was asked of the card that it keeps
            return "lost"

    def _steps(self):
        selected = yield from selection.select_application(AIDS)
        if isinstance(selected, outcome.Outcome):
            return selected
        df61 = capp.offered(selected)
        if not df61:
            return "not offered"
        one = place(self.trade)
        wants = [(one.sfi, bytes.fromhex(one.id))]
        if self.ride:
            wants.insert(0, (capp.CYCLIC_FILE, 1))
        reads, reason = yield from capp.read_pages(df61, wants, self.draw)
        if reason:
            return reason
        if any(capp.forged(read, self.r_mac(read)) for read in reads):
            return "forged"
        changes = self._changes(reads)
        if capp.order_fault(self.form, reads, changes):
            return "order"
        purchase = self.purchase(capp.Extension(self.form, df61, changes, 5))
        ready = yield from transaction.prepare(selected, purchase)
        if isinstance(ready, outcome.Outcome):
            return ready
        return (yield from committed(ready, purchase))

    def _changes(self, reads):
        made = []
        for read in reads:
            page = read.page
            ring = page.sfi == capp.CYCLIC_FILE
            after = bytes([STAMP]) * len(page.data)
            if not ring:
                after = page.data[:6] + after[6:]
            session = self.session("rides" if ring else self.trade)
            made.append(capp.Change(page.sfi, page.following, page.data, after, session))
        return tuple(made)

    def purchase(self, extension):
        sent = {
            0x9F66: "28000080",
            0x9F02: f"{self.amount_fen:012d}",
            0x9F1A: "0156",
            0x5F2A: "0156",
            0x9A: "261121",
            0x9C: "00",
            0x9F37: "A1B2C3D4",
            0xDF69: "00",
            0xDF60: f"{self.form:02X}",
        }
        values = {tag: bytes.fromhex(value) for tag, value in sent.items()}
        return transaction.Purchase(
            values,
            (2026, 11, 21),
            self.capks,
            oda.KeyCache(),
            lambda pan, psn: "",
            fdda.EDITIONS,
            True,
            extension,
        )

    def r_mac(self, read):
        """What the module makes over a record that was read under R-MAC."""
        return self.session(self.trade).mac(read.random, read.page.data)

    def settle(self, exchange, tap):
        """The Verdict on a torn Tap."""
        proof = capp_torn.Proof(
            lambda page, change: page.data == change.after,
            self.draw,
            self.r_mac,
            False,
        )

        def steps():
            selected = yield from selection.select_application(AIDS)
            purchase = self.purchase(tap.extension)
            return (yield from torn.resume(selected, tap, purchase, torn.PROVE_NEVER, proof))

        return drive(steps(), exchange)


def factor_of(card):
    """The factor that the card's keys derive from."""
    return capp_keys.factor_of(card.pan, card.image["psn"])


class Cut:
    """A card whose link is lost at exchange `at`, before it acted or after (`acted`)."""

    def __init__(self, card, at, acted):
        self.card, self.at, self.acted, self.count = card, at, acted, 0

    def exchange(self, command, spare=None):
        self.count += 1
        if self.count >= self.at:
            if self.count == self.at and self.acted:
                self.card.exchange(command)
            raise LinkLost("torn")
        return self.card.exchange(command)
