# SPDX-License-Identifier: Apache-2.0
"""One command to the chip and its answer: frames, ACK, NACK, silence. UM0701-02 6.2, 7.

An exchange is: command frame in one write (PD-17), ACK, answer. Waiting is reading with a
deadline, never a sleep (PD-15). Every failure is a LinkLost: a ChipError with the chip's status
(PD-09), with -1 when there was none; LinkLost itself when the line has gone. After a time-out the
chip is told to stop (host ACK) and what still arrives is thrown away (PD-10); an answer counts
only behind the ACK of its own command (PD-08).
The bus is an Hsu or anything that gives the same (bus.py); `trace(direction, frame, at_us)` sees
every frame, "<" from the chip, frames of the chip in their normal form.
"""

from firmware.reader.frame import ACK, ERROR, LONGEST_ON_WIRE, NACK, FrameReader, encode
from firmware.reader.status import SYNTAX, silence, status_error

TO_CHIP, FROM_CHIP = 0xD4, 0xD5

ACK_LIMIT_MS = 30  # the chip may take 15; 20 is the least that is safe (PD-06)
REPEAT_MS = 100  # an answer that exists already, asked for again
GAP_MS = 60  # a silence inside a frame that ends it
MOST_LATE = 1024  # bytes read behind a time limit: what a ring of 512 can hold, and a frame
OWED_MS = 8000  # how long an answer that never came may still come
CARD_COMMANDS = (0x40, 0x42)  # whose answers are a card's: one must never pass for another

SIGNS = {"ack": ACK, "nack": NACK, "error": ERROR}


class Dialogue:
    """Commands one at a time over `bus`; `heard`: whether the last one had its ACK."""

    def __init__(self, bus, clock, trace=None):
        self.bus = bus
        self.clock = clock
        self.heard = False
        self._trace = trace
        self._reader = FrameReader()
        self._events = []
        self._since = 0  # when the step began that is being waited for
        self._late = 0  # bytes read behind its limit
        self._owed = None  # (code, when) of a card's answer that was waited for in vain

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
        """What begins a frame, waited for by reading (PD-15). None: the caller has no more work
        to do meanwhile.
        """
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
        """Host ACK ends the running command; what it still sends is thrown away (PD-10)."""
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
