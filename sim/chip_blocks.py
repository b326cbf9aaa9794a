# SPDX-License-Identifier: Apache-2.0
"""The chip's own end of ISO/IEC 14443-4, behind InDataExchange: chaining both ways, R-blocks,
S(WTX), repeats.

`air(frame, limit_ms)` is one frame and its answer: a generator that yields milliseconds and
returns the card's frame; ChipError 01 is silence, 02 a damaged answer. Rules 2 to 7 of 7.5.4
(ISO/IEC 14443-4) as a reader follows them. What the firmware of a real chip does in detail is not
published; that it sends a block three times before it gives up is an assumption.
"""

from firmware.errors import ChipError

TRIES = 3  # a block, and two R(NAK) or R(ACK) for it
RF_PROTOCOL = 0x0B
BLOCK_FRAME = 3  # PCB and CRC
FWTX_MOST = 59


class Blocks:
    """Block number and sizes of one activated card."""

    def __init__(self, air, fsc: int, fwt_ms: float):
        self.air = air
        self.room = fsc - BLOCK_FRAME
        self.fwt_ms = fwt_ms
        self.number = 0  # rule A

    def exchange(self, command: bytes):
        """Send an APDU and collect its answer (PS-13); generator, ChipError when nothing helps."""
        rest = command
        while len(rest) > self.room:
            piece, rest = rest[: self.room], rest[self.room :]
            answer = yield from self._ask(self._block(0x12, piece))
            if answer[0] & 0xF6 != 0xA2:
                raise ChipError("no R(ACK) to a chained block", RF_PROTOCOL)
            self.number ^= 1
        answer = yield from self._ask(self._block(0x02, rest))
        whole = b""
        while True:
            if answer[0] & 0xEF != 0x02 | self.number:
                raise ChipError("no I-block", RF_PROTOCOL)
            whole += answer[1:]
            self.number ^= 1
            if not answer[0] & 0x10:
                return whole
            answer = yield from self._ask(self._block(0xA2))

    def alive(self):
        """Whether the card answers an R(NAK) (PS-11); generator."""
        try:
            yield from self.air(self._block(0xB2), self.fwt_ms)
        except ChipError:
            return False
        return True

    def _block(self, pcb: int, data: bytes = b"") -> bytes:
        return bytes((pcb | self.number,)) + data

    def _ask(self, frame: bytes):
        """The block that answers `frame`, after repeats and extensions; generator."""
        # rule 5: while the card chains, R(ACK) is repeated; else R(NAK) asks again
        again = frame if frame[0] & 0xE0 == 0xA0 else self._block(0xB2)
        saying, limit_ms, failures = frame, self.fwt_ms, 0
        while True:
            try:
                answer = yield from self.air(saying, limit_ms)
            except ChipError:
                failures += 1
                if failures == TRIES:
                    raise
                saying, limit_ms = again, self.fwt_ms
                continue
            if answer[0] & 0xF7 == 0xF2 and len(answer) == 2 and answer[1] & 0x3F:
                factor = min(answer[1] & 0x3F, FWTX_MOST)
                saying, limit_ms = answer, self.fwt_ms * factor
            elif answer[0] == 0xA2 | self.number ^ 1 and saying is not frame:
                saying, limit_ms = frame, self.fwt_ms  # rule 6: the block never arrived
            else:
                return answer
