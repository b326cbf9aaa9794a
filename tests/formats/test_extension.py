# SPDX-License-Identifier: Apache-2.0
"""What a tap did to the card's memory, in pending entry and record of version 4."""

from firmware.errors import FormatError
from firmware.formats import extension, pending, record

READ = bytes(range(64))
WRITTEN = READ[:10] + b"\x26\x11\x22" + READ[13:]
RIDE = bytes(48)


def packed():
    changes = [(0x15, 0, READ, WRITTEN, "a session"), (extension.CYCLIC_FILE, 0, b"", RIDE)]
    return extension.pack(extension.COMPLETION, 0x82, changes, b"00000042", b"104")


def refuses(call):
    try:
        call()
    except FormatError:
        return True
    return False


def test_card_memory_should_be_kept_as_read_and_as_written():
    """QX-034, QX-054: both images, and who froze the sum."""
    values = record.blank(record.APPROVED)
    values["version"], values["extension"] = record.EXTENDED, packed()
    found = record.unpack(record.pack(values))
    assert found == values and record.pack(values)[0] == 4
    told = extension.of(found)
    assert told["changes"] == [(0x15, 0, READ, WRITTEN), (0x1E, 0, b"", RIDE)]
    assert (told["kind"], told["df61"]) == (3, 0x82)
    assert (told["terminal"], told["merchant"]) == (b"00000042", b"104")
    assert extension.of(record.blank(record.APPROVED)) is None


def test_entry_of_either_version_should_come_back():
    """QX-034: one that an earlier release left open is read as well."""
    plain = dict(pending.blank(), records=[])
    assert pending.unpack(pending.pack(plain)) == plain and pending.pack(plain)[0] == 3
    plain["version"], plain["extension"] = record.EXTENDED, packed()
    data = pending.pack(plain)
    assert pending.unpack(data) == plain and data[0] == 4
    packer = pending.packer()
    for _ in range(2):
        assert pending.parts(plain, packer) == pending.parts(plain)
    for cut in range(0, len(data), 7):
        assert refuses(lambda: pending.unpack(data[:cut])), cut  # noqa: B023
    for version in (0, 2, 5):
        assert refuses(lambda: pending.unpack(bytes((version,)) + data[1:])), version  # noqa: B023


def test_layout_should_never_change():
    """QX-034: golden bytes."""
    data = extension.pack(extension.DEDUCTION, 1, [(0x15, 1, b"\xaa\xbb", b"\xaa\xcc")])
    assert data.hex() == "0101" + "00" + "00" + "0001" + "1501" + "02aabb" + "02aacc"


def test_what_is_no_extension_should_be_refused():
    for kind in (0, 4, None):
        assert refuses(lambda: extension.pack(kind, 1, [])), kind  # noqa: B023
    for rows in ([(0x15, 0, READ)], [(0x15, 0, READ, READ)] * 5, [(0x15, 0, bytes(256), b"")],
                 [(0x15, 0, bytes(128), bytes(128))] * 2):  # fmt: skip
        assert refuses(lambda: extension.pack(1, 1, rows)), len(rows)  # noqa: B023
    good = packed()
    for cut in range(len(good)):
        assert refuses(lambda: extension.unpack(good[:cut])), cut  # noqa: B023
    for wrong in (b"\x00" + good[1:], b"\x04" + good[1:], good + b"x"):
        assert refuses(lambda: extension.unpack(wrong))  # noqa: B023


def test_money_read_before_the_tap_should_stand_behind_the_changes():
    """QX-060, QX-061: and only there; records without it are what they were."""
    rows = [(0x15, 0, READ, WRITTEN)]
    plain = extension.pack(1, 1, rows)
    data = extension.pack(1, 1, rows, b"", b"", (150, 2000, 30))
    assert data == plain + bytes.fromhex("00000096000007d00000001e")
    told = extension.unpack(data)
    assert extension.offset_drawn(told, 400) == (250, 280)
    assert extension.offset_drawn(told, 150) == (0, 30)
    assert extension.unpack(plain)["funds"] is None
    assert extension.offset_drawn(extension.unpack(plain), 400) == (0, 0)
    frozen = extension.unpack(extension.pack(2, 2, rows, b"", b"", (150, 2000, 30)))
    assert extension.offset_drawn(frozen, 400) == (0, 0)  # QX-057
    for cut in range(len(plain) + 1, len(data)):
        assert refuses(lambda: extension.unpack(data[:cut])), cut  # noqa: B023
    full = [(0x15, 0, bytes(102), bytes(102)), (0x16, 0, bytes(102), bytes(102))]
    assert extension.unpack(extension.pack(1, 1, full, b"", b"", (1, 2, 3)))["funds"] is None
    huge = extension.pack(1, 1, rows, b"", b"", (10**11, 0, 0))
    assert extension.unpack(huge)["funds"]["balance_fen"] == 0xFFFFFFFF


def test_frozen_sums_and_stamps_should_be_no_sales():
    """QX-052: what is cleared is APPROVED; a completion is, a pre-authorisation is not."""
    kinds = ((1, 200, record.APPROVED), (1, 0, record.STAMPED), (2, 5000, record.PREAUTHORISED),
             (3, 300, record.APPROVED), (3, 0, record.STAMPED))  # fmt: skip
    for kind, amount_fen, expected in kinds:
        assert extension.approved_kind(kind, amount_fen) == expected, (kind, amount_fen)
