# SPDX-License-Identifier: Apache-2.0
"""A morning in front of a bus reader: who comes with which card, and what goes wrong.

Each row is a presentation as a rider sees it. `cards`: names of the wallet (wallet.py); `tear`:
how the card leaves too early (arguments of Field.tear); `again`: True when the rider obeys the
amber lamp; `hold_s`: how long the card stays after the result; `ends`: messages of the panel of
which one must come (firmware/devices/panel.py).
"""

from collections import namedtuple

from sim.kinds import ADULT, KINDS, Kind
from sim.profile import Profile

Visit = namedtuple("Visit", ("title", "cards", "tear", "again", "hold_s", "ends"))

LAST = {"ins": 0xB2, "last": True}
DEBITED = {**LAST, "acted": True}


def _visit(title, cards, ends, tear=None, again=True, hold_s=0.3):
    return Visit(title, cards.split(), tear, again, hold_s, ends.split())


MORNING = (
    _visit("adult", "adult-1", "ok"),
    _visit("adult, exponent 65537", "adult-2", "ok"),
    _visit("student concession", "student-1", "concession"),
    _visit("senior concession", "senior-1", "concession"),
    _visit("signature in a record (1152 bits)", "adult-3", "ok"),
    _visit("random UID", "adult-4", "ok"),
    _visit("type B card", "adult-5", "ok"),
    _visit("not enough money", "low-balance", "card_declined"),
    _visit("on the deny list", "deny-listed", "deny_list"),
    _visit("expired", "expired", "expired"),
    _visit("unknown CA key", "unknown-ca", "oda_failed"),
    _visit("forged signature", "forged-signature", "oda_failed"),
    _visit("forged certificate", "forged-certificate", "oda_failed"),
    _visit("forged hash: found out after the debit", "forged-hash", "debited_refused"),
    _visit("foreign card", "foreign", "no_common_app"),
    _visit("same card again", "adult-1", "already_paid"),
    _visit("card held for long", "adult-6", "ok", hold_s=3.0),
    _visit("two cards in the field", "adult-7 adult-8", "several_cards"),
    _visit("one of them alone", "adult-7", "ok"),
    _visit("torn while selecting", "adult-8", "ok", {"at_apdu": 2}),
    _visit("torn at GPO, card had acted", "adult-9", "ok", {"ins": 0xA8, "acted": True}),
    _visit("torn in the middle", "adult-10", "ok", {"at_apdu": 6, "acted": True}),
    _visit("torn at the last record, debited", "adult-11", "torn_recovered", DEBITED),
    _visit("torn at the last record, not debited", "adult-12", "ok", dict(LAST)),
    _visit("torn concession, debited", "student-2", "torn_recovered", DEBITED),
    _visit("slow card", "slow", "ok"),
    _visit(
        "torn, debited, never comes back",
        "adult-13",
        "last_record_lost",
        DEBITED,
        again=False,
    ),
    _visit("the next one is not disturbed", "adult-14", "ok"),
)


def card_names():
    """Every card the morning needs, in order of appearance."""
    names = []
    for visit in MORNING:
        names += [name for name in visit.cards if name not in names]
    return names


def wallet_kinds():
    """What the wallet of a morning holds: sim.kinds.KINDS and as many adults as come."""
    named = {one.name for one in KINDS}
    more = [name for name in card_names() if name not in named]
    return KINDS + tuple(Kind(name, "adult", ADULT, Profile(), "ok", True) for name in more)
