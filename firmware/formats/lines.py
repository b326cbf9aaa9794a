# SPDX-License-Identifier: Apache-2.0
"""Settings text: `key: value` lines, `#` comments, one grammar for unit settings and parameters.

Errors are FormatError with file name and line, for the person who edits the file.
"""

from firmware.errors import FormatError

DIGITS = "0123456789"


class Found:
    """What a text holds: key -> value (text), for repeatable keys a list of (line, value)."""

    def __init__(self, many):
        self.values = {key: [] for key in many}
        self.lines = {}

    def __contains__(self, key):
        return key in self.values

    def __getitem__(self, key):
        return self.values[key]

    def get(self, key, default=None):
        """As of a dict."""
        return self.values.get(key, default)

    def line(self, key):
        """Number of the line the key stands in, None where it does not stand."""
        return self.lines.get(key)


def read(text, name, single, many=()):
    """Found of a text. single: keys that may stand once, many: any number of times; unknown and
    repeated keys raise FormatError.
    """
    found = Found(many)
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if not line or line[0] == "#":
            continue
        key, colon, value = line.partition(":")
        key, value = key.strip(), value.strip()
        if not colon or not value:
            raise wrong(name, number, "is not `key: value`")
        if key in many:
            found[key].append((number, value))
        elif key not in single:
            raise wrong(name, number, "unknown key `%s`" % key)
        elif key in found:
            raise wrong(name, number, "`%s` stands twice" % key)
        else:
            found.values[key] = value
            found.lines[key] = number
    return found


def wrong(name, number, text):
    """A FormatError that points at a line; number None: at the file."""
    place = name if number is None else "%s:%d" % (name, number)
    return FormatError("%s: %s" % (place, text))


def is_digits(text):
    """True for one or more of 0-9; isdigit() lets other scripts' digits pass."""
    return bool(text) and all(digit in DIGITS for digit in text)


def whole(found, name, key, default=None, least=0, most=0xFFFFFFFF):
    """An integer setting between `least` and `most`; `default` None: it must be there."""
    text = found.get(key)
    if text is None:
        if default is None:
            raise FormatError("%s: `%s` is missing" % (name, key))
        return default
    digits = text.replace("_", "")
    if not is_digits(digits) or len(digits) > 15:
        raise wrong(name, found.line(key), "`%s: %s` is not a whole number" % (key, text))
    number = int(digits)
    if not least <= number <= most:
        said = "`%s: %d` is not in %d..%d" % (key, number, least, most)
        raise wrong(name, found.line(key), said)
    return number


def flag(found, name, key, default):
    """A yes/no setting."""
    text = found.get(key, "yes" if default else "no")
    if text not in ("yes", "no"):
        raise wrong(name, found.line(key), "`%s: %s` is neither yes nor no" % (key, text))
    return text == "yes"


def word(found, name, key, default, words):
    """A setting that is one of `words`."""
    text = found.get(key, default)
    if text not in words:
        said = "`%s: %s` is none of %s" % (key, text, ", ".join(words))
        raise wrong(name, found.line(key), said)
    return text


def octets(name, what, text, count=None, number=None):
    """Bytes of a hex text, of `count` bytes if given; number: of the line it stands in."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise wrong(name, number, "`%s` is not hex" % what)
    if count is not None and len(data) != count:
        raise wrong(name, number, "`%s` has %d bytes instead of %d" % (what, len(data), count))
    return data
