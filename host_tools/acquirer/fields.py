# SPDX-License-Identifier: Apache-2.0
"""Fields of a message as UnionPay's direct-link terminals lay them out (clearing.md 5).

| kind | value here     | on the wire                                              |
|------|----------------|----------------------------------------------------------|
| n    | digits         | BCD, an odd count filled with a 0 on the right           |
| z    | digits and D   | the same, D between number and expiry                    |
| an   | ASCII          | ASCII                                                    |
| ans  | ASCII or GBK   | bytes; here each byte is a character (latin-1)           |
| b    | hex digits     | bytes                                                    |

Fixed fields n 3 are written as four digits: 22 with a 0 behind, 23 with a 0 before. Lengths are
BCD and count digits for n and z, bytes for all else. pyiso8583 carries the table out.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

FIXED, LL, LLL = 0, 1, 2  # bytes of the length


class Field(NamedTuple):
    """One row: number, name for people, kind, digits or bytes at most, bytes of the length."""

    number: int
    name: str
    kind: str
    most: int
    length: int = FIXED


FIELDS = (
    Field(2, "card number", "n", 19, LL),
    Field(3, "processing code", "n", 6),
    Field(4, "amount", "n", 12),
    Field(11, "trace number", "n", 6),
    Field(12, "local time", "n", 6),
    Field(13, "local date", "n", 4),
    Field(14, "expiry", "n", 4),
    Field(15, "settlement date", "n", 4),
    Field(22, "entry mode", "n", 4),
    Field(23, "card sequence number", "n", 4),
    Field(25, "condition", "n", 2),
    Field(26, "PIN length", "n", 2),
    Field(32, "acquirer", "n", 11, LL),
    Field(35, "track 2", "z", 37, LL),
    Field(36, "track 3", "z", 104, LLL),
    Field(37, "reference number", "an", 12),
    Field(38, "approval code", "an", 6),
    Field(39, "response", "an", 2),
    Field(41, "terminal", "ans", 8),
    Field(42, "merchant", "ans", 15),
    Field(44, "response, more", "ans", 25, LL),
    Field(48, "totals", "n", 322, LLL),
    Field(49, "currency", "an", 3),
    Field(52, "PIN block", "b", 8),
    Field(53, "security control", "n", 16),
    Field(54, "balance", "an", 20, LLL),
    Field(55, "chip data", "b", 255, LLL),
    Field(58, "purse data", "b", 100, LLL),
    Field(60, "type, batch, network code", "n", 99, LLL),
    Field(61, "original", "n", 29, LLL),
    Field(62, "downloads", "b", 512, LLL),
    Field(63, "operator, scheme", "ans", 163, LLL),
    Field(64, "MAC", "b", 8),
)
BY_NUMBER = {one.number: one for one in FIELDS}
LAST = 64
MAC = 64


def _row(one: Field) -> dict[str, Any]:
    packed = one.kind in ("n", "z")
    return {
        "data_enc": "b" if packed or one.kind == "b" else "latin-1",
        "len_enc": "bcd",
        "len_type": one.length,
        "len_count": "nibbles" if packed and one.length else "bytes",
        "left_pad": "",
        "right_pad": "0" if packed and one.length else "",
        "max_len": one.most // 2 if packed and not one.length else one.most,
        "desc": one.name,
    }


def _plain(size: int) -> dict[str, Any]:
    return {"data_enc": "b", "len_enc": "b", "len_type": 0, "max_len": size, "desc": ""}


# What pyiso8583 asks for: h header (kept outside), t message type, p bitmap, 1 second bitmap.
# Fields that no row names have no room, so that a message which bears one is refused.
SPECIFICATION: Mapping[str, Mapping[str, Any]] = {
    "h": _plain(0),
    "t": _plain(2),
    "p": _plain(8),
    **{str(number): _plain(0) for number in range(1, 129)},
    **{str(one.number): _row(one) for one in FIELDS},
}
