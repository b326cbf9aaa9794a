# SPDX-License-Identifier: Apache-2.0
"""One presentation of a card, as a generator: select, settle what is torn, price, debit, journal.

The order is the money's: pending entry durable before the last READ RECORD (QT-157), its record
durable before anybody sees green (TD-001, QT-262). Driven like every dialogue by drive().
"""

from collections import namedtuple

from firmware.devices import entries, kept, window
from firmware.devices.keys import Keys
from firmware.devices.purchases import Purchases
from firmware.devices.rules import DenyTable, Rules
from firmware.devices.sale_book import SaleBook
from firmware.devices.trade import PASSES
from firmware.errors import FormatError, JournalFull, LinkLost
from firmware.formats import record
from firmware.kernel import bcd, get_data, outcome, selection, tags, torn, transaction
from firmware.kernel.card_number import read_card_number
from firmware.kernel.work import Chore

# Said of a card that stands in the journal already, or will come again at once.
NOT_NOTED = ("already_paid", "refund_due", "torn_suspect", "fare_changed")
DECLINED_S = 5  # a card that declined is not approved before (QT-248)
# How long the number of a card that could not be read freely is taken for that of the next one
# like it. A guess at the fare only: the gate compares it with the number the card then tells.
HINT_S = 30

# outcome: kernel Outcome; message: key of panel.TABLE; sequence: of the journal, 0 if none;
# amount_fen: asked of the card; fare_class: name; values: the entry or record as a dict, None
# where nothing was written; pan: digits, "" where the card has not told them
Sold = namedtuple(
    "Sold", ("outcome", "message", "sequence", "amount_fen", "fare_class", "values", "pan")
)


class Sale:
    """The sale of one device.

    Everything it needs is handed in; it holds what lasts between taps.
    """

    def __init__(self, parts, parameters, stamp, torn_taps, same_card, trade):
        self.parameters = parameters
        self.trade = trade
        self.use_list(DenyTable(parameters.deny, parameters.deny_list_version), stamp)
        self.stamp = stamp
        self.journal = parts.journal
        self.torn_taps = torn_taps
        self.same_card = same_card
        self.draw_un = parts.draw_un
        self.stuck = True  # the random source has yet to show that it works (QT-030)
        self.qualify = parts.qualify
        self.keys = Keys(parameters.capks, parts, stamp)
        self.purchases = Purchases(parameters, stamp, parts.journal, self.keys, self._rules)
        self.book = SaleBook(parts.journal, stamp)
        self.records = None  # CardRecords of a trade that uses records of the card
        if trade.uses_records and parameters.extended != "off":
            from firmware.devices.card_records import CardRecords  # no other trade holds it

            self.records = CardRecords(self, parts.module)
        self.collect = None  # collects garbage, where the interpreter wants that
        self.roomy = False  # once a tap is enough
        self.notice = _nobody  # shows a message of panel.TABLE while a card is at work
        self.watch = None  # Stopwatch of the presentation, None where nobody bounds it
        self.stopping = False  # service is being ended: nothing more is committed
        self.fault = ""  # message of a self-test after which nothing may be sold
        self.hint = ("", -HINT_S)  # number and time_utc_s of the last `fare_changed`

    def use_list(self, deny, stamp):
        """Ask this deny list from here on, and name it in records."""
        self.deny = stamp.deny = deny

    def refused_before(self):
        """Message key of what forbids any sale now, "" if none: checked before a card is looked
        for.
        """
        if self.stopping:
            return "closed"  # QT-156
        if self.fault:
            return self.fault
        if not self.stamp.trusted():
            return "clock_not_set"  # QT-015
        if self.journal.room() < 1:
            return "journal_full"  # QT-155, CL-014
        if self.stuck:
            self.stuck = not self.draw_un()
        if self.stuck:
            return "random_stuck"  # QT-030
        offer = self.trade.offer()
        if not offer.sells:
            return offer.message
        told = self.trade.needs_number or self.records
        if not self.trade.pays or (offer.fare_fen is None and told):
            return ""  # the latter: by purchase(), when the card has told whose amount it is
        return self.qualify(offer.fare_fen)[1]  # again before each look (QT-035)

    def steps(self, uid, watch=None):
        """Generator: Sold. A link that is lost before the money moved ends in `try_again`."""
        self.book.spent_us = 0
        self.watch = watch
        unsettled = bool(self.torn_taps.open)
        try:
            selected = yield from selection.select_application(self.parameters.aids)
            if isinstance(selected, outcome.Outcome):
                return self._sold(selected)
            settled = yield from self.settle_torn(selected)
            if settled:
                return settled
            stopped = self.refused_before()
            if stopped:  # only an open torn tap was let through to here
                return self._sold(outcome.refused(outcome.OTHER_INTERFACE, stopped))
            unsettled = False
            self.trade.begin()
            pan, served = yield from self.identify(uid)
            if served:
                return served
            before_fen = yield from self.balance_before()
            plan = None
            if self.records:
                plan, reason = yield from self.records.plan(selected, pan)
                if reason:
                    return self._served(reason, pan, uid)
        except LinkLost as gone:
            return self._lost(gone, unsettled)  # QT-072, QT-078, QT-165
        return (yield from self.purchase(selected, uid, pan, before_fen, plan))

    def _lost(self, gone, unsettled):
        """Lost before GPO; unsettled: this may be the card of an open torn tap, whose money nobody
        knows of: it is asked for again, and not told that nothing was charged (QT-169).
        """
        result = outcome.refused(outcome.TRY_AGAIN, "card_lost", str(gone))
        if not unsettled:
            return self._sold(result)
        unknown = transaction.torn(None, str(gone))
        return Sold(unknown, "last_record_lost", 0, 0, "", None, "")

    def settle_torn(self, selected):
        """Generator: Sold when this presentation belongs to an open torn tap, else None
        (QT-171..185).
        """
        suspect = None
        for entry in tuple(self.torn_taps.open):
            values = self.torn_taps.load(entry)
            if values is None:
                continue
            tap = entries.tap_of(values)
            day = bcd.to_date(bytes.fromhex(values["date"]))  # what was valid at the tap stays so
            purchase, prove = self.purchases.make(0, b"", None, day), self.parameters.trans_prove
            proof = None
            if tap.extension and self.records:
                proof = self.records.proof(entries.pan_text(values["pan"]))
            verdict = yield from torn.resume(selected, tap, purchase, prove, proof)
            if verdict.verdict == torn.OTHER:
                continue
            if verdict.verdict in (torn.LOST, torn.SUSPECT):
                self.torn_taps.hold(entry)
                suspect = suspect or self._still_open(verdict, entry.sequence, values, tap)
                if verdict.verdict == torn.LOST:
                    break
                continue  # a card that hides its number may be that of another entry
            if not self.torn_taps.close(entry, verdict):
                suspect = suspect or self._still_open(verdict, entry.sequence, values, tap)
                continue
            if verdict.outcome:
                return self._closed(verdict.outcome, entry.sequence, values)
            return None  # not debited or used elsewhere: a new customer (QT-181)
        return suspect

    def _closed(self, result, sequence, values):
        recovered = result.outcome == outcome.RECOVERED
        self._remember(values, recovered)
        refused = entries.refused_word(result.tap) if result.taken else "debited_unproven"
        message = result.reason if recovered else refused
        return self._stored(result, message, sequence, values)

    def _still_open(self, verdict, sequence, values, tap):
        lost = verdict.verdict == torn.LOST
        result = transaction.torn(tap, verdict.detail)
        message = "last_record_lost" if lost else "torn_suspect"
        return self._stored(result, message, sequence, values)

    def _stored(self, result, message, sequence, values):
        pan = entries.pan_text(values["pan"])
        amount_fen, fare_class = values["amount_fen"], values["fare_class"]
        return Sold(result, message, sequence, amount_fen, fare_class, values, pan)

    def identify(self, uid):
        """Generator: (number the amount is made for, Sold of a card that needs no GPO or None).

        Costs one READ RECORD, only where the number decides about the amount.
        """
        if not self.trade.reads_first():
            return "", None
        pan = yield from read_card_number()
        if pan:
            reason = self._rules(0).before_gpo(pan)
            if reason:
                return pan, self._served(reason, pan, uid)
        if not self.trade.pays:  # TD-022: no GPO, whatever the card says
            listed = "deny_list" if self.deny.names(pan) else "other"
            reason = listed if pan else "number_unread"
            return pan, self._served(reason, pan, uid)
        if pan:
            return pan, None
        if self.trade.needs_number:
            return "", self._served("number_unread", "", uid)
        hinted, at = self.hint
        return (hinted if 0 <= self.stamp.clock.time_utc_s() - at < HINT_S else ""), None

    def _served(self, reason, pan, uid):
        """Sold of a card that is let through, or refused, by its number: no debit. Nobody is let
        through without a durable record of it (TD-001); a refusal is noted if there is room.
        """
        free, noted = reason in PASSES, pan and self.journal.room() > 1
        if free and not noted:
            free, reason = False, "journal_full" if pan else "number_unread"
        result = outcome.refused(outcome.DECLINED, reason)
        values, sequence = None, 0
        if noted:
            values = record.blank(record.EVENT if free else record.REFUSED)
            self.stamp.onto(values)
            values["pan"], values["uid"] = record.pan_bytes(pan), uid
            values["reason"] = self._said(reason, pan, None)
            values["fare_class"] = self.trade.charge(pan).fare_class
            sequence = self.journal.append(record.pack(values))
        return Sold(result, reason, sequence, self.trade.told_fen, "", values, pan)

    def balance_before(self):
        """Generator: balance in fen, for the torn test (QT-175); None where nobody asks for it."""
        if self.parameters.balance_before:
            return (yield from get_data.balance(self.purchases.standing[tags.CURRENCY]))
        return None

    def purchase(self, selected, uid, pan, before_fen=None, plan=None):
        """Generator: Sold of a new transaction; pan: whose amount is asked for, "": nobody's;
        plan: of card_records.py, None for a plain purchase.
        """
        charge = plan.charge if plan else self.trade.charge(pan)
        if not charge.amount_fen and not plan:  # a guess: free is given to a number that was told
            charge = self.trade.charge("")
        amount_fen, name = charge.amount_fen, charge.fare_class
        # entry nothing, exit the fare, what is frozen, what it was (QX-018)
        asked = (amount_fen, selected.aid, True) if plan else (amount_fen, selected.aid)
        ttq, reason = self.qualify(*asked)
        un = b"" if reason else self.draw_un()  # QT-097
        self.stuck = not reason and not un
        if self.stuck:
            reason = "random_stuck"
        if reason:
            stop = outcome.refused(outcome.OTHER_INTERFACE, reason)
            return self._sold(stop, 0, amount_fen, name)
        purchase = self.purchases.make(amount_fen, un, ttq, None, plan)
        # Garbage goes while the card works: a tap makes more than a small heap has room for, and
        # where it would be collected by itself nobody knows, behind the last record as well.
        if self.collect:
            yield Chore(self.collect)
        stored = plan.stored if plan else b""
        self.book.expected = uid, charge, purchase.values, stored
        known_fen = None if plan else before_fen
        ready = yield from transaction.prepare(selected, purchase, known_fen, self.book.ahead)
        if isinstance(ready, outcome.Outcome):
            self.book.forget()
            return self._refused(ready, uid, charge)
        over = self.watch.over() if self.watch else ""
        try:
            if over:
                raise LinkLost(over)
            sequence, values = self.book.open(ready.tap, uid, charge, purchase.values, stored)
        except (JournalFull, FormatError, LinkLost) as why:
            self.book.forget()
            return self._sold(_not_opened(why, ready.tap), 0, amount_fen, name)
        if self.watch:
            self.watch.bounded = False
        if self.collect and not self.roomy:
            yield Chore(self.collect)
        answer = yield from transaction.commit(ready)
        if isinstance(answer, outcome.Outcome):  # lost
            return self._committed(answer, sequence, values, charge)
        self.book.note(sequence, answer)
        self.notice("card_read")  # QT-141
        result = transaction.conclude(ready, purchase.editions, answer)
        if plan:
            result = self.records.told(plan, result)  # nobody has passed yet (QX-033)
        return self._committed(result, sequence, values, charge)

    def finish_kept(self):
        """At the start: close what had its last answer when the power went (QT-163)."""
        kept.finish(self.journal, lambda day: self.purchases.make(0, b"", None, day))

    def _committed(self, result, sequence, values, charge):
        """Behind the commit: the debit stands, or nobody knows."""
        if result.taken is None:
            self.torn_taps.add(sequence, values)
            return self._stored(result, result.reason, sequence, values)
        if not result.taken:  # the card says that nothing has changed (QX-031)
            self.book.settle(sequence, record.VOID, result)
            return self._stored(result, result.reason, sequence, values)
        approved = result.outcome == outcome.APPROVED
        kind = entries.approved_kind(result.tap) if approved else record.DEBITED_REFUSED  # QT-164
        self.book.settle(sequence, kind, result)
        self._remember(values, approved)
        if approved:
            message = self.trade.thanks(charge, result.balance_fen)
        else:
            message = entries.refused_word(result.tap)
        return self._stored(result, message, sequence, values)

    def _refused(self, result, uid, charge):
        """Nothing was charged.

        What the card told of itself goes into the journal if there is room.
        """
        sequence = 0
        pan = result.tap.known_pan() if result.tap else ""
        if result.reason in PASSES:
            return self._served(result.reason, pan, uid)
        if result.reason == "fare_changed":
            self.hint = (pan, self.stamp.clock.time_utc_s())
        elif result.reason == "card_declined":
            self._remember_declined(pan, result.tap.known_psn())
        if pan and self._is_noted(result) and self.journal.room() > 1:
            said = self._said(result.reason, pan, result.tap.known_psn())
            noted = entries.pack_refused(self.stamp, result, uid, charge, said)
            sequence = self.journal.append(noted)
        return self._sold(result, sequence, charge.amount_fen, charge.fare_class, pan)

    def _remember_declined(self, pan, psn):
        """No second attempt follows at once, whatever the card says then (QT-248)."""
        if pan and not self.same_card.why(pan, psn):
            since = window.opened(self.stamp.clock, DECLINED_S)
            self.same_card.remember(pan, psn, "card_declined", since)

    def _said(self, reason, pan, psn):
        """What a record says: of a listed card also why and since when (TD-024)."""
        why = self.deny.why(pan, psn) if reason == "deny_list" else ()
        return " ".join([reason] + [word for word in why if word])

    def _is_noted(self, result):
        return result.outcome == outcome.DECLINED and result.reason not in NOT_NOTED

    def _sold(self, result, sequence=0, amount_fen=0, name="", pan=""):
        return Sold(result, result.reason, sequence, amount_fen, name, None, pan)

    def _remember(self, values, paid):
        """values: of the pending entry; what came with the last record names no card."""
        pan = entries.pan_text(values["pan"])
        why = "already_paid" if paid else "refund_due"
        self.same_card.remember(pan, values["psn"], why)
        if paid:
            self.deny.paid(pan, values["psn"])

    def _rules(self, amount_fen):
        return Rules(
            self.deny,
            self.torn_taps,
            self.same_card,
            amount_fen,
            self.trade,
            lambda: self.stopping,
        )


def _not_opened(why, tap):
    """Outcome of a tap that ended between the gate and its pending entry."""
    kind, reason = outcome.DECLINED, "journal_full"
    if isinstance(why, FormatError):
        reason = "card_data"
    elif isinstance(why, LinkLost):
        kind, reason = outcome.TRY_AGAIN, "card_lost"
    return outcome.refused(kind, reason, str(why), tap.decision, tap=tap)


def _nobody(message):
    pass
