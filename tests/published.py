# SPDX-License-Identifier: Apache-2.0
"""Published test data, an entry at a time, on both interpreters.

The files lie in a folder `shared` beside the checkout; where they are not, SkipTest says so. They
are JSON, indented by one blank a level and one line a value, and larger than a small heap: a
list is read entry by entry, and only the entry becomes objects.
"""

import json
import os

from tests.skip import SkipTest

FOLDER = __file__.rpartition("/")[0] + "/../../shared/vectors/"


def entries(name, key):
    """Generator: each object of the list `key` of NAME.json."""
    for text in _objects(name, '"%s": [' % key, "]"):
        yield json.loads(text)


def whole(name, key=None):
    """The object `key` of NAME.json, or all of a small file."""
    if key is None:
        return json.loads("\n".join(_lines(name)))
    for text in _objects(name, '"%s": {' % key, "}"):
        return json.loads(text)
    raise KeyError(key)


def octets(text):
    """Bytes of a hex text, of none for None."""
    return bytes.fromhex(text or "")


def _lines(name):
    try:
        os.stat(FOLDER + name + ".json")
    except OSError:
        raise SkipTest(name + ".json is not beside this checkout")
    with open(FOLDER + name + ".json", "rb") as file:
        while True:
            line = file.readline()
            if not line:
                return
            yield line.decode().rstrip()


def _objects(name, opening, closing):
    """Text of each object between the lines `opening` and `closing`, which are equally indented;
    of `opening` itself when it opens an object.
    """
    text, end, inside = [], None, None
    for line in _lines(name):
        blanks = len(line) - len(line.lstrip())
        if end is None:
            if line.strip() == opening:
                end, inside = blanks, blanks + 1 if closing == "]" else blanks
                text = ["{"] if closing == "}" else []
            continue
        bare = line.strip()
        if closing == "]" and blanks == end and bare[0] == closing:
            return
        if blanks == inside and bare in ("}", "},"):
            yield "\n".join(text) + "}"
            text = []
            if closing == "}":
                return
            continue
        text.append(bare)
    if end is None:
        raise KeyError(opening)
