# SPDX-License-Identifier: Apache-2.0
"""What clerks do: look for a rider's taps, and settle a doubtful debit.

A card number comes in the body of a form and goes nowhere else: not into an address, a log, the
audit or back into the page, where it is masked.
"""

import sqlalchemy as sa

from firmware.errors import FormatError
from host_tools.ledger import claims, days
from host_tools.office import doubtful, fleet
from host_tools.office.app import Go, Office, Shown
from host_tools.office.asked import Asked, fen_of

ROWS_MOST = 300
DECISIONS = (*doubtful.DECIDED, doubtful.OPEN)


def form(office: Office, asked: Asked) -> Shown:
    """What to ask for."""
    today = office.ledger.calendar.today(office.now())
    return Shown("dispute.html", {"rows": None, "day": today, "yuan": "", "shown": "", "most": 0})


def search(office: Office, asked: Asked) -> Shown:
    """The story of each card that fits."""
    card = "".join(asked.text("card").split()).replace("-", "")
    day, yuan = asked.day("day"), asked.text("yuan")
    if day is None:
        raise FormatError("say the day on which it was")
    shown = _shown(card)
    about = f"{shown}, {days.shown(day)}"
    with office.people.audited(asked.person.name, asked.address, "dispute", about):
        rows = _rows(office, card, day, fen_of(yuan))
    values = {"rows": rows, "day": day, "yuan": yuan, "shown": shown, "most": ROWS_MOST}
    return Shown("dispute.html", values)


def _rows(office: Office, card: str, day: int, amount_fen: int | None) -> list[sa.Row]:
    conditions = claims.disputed(office.ledger, card, day, amount_fen)
    return fleet.rows(office.ledger, conditions, claims.DISPUTE_ORDER, 0, ROWS_MOST)


def decide(office: Office, asked: Asked) -> Go:
    """What was done about a doubtful debit."""
    terminal, sequence = asked.number("terminal") or 0, asked.number("sequence") or 0
    decision, note = asked.choice("decision", DECISIONS), asked.text("note")
    about = f"terminal {terminal}, number {sequence}: {decision}"
    with office.people.audited(asked.person.name, asked.address, "decide", about):
        doubtful.decide(office.ledger, terminal, sequence, decision, note, asked.person.name)
    return Go(f"/records/{terminal}/{sequence}")


def _shown(card: str) -> str:
    """What of a number that was typed in may be seen."""
    if len(card) <= 4:
        return card
    if len(card) < 13:
        return "*" * (len(card) - 4) + card[-4:]
    return card[:6] + "*" * (len(card) - 10) + card[-4:]
