# SPDX-License-Identifier: Apache-2.0
"""`faretap flash --image`: UF2 by the boot drive, what must not be in one, and esptool's words."""

import json

import pytest

from firmware.boot import layout, record
from firmware.settings import DEVICES
from host_tools.cli.image import write
from host_tools.flash import drive, image, seen
from host_tools.flash.boards import board_named
from host_tools.flash.faults import Fault
from host_tools.flash_image import FlashImage
from host_tools.image import build, manifest, uf2
from host_tools.image.boards import FLASH_AT, maker
from tests.host.board_stand import BoardStand
from tests.host.console import needs_micropython
from tests.host.test_flash import flash, on_board, parameters, serve, unit_folder

__all__ = ["parameters"]  # a fixture of the other file
OURS = "Raspberry Pi Pico with faretap with RP2040"
ROW = layout.row("pico")
INFO = "UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n"


@pytest.fixture
def made(tmp_path):
    """An image of a Pico around some bytes that stand for MicroPython."""
    (tmp_path / "pico.bin").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "pico.sources").write_text("micropython 1.25.0 none\n")
    done = build.build(maker("pico"), None, DEVICES, "", tmp_path / "pico.bin")
    told = manifest.make(done, "1.0", "")
    files = {**done.files, "manifest.json": json.dumps(told).encode()}
    write(tmp_path / "image", files)
    return tmp_path / "image"


def ran(board, number):
    """A release of that number was good on this board: its boot record says so."""
    first, count = layout.region(ROW, "boot")
    with board.flash.open("r+b") as file:
        file.seek(first * layout.BLOCK_BYTES)
        blocks = FlashImage(file.read(count * layout.BLOCK_BYTES))
        assert record.BootRecord(record.InBlocks(blocks)).save({**record.BLANK, "floor": number})
        file.seek(first * layout.BLOCK_BYTES)
        file.write(blocks.cells)


def word_of(action, *arguments):
    with pytest.raises(Fault) as caught:
        action(*arguments)
    return caught.value.word


@needs_micropython
def test_a_running_board_gets_an_image_and_keeps_files_and_records(tmp_path, made, parameters):
    (tmp_path / "board").mkdir()
    board = BoardStand(tmp_path / "board", OURS, 22, ROW[3], ROW[2])
    try:
        folder = unit_folder(tmp_path, parameters)
        assert flash(board, "--unit", folder, "--no-test")[0] == 0
        by_drive = ("--image", made, "--drive", tmp_path / "board/drive", "--no-test")
        (tmp_path / "board/drive").mkdir()
        status, said = flash(board, *by_drive, "--dry-run")
        assert status == 0 and "would write" in said and "starts anew" in said, said
        serve(board)
        assert flash(board, *by_drive)[0] == "unsent"
        kept = (on_board(board), board.flash.read_bytes())
        status, said = flash(board, *by_drive, "--export", tmp_path / "x.frames")
        assert status == 0 and "verified    10,240 bytes of flash" in said, said
        assert (tmp_path / "board/program.bin").read_bytes()[:10240] == bytes(range(256)) * 40
        assert (on_board(board), board.flash.read_bytes()) == kept
        status, said = flash(board, *by_drive, "--export", tmp_path / "x.frames")
        assert status == 0 and "is there already" in said
        ran(board, 9)
        told = json.loads((made / "manifest.json").read_text())
        (made / "manifest.json").write_text(json.dumps({**told, "release": 8}))
        word, said = flash(board, *by_drive, "--export", tmp_path / "x.frames")
        assert word == "older" and "release 8, the board has run 9" in said
    finally:
        board.unplug()


def test_an_image_that_is_not_what_it_says_is_refused(tmp_path, made):
    pico, pico_w = board_named("pico"), board_named("pico_w")
    good = image.read(made, pico)
    assert word_of(image.read, made, pico_w) == "wrong_board"
    assert word_of(image.read, tmp_path, pico) == "damaged_image"
    assert word_of(image.drive_bytes, good, board_named("pico2_w").family, True) == "wrong_board"
    whole = good.uf2.read_bytes()
    good.uf2.write_bytes(whole[: len(whole) // 2])  # half of it was copied
    assert word_of(image.read, made, pico) == "damaged_image"
    assert word_of(image.drive_bytes, good, pico.family, True) == "damaged_image"
    (made / "manifest.json").write_text("[" * 9000)
    assert word_of(image.read, made, pico) == "damaged_image"


@pytest.mark.parametrize("region", ["boot", "journal"])
def test_no_image_writes_where_records_lie(region, made):
    """CL-007: not even an image with a manifest that fits."""
    good = image.read(made, board_named("pico"))
    place = FLASH_AT + good.span(region).start
    good.uf2.write_bytes(uf2.pack([(place, bytes(4096))], board_named("pico").family))
    assert word_of(image.drive_bytes, good, board_named("pico").family, False) == "damaged_image"


def test_a_file_system_is_left_out_where_there_is_one(made):
    good = image.read(made, board_named("pico"))
    code, files = (FLASH_AT, b"c" * 4096), (FLASH_AT + good.span("files").start, b"f" * 4096)
    good.uf2.write_bytes(uf2.pack([code, files], board_named("pico").family))
    for keep, places in ((True, 16), (False, 32)):
        data = image.drive_bytes(good, board_named("pico").family, keep)
        assert len(uf2.unpack(data)) == places


def test_a_drive_says_whose_it_is(tmp_path):
    (tmp_path / "RPI-RP2").mkdir()
    assert seen.drives([str(tmp_path / "*")]) == []
    assert word_of(seen.drive, tmp_path / "RPI-RP2") == "no_board"
    (tmp_path / "RPI-RP2/INFO_UF2.TXT").write_text(INFO)
    (one,) = seen.drives([str(tmp_path / "*")])
    assert one.board_id == "RPI-RP2" and seen.the_only([one], "board") == one
    assert word_of(seen.the_only, [one, one], "board") == "several_boards"
    assert word_of(seen.the_only, [], "board") == "no_board"
    (tmp_path / "RPI-RP2/INFO_UF2.TXT").write_bytes(b"\xff" * 9000)
    assert word_of(seen.drive, tmp_path / "RPI-RP2") == "no_board"


def test_a_board_in_its_boot_rom_is_written_only_when_it_is_new(tmp_path, made):
    (tmp_path / "RPI-RP2").mkdir()
    (tmp_path / "RPI-RP2/INFO_UF2.TXT").write_text(INFO)
    nowhere = type("Board", (), {"port": ""})()
    given = ("--image", made, "--drive", tmp_path / "RPI-RP2")
    assert flash(nowhere, *given)[0] == "unasked"
    status, said = flash(nowhere, *given, "--new", "--dry-run")
    assert status == 0 and "would write" in said
    (tmp_path / "RPI-RP2/INFO_UF2.TXT").write_text(INFO.replace("RPI-RP2", "RP2350"))
    assert flash(nowhere, *given, "--new")[0] == "wrong_board"


def test_a_drive_that_is_pulled_is_said(tmp_path):
    (tmp_path / "drive").mkdir()
    one = seen.Seen(str(tmp_path / "drive"), "", "", "RPI-RP2")
    drive.write(one, b"x" * 100_000)
    assert (tmp_path / "drive" / drive.NAME).read_bytes() == b"x" * 100_000
    gone = one._replace(where=str(tmp_path / "nothing"))
    assert word_of(drive.write, gone, b"x") == "gone"
    assert word_of(drive.wait_for, list, "it", 0.1) == "gone"


def test_esptool_gets_the_parts_of_an_esp32_and_never_the_journal(tmp_path):
    parts = [image.Part("files", 0x200000, 4096, ""), image.Part("release", 0x302000, 4096, "")]
    files = {name: tmp_path / name for name in ("files.bin", "release.bin", "partition-table.bin")}
    one = image.Image("esp32_s3", tmp_path, "1", 0, files, parts)
    words = image.esptool_words(one, "/dev/ttyACM0", True)
    assert words[-2:] == ["0x302000", str(tmp_path / "release.bin")]
    assert "files.bin" not in " ".join(words)
    journal = one._replace(parts=[image.Part("journal", 0x400000, 4096, "")])
    assert word_of(image.esptool_words, journal, "/dev/ttyACM0", True) == "damaged_image"
