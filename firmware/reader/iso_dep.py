# SPDX-License-Identifier: Apache-2.0
"""ISO-DEP of our own over InCommunicateThru: engine B, for cards of type A (JR/T 0025.11 §7, §13;
pn532.md, 4 and 10).

The chip's automatic RATS asks for FSD 64; the book asks for E0 80, FSD 256, and nobody can show
what the chip does about waiting times and retries. Here they are done by us: one InCommunicateThru
a block, CRC by the chip, time limit and registers set once a card (PD-23, PD-24). Cards of type B
keep the chip's own ISO-DEP, engine A. Loaded only where the settings ask for it.

    I-block 02 | chaining 10 | number    R(ACK) A2 | number    R(NAK) B2 | number    S(WTX) F2

Neither CID nor NAD is spoken; S(DESELECT) is never sent (QT-068).
"""

from firmware.errors import FormatError
from firmware.reader.card import LONGEST_C_APDU, LONGEST_JOINED
from firmware.reader.status import silence, status_error
from firmware.reader.targets import read_ats

READ_REGISTER, WRITE_REGISTER, RF_CONFIGURATION, IN_COMMUNICATE_THRU = 0x06, 0x08, 0x32, 0x42
TX_MODE, RX_MODE, CRC_ON = b"\x63\x02", b"\x63\x03", 0x80
SPEED = 0x70  # bits of both registers, 0 = 106 kbit/s
RATS = b"\xe0\x80"  # FSDI 8: 256 bytes, CID 0 (QT-057)
RATS_US = 5300  # 71680/fc (JR/T 0025.11 A.1)
I_BLOCK, R_ACK, R_NAK, S_WTX, CHAINING = 0x02, 0xA2, 0xB2, 0xF2, 0x10
FRAME = 3  # PCB and CRC in a block of FSC bytes
REPEATS = 2  # of a block, of RATS (QT-065, QT-066)
MOST_WTX = 59
FWT_UNIT_US = 330  # 4096/fc and the tolerance of 384/fc, times 2^FWI
SFGT_UNIT_US = 302
TOP_INDEX = 16  # 3.28 s; what is longer has no limit in the chip, and the host's
DAMAGED = (0x01, 0x02, 0x03, 0x05, 0x0B)  # time-out, CRC, parity, framing, RF protocol
HOST_MS = 50  # how much later than the chip the host gives up
EXCHANGE_MS = 7000  # of one APDU in all: FWI 14 is 5.4 s, and no card keeps the reader for ever


def limit_index(limit_us):
    """RFConfiguration's 1..16 for 100 us x 2^(n-1), the first that is long enough; 0: none is."""
    for index in range(1, TOP_INDEX + 1):
        if 100 << (index - 1) >= limit_us:
            return index
    return 0


class IsoDepCard:
    """A selected card of type A: `kind`, `uid`, `sel_res`, `look_us`; after activate() `ats`."""

    rats = RATS
    most_sent = 256  # bytes of a block to the card, whatever FSC allows

    def __init__(self, chip, target):
        self._chip = chip
        self.number = target.number
        self.kind = target.kind
        self.uid = target.uid
        self.sel_res = target.sel_res
        self.ats = b""
        self.look_us = 0
        self._fsc = 32
        self._limit_us = 0
        self._block = 0  # number of the next block
        self._began = 0

    def activate(self):
        """RATS, and what its ATS asks for; False when the card does not answer, or wrongly.

        Missing bytes of the ATS have their defaults, FSCI above 8 is 8, TC(1) and historical bytes
        play no part (QT-058); FWI may be up to 14 (QT-059), SFGI is waited for (QT-060).
        Registers and time limit are set here, once a card (PD-23).
        """
        modes = self._chip.command(READ_REGISTER, TX_MODE + RX_MODE, HOST_MS)
        if len(modes) != 2:
            raise silence(READ_REGISTER, "%d registers, not 2" % len(modes))
        modes = [mode & ~SPEED | CRC_ON for mode in modes]  # the last card may have been faster
        self._write_modes(modes)
        self._limit(limit_index(RATS_US))
        self.ats = self._rats()
        heard_us = self._chip.clock.ticks_us()
        try:
            view = read_ats(self.ats)
        except FormatError:
            return False
        self._fsc = min(view.fsc, self.most_sent)
        self._limit_us = FWT_UNIT_US << view.fwi
        self._limit(limit_index(self._limit_us))
        self._guard(SFGT_UNIT_US << min(view.sfgi, 8), heard_us)
        return self._raise_speed(modes) if self._chip.kbps > 106 else True

    def _write_modes(self, modes):
        written = TX_MODE + bytes((modes[0],)) + RX_MODE + bytes((modes[1],))
        self._chip.command(WRITE_REGISTER, written, HOST_MS)

    def _raise_speed(self, modes):
        """PPS, where TA1 allows it (PD-25); False when card and reader may not be of one speed.

        A card that knows no PPS keeps silent and stays at 106 (ISO/IEC 14443-4 5.6.2): the session
        goes on. Any other answer than its own start byte leaves that open.
        """
        from firmware.reader import speed  # for the few that ask for it: memory is small

        code = speed.agreed(self.ats, self._chip.kbps)
        if not code:
            return True
        block, agrees = speed.pps(code)
        answer = self._frame(block, self._limit_us, None)
        if answer == agrees:
            self._write_modes([speed.with_speed(mode, code) for mode in modes])
        return answer in (agrees, b"")

    def _guard(self, guard_us, heard_us):
        """Wait for what is left of the guard time; the chip was given its time limit meanwhile."""
        clock = self._chip.clock
        left_us = guard_us - clock.ticks_diff(clock.ticks_us(), heard_us)
        if left_us > 0:
            self._chip.bus.rest((left_us + 999) // 1000)

    def _rats(self):
        """The ATS, b"" when none came; RATS is sent again twice (QT-066)."""
        for _ in range(1 + REPEATS):
            answer = self._frame(self.rats, RATS_US, None)
            if answer:
                return answer
        return b""

    def _limit(self, index):
        self._chip.command(RF_CONFIGURATION, b"\x02\x00\x0b" + bytes((index,)), HOST_MS)

    def exchange(self, command, spare=None):
        """Send a C-APDU of 1..261 bytes, return the R-APDU with its status word: as Card's.

        Longer commands go in blocks of FSC (QT-063); a chained answer is joined.
        """
        if not 0 < len(command) <= LONGEST_C_APDU:
            raise FormatError("a C-APDU has 1..261 bytes, not %d" % len(command))
        self._began = self._chip.clock.ticks_ms()
        size, at = self._fsc - FRAME, 0
        while len(command) - at > size:
            block = bytes((I_BLOCK | CHAINING | self._block,)) + command[at : at + size]
            if self._round(block, spare)[0] & 0xF6 != R_ACK & 0xF6:
                raise self._broken("no R(ACK) to a chained block")
            self._block ^= 1
            at += size
        answer = self._round(bytes((I_BLOCK | self._block,)) + command[at:], spare)
        r_apdu = self._part(answer)
        while answer[0] & CHAINING:
            answer = self._round(bytes((R_ACK | self._block,)), None)
            r_apdu += self._part(answer)
            if len(r_apdu) > LONGEST_JOINED:
                raise self._broken("answer over %d bytes" % LONGEST_JOINED)
        if len(r_apdu) < 2:
            raise self._broken("answer without status word")
        return r_apdu

    def _part(self, answer):
        """Data of an I-block with the number that is due."""
        if answer[0] & 0xEE != I_BLOCK or answer[0] & 1 != self._block:
            raise self._broken("block %02X" % answer[0])
        self._block ^= 1
        return answer[1:]

    def _round(self, block, spare):
        """The answer to one block: an I-block, or the R(ACK) to a chained one (QT-065; PD-24).

        Silence and damage are asked after with R(NAK), within a chained answer with the R(ACK)
        again; a card that has not got the block gets it again and has not executed it (§13.3.5).
        """
        sent, failures, again, limit_us = block, 0, 0, self._limit_us
        is_chained, is_ack = block[0] & 0xE0 == 0 and block[0] & CHAINING, block[0] & 0xE0 == 0xA0
        while True:
            answer = self._frame(sent, limit_us, spare)
            if limit_us != self._limit_us:
                limit_us = self._limit_us
                self._limit(limit_index(limit_us))
            if self._chip.clock.ticks_diff(self._chip.clock.ticks_ms(), self._began) > EXCHANGE_MS:
                raise self._broken("longer than %d ms" % EXCHANGE_MS)
            kind = answer[0] & 0xF6 if answer else 0
            if answer and kind == S_WTX & 0xF6 and len(answer) == 2:
                sent, limit_us = self._extended(answer[1] & 0x3F)
                continue
            if answer and len(answer) == 1 and kind == R_ACK & 0xF6:
                if is_chained and answer[0] & 1 == self._block:
                    return answer
                if is_ack or answer[0] & 1 == self._block:
                    raise self._broken("R(ACK) out of its turn")
                sent = block  # it never came: to send it once more is no third R(NAK)
                again += 1
            elif answer and answer[0] & 0xE6 == I_BLOCK:
                return answer
            else:
                sent = block if is_ack else bytes((R_NAK | self._block,))
                failures += 1
            if max(failures, again) > REPEATS:
                raise silence(IN_COMMUNICATE_THRU, "block lost %d times" % max(failures, again))

    def _extended(self, multiplier):
        """(S(WTX) to be sent, time limit): the card's own multiplier, 60 to 63 as 59 (QT-064)."""
        if not multiplier:
            raise self._broken("S(WTX) of 0")
        limit_us = self._limit_us * min(multiplier, MOST_WTX)
        self._limit(limit_index(limit_us))
        return bytes((S_WTX, multiplier)), limit_us

    def _frame(self, frame, limit_us, spare):
        """What the card says to one frame; b"" for silence and for an answer that was damaged."""
        host_ms = limit_us // 1000 + HOST_MS
        answer = self._chip.command(IN_COMMUNICATE_THRU, frame, host_ms, spare)
        if not answer:
            raise silence(IN_COMMUNICATE_THRU, "answer without status")
        if answer[0] & 0x3F in DAMAGED:
            return b""
        if answer[0] & 0x3F:
            raise status_error(IN_COMMUNICATE_THRU, answer[0] & 0x3F)
        return answer[1:]

    def _broken(self, text):
        return silence(IN_COMMUNICATE_THRU, text)
