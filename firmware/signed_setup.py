# SPDX-License-Identifier: Apache-2.0
"""The settings of signed uploads, `upload_...` (docs/operation.md), and the SignedUpload of them.

With a key nothing unsigned is believed, and nothing goes up unsigned unless `upload_signed` is
`if-known`: then a collector that knows version 1 of the messages only gets records as such.
"""

from firmware.errors import FormatError
from firmware.formats.session_key import KEY_BYTES, Key
from firmware.signed_upload import SignedUpload
from firmware.upload import BYTES, ITEMS

MACS = ("hmac-sha256", "hmac-sm3")
SIGNED = ("always", "if-known")
BYTES_MOST = 60000  # of records in a batch: the frame has 65,536


def make(settings, hal, journal, keeper=None):
    """SignedUpload of a unit. FormatError where its settings are wrong.

    keeper: a Timekeeper, or None.
    """
    more = settings.more
    limit_bytes = _batch_bytes(more.get("upload_bytes", "%d" % BYTES))
    return SignedUpload(
        journal,
        settings.terminal,
        key_of(more["upload_key"], _one_of(more, "upload_mac", MACS)),
        hal,
        hal.random_bytes,
        limit_bytes=limit_bytes,
        limit_count=max(ITEMS, limit_bytes // 320),
        unsigned=_one_of(more, "upload_signed", SIGNED) == "if-known",
        keeper=keeper,
    )


def key_of(text, mac):
    """The Key of hex digits."""
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != KEY_BYTES:
        raise FormatError("settings: `upload_key` is not %d hex digits" % (2 * KEY_BYTES))
    if mac == MACS[0]:
        return Key(secret)
    from firmware.kernel.sm3 import Sm3  # where settings ask for it

    return Key(secret, Sm3)


def _one_of(more, key, words):
    word = more.get(key, words[0])
    if word not in words:
        raise FormatError("settings: `%s` is %s" % (key, " or ".join(words)))
    return word


def _batch_bytes(text):
    number = int(text) if text and not [c for c in text if not "0" <= c <= "9"] else 0
    if not BYTES <= number <= BYTES_MOST:
        raise FormatError("settings: `upload_bytes` is %d to %d" % (BYTES, BYTES_MOST))
    return number
