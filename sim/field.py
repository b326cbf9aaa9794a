# SPDX-License-Identifier: Apache-2.0
"""The radio field: which cards are there, and when one is torn away.

The chip asks cards(), activate(), transmit(), field_off(); a script places, removes and tears.
Both may be threads: every call is one critical section, and wait_torn() waits for the chip.

    field.place(card)
    field.tear(ins=0xB2, last=True, acted=True)    # before the terminal gets there
    field.wait_torn(timeout_s=5)

A tear takes effect once, at the first APDU it describes, before the card acted or after it acted
with the answer lost (PS-20); the card has then left the field until it is placed again.
"""

import threading
from collections import namedtuple

from firmware.errors import LinkLost
from sim.replay import INS_GPO, last_record

# presentation: number of the placing, from 1. answer None: never left the card or was lost;
# acted False: the command did not arrive
Logged = namedtuple("Logged", ("presentation", "card", "command", "answer", "acted"))


class Field:
    """Cards in reach of a reader; the narrow seam between the virtual chip and simulated cards."""

    def __init__(self):
        self._change = threading.Condition(threading.RLock())
        self._cards = []
        self._powered = []
        self._tears = []
        self._last_record = []  # [card, (P1, P2)] of the newest AFL it gave
        self._count = 0
        self.presentation = 0
        self.torn = 0  # how many cards were torn off so far
        self.log = []

    # --- the script's side ------------------------------------------------------------------

    def place(self, *cards):
        """Put the field's content to `cards`: a new presentation, none of them powered."""
        with self._change:
            self.presentation += 1
            self._count = 0
            self._cards, self._powered = list(cards), []
            for card in cards:
                # a replayed card begins its next presentation when placed, others need not know
                getattr(card, "placed", _nothing)()
            self._change.notify_all()

    def enter(self, card):
        """A further card comes into the field; those that are there keep their power (PS-16)."""
        with self._change:
            self._cards = [*self._cards, card]
            self._change.notify_all()

    def remove(self):
        """Take all cards away."""
        with self._change:
            self._cards, self._powered = [], []
            self._change.notify_all()

    def leave(self, card):
        """Take one card away; those that stay keep their power."""
        with self._change:
            self._cards = [one for one in self._cards if one is not card]
            self._powered = [one for one in self._powered if one is not card]
            self._change.notify_all()

    def tear(self, at_apdu=None, ins=None, last=False, acted=False):
        """Tear the card off at one APDU to come.

        `at_apdu` counts the APDUs of a presentation from 1; `ins` is an instruction byte, with
        `last` the READ RECORD of the AFL's last record. What is given must all hold. `acted`: the
        card has done the command, only its answer is lost (PS-20).
        """
        with self._change:
            self._tears.append((at_apdu, ins, last, acted))

    def forget_tears(self):
        """Drop the tears that have not come to pass."""
        with self._change:
            self._tears = []

    def wait_torn(self, count=1, timeout_s=None):
        """Wait until `count` cards were torn off in all; False when the time is over."""
        with self._change:
            return self._change.wait_for(lambda: self.torn >= count, timeout_s)

    def wait_apdus(self, count, timeout_s=None):
        """Wait until `count` APDUs were sent in this presentation; False when time is over."""
        with self._change:
            return self._change.wait_for(lambda: self._count >= count, timeout_s)

    @property
    def apdu_count(self):
        """APDUs sent in this presentation."""
        return self._count

    def sent(self, card):
        """Return the commands `card` acted on: a list of (command, answer) a presentation."""
        with self._change:
            numbers = sorted({one.presentation for one in self.log if one.card is card})
            return [
                [
                    (one.command, one.answer)
                    for one in self.log
                    if one.card is card and one.presentation == number and one.acted
                ]
                for number in numbers
            ]

    # --- the chip's side --------------------------------------------------------------------

    def cards(self):
        """Return the cards in the field now."""
        with self._change:
            return list(self._cards)

    def activate(self, card):
        """Power the card up; LinkLost when it is not there."""
        with self._change:
            self._need(card, self._cards)
            card.power_up()
            if not any(one is card for one in self._powered):
                self._powered.append(card)

    def transmit(self, card, c_apdu):
        """Return the card's answer; LinkLost when it is not there, not powered or torn off.

        A card is whatever has exchange(c_apdu), uid, ats, kind and busy_ms (PS-15).
        """
        with self._change:
            self._need(card, self._powered)
            self._count += 1
            tear = self._due_tear(card, c_apdu)
            if tear is not None and not tear[3]:
                self._tear_off(card, c_apdu, acted=False)
            try:
                answer = card.exchange(c_apdu)
            except LinkLost:  # a replayed card whose answer was lost when it was recorded
                self._tear_off(card, c_apdu, acted=True)
            if c_apdu[1:2] == bytes([INS_GPO]) and last_record(answer):
                self._last_record = [pair for pair in self._last_record if pair[0] is not card]
                self._last_record.append((card, last_record(answer)))
            if tear is not None:
                self._tear_off(card, c_apdu, acted=True)
            self._note(card, c_apdu, answer, True)
            return answer

    def field_off(self):
        """Cut the power: cards stay where they are and forget what they had selected."""
        with self._change:
            self._powered = []

    # --- inside -----------------------------------------------------------------------------

    def _need(self, card, where):
        if not any(one is card for one in where):
            raise LinkLost("no such card in the field, or not activated")

    def _due_tear(self, card, c_apdu):
        for tear in self._tears:
            at_apdu, ins, last, _ = tear
            if at_apdu is not None and at_apdu != self._count:
                continue
            if ins is not None and bytes([ins]) != c_apdu[1:2]:
                continue
            if last and not self._is_last_record(card, c_apdu):
                continue
            self._tears.remove(tear)
            return tear
        return None

    def _is_last_record(self, card, c_apdu):
        key = tuple(c_apdu[2:4])
        return c_apdu[:2] == b"\x00\xb2" and any(
            one is card and last == key for one, last in self._last_record
        )

    def _tear_off(self, card, c_apdu, acted):
        self.leave(card)
        self.torn += 1
        self._note(card, c_apdu, None, acted)
        raise LinkLost("the card left the field")

    def _note(self, card, c_apdu, answer, acted):
        self.log.append(Logged(self.presentation, card, bytes(c_apdu), answer, acted))
        self._change.notify_all()


def _nothing():
    pass
