# SPDX-License-Identifier: Apache-2.0
"""The bytes of a city's PSAM, from one text file of `key: value` lines: each city differs, so none
of them stands in code (capp.md 2.6). All values in hex but those with words.

| key | value | if it is not given |
|---|---|---|
| select | a C-APDU sent at the start; may stand up to 4 times | none is sent |
| identity | the C-APDU whose answer tells trade and version | nothing is asked |
| trade | AT:BYTES that stand in that answer, AT counted from 0 | any |
| version | AT:BYTES likewise | any |
| derive | CLA INS of "select and derive" | 801A |
| mac | CLA INS of the MAC | 80FA |
| only | its P1 for data in one command | 05 |
| parts | its P1 for the first, a middle and the last of several | one command alone |
| most | data bytes of one MAC command, initial value among them | F8 |
| answer | bytes of a MAC's answer; the first 4 count | 04 |
| block | 8 or 16 (decimal): what the data are filled up to | 8 |
| iv_side | right or left: where 8 bytes stand in a block of 16 | right |
| keeps_key | yes: several MACs under one derived key; no: derived anew for each | yes |
"""

from collections import namedtuple

from firmware.errors import FormatError
from firmware.formats import lines
from firmware.module.blocks import IV_SIDES

SINGLE = (
    "identity", "trade", "version", "derive", "mac", "only", "parts", "most", "answer", "block",
    "iv_side", "keeps_key",
)  # fmt: skip
MOST_SELECTS = 4
MOST_TEXT = 4096

# trade, version: (place, bytes) or None; parts: three bytes or b""
Profile = namedtuple(
    "Profile",
    (
        "selects", "identity", "trade", "version", "derive", "mac", "only", "parts", "most",
        "answer", "block", "iv_side", "keeps_key",
    ),
)  # fmt: skip


def parse(text, name="module profile"):
    """Profile of a text, that of an empty one is the practice seen in public. FormatError."""
    if len(text) > MOST_TEXT:
        raise FormatError("%s: longer than any profile" % name)
    found = lines.read(text, name, SINGLE, ("select",))
    block = 16 if lines.word(found, name, "block", "8", ("8", "16")) == "16" else 8
    selects = [_command(name, "select", value, line) for line, value in found["select"]]
    if len(selects) > MOST_SELECTS:
        raise FormatError("%s: `select` stands more than %d times" % (name, MOST_SELECTS))
    identity = b""
    if "identity" in found:
        identity = _command(name, "identity", found["identity"], found.line("identity"))
    most = _bytes(found, name, "most", "F8", 1)[0]
    if most < 2 * block:
        raise lines.wrong(name, found.line("most"), "`most` is less than two blocks")
    answer = _bytes(found, name, "answer", "04", 1)[0]
    if not 4 <= answer <= 16:
        raise lines.wrong(name, found.line("answer"), "`answer` is not 04..10")
    return Profile(
        selects,
        identity,
        _place(found, name, "trade"),
        _place(found, name, "version"),
        _bytes(found, name, "derive", "801A", 2),
        _bytes(found, name, "mac", "80FA", 2),
        _bytes(found, name, "only", "05", 1),
        _bytes(found, name, "parts", "", 3 if "parts" in found else 0),
        most,
        answer,
        block,
        lines.word(found, name, "iv_side", "right", IV_SIDES),
        lines.flag(found, name, "keeps_key", True),
    )


def _bytes(found, name, key, default, count):
    return lines.octets(name, key, found.get(key, default), count, found.line(key))


def _command(name, key, text, line):
    """A short C-APDU."""
    data = lines.octets(name, key, text, None, line)
    # 4: header; 5: and Le; else Lc that fits, with or without Le
    if len(data) not in (4, 5) and not (len(data) > 5 and len(data) - 5 - data[4] in (0, 1)):
        raise lines.wrong(name, line, "`%s` is no C-APDU" % key)
    return data


def _place(found, name, key):
    """(place, bytes) of `AT:BYTES`, None where the key does not stand."""
    if key not in found:
        return None
    at, colon, text = found[key].partition(":")
    if not colon or not lines.is_digits(at) or len(at) > 3 or not text or "identity" not in found:
        said = "`%s` is AT:BYTES of the answer to `identity`" % key
        raise lines.wrong(name, found.line(key), said)
    return int(at), lines.octets(name, key, text, None, found.line(key))
