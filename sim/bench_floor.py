# SPDX-License-Identifier: Apache-2.0
"""The floor of a tap: what the timing model leaves when chip firmware and host take no time.

One activation (9 ms: WUPA, two cascade levels, RATS), and for each APDU link, radio and card by
the formulae of pn532.md, 6. Engine "chip" is InDataExchange with FSD 64, "own" is
InCommunicateThru with FSD 256, one command a block. Looks that find nothing, registers, field
resets, signatures and the journal count nothing: what they cost is the terminal's.
"""

from sim.timing import ACTIVATION_MS, BLOCK_FRAME, Timing, pieces

FULL = Timing()
FSD = {"chip": 64, "own": 256}
FSC = 256


def tap_ms(engine, exchanges, baud):
    """Milliseconds of [(bytes sent, bytes received, card ms)], activation included."""
    each = (apdu_ms(engine, sent, back, card_ms, baud) for sent, back, card_ms in exchanges)
    return ACTIVATION_MS + sum(each)


def apdu_ms(engine, sent, received, card_ms, baud):
    """One APDU at a link speed, 106 kbit/s on the air."""
    air_ms = FULL.rf_ms(sent, received, fsd=FSD[engine], fsc=FSC)
    return link_ms(engine, sent, received, baud) + air_ms + card_ms


def link_ms(engine, sent, received, baud):
    """What the bytes of one APDU take on the host link."""
    if engine == "chip":
        return FULL.link_ms(sent, received, baud)
    room = FSC - BLOCK_FRAME
    out = [1 + count for count in pieces(sent, room)]  # PCB
    back = [1 + count for count in pieces(received, room)]
    acknowledged = len(out) + len(back) - 2  # R(ACK) each way in place of a block
    count = 27 * (len(out) + len(back) - 1) + sum(out) + sum(back) + acknowledged
    count += 3 * sum(one + 3 > 255 for one in out) + 3 * sum(one + 4 > 255 for one in back)
    return count * FULL.byte_us(baud) / 1000
