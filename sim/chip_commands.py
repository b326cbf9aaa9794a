# SPDX-License-Identifier: Apache-2.0
"""The command table of the virtual PN532, and its commands to cards (UM0701-02, 7.2 and 7.3).

A row is: code, fewest and most parameter bytes, act(chip, data). `act` returns the answer behind
the response code, or a generator that yields milliseconds of work (None: waits for ever, until
aborted) and returns it. A FormatError becomes the error frame, a ChipError the status byte. What
is not in the table gets the error frame: nothing is pretended.
"""

from firmware.errors import ChipError, FormatError
from sim.chip_line import TFI_CHIP
from sim.chip_system import (
    FIFO_DATA,
    RX_MODE,
    TX_MODE,
    WUPA,
    diagnose,
    general_status,
    need,
    power_down,
    read_register,
    rf_configuration,
    sam_configuration,
    set_parameters,
    set_serial_baud_rate,
    set_speeds,
    wait_for_ever,
    write_gpio,
    write_register,
)
from sim.timing import POLL_MS

FIRMWARE_VERSION = bytes((0x32, 0x01, 0x06, 0x07))
DATA_MAX = 262  # of InDataExchange, each way
MORE = 0x40  # MI: in Tg and in the status
FOR_EVER = 0xFF
RATS_AND_PARAMETER = b"\xe0\x50"
AUTOMATIC_RATS = 0x10  # SetParameters, bit 4
KIND_BY_BRTY = {0: "A", 1: "F", 2: "F", 3: "B", 4: "J"}
LIST_SIZES = {0: (0, 4, 7, 10), 1: (5,), 2: (5,), 3: (1, 2), 4: (0,)}  # initiator data by BrTy
# InAutoPoll: type asked for -> kind of card, types found (7.3.13)
AUTO_POLL = {
    0x00: ("A", (0x10, 0x20)), 0x10: ("A", (0x10,)), 0x20: ("A", (0x20,)),
    0x01: ("F", (0x11,)), 0x11: ("F", (0x11,)), 0x02: ("F", (0x12,)), 0x12: ("F", (0x12,)),
    0x03: ("B", (0x23,)), 0x23: ("B", (0x23,)), 0x04: ("J", (0x04,)),
}  # fmt: skip
POLL_UNIT_MS = 150
COMMAND_MOST = 4096  # bytes collected by MI


def in_data_exchange(chip, data):
    number, sent = data[0] & 0x3F, data[1:]
    target = chip.radio.target(number & 0x0F)
    if data[0] & MORE:  # more to come from the host: nothing goes to the card yet
        need(len(chip.from_host) + len(sent) <= COMMAND_MOST, "command without end")
        chip.from_host += sent
        return b"\x00"
    if not sent and chip.to_host:
        return split(chip)
    command, chip.from_host = chip.from_host + sent, b""
    if not command:
        raise ChipError("nothing to send", 0x13)
    chip.to_host = yield from chip.radio.exchange(target, command)
    return split(chip)


def split(chip) -> bytes:
    """Status and as much of the answer as one frame holds; MI in the status while more is left."""
    room = min(chip.fault.mi_split or DATA_MAX, DATA_MAX)
    piece, chip.to_host = chip.to_host[:room], chip.to_host[room:]
    return bytes((MORE if chip.to_host else 0,)) + piece


def in_communicate_thru(chip, data):
    """One frame as it is; also an empty one, to which no card answers (PS-09, PS-14)."""
    limit = chip.configuration[0x02][2]
    speeds = tuple(chip.registers.get(mode, 0) >> 4 & 7 for mode in (TX_MODE, RX_MODE))
    answer = yield from chip.radio.raw(data, limit, speeds)
    return b"\x00" + answer


def in_deselect(chip, data):
    if data[0]:
        chip.radio.target(data[0])
    yield from chip.radio.deselect(data[0])
    return b"\x00"


def in_release(chip, data):
    if data[0]:
        chip.radio.target(data[0])
    yield from chip.radio.deselect(data[0])
    chip.radio.release(data[0])
    return b"\x00"


def in_select(chip, data):
    target = chip.radio.target(data[0])
    yield from chip.radio.reselect(target)
    if target.lost:
        raise ChipError("no answer to RATS", 0x01)
    return b"\x00"


def in_psl(chip, data):
    need(data[1] <= 2 and data[2] <= 2, "speed")
    target = chip.radio.target(data[0])
    yield from chip.radio.change_speed(target, data[1], data[2])
    set_speeds(chip, data[1], data[2])
    return b"\x00"


def in_list_passive_target(chip, data):
    most, kind, initiator = data[0], data[1], data[2:]
    need(1 <= most <= 2 and len(initiator) in LIST_SIZES.get(kind, ()), "InListPassiveTarget")
    tries = chip.configuration[0x05][2]
    chip.from_host = chip.to_host = b""
    if KIND_BY_BRTY[kind] in "AB":
        set_speeds(chip, 0, 0)
    return poll_for_cards(chip, most, kind, initiator, tries)


def poll_for_cards(chip, most, kind, initiator, tries):
    """Look `tries` + 1 times; FF: for ever, no more often than a chip could (PS-12)."""
    left = tries
    uid = initiator if kind == 0 else b""
    automatic_rats = bool(chip.parameters & AUTOMATIC_RATS)
    while True:
        found = chip.radio.list_cards(KIND_BY_BRTY[kind], most, uid, automatic_rats)
        if found:
            yield sum(found_ms(chip, target, automatic_rats) for target in found)
            shown = b"".join(target.description(initiator) for target in found)
            return bytes((len(found),)) + shown
        if kind == 0:
            chip.registers[FIFO_DATA] = WUPA  # what was sent last is still there (PS-10)
        yield POLL_MS if tries == FOR_EVER else chip.timing.empty_ms()
        if not left:
            return b"\x00"
        left -= tries != FOR_EVER


def found_ms(chip, target, automatic_rats: bool) -> float:
    """One activation of the model holds RATS; where the host sends it, it is the host's time."""
    whole = chip.timing.activation_ms()
    if automatic_rats or not target.speaks_iso_dep or target.card.kind != "A":
        return whole
    return whole - chip.timing.raw_ms(len(RATS_AND_PARAMETER), len(target.card.ats))


def in_auto_poll(chip, data):
    count, period, types = data[0], data[1], data[2:]
    need(count > 0 and 1 <= period <= 15 and all(t in AUTO_POLL for t in types), "InAutoPoll")
    left = count
    while left:
        for wanted in types:
            rats = bool(chip.parameters & AUTOMATIC_RATS)
            found = chip.radio.list_cards(AUTO_POLL[wanted][0], 2, b"", rats)
            kinds = [auto_poll_type(target, wanted) for target in found]
            if found and kinds[0] in AUTO_POLL[wanted][1]:
                yield chip.timing.activation_ms() * len(found)
                shown = [target.description() for target in found]
                pairs = zip(kinds, shown, strict=True)
                return bytes((len(found),)) + b"".join(bytes((k, len(s))) + s for k, s in pairs)
        yield POLL_UNIT_MS * period
        left -= count != FOR_EVER
    return b"\x00"


def auto_poll_type(target, wanted):
    """How InAutoPoll names what it found (7.3.13)."""
    if target.card.kind == "A":
        return 0x20 if target.speaks_iso_dep else 0x10
    return {"B": 0x23, "F": wanted | 0x10, "J": 0x04}[target.card.kind]


def not_a_target(chip, data):
    raise ChipError("not a target", 0x27)


# PS-08
TABLE = {
    0x00: (1, 263, diagnose),
    0x02: (0, 0, lambda chip, data: FIRMWARE_VERSION),
    0x04: (0, 0, general_status),
    0x06: (2, 262, read_register),
    0x08: (3, 262, write_register),
    0x0C: (0, 0, lambda chip, data: bytes(chip.gpio)),
    0x0E: (2, 2, write_gpio),
    0x10: (1, 1, set_serial_baud_rate),
    0x12: (1, 1, set_parameters),
    0x14: (1, 3, sam_configuration),
    0x16: (1, 2, power_down),
    0x32: (2, 12, rf_configuration),
    0x40: (1, 263, in_data_exchange),
    0x42: (0, 262, in_communicate_thru),
    0x44: (1, 1, in_deselect),
    0x4A: (2, 12, in_list_passive_target),
    0x4E: (3, 3, in_psl),
    0x52: (1, 1, in_release),
    0x54: (1, 1, in_select),
    0x60: (3, 17, in_auto_poll),
    0x86: (0, 0, not_a_target),
    0x88: (0, 0, not_a_target),
    0x8C: (35, 142, lambda chip, data: wait_for_ever()),
    0x8E: (0, 262, not_a_target),
    0x90: (0, 262, not_a_target),
}
WITH_STATUS = (0x40, 0x42, 0x44, 0x4E, 0x52, 0x54)  # whose first answer byte is the status


def carry_out(chip, code: int, data: bytes):
    """Generator: do one command, return the answer from TFI on; FormatError: refuse it."""
    need(code in TABLE, "command")
    fewest, most, act = TABLE[code]  # PS-08
    need(fewest <= len(data) <= most, "length")
    if chip.fault.error_frame:
        raise FormatError("knob")
    try:
        answer = act(chip, data)
        if not isinstance(answer, bytes):
            answer = yield from answer
        chip.radio.last_error = 0
    except ChipError as refused:
        chip.radio.last_error = refused.code
        answer = bytes((refused.code,))
    if chip.fault.status is not None and code in WITH_STATUS:
        answer = bytes((chip.fault.status,))
    return bytes((TFI_CHIP, code + 1)) + answer
