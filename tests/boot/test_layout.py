# SPDX-License-Identifier: Apache-2.0
"""The table of flash regions: complete, without gaps, found by word and by machine."""

from firmware.boot import layout
from firmware.errors import FormatError

MACHINES = (  # sys.implementation._machine, as MicroPython 1.25 puts it together
    ("Raspberry Pi Pico with faretap with RP2040", "pico"),
    ("Raspberry Pi Pico with RP2040", "pico_stock"),
    ("Raspberry Pi Pico W with RP2040", "pico_w"),
    ("Raspberry Pi Pico 2 with RP2350", "pico2"),
    ("Raspberry Pi Pico 2 W with RP2350", "pico2_w"),
    ("Generic ESP32S3 module with ESP32S3", "esp32_s3"),
    ("Generic ESP32S3 module with Octal-SPIRAM with ESP32S3", "esp32_s3"),
    ("Arduino Nano RP2040 Connect with RP2040", None),
    ("linux", None),
)


def test_each_row_should_fill_its_storage_with_the_regions_a_terminal_needs():
    words = []
    for board in layout.BOARDS:
        word, _, base, blocks, regions = board
        assert word not in words
        words.append(word)
        assert base % layout.BLOCK_BYTES == 0
        assert sum([count for _, count in regions]) == blocks, word
        assert regions[-1][0] == "journal" and regions[-1][1] >= 64, word
        assert layout.region(board, "boot")[1] == 2
        assert layout.region(board, "files")[1] >= 16  # 64 KB
        at = 0
        for name, count in regions:
            assert layout.region(board, name) == (at, count)
            at += count


def test_two_slots_should_lie_beside_files_and_journal():
    board = layout.row("pico")
    slot = layout.region(board, "slot_a")[1]
    assert slot == layout.region(board, "slot_b")[1] == 92
    assert layout.region(board, "journal")[1] >= 100
    assert board[2] + board[3] * layout.BLOCK_BYTES == 2 * 1024 * 1024


def test_a_board_should_be_found_by_what_it_calls_itself():
    for machine, word in MACHINES:
        found = layout.row_of_machine(machine)
        assert (found[0] if found else None) == word, machine


def test_an_unknown_board_or_region_should_be_named():
    for wrong, said in (
        (lambda: layout.row("picco"), "picco"),
        (lambda: layout.row("picco"), "pico_w"),
        (lambda: layout.region(layout.row("pico_w"), "slot_a"), "slot_a"),
    ):
        try:
            wrong()
        except FormatError as refused:
            assert said in str(refused)
        else:
            raise AssertionError("taken")
    assert layout.has(layout.row("pico"), "slot_a")
    assert not layout.has(layout.row("pico_w"), "slot_a")
