# SPDX-License-Identifier: Apache-2.0
"""The boot record: its bytes, two copies in turn, power cut at every operation, hostile flash."""

from firmware.boot import record
from firmware.errors import FormatError
from sim.flash import LEFT, Flash, PowerCut


def values_of(number, text=""):
    values = dict(record.BLANK)
    values.update({"active": record.A, "number_a": number, "floor": number, "text": text})
    return values


class Disk:
    """Files in RAM behind open_blob and write_at; `full`: errno 28 for every write."""

    def __init__(self):
        self.files = {}
        self.full = False

    def open_blob(self, path):
        if path not in self.files:
            raise OSError(2)
        return Held(self.files[path])

    def write_at(self, path, at, data):
        assert at == 0
        if self.full:
            raise OSError(28)
        self.files[path] = bytes(data)


class Held:
    def __init__(self, data):
        self.data = data

    def read(self, at, count):
        return self.data[at : at + count]

    def close(self):
        pass


def test_a_record_comes_back_with_every_field():
    values = {
        "active": 1, "trial": 2, "left": 5, "number_a": 0xFFFFFFFF, "digest_a": bytes(range(32)),
        "size_a": 300000, "number_b": 7, "size_b": 1, "digest_b": b"\x55" * 32,
        "floor": 6, "starts": 255, "cause": 4, "returned": 9, "why": 2, "text": "\u8bf7" * 26,
    }  # fmt: skip
    data = record.pack(values, 0x12345678)
    assert len(data) <= record.MOST
    assert record.unpack(data + b"\xff" * 9) == (values, 0x12345678)


def test_no_single_bit_passes():
    data = record.pack(values_of(3, "x"), 1)
    for at in range(len(data) * 8):
        bent = bytearray(data)
        bent[at // 8] ^= 1 << at % 8
        assert refused(bent), at
    for count in range(len(data)):
        assert refused(data[:count]), count


def refused(data):
    try:
        record.unpack(data)
    except FormatError:
        return True
    return False


def test_values_that_cannot_be_are_not_written():
    for name, value in (("active", 3), ("why", 9), ("floor", -1), ("text", "x" * 81)):
        values = values_of(1)
        values[name] = value
        try:
            record.pack(values, 0)
            raise AssertionError(name)
        except FormatError:
            pass


def test_an_erased_or_foreign_flash_gives_defaults():
    flash = Flash(2, 512)
    one = record.BootRecord(record.InBlocks(flash))
    assert (one.found, one.values) == (False, record.BLANK)
    for block in (0, 1):
        flash.writeblocks(block, b"FTBR\x01\x00\x09garbage garbage", 0)
    one = record.BootRecord(record.InBlocks(flash))
    assert (one.found, one.values) == (False, record.BLANK)
    assert one.save(values_of(4))
    assert record.BootRecord(record.InBlocks(flash)).values == values_of(4)


def test_copies_are_written_in_turn_and_only_where_something_changed():
    flash = Flash(2, 512)
    one = record.BootRecord(record.InBlocks(flash))
    for number in range(1, 6):
        assert one.save(values_of(number))
        assert one.save(values_of(number))
        again = record.BootRecord(record.InBlocks(flash))
        assert (again.values, again.count) == (values_of(number), number)
    assert flash.erases == 5


def test_the_count_may_wrap():
    flash = Flash(2, 512)
    copies = record.InBlocks(flash)
    copies.write(0, record.pack(values_of(1), 0xFFFFFFFF))
    one = record.BootRecord(copies)
    assert one.save(values_of(2))
    assert record.BootRecord(copies).values == values_of(2)


def test_power_cut_at_every_operation_leaves_old_or_new():
    points = 0
    for cut in range(64):
        done = False
        for how in LEFT:
            flash = Flash(2, 512)
            one = record.BootRecord(record.InBlocks(flash))
            flash.cut(cut, cut, how)
            last = 0
            try:
                for number in range(1, 7):
                    assert one.save(values_of(number))
                    last = number
                done = True
            except PowerCut:
                points += 1
            flash.restart()
            for _ in range(2):  # weak cells may read otherwise later
                found = record.BootRecord(record.InBlocks(flash)).values["floor"]
                assert found in (last, last + 1), (cut, how)
                flash.ripen()
            one = record.BootRecord(record.InBlocks(flash))
            assert one.save(values_of(20))
            assert record.BootRecord(record.InBlocks(flash)).values == values_of(20)
            assert flash.refused == 0
        if done:
            break
    assert points == 6 * 2 * len(LEFT)  # an erase and a page, six times


def test_a_worn_copy_does_not_stop_the_other():
    for kind in ("programs", "refuses"):
        for worn in (0, 1):
            flash = Flash(2, 512)
            flash.wear(worn, kind)
            one = record.BootRecord(record.InBlocks(flash))
            for number in (1, 2, 3):
                assert one.save(values_of(number))
                assert record.BootRecord(record.InBlocks(flash)).values == values_of(number)


def test_a_storage_that_refuses_is_told():
    flash = Flash(2, 512)
    flash.wear(0, "refuses")
    flash.wear(1, "refuses")
    one = record.BootRecord(record.InBlocks(flash))
    assert not one.save(values_of(1))
    assert one.values == record.BLANK


def test_files_hold_the_copies_too():
    disk = Disk()
    for number in (1, 2, 3):
        one = record.BootRecord(record.InFiles(disk, "/boot"))
        assert one.save(values_of(number))
    assert sorted(disk.files) == ["/boot.0", "/boot.1"]
    disk.full = True
    assert not record.BootRecord(record.InFiles(disk, "/boot")).save(values_of(4))
    disk.files["/boot.0"] = b""  # a file cut in the middle of being made anew
    assert record.BootRecord(record.InFiles(disk, "/boot")).values["floor"] in (2, 3)


def test_a_long_text_is_cut_between_characters():
    assert record.short("x" * 100) == "x" * 80
    assert record.short("x" + "\u8bf7" * 40) == "x" + "\u8bf7" * 26
    assert record.short("") == ""
