# SPDX-License-Identifier: Apache-2.0
"""Fault knobs of the virtual PN532, as data (PN532 chapter, "Fault knobs"; PS-19).

    Faults({3: Fault(wrong_dcs=True), (0x40, 0): Fault(status=0x01)}, refuse_speed=(7,))

A key is the number of the command, from 0 in the order in which the chip took them, or (code, n):
the n-th command with that code, from 0. A knob changes one answer only; a NACK gets the undamaged
one. What concerns a speed or the whole chip is set once, beside the table. Two runs with the same
table are equal: nothing here draws a random number but `scatter`, from the seed given.
"""

from dataclasses import dataclass
from random import Random

ERROR_FRAME = bytes.fromhex("0000ff01ff7f8100")


@dataclass(frozen=True)
class Fault:
    """What goes wrong in one exchange (PS-19); cut_at, reset_at and gap_at count answer bytes."""

    ack_delay_ms: float = 0.0  # the ACK comes so much later, 0 to 30
    drop_ack: bool = False  # the answer comes without one
    answer_delay_ms: float = 0.0  # between ACK and answer
    drop_answer: bool = False  # ACK only
    late_answer_ms: float = 0.0  # the answer still comes, so much later, although the host gave up
    mute: bool = False  # the command is done, nothing is said
    # deaf from this command on: "wake" until wake-up bytes, "power" until reset(); "field": to
    # cards, until the field was off
    stuck: str = ""
    error_frame: bool = False  # refused before anything is done
    status: int | None = None  # done, but the status byte says this and no data follow
    extra_preamble: int = 0  # so many zeros more before the answer, 0 to 16
    bare: bool = False  # neither preamble nor postamble
    noise: bytes = b""  # before the answer frame
    noise_behind: bytes = b""  # behind the answer frame
    wrong_lcs: bool = False  # checksum of the length
    wrong_dcs: bool = False  # checksum of the data
    wrong_tfi: bool = False  # D4, as if the host spoke
    wrong_code: bool = False  # answer to another command
    cut_at: int | None = None  # the answer ends behind so many bytes
    then_whole: bool = False  # and a whole frame follows what was cut
    reset_at: int | None = None  # as cut_at, and the chip starts anew: LowVbat, 115200
    gap_at: int | None = None  # silence of gap_ms after this many bytes
    gap_ms: float = 0.0  # how long
    byte_gap_ms: float = 0.0  # silence before each byte of the answer
    mi_split: int | None = None  # data bytes an answer, the rest on request
    answer_length: int | None = None  # the card's answer cut or filled to this, its last two kept
    card_lost: str = ""  # link lost "before" the card acted or "after"; until it is listed again
    rf_lost: str = ""  # block on the air: "out" never reaches the card, "in" the answer is lost
    rf_damaged: bool | str = False  # the same with a wrong CRC; True is "in"
    # which block the chip sends in this command, from 0; a raw frame is one, and so is a look for
    # a card
    rf_block: int = 0
    rf_times: int = 1  # so many blocks from there on; three in a row and the chip gives up
    wtx: tuple[int, int] = (0, 1)  # so many S(WTX) of this multiplier before the card's answer


REST = Fault()
CHOICES: dict[str, tuple[str, ...]] = {
    "stuck": ("wake", "power", "field"),
    "card_lost": ("before", "after"),
    "rf_lost": ("out", "in"),
    "rf_damaged": ("out", "in"),
}
STOPS = ("reset", "wake", "power")


class Faults:
    """All faults of a run.

    refuse_speed: codes of SetSerialBaudRate that get the error frame.
    garble_speed: codes of the speeds at which the chip hears the host, but the host reads garbage.
    keep_speed: codes that are granted and not carried out.
    bad_dcs: reaction to a command with a wrong DCS, "silent" or "error"; the chip's own is not
    known (PS-04).
    stop_at: behind so many bytes on the link, both ways, the chip stops as `stop` says: "reset"
    (LowVbat and 115200), "wake" (deaf until woken) or "power" (until reset()). Once.
    """

    def __init__(
        self,
        at=None,
        always=REST,
        refuse_speed=(),
        garble_speed=(),
        keep_speed=(),
        bad_dcs="silent",
        stop_at=None,
        stop="reset",
    ):
        self.at = dict(at or {})
        self.always = always
        self.refuse_speed = frozenset(refuse_speed)
        self.garble_speed = frozenset(garble_speed)
        self.keep_speed = frozenset(keep_speed)
        self.bad_dcs = bad_dcs
        self.stop_at = stop_at
        self.stop = stop

    def pick(self, number: int, code: int, nth: int) -> Fault:
        """The fault of command `number`, which is the `nth` with this `code`."""
        if not self.at:
            return self.always
        return self.at.get(number) or self.at.get((code, nth)) or self.always


def spoil(fault: Fault, frame: bytes) -> bytes:
    """The bytes that go out instead of `frame`, which is a whole answer frame."""
    if fault is REST:
        return frame
    start = frame.index(b"\x00\xff")
    head = 5 if frame[start + 2 : start + 4] == b"\xff\xff" else 2  # LEN and LCS
    body = start + 2 + head
    spoilt = bytearray(frame)
    if fault.wrong_tfi:
        _swap(spoilt, body, 0xD4)
    if fault.wrong_code and len(spoilt) > body + 3:
        _swap(spoilt, body + 1, spoilt[body + 1] ^ 0x40)
    if fault.wrong_lcs:
        spoilt[body - 1] ^= 0x01
    if fault.wrong_dcs:
        spoilt[_dcs_at(spoilt, start)] ^= 0x01
    if fault.bare:
        spoilt = spoilt[start : _dcs_at(frame, start) + 1]
    out = fault.noise + bytes(fault.extra_preamble) + bytes(spoilt) + fault.noise_behind
    for limit in (fault.cut_at, fault.reset_at):
        out = out if limit is None else out[:limit]
    return out + (frame if fault.then_whole else b"")


def _swap(frame: bytearray, at: int, value: int) -> None:
    """Put another byte at `at` and keep DCS right, so that only this is wrong."""
    dcs = _dcs_at(frame, frame.index(b"\x00\xff"))
    frame[dcs] = (frame[dcs] + frame[at] - value) & 0xFF
    frame[at] = value


def _dcs_at(frame: bytes | bytearray, start: int) -> int:
    if frame[start + 2 : start + 4] == b"\xff\xff":
        return start + 7 + int.from_bytes(frame[start + 4 : start + 6], "big")
    return start + 4 + frame[start + 2]


KINDS = (
    lambda dice: Fault(ack_delay_ms=dice.uniform(0, 30)),
    lambda dice: Fault(drop_ack=True),
    lambda dice: Fault(drop_answer=True),
    lambda dice: Fault(mute=True),
    lambda dice: Fault(error_frame=True),
    lambda dice: Fault(status=dice.choice((0x01, 0x02, 0x0B, 0x13, 0x27, 0x29, 0x2B))),
    lambda dice: Fault(extra_preamble=dice.randrange(17)),
    lambda dice: Fault(bare=True),
    lambda dice: Fault(noise=dice.randbytes(dice.randrange(1, 9))),
    lambda dice: Fault(wrong_lcs=True),
    lambda dice: Fault(wrong_dcs=True),
    lambda dice: Fault(wrong_tfi=True),
    lambda dice: Fault(wrong_code=True),
    lambda dice: Fault(cut_at=dice.randrange(20)),
    lambda dice: Fault(gap_at=dice.randrange(12), gap_ms=dice.uniform(0, 50)),
    lambda dice: Fault(answer_delay_ms=dice.uniform(0, 200)),
    lambda dice: Fault(late_answer_ms=dice.uniform(1, 200)),
    lambda dice: Fault(mi_split=dice.randrange(1, 262)),
    lambda dice: Fault(stuck="wake"),
    lambda dice: Fault(reset_at=dice.randrange(20)),
    lambda dice: Fault(cut_at=dice.randrange(12), then_whole=True),
    lambda dice: Fault(noise_behind=dice.randbytes(dice.randrange(1, 9))),
    lambda dice: Fault(byte_gap_ms=dice.uniform(0, 3)),
    lambda dice: Fault(answer_length=dice.randrange(2, 263)),
    lambda dice: Fault(card_lost=dice.choice(("before", "after"))),
    lambda dice: Fault(
        rf_lost=dice.choice(("out", "in")), rf_block=dice.randrange(4), rf_times=dice.randrange(4)
    ),
    lambda dice: Fault(rf_damaged=dice.choice(("out", "in")), rf_block=dice.randrange(4)),
    lambda dice: Fault(wtx=(dice.randrange(1, 6), dice.randrange(1, 60))),
    lambda dice: Fault(stuck="field"),
)


def scatter(seed: int, count: int, share: float = 0.2) -> Faults:
    """About `share` of the first `count` commands go wrong; the seed makes the table (PS-19)."""
    dice = Random(seed)
    return Faults(
        {n: dice.choice(KINDS)(dice) for n in range(count) if dice.random() < share},
    )
