# SPDX-License-Identifier: Apache-2.0
"""The card's side of ISO/IEC 14443-4 for raw frames (InCommunicateThru): RATS, PPS, I-, R- and
S-blocks (PS-14).

`Picc.answer(frame) -> frame or None` where None is silence. Frames are without CRC, as the chip
adds and removes it. Rules 9 to 13, D and E of 7.5.4 (ISO/IEC 14443-4): the card's block number
starts at 1 and follows the reader's, a block seen before is answered again and not executed again.
CID is echoed, NAD is not spoken.
"""

from collections import namedtuple
from math import ceil

FSD_SIZES = (16, 24, 32, 40, 48, 64, 96, 128, 256)  # by FSDI or FSCI, 5.1 and 5.2.3
FWI_DEFAULT = 4
COMMAND_MOST = 4096  # bytes of one chained command
FSC_DEFAULT_INDEX = 2
FWI_B = 8  # of the ATQB of a type B card
FWT_UNIT_MS = 4096 / 13560  # FWT = this x 2^FWI
WTXM_MOST = 59

AtsView = namedtuple("AtsView", "fsc ta1 fwi sfgi")


def read_ats(ats: bytes) -> AtsView:
    """FSC, TA1 (0 when absent), FWI and SFGI of an ATS, with the defaults of 5.2.2."""
    t0 = ats[1] if len(ats) > 1 else FSC_DEFAULT_INDEX
    rest = iter(ats[2:])
    ta1 = next(rest, 0) if t0 & 0x10 else 0
    tb1 = next(rest, FWI_DEFAULT << 4) if t0 & 0x20 else FWI_DEFAULT << 4
    return AtsView(FSD_SIZES[min(t0 & 0x0F, 8)], ta1, tb1 >> 4, tb1 & 0x0F)


def fwi_of(card) -> int:
    return FWI_B if card.kind == "B" else read_ats(card.ats).fwi


def speed_allowed(ta1: int, to_card: int, from_card: int) -> bool:
    """Whether TA1 grants these speeds; 0, 1, 2 = 106, 212, 424 kbit/s (5.2.4)."""
    if ta1 & 0x80 and to_card != from_card:
        return False
    sent = to_card == 0 or ta1 & 0x07 & 1 << (to_card - 1)
    back = from_card == 0 or ta1 >> 4 & 0x07 & 1 << (from_card - 1)
    return bool(sent and back)


class Picc:
    """One selected card as seen through raw frames.

    `field`: activate(card), transmit(card, c_apdu), busy_ms(card) of what it did last.
    """

    def __init__(self, card, field):
        self.card = card
        self.field = field
        self.active = False
        self.fresh = False  # just after RATS: PPS is allowed
        self.busy_ms = 0.0
        self._begin(0x50)

    def _begin(self, parameter: int) -> None:
        self.to_card = self.from_card = 0  # speeds, until PPS: 106 kbit/s both ways
        self.fsd = FSD_SIZES[min(parameter >> 4, 8)]
        self.cid = parameter & 0x0F
        self.number = 1  # rule C
        self.last: bytes | None = None  # last block sent
        self.got = b""  # chained command so far
        self.out = b""  # answer still to send
        self.wtx_factor = 1
        self.parts_ms: list[float] = []  # of the card's work: before this block and the next ones

    def activate(self, parameter: int = 0x50) -> bytes:
        """RATS with FSDI and CID, returns the ATS; the chip by itself sends `E0 50`: FSD 64."""
        self.field.activate(self.card)
        self._begin(parameter)
        self.active = self.fresh = True
        return self.card.ats

    def answer(self, frame: bytes, wtx: tuple[int, int] = (0, 1)) -> bytes | None:
        """What the card says to `frame`; `wtx`: count and multiplier of S(WTX) first (PS-14)."""
        self.busy_ms = 0.0
        if not frame:
            return None
        if not self.active:
            return self.activate(frame[1]) if frame[0] == 0xE0 and len(frame) == 2 else None
        pcb, fresh = frame[0], self.fresh
        self.fresh = False
        if pcb & 0xF0 == 0xD0 and fresh:
            return self._pps(frame)
        header = 2 if pcb & 0x08 else 1
        if len(frame) < header or (header == 2 and frame[1] & 0x0F != self.cid):
            return None
        if pcb & 0xE6 == 0x02:
            return self._i_block(pcb, frame[:header], frame[header:], wtx)
        if pcb & 0xE6 == 0xA2 and len(frame) == header:
            return self._r_block(pcb, frame[:header])
        if pcb & 0xC7 == 0xC2:
            return self._s_block(pcb, frame[:header], frame[header:])
        return None

    def _pps(self, frame: bytes) -> bytes | None:
        """PPS0 and PPS1 as TA(1) allows, else silence (PS-17)."""
        if len(frame) not in (2, 3) or frame[0] & 0x0F != self.cid:
            return None
        code = frame[2] if len(frame) == 3 and frame[1] & 0x10 else 0
        to_card, from_card = code & 3, code >> 2 & 3
        if not speed_allowed(read_ats(self.card.ats).ta1, to_card, from_card):
            return None
        self.to_card, self.from_card = to_card, from_card
        return frame[:1]

    def _i_block(self, pcb: int, header: bytes, data: bytes, wtx: tuple[int, int]) -> bytes | None:
        if pcb & 1 == self.number:  # PS-14: seen before, not executed twice
            return self.last
        self.number = pcb & 1  # rule D
        if len(self.got) + len(data) > COMMAND_MOST:  # PS-30: memory has an end
            return None
        self.got += data
        if pcb & 0x10:
            return self._say(0xA2, header)
        command, self.got = self.got, b""
        self.out = self.field.transmit(self.card, command)
        self.parts_ms, self.wtx_factor = self._spread(self.field.busy_ms(self.card), *wtx)
        return self._next(header)

    def _r_block(self, pcb: int, header: bytes) -> bytes | None:
        if pcb & 1 == self.number:  # rule 11
            return self.last
        if pcb & 0x10:  # rule 12: R(NAK) for a block that never came
            return self._say(0xA2, header, keep=False)
        if not self.out:
            return None
        self.number ^= 1  # rule E
        return self._next(header)

    def _s_block(self, pcb: int, header: bytes, data: bytes) -> bytes | None:
        if pcb & 0x30 == 0x00:  # S(DESELECT)
            self.active = False
            self.to_card = self.from_card = 0
            return header
        if pcb & 0x30 == 0x30 and self.parts_ms and data == bytes((self.wtx_factor,)):
            return self._next(header)
        return None

    def _next(self, header: bytes) -> bytes:
        """The next block of the answer, or a further S(WTX) before it."""
        self.busy_ms = self.parts_ms.pop(0) if self.parts_ms else 0.0
        if self.parts_ms:
            return self._say(0xF2, header, bytes((self.wtx_factor,)))
        room = self.fsd - 2 - len(header)
        piece, self.out = self.out[:room], self.out[room:]
        return self._say(0x12 if self.out else 0x02, header, piece)

    def _spread(self, busy_ms: float, count: int, factor: int) -> tuple[list[float], int]:
        """(work before each block, multiplier): `count` extensions, or those that it needs by 7.3
        to work longer than its FWT.
        """
        fwt_ms = FWT_UNIT_MS * 2 ** fwi_of(self.card)
        if count or busy_ms <= fwt_ms:
            # spread over what was granted: one FWT, and as many as the multiplier says each time
            each = max(factor, 1)
            unit_ms = busy_ms / (1 + count * each)
            return [unit_ms] + [unit_ms * each] * count, factor
        factor = min(ceil((busy_ms - fwt_ms) / fwt_ms), WTXM_MOST)
        whole, rest_ms = divmod(busy_ms - fwt_ms, factor * fwt_ms)
        return [fwt_ms] + [factor * fwt_ms] * int(whole) + [rest_ms] * (rest_ms > 0), factor

    def _say(self, pcb: int, header: bytes, data: bytes = b"", keep: bool = True) -> bytes:
        number = 0 if pcb & 0xC0 == 0xC0 else self.number
        block = bytes((pcb | header[0] & 0x08 | number,)) + header[1:] + data
        if keep:
            self.last = block
        return block
