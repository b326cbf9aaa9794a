# SPDX-License-Identifier: Apache-2.0
"""Reasons of this terminal to refuse a card number: deny list, trade, same card again, other fare.

The kernel asks `refuse(pan, psn)` as soon as the number is known and once more at the gate
(QT-116, QT-136, QT-152); psn is None while the card has not told it.
"""

from firmware.devices import window

MAX_REMEMBERED = 64  # cards in the same-card guard: a full bus inside its window
WHY = ("already_paid", "refund_due", "card_declined")
KEY = 11  # bytes of a card in a row of the guard: number and sequence number


class SameCard:
    """Cards debited lately: not charged again within the window (TD-005, TD-035).

    Why: `already_paid`, or `refund_due` for a card that was debited and then refused: its rider
    pays for that tap once at the most; or `card_declined` for one that just declined, for a few
    seconds. A card is one short row of bytes: as tuples of objects, they would be the largest
    thing that grows while a bus fills.
    """

    def __init__(self, window_s, clock):
        self.window_s = window_s
        self.clock = clock
        self.debited = []  # rows, oldest first: key, why, ticks when its window began, its ms

    def remember(self, pan, psn, why="already_paid", since=None):
        """A card was debited; since: its window, from now on by default."""
        began_ms, length_ms = since or window.opened(self.clock, self.window_s)
        self.debited.append(
            _key(pan, psn)
            + bytes((WHY.index(why),))
            + began_ms.to_bytes(8, "big")
            + max(0, length_ms).to_bytes(4, "big")
        )
        if len(self.debited) > MAX_REMEMBERED:
            self.debited.pop(0)

    def forget(self):
        """Drop what is outside its window."""
        if self.debited and self._left_ms(self.debited[0]) <= 0:
            self.debited.pop(0)

    def why(self, pan, psn):
        """Reason word for a card debited within the window, "" for others.

        psn None, not known yet, is nobody's: the gate asks again when it is.
        """
        if psn is None:
            return ""
        wanted = _key(pan, psn)
        for row in self.debited:
            if row.startswith(wanted) and self._left_ms(row) > 0:
                return WHY[row[KEY]]
        return ""

    def _left_ms(self, row):
        began_ms = int.from_bytes(row[KEY + 1 : KEY + 9], "big")
        length_ms = int.from_bytes(row[KEY + 9 :], "big")
        return window.left_ms(self.clock, (began_ms, length_ms))


def _key(pan, psn):
    """KEY bytes of a card: its digits padded with F, its sequence number."""
    return bytes.fromhex(pan + "f" * (2 * KEY - 2 - len(pan))) + bytes((psn,))


def is_other_card(before, now):
    """True when the card in the field cannot be the one before; each is (kind, uid) or None.

    A UID is no identity (QT-053): type B and UIDs that begin with 08 draw a new one at every field
    reset, so two such may always be the same card.
    """
    if before is None or before == now:
        return False
    return not (_is_random(before) and _is_random(now))


def _is_random(card):
    kind, uid = card
    return kind == "B" or (len(uid) == 4 and uid[0] == 0x08)


class DenyTable:
    """The deny list of the parameters: dict PAN -> PAN sequence numbers, () for all (QT-029).

    A list in a file of its own (deny.py) answers the same questions.
    """

    def __init__(self, table, version=0):
        """version: what records and panel call it."""
        self.table = table
        self.version = version

    def holds(self, pan, psn):
        """True when the list names the card: all sequence numbers, or this one."""
        listed = self.table.get(pan)
        return listed is not None and (listed == () or (psn is not None and psn in listed))

    def names(self, pan):
        """True when any card of this number is on the list."""
        return pan in self.table

    def why(self, pan, psn):
        """(reason, YYMMDD) of a card on the list, "" where the list does not say (TD-024)."""
        return "", ""

    def shown(self):
        """What stands for {list} on the panel."""
        return str(self.version)

    def paid(self, pan, psn):
        """A card has paid."""

    def idle(self):
        """No card is at work: what may be done between customers."""


class Rules:
    """`refuse` for one presentation."""

    def __init__(self, deny, torn_taps, same_card, fare_fen, trade, is_stopping):
        """fare_fen: what will be asked of the card; trade: says what this number pays (trade.py);
        is_stopping(): whether service is being ended.
        """
        self.deny = deny
        self.torn_taps = torn_taps
        self.same_card = same_card
        self.fare_fen = fare_fen
        self.trade = trade
        self.is_stopping = is_stopping

    def refuse(self, pan, psn):
        """Reason word, "" if none."""
        if self.is_stopping():
            return "closed"  # QT-156
        if self.deny.holds(pan, psn):
            return "deny_list"
        if self.torn_taps.holds(pan, psn):
            return "torn_suspect"  # QT-185: however the re-tap dialogue missed this card
        own = self.trade.refuse(pan, psn)
        if own:
            return own
        debited = self.same_card.why(pan, psn)
        # a refund that is due, or a card that just declined, no trade waves through
        if debited and not (debited == "already_paid" and self.trade.pays_again(pan, psn)):
            return debited
        return self.price(pan)

    def price(self, pan):
        """Message where this number pays nothing, or something else than was sent, "" if not."""
        due_fen = self.trade.charge(pan).amount_fen
        if not due_fen:
            return "free_ride"
        if due_fen != self.fare_fen:
            return "fare_changed"  # QT-153: what was sent is not what is due
        return ""

    def before_gpo(self, pan):
        """Reason word of a card whose number was read freely and that needs no GPO (TD-063); ""
        where the dialogue goes on. What may be on the deny list or torn goes on: it is judged
        there, with the sequence number.
        """
        if self.is_stopping() or self.deny.names(pan) or self.torn_taps.holds(pan, None):
            return ""
        return self.trade.refuse(pan, None) or (
            "" if self.trade.charge(pan).amount_fen else "free_ride"
        )
