# SPDX-License-Identifier: Apache-2.0
"""Settings text: `key: value` lines, `#` comments, one grammar for unit settings and parameters.

Errors are FormatError with file name and line, for the person who edits the file.
"""

from firmware.errors import FormatError


def read(text, name, single, many=()):
    """Dict key -> value (text), and for keys in `many` -> list of (line number, value).

    single: keys that may stand once; unknown and repeated keys raise FormatError.
    """
    found = {key: [] for key in many}
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
            found[key] = value
    return found


def wrong(name, number, text):
    """A FormatError that points at a line."""
    return FormatError("%s:%d: %s" % (name, number, text))


def whole(found, name, key, default=None, least=0, most=0xFFFFFFFF):
    """An integer setting between `least` and `most`; `default` None: it must be there."""
    text = found.get(key)
    if text is None:
        if default is None:
            raise FormatError("%s: `%s` is missing" % (name, key))
        return default
    digits = text.replace("_", "")
    for digit in digits:
        if digit not in "0123456789":
            raise FormatError("%s: `%s: %s` is not a whole number" % (name, key, text))
    number = int(digits)
    if not least <= number <= most:
        raise FormatError("%s: `%s: %d` is not in %d..%d" % (name, key, number, least, most))
    return number


def flag(found, name, key, default):
    """A yes/no setting."""
    text = found.get(key, "yes" if default else "no")
    if text not in ("yes", "no"):
        raise FormatError("%s: `%s: %s` is neither yes nor no" % (name, key, text))
    return text == "yes"


def octets(name, what, text, count=None):
    """Bytes of a hex text, of `count` bytes if given."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise FormatError("%s: `%s` is not hex" % (name, what))
    if count is not None and len(data) != count:
        raise FormatError("%s: `%s` has %d bytes instead of %d" % (name, what, len(data), count))
    return data
