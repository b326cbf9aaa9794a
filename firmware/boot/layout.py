# SPDX-License-Identifier: Apache-2.0
"""Where things lie in a board's flash: one row a board, read by the board itself, by what builds
its image (host_tools/image) and by what writes it.

A row: (word, machine, base, blocks, regions).

| field | meaning |
|---|---|
| word | what `make image BOARD=` and a release call the board |
| machine | how the text of sys.implementation._machine ends there: NAME with PROCESSOR |
| base | bytes of flash in front of the storage: MicroPython, frozen code |
| blocks | of BLOCK_BYTES: the storage, as rp2.Flash() has it, or the partitions behind `base` |
| regions | ((name, blocks), ..) one behind the other, together `blocks` |

| region | holds |
|---|---|
| stub | stock MicroPython on rp2 alone: the littlefs that its own start mounts, never written |
| files | littlefs: settings, parameters, lists; with stock MicroPython main.py |
| boot | the boot record, two blocks written in turn |
| slot_a slot_b | a release each, executed where it lies: boards of our own image |
| release | firmware/ as ROMFS (rom_reader.py): boards with stock MicroPython |
| journal | sales, to the end of the flash |

Of 2 MB with our own image the code has 812 KB, 70 more than it takes; a slot has 368 KB, which
hold any one device, 276 to 316 KB, with as much room to grow, or some together, but not all; the
files have 88 KB, the journal 100 blocks. On an ESP32 the regions are partitions with these labels,
the files' is `vfs`.
Sizes of stock MicroPython are those of 1.25; the board is asked, and another size is refused.
"""

from firmware.errors import FormatError

BLOCK_BYTES = 4096
BOARDS = (
    ("pico", "Raspberry Pi Pico with faretap with RP2040", 816 * 1024, 308,
     (("files", 22), ("boot", 2), ("slot_a", 92), ("slot_b", 92), ("journal", 100))),
    ("pico_stock", "Raspberry Pi Pico with RP2040", 640 * 1024, 352,
     (("stub", 2), ("files", 48), ("boot", 2), ("release", 110), ("journal", 190))),
    ("pico_w", "Raspberry Pi Pico W with RP2040", 1200 * 1024, 212,
     (("stub", 2), ("files", 20), ("boot", 2), ("release", 104), ("journal", 84))),
    ("pico2", "Raspberry Pi Pico 2 with RP2350", 1024 * 1024, 768,
     (("stub", 2), ("files", 118), ("boot", 2), ("release", 118), ("journal", 528))),
    ("pico2_w", "Raspberry Pi Pico 2 W with RP2350", 1536 * 1024, 640,
     (("stub", 2), ("files", 118), ("boot", 2), ("release", 118), ("journal", 400))),
    ("esp32_s3", " with ESP32S3", 2048 * 1024, 1536,
     (("files", 256), ("boot", 2), ("release", 128), ("journal", 1150))),
)  # fmt: skip


def row(word):
    """The row of a board by its word. FormatError names those there are."""
    for board in BOARDS:
        if board[0] == word:
            return board
    raise FormatError("no board %r: %s" % (word, ", ".join([board[0] for board in BOARDS])))


def row_of_machine(text):
    """The row of the board that calls itself so (sys.implementation._machine), or None."""
    for board in BOARDS:
        if text.endswith(board[1]):
            return board
    return None


def region(board, name):
    """(first block within the storage, blocks) of a region of a row. FormatError: it has none."""
    first = 0
    for called, count in board[4]:
        if called == name:
            return first, count
        first += count
    raise FormatError("%s has no region %s" % (board[0], name))


def has(board, name):
    """Whether a row has a region of that name."""
    return name in [called for called, _ in board[4]]
