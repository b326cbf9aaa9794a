# SPDX-License-Identifier: Apache-2.0
"""CardRecords: a sale whose trade keeps its state in records of the card (JR/T 0025.14).

    selected -> records read -> trade.trip_of() -> keys derived -> GPO ..

Everything that can refuse the card without a GPO does so here (QX-016); the rest is the sale's own
way (sale.py). Loaded only where a trade `uses_records`.
"""

from collections import namedtuple

from firmware.devices.rules import Rules
from firmware.errors import FormatError
from firmware.formats import extension
from firmware.kernel import capp, capp_offset, capp_torn, outcome, tags
from firmware.kernel.work import Ask

READY = "ready"  # of firmware/module
# `extended` of the parameters: records not used; without them a plain purchase; or none at all
OFF, PLAIN, REQUIRE = "off", "plain", "require"

# What a sale does instead of a plain purchase. charge: of the Trip; extension: capp.Extension;
# refuse(pan, psn): of ExtendedRules; stored: bytes for entry and record; funds: capp_offset.Funds
# read before, None where nobody asked
Plan = namedtuple("Plan", ("charge", "extension", "refuse", "stored", "funds"))


class CardRecords:
    """`sale`: whose cards these are; `module`: security module, None without one."""

    def __init__(self, sale, module):
        self.sale = sale
        self.module = module
        self.trade = sale.trade
        self.parameters = sale.parameters
        self.sessions = {}  # of the card at work, by what names their keys
        self.due = []  # names of keys that are still to be derived ahead, the next one last
        self.begun = None  # .. and the one that the module is at

    def draw(self):
        """Eight bytes for an R-MAC, new each time; b"" when the random source stands (QX-009)."""
        first, second = self.sale.draw_un(), self.sale.draw_un()
        return first + second if first and second else b""

    def plan(self, selected, pan):
        """Generator: (Plan, ""); (None, "") for a plain purchase; or (None, message of a refusal,
        or of PASSES). pan: "" where the number was not read.
        """
        df61 = capp.offered(selected)
        if not df61:
            return self._without("capp_absent")  # QX-001, QX-003
        if not self.module or self.module.state() != READY:
            return self._without("module_failed")  # QX-071
        wants = self.trade.wants(selected)
        self.sessions = {}
        self.begun, self.due = None, list(self.trade.keys_ahead(pan)) if pan else []
        reads, reason = yield from capp.read_pages(df61, wants, self.draw, self.ahead)
        if reason == "record_missing":
            return self._without(reason)  # QX-010
        for read in reads if not reason else ():
            mac = (yield Ask(self.r_mac, read, reads, pan)) if read.random else None
            if capp.forged(read, mac):
                reason = "record_forged"  # QX-009
        if reason:
            return None, reason
        pages = [read.page for read in reads]
        trip = yield Ask(self.trade.trip_of, pages, pan)
        if isinstance(trip, str):
            return None, trip  # QX-016, QX-042
        if not capp.permits(df61, trip.kind):
            return self._without("capp_absent")  # QX-002
        if capp.order_fault(trip.kind, reads, trip.changes):
            return None, "capp_unfit"  # QX-015
        funds = None
        if trip.least_fen is not None or self.trade.shows_offset:
            funds = yield from capp_offset.read(self.sale.purchases.standing[tags.CURRENCY])
        # more than the balance may be asked for: the card knows its offset (QX-059)
        if trip.least_fen is not None and (not funds or funds.balance < trip.least_fen):
            return None, "balance_low"  # QX-007, QX-058
        return (yield from self._made(df61, trip, pages, funds, pan))

    def _without(self, reason):
        """A plain purchase with DF60 = 00, or the end, by parameter (QX-001, QX-010, QX-071)."""
        return None, "" if self.parameters.extended == PLAIN else reason

    def ahead(self):
        """Let the module derive a key of this card while that reads a record: the key that is
        wanted first comes last, and need not be derived again (QX-072).
        """
        if self.begun:
            self._session(self.begun)
        self.begun = self.due.pop() if self.due else None
        if self.begun:
            self.module.ahead(*self.begun)

    def session(self, page, pages, pan):
        """Session of the security module for the record `page`, None where it gives none."""
        return self._session(self.trade.key_of(page, pages, pan)) if self.module else None

    def _session(self, names):
        """The one that this card has had already, or a new one; None where there is none."""
        if names not in self.sessions:
            self.sessions[names] = self.module.session(*names)
        return self.sessions[names]

    def r_mac(self, read, reads, pan):
        """R-MAC that a capp.Read has to have, None where the module gives none."""
        session = self.session(read.page, [one.page for one in reads], pan)
        return session.mac(read.random, read.page.data) if session else None

    def _made(self, df61, trip, pages, funds, pan):
        """Generator: (Plan, ""), its keys derived before GPO (QX-072); or (None, reason)."""
        changes = []
        for change in reversed(trip.changes):  # the key of the first is derived last
            page = capp.Page(change.sfi, change.following, change.before)
            if change.sfi != capp.CYCLIC_FILE and page not in pages:
                return None, "capp_unfit"  # what was not read is not written
            session = yield Ask(self.session, page, pages, pan)
            if session is None:
                return None, "module_failed"
            rows = (change.sfi, change.following, change.before, change.after)
            changes.insert(0, capp.Change(*(rows + (session,))))
        header = self.parameters.capp_header_bytes
        made = capp.Extension(trip.kind, df61, tuple(changes), header)
        try:  # QX-034
            stored = extension.pack(trip.kind, df61, changes, *(trip.frozen_by + (funds,)))
        except FormatError:
            return None, "capp_unfit"  # more than a record holds
        rules = ExtendedRules(self.sale, trip.charge.amount_fen, pages, pan)
        return Plan(trip.charge, made, rules.refuse, stored, funds), ""

    def proof(self, pan):
        """capp_torn.Proof for a torn tap of a card that changed records (QX-038, QX-041)."""
        lets_pass = self.parameters.stamp_lets_pass
        self.sessions = {}
        return capp_torn.Proof(
            self.trade.stamped, self.draw, lambda read: self.r_mac(read, (read,), pan), lets_pass
        )

    def told(self, plan, result):
        """The Outcome with the balance as this trade shows it (QX-060, QX-061): by what was read
        before and the amount, where the trade looked.
        """
        if not plan.funds or not result.taken or plan.extension.kind != capp.DEDUCTION:
            return result
        net = self.trade.shows_offset
        if result.balance_fen is not None and not net:
            return result  # the card has told it
        left = capp_offset.after(plan.funds, plan.charge.amount_fen)
        fen = capp_offset.shown(left, net)
        return outcome.Outcome(*(result[:5] + (fen,) + result[6:]))


class ExtendedRules(Rules):
    """Rules of a card that pays by its records: what is due, the trip says (QT-153)."""

    def __init__(self, sale, fare_fen, pages, pan):
        """pages, pan: what the trip was made of that asks for `fare_fen`."""
        super().__init__(
            sale.deny, sale.torn_taps, sale.same_card, fare_fen, sale.trade, lambda: sale.stopping
        )
        self.pages, self.pan = pages, pan

    def price(self, pan):
        """Message where this number pays something else than was sent, "" if not. Nothing that a
        trip is made of changes between begin() and the gate: the same number has the same one.
        """
        if pan == self.pan:
            return ""
        trip = self.trade.trip_of(self.pages, pan)
        if isinstance(trip, str):
            return trip
        return "" if trip.charge.amount_fen == self.fare_fen else "fare_changed"
