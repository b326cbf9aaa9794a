# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B904 - MicroPython has no `raise from`
"""The PN532: its commands one at a time, finding cards, the field, getting well again.

UM0701-02 7; pn532.md, 3, 4, 10. How a command is sent and answered stands in dialogue.py: every
failure is a LinkLost, a ChipError with the chip's status or with -1 when there was none.
"""

from firmware.errors import ChipError, FormatError, LinkLost
from firmware.reader import opening
from firmware.reader.card import Card
from firmware.reader.dialogue import Dialogue
from firmware.reader.status import silence
from firmware.reader.targets import SEL_RES_ISO_DEP, read_targets

GET_FIRMWARE_VERSION, RF_CONFIGURATION = 0x02, 0x32
IN_LIST_PASSIVE_TARGET = 0x4A

ANSWER_MS = 2000  # at least: FWI 8 with five S(WTX) is 1.5 s (PD-22)
POLL_MS = 100  # one InListPassiveTarget, activation of a slow card included
CYCLE_MS = 30  # no cycle is begun with less time left: its last look may find a slow card
POLL_OVER_MS = 12  # how far a poll may outlast `find`; abort and drain go into the 20 of PD-18 too
BARREN_MS = 300  # a field in which nothing was found for so long is switched anew (PD-34)
FIELD_REST_MS = 6  # off 5.1..10 ms, then on 5.1 ms or more (JR/T 0025.11; PD-27)

# MaxTg 2, so that two of a kind show (QT-054); BrTy; AFI 00 (QT-049, QT-055; PD-19, PD-20)
LOOKS = (("A", b"\x02\x00"), ("B", b"\x02\x03\x00"))
LOOK_A, LOOK_B = LOOKS


class Pn532(Dialogue):
    """The chip behind `bus`; after open(): `version` (IC, ver, rev, support), `baud`."""

    def __init__(
        self,
        bus,
        clock,
        top_baud=921600,
        last_baud=115200,
        trace=None,
        answer_ms=ANSWER_MS,
        own_card=None,
        kbps=106,
    ):
        """own_card: iso_dep.IsoDepCard, where cards of type A shall speak by our own ISO-DEP.

        kbps: how fast they may at the most, 106, 212 or 424 (PD-25).
        """
        super().__init__(bus, clock, trace)
        self.version = None
        self.last_baud = last_baud
        self.unfit = []  # speeds that were refused or failed the echo: not tried again
        self.answer_ms = answer_ms
        self.own_card = own_card
        self.kbps = kbps
        self._top_baud = top_baud
        self._look_us = 0  # when the last look was begun
        self._lit_ms = None  # when the field was switched last
        self._poll_hung = False

    @property
    def baud(self):
        """The speed of the line; to be kept and given as last_baud at the next start (PD-13)."""
        return self.bus.baud

    def open(self):
        """Wake, find, set up and speed up the chip; return `version`. ChipError when it does not
        answer.

        Two rounds over all speeds (a first wake-up can fail), so at most 2 x
        opening.PROBE_LIMIT_MS to find it.
        """
        try:
            self._set_up()
        except ChipError:
            self._set_up()
        return self.version

    def _set_up(self, slowest=0):
        opening.probe(self, slowest)
        version = self.command(GET_FIRMWARE_VERSION, b"", opening.SHORT_MS)
        if len(version) != 4:
            raise silence(GET_FIRMWARE_VERSION, "%d bytes, not 4" % len(version))
        self.version = version
        opening.configure(self)
        opening.raise_speed(self, self._top_baud)
        self.last_baud = self.baud
        self.power(False)  # until there is an amount to be paid (QT-034)

    def find(self, timeout_ms=100):
        """Poll types B and A in turn until the time is out (QT-050); the list of Card found.

        More than one card is a collision for the caller to show; no APDU is sent (PD-20). Returns
        within timeout_ms + 20 ms even if the chip waits for ever (PD-18), with a card in the field
        one more cycle later. With less than 30 ms it may miss a slow card each time.
        """
        start = self.clock.ticks_ms()
        if self._lit_ms is not None and self.clock.ticks_diff(start, self._lit_ms) >= BARREN_MS:
            self.reset_field()  # chip or card may be deaf to the other until then
        while True:
            cards = self._cycle(start, timeout_ms)
            if cards or self._left_ms(start, timeout_ms) < CYCLE_MS:
                return cards

    def _cycle(self, start, timeout_ms):
        """All cards of both types: two technologies are a collision (QT-051).

        Type A, which nearly every card has, is asked for last: found there it ends a cycle whose
        other look was empty, and goes on as it was activated. Behind a hit of type B the look at A
        makes the chip forget that card, which stays in its protocol and hears no poll: a field
        reset brings it back, and it is activated anew.
        """
        others = self._poll(LOOK_B, self._left_ms(start, timeout_ms) + POLL_OVER_MS)
        if self._poll_hung:
            return []
        look_us = self._look_us
        left = POLL_MS if others else self._left_ms(start, timeout_ms) + POLL_OVER_MS
        cards = self._poll(LOOK_A, left)
        if cards and others:
            return others + cards
        if others:
            self.reset_field()
            cards = self._poll(LOOK_B, POLL_MS)
        if len(cards) != 1:
            return cards
        found = self._activated(cards[0]) if self.own_card or self.kbps > 106 else cards
        if not found:
            self.reset_field()  # it did not answer, or wrongly: polled anew (QT-066)
        for card in found:
            card.look_us = look_us if others else self._look_us
        return found

    def _left_ms(self, start, timeout_ms):
        return timeout_ms - self.clock.ticks_diff(self.clock.ticks_ms(), start)

    def _activated(self, card):
        """[the card as it will be spoken to]: by our ISO-DEP, or by the chip's; [] without ATS."""
        if not self.own_card:
            from firmware.reader import speed  # for the few that ask for it: memory is small

            if speed.raised(self, card):
                return [card]
            self.reset_field()
            return self._poll(LOOK_A, POLL_MS)  # and no further word of speed
        if card.kind != "A" or not card.sel_res & SEL_RES_ISO_DEP:
            self.command(*opening.WAITING, opening.SHORT_MS)  # the last card may have changed it
            return [card]
        own = self.own_card(self, card)
        return [own] if own.activate() else []

    def power(self, on):
        """Switch the RF field, and give the cards time to see it; off resets every card."""
        self.command(RF_CONFIGURATION, b"\x01\x01" if on else b"\x01\x00", opening.SHORT_MS)
        self.bus.rest(FIELD_REST_MS)
        self._lit_ms = self.clock.ticks_ms()

    def reset_field(self):
        """Field off 5.1..10 ms, then on as long before a poll (QT-050, QT-069; PD-27).

        This ends the link with a card; it is never deselected (JR/T 0025.11 §13.1.2; QT-068).
        """
        self.power(False)
        self.power(True)

    def recover(self):
        """Get a lost chip back: stop it, else wake it and set it up; True when it works (PD-34).

        At most 500 ms; False means "reader out of order", and the caller tries again later. A chip
        that was opened before is looked for from 115200 up, which it has after a reset.
        """
        try:
            self._abort()
            if self.version and opening.echo(self):
                opening.configure(self)
            else:
                self._set_up(opening.RESET_BAUD if self.version else 0)
            self.reset_field()
        except LinkLost:
            return False
        return True

    def _poll(self, look, limit_ms):
        """The cards that one InListPassiveTarget finds; it ends after `limit_ms` or POLL_MS."""
        if self._poll_hung:  # the finite number of retries is lost: the chip was reset
            self._poll_hung = False
            opening.configure(self)
        kind, data = look
        self._look_us = self.clock.ticks_us()
        answer = self._ask(IN_LIST_PASSIVE_TARGET, data, min(limit_ms, POLL_MS), None)
        if answer is None:
            self._poll_hung = True
            return []
        try:
            targets = read_targets(answer, kind, not self.own_card)
        except FormatError as error:
            raise silence(IN_LIST_PASSIVE_TARGET, error)
        return [Card(self, target) for target in targets]
