# SPDX-License-Identifier: Apache-2.0
"""Layouts of the card's records: what is read, and that own fields alone are written."""

from firmware.capp import layouts
from firmware.errors import FormatError

NOW = (2026, 11, 22, 8, 15, 59)


def refuses(call):
    try:
        call()
    except FormatError:
        return True
    return False


def records():
    """(profile, name, layout, bytes of a record as it is put on a card)."""
    for profile in ("own", "t-union"):
        for name in sorted(layouts.PROFILES[profile]):
            layout = layouts.PROFILES[profile][name][3]
            yield profile, name, layout, layouts.issued(profile, name)


def test_every_layout_should_fit_its_record():
    """QX-012, QX-024: ID, length and flags where annex B has them."""
    for profile, name, layout, data in records():
        _, area_id, length, _ = layouts.PROFILES[profile][name]
        assert len(data) == length >= layouts.size_of(layout), (profile, name)
        if area_id:
            assert data[:6] == area_id + bytes((length - 3, 1)) + data[4:5] + b"\x00", name
            assert data[4] == (2 if layout == layouts.FREEZE else 1), name
        values = layouts.read(layout, data)
        assert layouts.write(layout, data, {}) == data and len(values) == len(layout)
    assert layouts.size_of(layouts.UNION_RIDE) == 48 - 6  # six bytes are nobody's


def test_layout_should_lie_where_the_cards_have_it():
    data = bytearray(layouts.issued("t-union", "metro"))
    data[6:14] = bytes.fromhex("0120261122081559")
    data[14:18] = bytes.fromhex("00000A01")
    values = layouts.read(layouts.PILOT_METRO, bytes(data))
    assert values["state"] == 1 and values["entry_time"] == NOW
    assert values["entry_gate"] == 0x0A01 and values["exit_time"] is None
    data = bytearray(layouts.issued("t-union", "bus"))
    data[14:17] = bytes.fromhex("013100")
    assert layouts.read(layouts.UNION_BUS, bytes(data))["city"] == 3100


def test_own_fields_alone_should_change():
    """QX-024, QX-044: length and every other byte stay as they were read."""
    before = bytes(layouts.issued("own", "metro")[:6]) + bytes(range(6, 58)) + b"theirs"
    before = before[:6] + bytes(6) + before[12:]
    after = layouts.write(layouts.TRIP, before, {"state": 1, "entry_line": 7, "entry_time": NOW})
    changed = [at for at in range(64) if after[at] != before[at]]
    assert len(after) == 64 and set(changed) <= {11, 12, 13, 14, 15, 16, 17, 18, 19, 20}
    assert after[58:] == b"theirs" and after[12:19].hex() == "20261122081559"
    assert layouts.known(layouts.PILOT_METRO, {"state": 1, "entry_line": 7}) == {"state": 1}


def test_what_cannot_be_written_should_be_refused():
    good = layouts.issued("own", "metro")
    for changes in ({"id": b"ab"}, {"length": 3}, {"nothing": 1}, {"state": 256}, {"city": 12345},
                    {"entry_time": (2026, 11, 22, 8, 15)}, {"entry_time": (12026, 1, 1, 0, 0, 0)},
                    {"entry_tac": b"123"}):  # fmt: skip
        try:
            layouts.write(layouts.TRIP, good, changes)
            raise AssertionError(changes)
        except (FormatError, TypeError):
            pass
    assert refuses(lambda: layouts.write(layouts.TRIP, good[:40], {"state": 1}))


def test_no_byte_of_a_card_should_make_the_parser_fail_otherwise():
    """Foreign IDs, wrong lengths, digits that are none: FormatError and nothing else."""
    for _, _, layout, good in records():
        for cut in range(0, len(good), 5):
            if cut < layouts.size_of(layout):
                assert refuses(lambda: layouts.read(layout, good[:cut]))  # noqa: B023
        for at in range(len(good)):
            for byte in (0x0A, 0x99, 0xFF):
                bent = good[:at] + bytes((byte,)) + good[at + 1 :]
                try:
                    assert layouts.write(layout, bent, {}) == bent
                    layouts.read(layout, bent)
                except FormatError:
                    pass
