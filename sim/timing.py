# SPDX-License-Identifier: Apache-2.0
"""The time model of the virtual PN532: host link, radio, card, firmware, each of which can be
switched off.

Formulae of the PN532 chapter "Timing model" (PS-18). Times are milliseconds, link times
microseconds, because a byte at 921600 baud lasts 11 of them. The radio term counts blocks of
ISO/IEC 14443-4: PCB and CRC make 3 bytes a block. Type A activation (WUPA, two cascade levels,
RATS/ATS) is taken as 9 ms, type B the same for want of a measurement.
"""

from math import ceil

FC_KHZ = 13560  # carrier
FDT_PICC_MS = 0.3  # card turns round
FDT_PCD_MS = 0.5  # reader turns round: EMV minimum, 6780/fc
ACTIVATION_MS = 9.0
POLL_MS = 5.0  # one look into an empty field; no figure was ever published
FWT_UNIT_MS = 4096 / FC_KHZ  # FWT = this x 2^FWI
BLOCK_FRAME = 3  # PCB + CRC
BITS_A_BYTE = 10  # 8N1


def frame_ms(count: int, divisor: int = 1) -> float:
    """Time on air of `count` bytes, CRC included, t(n); divisor 1, 2, 4 = 106, 212, 424 kbit/s."""
    return (9 * count + 2) * 128 / (FC_KHZ * divisor)


def pieces(total: int, room: int) -> list[int]:
    """Lengths of the blocks that carry `total` bytes, `room` in each; nothing is one block."""
    full, rest = divmod(total, room)
    return [room] * full + ([rest] if rest or not full else [])


def rf_blocks(sent: int, received: int, fsd: int = 64, fsc: int = 256) -> int:
    """Number of I-blocks both ways for one APDU (PS-13)."""
    return len(pieces(sent, fsc - BLOCK_FRAME)) + len(pieces(received, fsd - BLOCK_FRAME))


class Timing:
    """Which terms count (PS-18). `scale` stretches all of them; `firmware_ms` is T_fw a command.

    `card_ms` stands in the place of each card's own time; with `divisor` 2 or 4 the air is so
    fast from the start, without PPS.
    """

    def __init__(
        self,
        link: bool = True,
        rf: bool = True,
        card: bool = True,
        firmware_ms: float = 0.0,
        scale: float = 1.0,
        card_ms: float | None = None,
        divisor: int = 1,
    ):
        self.link = link
        self.rf = rf
        self.card = card
        self.fixed_card_ms = card_ms
        self.divisor = divisor
        self.firmware_ms = firmware_ms * scale
        self.scale = scale

    @classmethod
    def none(cls) -> "Timing":
        """Everything at once: for tests of bytes, and for measuring the simulator itself."""
        return cls(link=False, rf=False, card=False)

    def byte_us(self, baud: int) -> float:
        """Time of one byte on the host link; 0 with the link term off."""
        return BITS_A_BYTE * 1_000_000 / baud * self.scale if self.link else 0.0

    def link_ms(self, sent: int, received: int, baud: int) -> float:
        """T_link of one InDataExchange over HSU: command, ACK, answer; long frames 3 more."""
        count = 26 + sent + received + 3 * (sent + 3 > 255) + 3 * (received + 3 > 255)
        return count * self.byte_us(baud) / 1000

    def rf_ms(
        self, sent: int, received: int, fsd: int = 64, fsc: int = 256, divisor: int = 1
    ) -> float:
        """T_rf of one APDU: the answer chained by FSD, a command longer than FSC as well."""
        if not self.rf:
            return 0.0
        divisor = max(divisor, self.divisor)
        out = pieces(sent, fsc - BLOCK_FRAME)
        back = pieces(received, fsd - BLOCK_FRAME)
        air = sum(frame_ms(count + BLOCK_FRAME, divisor) for count in out + back)
        acknowledged = (
            len(out) + len(back) - 2
        )  # each block but the two last is answered by an R(ACK)
        r_ack = FDT_PCD_MS + frame_ms(BLOCK_FRAME, divisor) + FDT_PICC_MS
        return (air + FDT_PICC_MS + FDT_PCD_MS + acknowledged * r_ack) * self.scale

    def raw_ms(self, sent: int, received: int, divisor: int = 1, back: int = 0) -> float:
        """One frame and its answer, without CRC; `back`: divisor of the answer, 0: same."""
        if not self.rf:
            return 0.0
        out = frame_ms(sent + 2, max(divisor, self.divisor))
        air = out + frame_ms(received + 2, max(back or divisor, self.divisor))
        return (air + FDT_PICC_MS + FDT_PCD_MS) * self.scale

    def card_ms(self, busy_ms: float) -> float:
        """The card's own time."""
        return busy_ms * self.scale if self.card else 0.0

    def activation_ms(self) -> float:
        """Detection and selection of one card."""
        return ACTIVATION_MS * self.scale if self.rf else 0.0

    def empty_ms(self) -> float:
        """One look into a field without a card."""
        return POLL_MS * self.scale if self.rf else 0.0

    def lost_ms(self, fwi: int, tries: int) -> float:
        """Waiting in vain: `tries` frame waiting times."""
        return FWT_UNIT_MS * 2**fwi * tries * self.scale if self.rf else 0.0

    def limit_ms(self, index: int) -> float:
        """RFConfiguration time-out 1..16: 100 us x 2^(n-1); 0, no limit, counts as the longest."""
        return 0.1 * 2 ** ((index or 16) - 1) * self.scale if self.rf else 0.0


def whole_us(time_us: float) -> int:
    """The first whole microsecond at which something at `time_us` has happened."""
    return ceil(time_us - 1e-6)
