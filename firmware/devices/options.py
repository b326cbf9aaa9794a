# SPDX-License-Identifier: Apache-2.0
"""What a device reads out of `settings.more`, which is text: numbers and words in their range.

FormatError names the key and what it may be; it stops the terminal before anything is sold.
"""

from firmware.errors import FormatError


def number(more, key, default, least, most):
    """An integer between `least` and `most`; `default` where the key does not stand."""
    text = more.get(key)
    if text is None:
        return default
    digits = [sign for sign in text if "0" <= sign <= "9"]
    if not text or len(digits) != len(text) or len(text) > 9 or not least <= int(text) <= most:
        raise FormatError("`%s: %s` is no number from %d to %d" % (key, text, least, most))
    return int(text)


def word(more, key, default, words):
    """One of `words`; `default` where the key does not stand."""
    text = more.get(key, default)
    if text not in words:
        raise FormatError("`%s: %s` is none of %s" % (key, text, ", ".join(words)))
    return text


def serial_path(more, key):
    """PATH of `key: serial:PATH`; FormatError for anything else."""
    wire, colon, where = more[key].partition(":")
    if wire != "serial" or not colon or not where:
        raise FormatError("`%s: %s` is not serial:PATH" % (key, more[key]))
    return where
