# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B904 - MicroPython has no `raise from`
"""The PN532: its commands one at a time, finding cards, the field, getting well again.

UM0701-02 7; pn532.md, 3, 4, 10. An exchange is: command frame in one write (PD-17), ACK, answer.
Waiting is reading with a deadline, never a sleep (PD-15). Every failure is a LinkLost: a ChipError
with the chip's status (PD-09), with -1 when there was none; LinkLost itself when the line has
gone. After a time-out the chip is told to stop (host ACK) and what still arrives is thrown away
(PD-10); an answer counts only behind the ACK of its own command (PD-08).
The bus is an Hsu or anything that gives the same (bus.py); `trace(direction, frame, at_us)` sees
every frame, "<" from the chip, frames of the chip in their normal form.
"""

from firmware.errors import ChipError, FormatError, LinkLost
from firmware.reader import opening
from firmware.reader.card import Card
from firmware.reader.frame import ACK, ERROR, LONGEST_ON_WIRE, NACK, FrameReader, encode
from firmware.reader.status import SYNTAX, silence, status_error
from firmware.reader.targets import SEL_RES_ISO_DEP, read_targets

TO_CHIP, FROM_CHIP = 0xD4, 0xD5
GET_FIRMWARE_VERSION, RF_CONFIGURATION = 0x02, 0x32
IN_LIST_PASSIVE_TARGET = 0x4A

ACK_LIMIT_MS = 30  # the chip may take 15; 20 is the least that is safe (PD-06)
REPEAT_MS = 100  # an answer that exists already, asked for again
GAP_MS = 60  # a silence inside a frame that ends it
MOST_LATE = 1024  # bytes read behind a time limit: what a ring of 512 can hold, and a frame
OWED_MS = 8000  # how long an answer that never came may still come
CARD_COMMANDS = (0x40, 0x42)  # whose answers are a card's: one must never pass for another
ANSWER_MS = 5000  # FWI 8 with five S(WTX) is 1.5 s (PD-22)
POLL_MS = 100  # one InListPassiveTarget, activation of a slow card included
CYCLE_MS = 30  # no cycle is begun with less time left: its last look may find a slow card
POLL_OVER_MS = 12  # how far a poll may outlast `find`; abort and drain go into the 20 of PD-18 too
BARREN_MS = 300  # a field in which nothing was found for so long is switched anew (PD-34)
FIELD_REST_MS = 6  # off 5.1..10 ms, then on 5.1 ms or more (JR/T 0025.11; PD-27)

SIGNS = {"ack": ACK, "nack": NACK, "error": ERROR}
# MaxTg 2, so that two of a kind show (QT-054); BrTy; AFI 00 (QT-049, QT-055; PD-19, PD-20)
LOOKS = (("A", b"\x02\x00"), ("B", b"\x02\x03\x00"))
LOOK_A, LOOK_B = LOOKS


class Pn532:
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
        self.bus = bus
        self.version = None
        self.last_baud = last_baud
        self.unfit = []  # speeds that were refused or failed the echo: not tried again
        self.answer_ms = answer_ms
        self.own_card = own_card
        self.kbps = kbps
        self.clock = clock
        self._top_baud = top_baud
        self._trace = trace
        self._reader = FrameReader()
        self._events = []
        self._since = 0  # when the step began that is being waited for
        self._late = 0  # bytes read behind its limit
        self._owed = None  # (code, when) of a card's answer that was waited for in vain
        self.heard = False  # whether the last command had its ACK
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

    def command(self, code, data, timeout_ms, spare=None):
        """Send one command, return the data of its answer (behind TFI and code); no other one is
        sent before (QT-067).

        `timeout_ms` runs from the last byte of the command to the first of the answer.
        `spare()` runs between sending and receiving, as long as no byte of the answer is there
        (PD-28).
        """
        answer = self._ask(code, data, timeout_ms, spare)
        if answer is None:
            raise silence(code, "no answer in %d ms" % timeout_ms)
        return answer

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
            return [Card(self, target) for target in read_targets(answer, kind)]
        except FormatError as error:
            raise silence(IN_LIST_PASSIVE_TARGET, error)

    def _ask(self, code, data, timeout_ms, spare):
        """One command: the data of its answer, None when there was none in time."""
        frame = encode(bytes((TO_CHIP, code)) + data)
        self._reader.reset()
        self._reader.inside = True
        self._events = []
        self.heard = False
        self.send(frame)
        # the last byte of a long command leaves long after write() has returned
        wire_ms = self.bus.wire_ms(len(frame) + len(ACK))
        self._await_ack(code, ACK_LIMIT_MS + wire_ms)
        return self._answer(code, timeout_ms + wire_ms, spare)

    def _answer(self, code, limit_ms, spare):
        """What comes behind the ACK: data of the answer, None when there was none in time.

        An answer that was given up may still come, and then looks like that to the same command
        (PD-08). So while one is owed, an answer of a card is asked for again: a chip at rest says
        the same once more, one that is still at work says nothing, and that was the old one.
        """
        wait_ms, seen, repeated = limit_ms, [], False
        while True:
            event, payload = self._next_event(wait_ms, spare)
            if event == "frame" and payload[:2] == bytes((FROM_CHIP, code + 1)):
                if payload in seen or not self._is_owed(code):
                    return payload[2:]
                seen.append(payload)
                if len(seen) == 2:
                    continue  # one of them will be repeated, or the chip was at work until here
                repeated = len(seen) > 2
            elif event == "silence" and seen:
                repeated = False
                if len(seen) == 1:
                    self._owed, wait_ms, seen = None, limit_ms, []
                    continue
                seen = seen[1:]
            elif event == "error":
                raise status_error(code, SYNTAX)
            elif event == "silence" and not repeated:
                self._abort()
                if code in CARD_COMMANDS:
                    self._owed = (code, self.clock.ticks_ms())
                return None
            elif event not in ("damaged", "silence"):
                continue
            if repeated:
                self._abort()
                raise silence(code, "answer damaged, and not well repeated")
            # the answer again, not the command: the card sees it once (PD-07)
            repeated, spare, wait_ms = True, None, REPEAT_MS
            self.send(NACK)

    def _is_owed(self, code):
        """Whether an answer to an earlier command with this code may still come."""
        if self._owed and self._owed[0] == code:
            late_ms = self.clock.ticks_diff(self.clock.ticks_ms(), self._owed[1])
            return 0 <= late_ms <= OWED_MS
        return False

    def _await_ack(self, code, limit_ms):
        """Read up to the ACK; whatever comes before it belongs to an earlier command (PD-08)."""
        while True:
            event, _ = self._next_event(limit_ms, None)
            if event == "ack":
                self.heard = True
                return
            if event == "error":
                raise status_error(code, SYNTAX)
            if event == "silence":
                self._abort()
                raise silence(code, "no ACK in %d ms" % limit_ms)

    def send(self, frame):
        """Write one frame; its time is what the next wait counts from."""
        if self._trace:
            self._trace(">", frame, self.clock.ticks_us())
        self.bus.write(frame)
        self._since = self.clock.ticks_ms()
        self._late = 0

    def _next_event(self, limit_ms, spare):
        """The next event of the FrameReader; "silence" when `limit_ms` from the last step on are
        over.

        A frame that has begun may end later than that; one that is cut short is "damaged".
        """
        reader = self._reader
        while not self._events:
            if reader.started():
                chunk = self.bus.read(reader.missing(), GAP_MS)
                if not chunk:
                    self._note(reader.abandon() or [("damaged", b"")])
                    break
            else:
                left = limit_ms - self.clock.ticks_diff(self.clock.ticks_ms(), self._since)
                chunk = self._first_bytes(left, spare)
                if chunk is None:
                    spare = None
                    continue
                if left <= 0:
                    self._late += len(chunk)
                    if not chunk or self._late > MOST_LATE:  # a line that babbles is no answer
                        return ("silence", b"")
            self._note(reader.feed(chunk))
        return self._events.pop(0)

    def _first_bytes(self, left, spare):
        """What begins a frame. None: the caller has no more work to do meanwhile."""
        if spare is not None and left > 0:
            chunk = self.bus.read(LONGEST_ON_WIRE, 0)
            if not chunk and not spare():
                return None
            return chunk
        chunk = self.bus.read(self._reader.missing(), max(left, 0))
        if chunk:  # often the whole frame is there: spares reading it piece by piece
            chunk += self.bus.read(LONGEST_ON_WIRE, 0)
        return chunk

    def _abort(self):
        """Host ACK ends the running command; what it still sends is thrown away."""
        self.send(ACK)
        self.bus.drain()
        self._reader.reset()
        self._events = []

    def _note(self, events):
        self._events = events
        if self._trace:
            for event, payload in events:
                frame = encode(payload) if payload else SIGNS.get(event, b"")
                self._trace("<", frame, self.clock.ticks_us())
