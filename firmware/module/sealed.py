# SPDX-License-Identifier: Apache-2.0
"""The file of a software module: keys of one trade, sealed under a secret. CPython.

Text, `key: value` (formats/lines.py):

| key | value |
|---|---|
| sealed_module | 1, the version of this format |
| trade | whom the keys are for, 1..16 letters, digits, dashes |
| salt | 16 bytes in hex |
| nonce | 12 bytes in hex, drawn anew at each writing |
| keys | rows under AES-256-GCM, in hex, the tag of 16 bytes behind them |

The sealing key comes from secret and salt by scrypt (N 2^15, r 8, p 1: 32 MB, some 0.1 s on a PC);
version, trade, salt and nonce are authenticated with it. A row has 20 bytes: key use, version, 1
3DES or 2 SM4, where an SM4 initial value of 8 bytes stands (0 right, 1 left), key(16).
"""

from firmware.errors import FormatError
from firmware.formats import lines
from firmware.module.blocks import IV_SIDES
from firmware.module.keyed import KEY_BYTES

VERSION = 1
FIELDS = ("sealed_module", "trade", "salt", "nonce", "keys")
SCRYPT = (1 << 15, 8, 1)  # N, r, p
SALT_BYTES, NONCE_BYTES, TAG_BYTES = 16, 12, 16
ROW_BYTES = 4 + KEY_BYTES
MOST_ROWS = 256
MOST_TEXT = 16384
KINDS = ("3des", "sm4")  # 1, 2 in a row
NAME_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"


class Key:
    """A key that does not print. kind: of KINDS; side: of IV_SIDES."""

    def __init__(self, key_use, version, kind, side, value):
        self.key_use = key_use
        self.version = version
        self.kind = kind
        self.side = side
        self.value = value

    def __repr__(self):
        return "<key %02X/%02X>" % (self.key_use, self.version)


class Sealed:
    """A file that was read and not opened."""

    def __init__(self, trade, salt, nonce, body):
        self.trade = trade
        self.salt = salt
        self.nonce = nonce
        self.body = body

    def bound(self):
        """What is authenticated with the keys."""
        head = "faretap sealed module %d %s " % (VERSION, self.trade)
        return head.encode() + self.salt + self.nonce

    def text(self):
        """The file."""
        values = (VERSION, self.trade, self.salt.hex(), self.nonce.hex(), self.body.hex())
        return "".join(["%s: %s\n" % row for row in zip(FIELDS, values)])


def parse(text, name="module file"):
    """Sealed of a text; FormatError."""
    if len(text) > MOST_TEXT:
        raise FormatError("%s: longer than any module file" % name)
    found = lines.read(text, name, FIELDS)
    lines.whole(found, name, "sealed_module", None, VERSION, VERSION)
    for field in FIELDS:
        if field not in found:
            raise FormatError("%s: `%s` is missing" % (name, field))
    body = lines.octets(name, "keys", found["keys"], None, found.line("keys"))
    return Sealed(
        trade_word(found["trade"], name),
        lines.octets(name, "salt", found["salt"], SALT_BYTES, found.line("salt")),
        lines.octets(name, "nonce", found["nonce"], NONCE_BYTES, found.line("nonce")),
        body,
    )


def trade_word(text, name):
    """The name of a trade; FormatError."""
    if not 0 < len(text) <= 16 or [one for one in text if one not in NAME_LETTERS]:
        raise FormatError("%s: trade %r is not 1..16 of a-z, 0-9, -" % (name, text))
    return text


def read_rows(body, name="module file"):
    """List of Key of what was sealed; FormatError."""
    if not body or len(body) % ROW_BYTES or len(body) > MOST_ROWS * ROW_BYTES:
        raise FormatError("%s: %d bytes are no rows of keys" % (name, len(body)))
    found = []
    for at in range(0, len(body), ROW_BYTES):
        key_use, version, kind, side = body[at : at + 4]
        if kind not in (1, 2) or side > 1:
            raise FormatError("%s: row %d is no key" % (name, at // ROW_BYTES))
        if [one for one in found if (one.key_use, one.version) == (key_use, version)]:
            raise FormatError("%s: key %02X/%02X stands twice" % (name, key_use, version))
        value = bytes(body[at + 4 : at + ROW_BYTES])
        found.append(Key(key_use, version, KINDS[kind - 1], IV_SIDES[side], value))
    return found


def write_rows(keys):
    """The bytes that are sealed; FormatError where read_rows() would refuse them."""
    body = b"".join(
        [
            bytes((k.key_use, k.version, KINDS.index(k.kind) + 1, IV_SIDES.index(k.side)))
            + k.value
            for k in keys
        ]
    )
    read_rows(body)
    return body
