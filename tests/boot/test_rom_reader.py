# SPDX-License-Identifier: Apache-2.0
"""The reader of ROMFS images on a device of small blocks: finds, lists, refuses, never runs on."""

from firmware.boot.rom_reader import RomFiles

# written by hand after the layout of records: a folder `d` with `a` ("xyz") and `b` (empty)
A = b"\x05\x07\x01a\x02\x03xyz"
B = b"\x05\x04\x01b\x02\x00"
INSIDE = b"\x01d" + A + B
IMAGE = b"\xd2\xcd\x31" + bytes([len(INSIDE) + 2]) + b"\x04" + bytes([len(INSIDE)]) + INSIDE


class Device:
    """Read-only blocks of 8 bytes."""

    def __init__(self, data):
        self.data = data + b"\xff" * (-len(data) % 8) + b"\xff" * 16

    def ioctl(self, command, argument):
        return {4: len(self.data) // 8, 5: 8}[command]

    def readblocks(self, block, into, offset):
        at = block * 8 + offset
        into[:] = self.data[at : at + len(into)]


def code_of(call):
    try:
        call()
    except OSError as refused:
        return refused.args[0]
    raise AssertionError("taken")


def test_files_should_be_found_listed_and_read():
    files = RomFiles(Device(IMAGE))
    assert files.stat("/")[0] == files.stat("/d")[0] == 0x4000
    assert files.stat("/d/a")[0] == 0x8000 and files.stat("/d/a")[6] == 3
    assert sorted([one[0] for one in files.ilistdir("/d")]) == ["a", "b"]
    assert [one[:2] for one in files.ilistdir("/")] == [("d", 0x4000)]
    assert files.open("/d/a", "rb").read() == b"xyz"
    assert files.open("d/a", "r").read() == "xyz"
    assert files.open("/d/b", "rb").read() == b""


def test_what_is_not_there_or_may_not_be_should_have_its_errno():
    files = RomFiles(Device(IMAGE))
    for call, code in (
        (lambda: files.stat("/e"), 2),
        (lambda: files.stat("/d/a/x"), 2),
        (lambda: files.open("/d", "rb"), 21),
        (lambda: files.open("/d/a", "w"), 30),
        (lambda: list(files.ilistdir("/d/a")), 20),
        (lambda: files.chdir("/d"), 1),
        (lambda: files.mount(False, True), 1),
    ):
        assert code_of(call) == code, code


def test_no_image_should_be_no_device():
    for data in (b"", b"\xff" * 64, b"\0" * 64, b"\xd2\xcd\x31\xff\xff\x7f"):
        assert code_of(lambda data=data: RomFiles(Device(data))) in (19, 5)


def test_a_damaged_image_should_end_in_an_errno_and_never_hang():
    for at in range(4, len(IMAGE)):
        for value in (0, 1, 0x7F, 0x80, 0xFF):
            damaged = IMAGE[:at] + bytes([value]) + IMAGE[at + 1 :]
            try:
                files = RomFiles(Device(damaged))
                files.open("/d/a", "rb").read()
                list(files.ilistdir("/d"))
            except (OSError, UnicodeError):
                pass
