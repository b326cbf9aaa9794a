# SPDX-License-Identifier: Apache-2.0
"""Sessions by name, and play(): a session against the kernel in memory, on both interpreters.

The dialogue is that of devices/sale.py without money around it: settle what is torn, prepare,
commit. The card side looks answers up as the session format says (sim/replay.py does so for the
whole terminal, on CPython); what a tap left open is rebuilt from bytes, as after a restart.
"""

import os
from collections import namedtuple

from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.formats import session
from firmware.kernel import capk, fdda, oda, oda_rsa, outcome, selection, tags, torn, transaction
from firmware.kernel.bcd import from_int
from firmware.kernel.tap import rebuilt
from tests.forget import collect

HERE = __file__.rpartition("/")[0]
SESSIONS = HERE + "/../sim/sessions"
SHARED_SESSIONS = HERE + "/../../shared/sessions"
AIDS = (selection.ListedAid(bytes.fromhex("A0000003330101"), True),)
SM_INDICATOR = 0xDF69
SLICES = ("none", "one", "all")  # how much waiting work is done in each wait

# outcome: of the last presentation; sent: a list of (command, answer) for each presentation
Played = namedtuple("Played", ("outcome", "sent"))


def session_names(folder=SESSIONS):
    """Names without extension, sorted; none where the folder is not there."""
    try:
        found = os.listdir(folder)
    except OSError:
        return []
    return sorted([name[:-8] for name in found if name.endswith(".session")])


def load(name, folder=SESSIONS):
    """The Session of a name."""
    collect()  # a whole file in one piece: a small heap must not be in shreds
    with open(folder + "/" + name + ".session", "rb") as file:
        return session.parse(file.read().decode(), name)


class ReplayExchange:
    """The card of one presentation: `exchange` for drive(), `sent` as the log.

    Answers by CLA INS P1 P2, SELECT also by its data; what was not recorded gets 6D00; the same
    command again gets the next answer, at last the last one (format 1, "the replayed card").
    """

    def __init__(self, exchanges, slices="none"):
        self.exchanges = [[one.command, one.answer] for one in exchanges]
        self.slices = slices
        self.asked = []
        self.sent = []
        self.gone = False

    def exchange(self, command, spare=None):
        """The recorded answer; LinkLost where it was lost, and from then on."""
        if self.gone:
            raise LinkLost("the card is gone")
        if spare and self.slices == "one":
            spare()
        while spare and self.slices == "all" and spare():
            pass
        answer = self._recorded(_key(command))
        self.sent.append((command, answer))
        if answer is None:
            self.gone = True
            raise LinkLost("the answer was lost")
        return answer

    def _recorded(self, key):
        turn = len([one for one in self.asked if one == key])
        self.asked.append(key)
        answer = b"\x6d\x00"
        for command, recorded in self.exchanges:
            if _key(command) == key:
                answer = recorded
                turn -= 1
                if turn < 0:
                    break
        return answer


def _key(command):
    return command[:4] + (command[5 : 5 + command[4]] if command[1] == 0xA4 else b"")


def purchase_of(one):
    """transaction.Purchase as the headers of Session `one` dictate it."""
    values = {
        tags.TTQ: one.ttq,
        tags.AMOUNT: from_int(one.amount_fen, 6),
        tags.CURRENCY: one.currency,
        tags.COUNTRY: one.country,
        tags.DATE: one.date,
        tags.TIME: one.time,
        tags.TRANSACTION_TYPE: one.transaction_type,
        tags.UN: one.un,
    }
    year, month, day = [int(one.date.hex()[at : at + 2]) for at in (0, 2, 4)]
    capks = tuple([_capk(ca) for ca in one.cas])
    values[SM_INDICATOR] = b"\x01" if capk.offers_sm(capks) else b"\x00"
    return purchase_from(values, (2000 + year, month, day), capks, one.denies)


def _capk(ca):
    """capk.Capk of a `ca` line of a session; SM2 is loaded by the first that wants it."""
    if ca.algorithm == "SM2":
        from firmware.kernel import oda_sm2

        return capk.new(ca.rid, ca.index, oda_sm2, ca.key)
    return capk.new(ca.rid, ca.index, oda_rsa, ca.key, ca.exponent)


def purchase_from(values, today, capks, denies=()):
    """transaction.Purchase that refuses the PANs of `denies`, with an empty key cache."""

    def refuse(pan, psn):
        return "deny_list" if pan in denies else ""

    return transaction.Purchase(
        values, today, capks, oda.KeyCache(), refuse, fdda.EDITIONS, True, None
    )


def tap_steps(open_taps, purchase):
    """Generator: Outcome of one presentation; `open_taps` is the list of torn Taps, kept in it."""
    try:
        selected = yield from selection.select_application(AIDS)
    except LinkLost as gone:
        return outcome.refused(outcome.TRY_AGAIN, "card_lost", str(gone))
    if isinstance(selected, outcome.Outcome):
        return selected
    for tap in tuple(open_taps):
        verdict = yield from torn.resume(selected, tap, purchase)
        if verdict.verdict == torn.OTHER:
            continue
        if verdict.verdict in (torn.LOST, torn.SUSPECT):
            return transaction.torn(tap, verdict.detail)
        open_taps.remove(tap)
        if verdict.outcome:
            return verdict.outcome
    ready = yield from transaction.prepare(selected, purchase)
    if isinstance(ready, outcome.Outcome):
        return ready
    result = yield from committed(ready, purchase)
    if result.taken is None:
        open_taps.append(again(ready.tap))
    return result


def committed(ready, purchase):
    """Generator: Outcome of what the gate let through: last READ RECORD, then the signature."""
    answer = yield from transaction.commit(ready)
    if isinstance(answer, outcome.Outcome):
        return answer
    return transaction.conclude(ready, purchase.editions, answer)


def present(card, purchase, open_taps=None):
    """Outcome of one presentation of a card that answers for itself (tests/small_card.py)."""
    card.power_up()
    return drive(tap_steps([] if open_taps is None else open_taps, purchase), card.exchange)


def again(tap):
    """The same Tap from its bytes (QT-167)."""
    return rebuilt(
        tap.selected.aid, tap.selected.pdol_value, tap.sent, tap.gpo_answer, tap.records
    )


def play(one, slices="none"):
    """Played of the Session `one`, every presentation of it."""
    purchase, open_taps, sent = purchase_of(one), [], []
    for exchanges in one.presentations:
        card = ReplayExchange(exchanges, slices)
        result = drive(tap_steps(open_taps, purchase), card.exchange)
        sent.append(card.sent)
    return Played(result, sent)


def broken_promises(one, played):
    """List of text, one for each expect line that does not hold; `debits` is left to the host."""
    result = played.outcome
    got = {
        "outcome": result.outcome,
        "reason": result.reason,
        "cryptogram": result.cryptogram,
        "oda": result.oda,
        "balance_fen": str(result.balance_fen),
    }
    return [
        "%s: %s is %s instead of %s (%s)" % (one.name, field, got[field], value, result.detail)
        for field, value in one.expects
        if field in got and got[field] != value
    ]
