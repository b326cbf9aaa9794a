# SPDX-License-Identifier: Apache-2.0
"""Decimal digits in half bytes, dates of six digits, card numbers (JR/T 0025.6 §8.1)."""

from firmware.errors import FormatError


def half_bytes(data):
    """Hex digits as text, also of nothing: b"".hex() is no text on MicroPython up to 1.25."""
    return data.hex() if data else ""


def to_int(data):
    """The number that n-format `data` writes. FormatError when a half byte is no digit."""
    if not data:
        return 0
    digits = data.hex()
    if not digits.isdigit():
        raise FormatError("not decimal: " + digits)
    return int(digits)


def from_int(number, count):
    """`number` as n-format of `count` bytes. FormatError when it is negative or does not fit."""
    digits = str(number)
    if number < 0 or len(digits) > 2 * count:
        raise FormatError("%s does not fit %d bytes" % (digits, count))
    return bytes.fromhex("0" * (2 * count - len(digits)) + digits)


def to_date(data):
    """(year, month, day) of YYMMDD; 00-49 is 20xx, 50-99 is 19xx (QT-133).

    FormatError when it is no date.
    """
    if len(data) != 3:
        raise FormatError("date of %d bytes" % len(data))
    year, month, day = to_int(data[:1]), to_int(data[1:2]), to_int(data[2:])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        raise FormatError("no date: " + data.hex())
    return (year + (2000 if year < 50 else 1900), month, day)


def to_month(data):
    """(year, month) of MMYY, as certificates write it. FormatError when it is no month."""
    if len(data) != 2:
        raise FormatError("month of %d bytes" % len(data))
    month, year = to_int(data[:1]), to_int(data[1:])
    if not 1 <= month <= 12:
        raise FormatError("no month: " + data.hex())
    return (year + (2000 if year < 50 else 1900), month)


def digits_of(data):
    """Digits of a cn value, F padding stripped. FormatError when padding or digits are wrong."""
    text = half_bytes(data).rstrip("f")
    if text and not text.isdigit():
        raise FormatError("not a card number")
    return text


def pan_of_5a(data):
    """PAN as a string of 11-19 digits (QT-132) from 5A."""
    pan = digits_of(data)
    if not 11 <= len(pan) <= 19:
        raise FormatError("card number of %d digits" % len(pan))
    return pan


def pan_of_57(data):
    """(PAN, 'YYMM') from track 2 equivalent data 57: PAN, D, YYMM, service code, discretionary
    data.
    """
    text = half_bytes(data)
    at = text.find("d")
    if at < 0 or len(text) < at + 5:
        raise FormatError("track 2 without separator or expiry")
    pan, month = text[:at], text[at + 1 : at + 5]
    if not (pan + month).isdigit():
        raise FormatError("track 2 with a wrong digit")
    if not 11 <= len(pan) <= 19:
        raise FormatError("card number of %d digits" % len(pan))
    return pan, month
