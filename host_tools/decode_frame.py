# SPDX-License-Identifier: Apache-2.0
"""PN532 frames in words (UM0701-02, 6.2 and 7): what each byte is and whether the sums are right.

`explain_frames(data, inner)` takes a stream: wake-up bytes, ACKs and frames behind each other.
Damage is shown where it is: the rows up to it, then FormatError. `inner` explains the APDUs that
InDataExchange carries.
"""

from collections.abc import Callable, Iterator

from firmware.errors import FormatError
from host_tools.decode_values import Row

Inner = Callable[[bytes, int], Iterator[Row]]
TO_CHIP, FROM_CHIP = 0xD4, 0xD5
LENGTH_LIMIT = 265

COMMANDS = {
    0x00: "Diagnose",
    0x02: "GetFirmwareVersion",
    0x04: "GetGeneralStatus",
    0x06: "ReadRegister",
    0x08: "WriteRegister",
    0x0C: "ReadGPIO",
    0x0E: "WriteGPIO",
    0x10: "SetSerialBaudRate",
    0x12: "SetParameters",
    0x14: "SAMConfiguration",
    0x16: "PowerDown",
    0x32: "RFConfiguration",
    0x40: "InDataExchange",
    0x42: "InCommunicateThru",
    0x44: "InDeselect",
    0x46: "InJumpForPSL",
    0x4A: "InListPassiveTarget",
    0x4E: "InPSL",
    0x50: "InATR",
    0x52: "InRelease",
    0x54: "InSelect",
    0x56: "InJumpForDEP",
    0x60: "InAutoPoll",
    0x86: "TgGetData",
    0x88: "TgGetInitiatorCommand",
    0x8A: "TgGetTargetStatus",
    0x8C: "TgInitAsTarget",
    0x8E: "TgSetData",
    0x90: "TgResponseToInitiator",
    0x92: "TgSetGeneralBytes",
    0x94: "TgSetMetaData",
}
# UM0701-02, 7.1
STATUSES = {
    0x00: "no error",
    0x01: "time-out, the card did not answer",
    0x02: "CRC error",
    0x03: "parity error",
    0x04: "wrong bit count in anticollision",
    0x05: "Mifare framing error",
    0x06: "bit collision",
    0x07: "buffer too small",
    0x09: "RF FIFO overflow",
    0x0A: "RF field not switched on in time",
    0x0B: "RF protocol error",
    0x0D: "overheated, drivers off",
    0x0E: "internal buffer overflow",
    0x10: "bad parameter",
    0x12: "DEP command not supported",
    0x13: "data format error",
    0x14: "Mifare authentication error",
    0x23: "UID check byte wrong",
    0x25: "command not valid in this DEP state",
    0x26: "not allowed in this configuration",
    0x27: "wrong context, target not listed",
    0x29: "target released by its initiator",
    0x2A: "type B: card ID does not match",
    0x2B: "type B: card has gone",
    0x2C: "NFCID3 mismatch",
    0x2D: "over-current",
    0x2E: "NAD missing",
}
WITH_STATUS = (0x40, 0x42, 0x44, 0x4E, 0x50, 0x52, 0x54)
BAUDS = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1288000)
MODULATIONS = {
    0: "106 kbit/s type A",
    1: "FeliCa 212",
    2: "FeliCa 424",
    3: "106 kbit/s type B",
    4: "Jewel",
}
RF_ITEMS = {1: "field", 2: "time-outs", 4: "retries of communication", 5: "retries of activation"}


def explain_frames(data: bytes, inner: Inner, depth: int = 0) -> Iterator[Row]:
    """Rows of everything in `data`. FormatError where a frame is damaged or none is there."""
    at = 0
    while at < len(data):
        start = data.find(b"\x00\xff", at)
        if start < 0:
            if at == 0:
                raise FormatError("frame: no start code 00 FF")
            rest = data[at:]
            if rest.strip(b"\x00\x55"):
                raise FormatError("frame: %s at %d is no frame" % (rest[:8].hex(), at))
            yield Row(depth, "00", rest, "postamble or wake-up", "")
            return
        if start > at:
            yield Row(depth, "PRE", data[at:start], "preamble or wake-up", "")
        at = yield from one_frame(data, start, depth, inner)


def one_frame(data: bytes, start: int, depth: int, inner: Inner):
    """Rows of the frame whose start code is at `start`; returns the index behind it."""
    sign = data[start + 2 : start + 4]
    if sign in (b"\x00\xff", b"\xff\x00"):
        ack = sign[0] == 0
        name, meaning = ("ACK", "command accepted, or abort") if ack else ("NACK", "send it again")
        yield Row(depth, name, data[start : start + 4], name + " frame", meaning)
        return start + 4
    length, at = yield from frame_length(data, start + 2, depth)
    body = data[at : at + length]
    if len(body) < length:
        raise FormatError("frame: LEN says %d bytes at %d, %d are there" % (length, at, len(body)))
    yield from frame_body(body, depth, inner)
    at += length
    if at >= len(data):
        raise FormatError("frame: DCS missing at %d" % at)
    right = -sum(body) & 0xFF
    verdict = "right" if data[at] == right else "wrong: should be %02X" % right
    yield Row(depth, "DCS", data[at : at + 1], "data checksum", verdict)
    if data[at] != right:
        raise FormatError("frame: DCS %02X at %d should be %02X" % (data[at], at, right))
    return at + 1


def frame_length(data: bytes, at: int, depth: int):
    """Row of LEN and LCS, normal or extended; returns (LEN, index behind LCS)."""
    extended = data[at : at + 2] == b"\xff\xff"
    count = 3 if extended else 2
    at += 2 if extended else 0
    field = data[at : at + count]
    if len(field) < count:
        raise FormatError("frame: LEN cut off at %d" % at)
    length = int.from_bytes(field[:-1], "big")
    right = -sum(field[:-1]) & 0xFF
    kind = "extended frame" if extended else "normal frame"
    wrong = field[-1] != right
    verdict = "%d bytes, LCS %s" % (length, "wrong: should be %02X" % right if wrong else "right")
    yield Row(depth, "LEN", field, kind, verdict)
    if wrong:
        raise FormatError(
            "frame: LCS %02X at %d should be %02X" % (field[-1], at + count - 1, right)
        )
    if not 1 <= length <= LENGTH_LIMIT:
        raise FormatError("frame: LEN %d at %d is not 1 to %d" % (length, at, LENGTH_LIMIT))
    return length, at + count


def frame_body(body: bytes, depth: int, inner: Inner) -> Iterator[Row]:
    if body == b"\x7f":
        yield Row(
            depth, "7F", body, "error frame", "syntax error: the chip did not take the command"
        )
        return
    if body[0] not in (TO_CHIP, FROM_CHIP) or len(body) < 2:
        yield Row(depth, "TFI", body, "unknown frame identifier", "should be D4 or D5 and a code")
        return
    answer = body[0] == FROM_CHIP
    code = body[1] - answer
    direction = "chip to host" if answer else "host to chip"
    name = COMMANDS.get(code, "unknown command")
    yield Row(depth, "%02X" % body[1], body[:2], name + (" answer" if answer else ""), direction)
    content = body[2:]
    if answer and code in WITH_STATUS and content:
        yield status(content[:1], depth + 1)
        content = content[1:]
    explain = (ANSWERS if answer else PARAMETERS).get(code)
    if explain and content:
        yield from explain(content, depth + 1, inner)
    elif content:
        yield Row(depth + 1, "data", content, "answer" if answer else "parameters", "")


def status(value: bytes, depth: int) -> Row:
    words = [STATUSES.get(value[0] & 0x3F, "unknown status")]
    words += ["more data follow"] if value[0] & 0x40 else []
    return Row(depth, "ERR", value, "status", ", ".join(words))


def exchange_parameters(content: bytes, depth: int, inner: Inner) -> Iterator[Row]:
    yield Row(depth, "Tg", content[:1], "target", "%d" % (content[0] & 0x3F))
    yield from apdu_or_bytes(content[1:], depth, inner)


def apdu_or_bytes(content: bytes, depth: int, inner: Inner) -> Iterator[Row]:
    """An APDU if it is one; other cards speak other languages through the same command."""
    if not content:
        return
    try:
        rows = list(inner(content, depth))
    except FormatError as wrong:
        rows = [Row(depth, "data", content, "no APDU", str(wrong))]
    yield from rows


def list_parameters(content: bytes, depth: int, inner: Inner) -> Iterator[Row]:
    kind = MODULATIONS.get(content[1], "unknown") if len(content) > 1 else "missing"
    yield Row(depth, "in", content, "at most %d cards" % content[0], kind)


def listed_cards(content: bytes, depth: int, inner: Inner) -> Iterator[Row]:
    """Answer of InListPassiveTarget, read as type A: the answer itself does not say the type."""
    yield Row(depth, "NbTg", content[:1], "cards found", "%d" % content[0])
    if not content[0]:
        return
    card = content[1:]
    if content[0] != 1 or len(card) < 5 or len(card) < 5 + card[4]:
        yield Row(depth, "data", card, "targets", "")
        return
    behind = 5 + card[4]
    yield Row(depth, "Tg", card[:1], "target", "%d" % card[0])
    yield Row(depth, "ATQA", card[1:3], "SENS_RES", "")
    layer = "ISO 14443-4" if card[3] & 0x20 else "no ISO 14443-4"
    yield Row(depth, "SAK", card[3:4], "SEL_RES", layer)
    random_uid = card[4] == 4 and card[5:6] == b"\x08"
    yield Row(depth, "UID", card[5:behind], "%d bytes" % card[4], "random" if random_uid else "")
    if card[behind:]:
        whole = card[behind] == len(card) - behind
        yield Row(depth, "ATS", card[behind:], "answer to select", "" if whole else "wrong length")


def firmware_version(content: bytes, depth: int, inner: Inner) -> Iterator[Row]:
    if len(content) != 4:
        yield Row(depth, "data", content, "version", "should be 4 bytes")
        return
    chip = "PN532" if content[0] == 0x32 else "IC %02X" % content[0]
    kinds = ("type A", "type B", "ISO 18092")
    able = [name for bit, name in enumerate(kinds) if content[3] & 1 << bit]
    text = "%s, version %d.%d" % (chip, content[1], content[2])
    yield Row(depth, "data", content, text, ", ".join(able))


def sam_parameters(content: bytes, depth: int, inner: Inner) -> Iterator[Row]:
    words = ["normal mode" if content[0] == 1 else "mode %d" % content[0]]
    if len(content) > 1:
        words.append("time-out %d ms" % (content[1] * 50))
    if len(content) > 2:
        words.append("IRQ %s" % ("on" if content[2] else "off"))
    yield Row(depth, "in", content, "parameters", ", ".join(words))


def baud_parameters(content: bytes, depth: int, inner: Inner) -> Iterator[Row]:
    known = content[0] < len(BAUDS)
    speed = "%d baud" % BAUDS[content[0]] if known else "unknown speed"
    yield Row(depth, "BR", content, "after the host's ACK", speed)


def rf_parameters(content: bytes, depth: int, inner: Inner) -> Iterator[Row]:
    item = RF_ITEMS.get(content[0], "analogue settings" if content[0] >= 0x0A else "unknown item")
    words = ""
    if content[0] == 1 and len(content) > 1:
        words = "field on" if content[1] & 1 else "field off"
    yield Row(depth, "item %02X" % content[0], content[1:], item, words)


def exchange_answer(content: bytes, depth: int, inner: Inner) -> Iterator[Row]:
    yield from apdu_or_bytes(content, depth, inner)


PARAMETERS = {
    0x10: baud_parameters,
    0x14: sam_parameters,
    0x32: rf_parameters,
    0x40: exchange_parameters,
    0x4A: list_parameters,
}
ANSWERS = {0x02: firmware_version, 0x40: exchange_answer, 0x4A: listed_cards}
