# SPDX-License-Identifier: Apache-2.0
"""A card that was found, and APDUs with it by InDataExchange: engine A.

The chip does ISO-DEP: blocks, chaining, S(WTX), retries (UM0701-02 7.3.8; pn532.md, 4 and 10).
One command an APDU (PD-16), since 261 and 258 bytes fit; an answer that the chip splits all the
same is joined (PD-11).
"""

from firmware.errors import FormatError
from firmware.reader.status import silence, status_error
from firmware.reader.targets import read_ats

IN_DATA_EXCHANGE = 0x40
LONGEST_C_APDU = 261
LONGEST_JOINED = 4096  # of a chained answer: neither time nor memory without end (PD-35)
MORE = 0x40  # MI in the status
STATUS_BITS = 0x3F
FWT_UNIT_US = 330  # 4096/fc and the tolerance of 384/fc, times 2^FWI
TRIES = 3  # of the chip for one block (assumption)
MOST_MS = 5000


class Card:
    """A card in the field: `kind` "A" or "B", `uid`, `ats` (type B: ATQB), `sel_res`; `look_us`,
    when the look began that found it.
    """

    def __init__(self, chip, target):
        self._chip = chip
        self.number = target.number
        self.kind = target.kind
        self.uid = target.uid
        self.ats = target.ats
        self.sel_res = target.sel_res
        self.look_us = 0
        self._answer_ms = _answer_ms(target, chip.answer_ms)

    def exchange(self, command, spare=None):
        """Send a C-APDU of 1..261 bytes, return the R-APDU with its status word.

        FormatError before anything is sent when the command is longer (PD-05); LinkLost for
        everything else.
        """
        if not 0 < len(command) <= LONGEST_C_APDU:
            raise FormatError("a C-APDU has 1..261 bytes, not %d" % len(command))
        r_apdu, more = self._part(command, spare)
        while more:  # PD-11
            part, more = self._part(b"", None)
            r_apdu += part
            if len(r_apdu) > LONGEST_JOINED or (more and not part):
                raise silence(IN_DATA_EXCHANGE, "answer over %d bytes" % LONGEST_JOINED)
        if len(r_apdu) < 2:
            raise silence(IN_DATA_EXCHANGE, "answer without status word")
        return r_apdu

    def _part(self, data, spare):
        """One InDataExchange (PD-16): (data of the answer, whether more follows)."""
        chip = self._chip
        answer = chip.command(
            IN_DATA_EXCHANGE, bytes((self.number,)) + data, self._answer_ms, spare
        )
        if not answer:
            raise silence(IN_DATA_EXCHANGE, "answer without status")
        if answer[0] & STATUS_BITS:
            raise status_error(IN_DATA_EXCHANGE, answer[0] & STATUS_BITS)
        return answer[1:], answer[0] & MORE


def _answer_ms(target, least_ms):
    """How long the chip is waited for: what it grants a card by itself, and `least_ms` at least.

    S(WTX) lengthens that, and the host sees none of it; what has fallen silent is the same to it.
    """
    try:
        fwi = read_ats(target.ats).fwi if target.kind == "A" else target.ats[11] >> 4
    except FormatError:
        fwi = 4
    return min(max(least_ms, TRIES * (FWT_UNIT_US << fwi) // 1000), MOST_MS)
