# SPDX-License-Identifier: Apache-2.0
"""Cards whose extended application lies, as a table: sim.hostile.Hostile(card, row.bend).

`breaks` are numbers of the requirements QX- that it breaks. `spared`: the terminal may go on all
the same, with the extended application or with a plain debit. `taken`: the lie shows itself only
behind the last record, so that a refusal finds the money gone; in all other rows a refusal has to
come before. `form` is the DF60 the row needs (0: any), `r_mac` whether the card must have R-MACs
(None: either).
"""

from collections import namedtuple

from sim import capp_keys, coding
from sim.coding import tlv

Row = namedtuple("Row", "name bend breaks spared taken form r_mac", defaults=(0, None))

READ, UPDATE, PROVE, GPO = (0x80, 0xB4), (0x84, 0xDE), (0x80, 0x5A), (0x80, 0xA8)
SELECT, RING = (0x00, 0xA4), (0x00, 0xB2)
DONE = b"\x90\x00"
# The words of capp.md 2.4; for READ CAPP DATA the first two mean that there is no such record
READ_WORDS = ("6A82", "6A83", "6581", "6700", "6981", "6985", "6986", "6A81", "6A84", "6A88",
              "6D00", "6E00", "6F00", "9407", "9001")  # fmt: skip
UPDATE_WORDS = ("6581", "6700", "6981", "6985", "6986", "6988", "6A80", "6A81", "6A82", "6A83",
                "6A84", "6D00", "6E00", "6F00", "9407", "9001")  # fmt: skip
GPO_WORDS = {"6971": 2, "6972": 2, "6973": 3, "6985": 0}
PROVE_WORDS = ("9406", "6581", "6700", "6985", "6D00", "6E00")


def rows():
    """Every Row; names are distinct."""
    return [*_offers(), *_headers(), *_read_words(), *_ring(), *_r_macs(), *_gpo(), *_updates()]


def torn_rows():
    """Rows about GET TRANS PROVE: the terminal asks it after a torn tap alone."""
    for word in PROVE_WORDS:
        yield Row(f"prove answers {word}", _words(PROVE, word), (37, 38, 39), False, True)
    for name, change in (
        ("another cryptogram", lambda data: bytes(byte ^ 0x5A for byte in data)),
        ("zeros", lambda data: bytes(len(data))),
        ("a byte short", lambda data: data[:-1]),
        ("nothing", lambda data: b""),
    ):
        yield Row(f"prove: {name}", _data(PROVE, change), (36,), False, True)


# --- bends ---------------------------------------------------------------------------------------


def _at(place, change):
    """A bend of the answers 9000 to one command: change(card, command, data) -> data."""

    def bend(card, command, answer):
        if tuple(command[:2]) != place or answer[-2:] != DONE:
            return answer
        return change(card, command, answer[:-2]) + DONE

    return bend


def _data(place, change):
    return _at(place, lambda card, command, data: change(data))


def _words(place, word):
    sw = bytes.fromhex(word)

    def bend(card, command, answer):
        return sw if tuple(command[:2]) == place else answer

    return bend


def _record(change, sealed=True):
    """A bend of the record that READ CAPP DATA gives; `sealed`: under an R-MAC that is right."""

    def bent(card, command, data):
        if not card.capp.r_mac:
            return change(data)
        record, sent = data[:-4], data[-4:]
        record = change(record)
        if sealed:
            *_, key = card.state["extended"]["records"][card.capp.last_read]
            key = bytes.fromhex(key)
            sent = capp_keys.read_mac(card.capp.cipher, key, command[7:15], record)
        return record + sent

    return _at(READ, bent)


def _with(at, value):
    return lambda data: data[:at] + bytes([value]) + data[at + 1 :]


# --- rows ----------------------------------------------------------------------------------------


def _offers():
    """What the FCI says; the card's own DF61 stands in 9F69 all the same."""
    for text in ("00", "80", "03", "04", "41", "0101", ""):
        change = _df61(bytes.fromhex(text))
        yield Row(f"fci: DF61 is {text or 'empty'}", _data(SELECT, change), (2, 3, 4), True, False)
    # Either side of the comparison is a value that a card may have
    for own, said in ((0x01, 0x02), (0x02, 0x01), (0x81, 0x82), (0x82, 0x81)):

        def other(card, command, data, own=own, said=said):
            is_so = int(card.capp.own["df61"], 16) == own
            return _df61(bytes([said]))(data) if is_so else data

        name = f"9F69 says {own:02X}, the FCI {said:02X}"
        yield Row(name, _at(SELECT, other), (32,), False, True, 0, bool(own & 0x80))


def _df61(value):
    """The FCI with another DF61."""

    def change(data):
        if coding.find(data, 0x6F, 0xA5, 0xBF0C) is None:
            return data  # the PPSE
        return _edited(data, 0xDF61, value)

    return change


def _edited(data, tag, value):
    out = b""
    for one, old in coding.objects(data):
        if one == tag:
            out += tlv(one, value)
        elif one in (0x6F, 0xA5, 0xBF0C):
            out += tlv(one, _edited(old, tag, value))
        else:
            out += tlv(one, old)
    return out


def _headers():
    """Records with a wrong header or length; on R-MAC cards under a right R-MAC."""
    for name, change in (
        ("a byte short", lambda data: data[:-1]),
        ("a byte long", lambda data: data + b"\0"),
        ("a byte short with its LEN", lambda data: data[:2] + bytes([data[2] - 1]) + data[3:-1]),
        ("header only", lambda data: data[:2] + b"\x03" + data[3:6]),
        ("five bytes", lambda data: data[:5]),
        ("nothing at all", lambda data: b""),
        ("LEN one more", lambda data: _with(2, data[2] + 1)(data)),
        ("LEN one less", lambda data: _with(2, data[2] - 1)(data)),
        ("another area's ID", lambda data: b"\x99\x99" + data[2:]),
        ("the ID next to it", lambda data: _with(1, data[1] ^ 1)(data)),
        ("not valid", _with(3, 0)),
        ("valid flag 2", _with(3, 2)),
        ("locked", _with(5, 1)),
        ("lock flag FF", _with(5, 0xFF)),
        ("kind 0", _with(4, 0)),
        ("kind 3", _with(4, 3)),
        ("the other kind", lambda data: _with(4, data[4] ^ 3)(data)),
        ("200 bytes more", lambda data: data + bytes(max(0, 200 - len(data)))),
    ):
        # A shorter record may be one that the layout still reads (own fields first)
        spared = name == "a byte short with its LEN"
        yield Row(f"record: {name}", _record(change), (12,), spared, False)


def _read_words():
    for word in READ_WORDS:
        missing = word in ("6A82", "6A83")
        bend = _words(READ, word)
        yield Row(f"read answers {word}", bend, (10,) if missing else (11,), missing, False)


def _ring():
    """The cyclic file; its records have no header, so that only lengths can be seen."""

    def of_ring(change):
        def bent(card, command, data):
            return change(data) if command[3] == 0xF4 else data

        return _at(RING, bent)

    for name, change in (
        ("a byte short", lambda data: data[:-1]),
        ("a byte long", lambda data: data + b"\0"),
        ("nothing", lambda data: b""),
        ("all ones", lambda data: b"\xff" * len(data)),
    ):
        yield Row(f"ring: {name}", of_ring(change), (14, 24), name == "all ones", False)


def _r_macs():
    """R-MACs of READ CAPP DATA."""
    seen = []

    def replayed(card, command, data):
        seen.append(data)
        return seen[0]  # the first answer again, whatever the random was

    for name, bend in (
        ("wrong in its first bit", _data(READ, lambda data: data[:-4] + _flip(data[-4:], 0))),
        ("wrong in its last bit", _data(READ, lambda data: data[:-1] + _flip(data[-1:], 0, 1))),
        ("missing", _data(READ, lambda data: data[:-4])),
        ("zeros", _data(READ, lambda data: data[:-4] + bytes(4))),
        ("three bytes", _data(READ, lambda data: data[:-1])),
        ("of another record", _record(lambda data: _flip(data, -1, 1), sealed=False)),
        ("for zeros as random", _at(READ, _for_zeros)),
    ):
        yield Row(f"r-mac: {name}", bend, (9,), False, False, 0, True)
    # Shows itself only at the second tap: the first answer is true
    yield Row("r-mac: replayed at the next tap", _at(READ, replayed), (9,), True, False, 0, True)


def _for_zeros(card, command, data):
    *_, key = card.state["extended"]["records"][card.capp.last_read]
    key = bytes.fromhex(key)
    return data[:-4] + capp_keys.read_mac(card.capp.cipher, key, bytes(8), data[:-4])


def _flip(value, at, mask=0x80):
    changed = bytearray(value)
    changed[at] ^= mask
    return bytes(changed)


def _gpo():
    for word, form in GPO_WORDS.items():
        yield Row(f"gpo answers {word}", _words(GPO, word), (20,), False, False, form)


def _updates():
    """Answers to UPDATE CAPP DATA CACHE."""
    for word in UPDATE_WORDS:
        yield Row(f"update answers {word}", _words(UPDATE, word), (26, 27, 28), False, False)
    for name, change in (
        ("wrong in its first bit", lambda data: _flip(data, 0)),
        ("wrong in its last bit", lambda data: _flip(data, -1, 1)),
        ("missing", lambda data: b""),
        ("three bytes", lambda data: data[:3]),
        ("five bytes", lambda data: data + b"\0"),
        ("zeros", lambda data: bytes(4)),
    ):
        bend = _data(UPDATE, change)
        yield Row(f"update r-mac: {name}", bend, (26,), False, False, 0, True)
    # Nothing is promised for data that nobody asked for
    more = _data(UPDATE, lambda data: data + b"\1\2\3\4")
    yield Row("update: data without R-MAC", more, (27,), True, False, 0, False)
    # A deduction then ends as if all were well, and the next read shows the old record; of a
    # pre-authorisation the card itself finds it out: 6974, and nothing has changed
    forgets = "update acknowledged, never committed"
    yield Row(f"{forgets}: deduction", _at(UPDATE, _forget), (24,), True, True, 1)
    yield Row(f"{forgets}: pre-authorisation", _at(UPDATE, _forget), (31,), False, False, 2)
    yield Row(f"{forgets}: completion", _at(UPDATE, _forget), (31,), False, False, 3)


def _forget(card, command, data):
    card.state["torn"]["extended"]["updates"].clear()
    return data
