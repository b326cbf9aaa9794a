# SPDX-License-Identifier: Apache-2.0
"""Reasons of this terminal to refuse a card number: deny list, same card again, other fare class.

The kernel asks `refuse(pan, psn)` as soon as the number is known and once more at the gate
(QT-116, QT-136, QT-152); psn is None while the card has not told it.
"""

MAX_REMEMBERED = 64  # cards in the same-card guard; a crowd of 64 in its window is no longer one


class SameCard:
    """Cards debited lately: not charged again within the window (TD-005, TD-035).

    Why: `already_paid`, or `refund_due` for a card that was debited and then refused: its rider
    pays for that tap once at the most.
    """

    def __init__(self, window_s):
        self.window_s = window_s
        self.debited = []  # (pan, psn, time_utc_s, why), oldest first

    def remember(self, pan, psn, time_utc_s, why="already_paid"):
        """A card was debited."""
        self.debited.append((pan, psn, time_utc_s, why))
        if len(self.debited) > MAX_REMEMBERED:
            self.debited.pop(0)

    def why(self, pan, psn, now_utc_s):
        """Reason word for a card debited within the window, "" for others.

        psn None matches any sequence number.
        """
        for one, its_psn, at, why in self.debited:
            same = one == pan and (psn is None or psn == its_psn)
            # A clock that was set back a little must not make anybody pay twice.
            if same and -self.window_s < now_utc_s - at < self.window_s:
                return why
        return ""


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


def is_denied(deny, pan, psn):
    """True when the deny list names the card: all sequence numbers, or this one (QT-029)."""
    listed = deny.get(pan)
    return listed is not None and (listed == () or (psn is not None and psn in listed))


class Rules:
    """`refuse` for one presentation."""

    def __init__(self, deny, same_card, now_utc_s, fare_fen, fare_of):
        """fare_fen: what will be asked of the card; fare_of(pan): what a card of this number
        pays.
        """
        self.deny = deny
        self.same_card = same_card
        self.now_utc_s = now_utc_s
        self.fare_fen = fare_fen
        self.fare_of = fare_of

    def refuse(self, pan, psn):
        """Reason word, "" if none."""
        if is_denied(self.deny, pan, psn):
            return "deny_list"
        debited = self.same_card.why(pan, psn, self.now_utc_s)
        if debited:
            return debited
        if self.fare_of(pan) != self.fare_fen:
            return "fare_changed"  # QT-153: what was sent is not what is due
        return ""
