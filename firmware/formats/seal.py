# SPDX-License-Identifier: Apache-2.0
"""The seal of a parameter text: an RSA signature in its last line, by who may change the fleet.

    version: 7
    effective: 20261201 040000
    ...
    seal: HEX

PKCS #1 v1.5 with SHA-256 (RFC 8017, 8.2) over every byte before the line of the seal; exponent
65537. The authority's modulus stands in the settings of the unit, its key never on a terminal.
"""

import hashlib

from firmware.errors import FormatError

MARK = "\nseal: "
EXPONENT = 65537
LEAST_BYTES = 256  # of a modulus
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # of SHA-256


def opened(text, modulus):
    """The text a seal stands under, without it (QT-012). FormatError when none is there, when
    anything stands behind it, when it is another's, or when one byte was changed.
    """
    at = text.rfind(MARK)
    if at < 0:
        raise FormatError("parameters without a seal, or cut short")
    body, last = text[: at + 1], text[at + len(MARK) :].rstrip("\r\n")
    try:
        signature = bytes.fromhex(last)
    except ValueError:
        raise FormatError("the seal is not hex, or not the last line")
    if len(signature) != len(modulus):
        raise FormatError("the seal has %d bytes" % len(signature))
    number, signed = int.from_bytes(modulus, "big"), int.from_bytes(signature, "big")
    block = pow(signed, EXPONENT, number).to_bytes(len(modulus), "big")
    if signed >= number or block != expected(body, len(modulus)):
        raise FormatError("the seal does not fit: changed, or not by this authority")
    return body


def expected(body, count):
    """What a good signature over `body` opens to, `count` bytes long."""
    info = DIGEST_INFO + hashlib.sha256(body.encode()).digest()
    return b"\x00\x01" + b"\xff" * (count - len(info) - 3) + b"\x00" + info


def version(body):
    """Number behind `version:`; a sealed text has it at the beginning of a line."""
    digits = _line(body, "version:")
    if not digits or [sign for sign in digits if not "0" <= sign <= "9"]:
        raise FormatError("sealed parameters without a version")
    return int(digits)


def effective(body):
    """Moment from which a set counts, YYYYMMDD HHMMSS in local time; "" from the beginning."""
    moment = _line(body, "effective:")
    if moment:
        check_moment(moment)
    return moment


def check_moment(text):
    """FormatError unless it is YYYYMMDD HHMMSS."""
    digits = text[:8] + text[9:]
    wrong = [sign for sign in digits if not "0" <= sign <= "9"]
    if len(text) != 15 or text[8] != " " or wrong:
        raise FormatError("effective is YYYYMMDD HHMMSS")


def _line(body, key):
    at = ("\n" + body).find("\n" + key)
    if at < 0:
        return ""
    end = body.find("\n", at)
    return body[at + len(key) : end if end >= 0 else len(body)].strip()
