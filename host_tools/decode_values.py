# SPDX-License-Identifier: Apache-2.0
"""The value of one data object in words, and the rows below it.

Row is what every decoder here yields, in reading order: how deep, a code as in the book, bytes (or
nothing), a name, a meaning. A decoder raises FormatError at the place where the bytes break.
"""

from collections.abc import Iterator
from typing import NamedTuple

from firmware.errors import FormatError
from firmware.formats.record import mask_pan, pan_bytes
from firmware.kernel import dol, tlv
from host_tools.decode_names import BIT_BYTES, BITS, TAGS

CURRENCIES = {"0156": "CNY", "0344": "HKD", "0446": "MOP", "0840": "USD", "0978": "EUR"}
COUNTRIES = {"0156": "China", "0344": "Hong Kong", "0446": "Macao"}
CRYPTOGRAMS = {0x00: "AAC, declined", 0x40: "TC, offline approved", 0x80: "ARQC, online"}
# JR/T 0025.12 D: what the issuer part of 9F10 says
IDD_KINDS = {
    1: ("balance",),
    2: ("CTTA",),
    3: ("balance", "CTTA"),
    4: ("CTTA", "CTTAL"),
    5: ("available offline amount",),
}


class Row(NamedTuple):
    """One line of an explanation."""

    depth: int
    code: str
    value: bytes
    name: str
    meaning: str


def yuan(amount_fen: int) -> str:
    return "%d.%02d" % divmod(amount_fen, 100)


def digits(value: bytes) -> str:
    """BCD as text. FormatError for a nibble that is no digit."""
    text = value.hex()
    if not text.isdecimal():
        raise FormatError("%s is not BCD" % text.upper())
    return text


def tag_name(tag: int) -> str:
    return TAGS.get(tag, ("unknown tag", ""))[0]


def meaning_of(kind: str, value: bytes) -> str:
    """`value` in words; "" when the kind has none. A value of a wrong form is said to be so."""
    try:
        return IN_WORDS[kind](value) if kind in IN_WORDS and value else ""
    except FormatError as wrong:
        return "wrong form: %s" % wrong


def day(value: bytes) -> str:
    text = digits(value)
    if len(text) != 6 or not ("01" <= text[2:4] <= "12" and "01" <= text[4:] <= "31"):
        raise FormatError("%s is no date YYMMDD" % text)
    return "20%s-%s-%s" % (text[:2], text[2:4], text[4:])


def clock(value: bytes) -> str:
    text = digits(value)
    if len(text) != 6 or text[:2] > "23" or text[2:4] > "59" or text[4:] > "59":
        raise FormatError("%s is no time HHMMSS" % text)
    return "%s:%s:%s" % (text[:2], text[2:4], text[4:])


def printable(value: bytes) -> str:
    return '"%s"' % "".join(chr(one) if 32 <= one < 127 else "." for one in value.rstrip(b"\0"))


def application(value: bytes) -> str:
    """An AID by its scheme; names such as the PPSE as text."""
    if all(32 <= one < 127 for one in value):
        return printable(value)
    names = (
        ("A000000333010101", "UnionPay debit"),
        ("A000000333010102", "UnionPay credit"),
        ("A000000333010103", "UnionPay quasi-credit"),
        ("A000000333010106", "UnionPay electronic cash"),
        ("A000000333", "UnionPay"),
        ("A000000632", "ministry of transport"),
        ("A000000003", "Visa"),
        ("A000000004", "Mastercard"),
    )
    text = value.hex().upper()
    return next((name for start, name in names if text.startswith(start)), "")


def card_number(value: bytes) -> str:
    number = value.hex().rstrip("f")
    if not number.isdecimal() or not 11 <= len(number) <= 19:
        raise FormatError("no card number of 11 to 19 digits")
    return mask_pan(value)


def track_2(value: bytes) -> tuple[str, str]:
    """(PAN, what follows the D) of a track 2 equivalent, as digits."""
    number, mark, rest = value.hex().upper().rstrip("F").partition("D")
    if not mark or not number.isdecimal() or not 11 <= len(number) <= 19:
        raise FormatError("no card number before a D")
    return number, rest


def track_2_words(value: bytes) -> str:
    number, rest = track_2(value)
    return "%s, expires 20%s-%s, service code %s" % (
        mask_pan(pan_bytes(number)), rest[:2], rest[2:4], rest[4:7]
    )  # fmt: skip


def bit_words(kind: str, value: bytes) -> str:
    """Names of the set bits; reserved ones as byte.bit."""
    if len(value) != BIT_BYTES[kind]:
        raise FormatError("%d bytes, should be %d" % (len(value), BIT_BYTES[kind]))
    return ", ".join(name for _, name in set_bits(kind, value)) or "no bit set"


def set_bits(kind: str, value: bytes) -> Iterator[tuple[str, str]]:
    """("byte.bit", meaning) of every set bit, bits counted from 1 as in the book."""
    names = {(byte, mask): name for byte, mask, name in BITS[kind]}
    for byte, content in enumerate(value, 1):
        for bit in range(8, 0, -1):
            if content & 1 << bit - 1:
                place = "%d.%d" % (byte, bit)
                yield place, names.get((byte, 1 << bit - 1), "reserved bit " + place)


def cryptogram_kind(value: bytes) -> str:
    return CRYPTOGRAMS.get(value[0] & 0xC0, "reserved")


def issuer_data_words(value: bytes) -> str:
    return ", ".join(row.meaning for row in issuer_data(value, 0) if row.code == "CVR")


def issuer_data(value: bytes, depth: int) -> Iterator[Row]:
    """9F10 (JR/T 0025.5 A.1, .12 D and E): fixed part of 7 bytes, then the issuer part."""
    if len(value) < 8 or value[0] != 7 or value[3] != 3:
        raise FormatError("9F10: not 07 xx xx 03 and at least 8 bytes")
    decision = ("AAC, declined", "TC, offline approved", "ARQC, online", "reserved")
    yield Row(depth, "KDI", value[1:2], "key derivation index", "%d" % value[1])
    yield Row(depth, "CVN", value[2:3], "cryptogram version", "%02X" % value[2])
    words = [decision[value[4] >> 4 & 3]]
    flags = ((0x40, "PIN tries used up"), (0x20, "limit or balance exceeded"), (0x10, "new card"))
    words += [name for mask, name in flags if value[5] & mask]
    yield Row(depth, "CVR", value[4:7], "card verification results", ", ".join(words))
    algorithm = {1: "3DES", 4: "SM4"}.get(value[7], "unknown")
    yield Row(depth, "ALG", value[7:8], "cryptogram algorithm", algorithm)
    if len(value) > 8:
        yield from issuer_part(value[8:], depth)


def issuer_part(part: bytes, depth: int) -> Iterator[Row]:
    """IDD: length, id, five low bytes of n12 amounts, a MAC that only the issuer can check."""
    if part[0] != len(part) - 1:
        raise FormatError("9F10: issuer part says %d bytes, has %d" % (part[0], len(part) - 1))
    names = IDD_KINDS.get(part[1], ()) if len(part) > 1 else ()
    at = 2
    if len(part) != 2 + 5 * len(names) + 4 or not names:
        yield Row(depth, "IDD", part[1:], "issuer discretionary data", "static or unknown")
        return
    for name in names:
        yield Row(depth, "IDD", part[at : at + 5], name, amount(part[at : at + 5]))
        at += 5
    yield Row(depth, "MAC", part[at:], "MAC of the issuer part", "only the issuer can check it")


def amount(value: bytes) -> str:
    return yuan(int(digits(value)))


def file_locator(value: bytes, depth: int) -> Iterator[Row]:
    """AFL (JR/T 0025.12 7.8, .6 table 6): SFI, first and last record, how many enter ODA."""
    if not value or len(value) % 4:
        raise FormatError("AFL: %d bytes, should be a multiple of 4" % len(value))
    for at in range(0, len(value), 4):
        head, first, last, signed = value[at : at + 4]
        sfi = head >> 3
        if head & 7 or not 1 <= sfi <= 30 or not 1 <= first <= last or signed > last - first + 1:
            raise FormatError(
                "AFL: entry %s at %d breaks the rules" % (value[at : at + 4].hex(), at)
            )
        text = "records %d to %d" % (first, last) if first != last else "record %d" % first
        code = "SFI %d" % sfi
        yield Row(depth, code, value[at : at + 4], text, "%d enter data authentication" % signed)


def object_list(value: bytes, depth: int) -> Iterator[Row]:
    for tag, length in dol.parse(value):
        yield Row(depth, "%X" % tag, b"", tag_name(tag), "%d bytes" % length)


def tag_list(value: bytes, depth: int) -> Iterator[Row]:
    at = 0
    while at < len(value):
        tag, at = tlv.read_tag(value, at)
        yield Row(depth, "%X" % tag, b"", tag_name(tag), "")


def card_authentication(value: bytes, depth: int) -> Iterator[Row]:
    """9F69 (JR/T 0025.12 B.3): version, the card's unpredictable number, a copy of the CTQ."""
    if not 8 <= len(value) <= 16:
        raise FormatError("9F69: %d bytes, should be 8 to 16" % len(value))
    yield Row(depth, "1", value[:1], "fDDA version", "%02X" % value[0])
    yield Row(depth, "2-5", value[1:5], "unpredictable number of the card", "")
    yield Row(depth, "6-7", value[5:7], "copy of the CTQ", bit_words("ctq", value[5:7]))


def list_words(value: bytes) -> str:
    entries = dol.parse(value)
    return "%d objects, %d bytes" % (len(entries), sum(length for _, length in entries))


# kind -> the value in one phrase
IN_WORDS = {
    "afl": lambda value: "%d entries" % len(list(file_locator(value, 0))),
    "aid": application,
    "aip": lambda value: bit_words("aip", value),
    "amount": amount,
    "auc": lambda value: bit_words("auc", value),
    "cid": cryptogram_kind,
    "country": lambda value: COUNTRIES.get(digits(value), "country " + digits(value)),
    "ctq": lambda value: bit_words("ctq", value),
    "currency": lambda value: CURRENCIES.get(digits(value), "currency " + digits(value)),
    "date": day,
    "digits": digits,
    "dol": list_words,
    "iad": issuer_data_words,
    "number": lambda value: "%d" % int.from_bytes(value, "big"),
    "pan": card_number,
    "text": printable,
    "time": clock,
    "track2": track_2_words,
    "ttq": lambda value: bit_words("ttq", value),
    "tvr": lambda value: bit_words("tvr", value),
}

# kind -> the rows of its parts
IN_PARTS = {
    "afl": file_locator,
    "card_authentication": card_authentication,
    "dol": object_list,
    "iad": issuer_data,
    "taglist": tag_list,
}


def parts_of(kind: str, value: bytes, depth: int) -> Iterator[Row]:
    """Rows below a value; nothing for a value of a wrong form, which `meaning_of` has named."""
    if kind in IN_PARTS and value:
        try:
            yield from list(IN_PARTS[kind](value, depth))
        except FormatError:
            return
