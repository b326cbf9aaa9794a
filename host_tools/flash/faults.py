# SPDX-License-Identifier: Apache-2.0
"""Everything that ends a flashing, by name: what was found, and what to do next.

Whichever it is, the board still starts what it started before and still holds its records.
"""

from firmware.errors import FormatError

# word|what to do next; printed in docs/flashing.md
TABLE = """
no_board|Plug it in, press its reset, look with `faretap flash --list`; on Linux: sudo usermod -aG dialout $USER
several_boards|Say which: --port or --drive, as `faretap flash --list` shows them.
busy|Another program has the port: end it (a serial monitor, another flash).
no_answer|Nothing there speaks MicroPython: hold BOOTSEL while plugging it in, and flash its image.
wrong_board|Take the image and the folder of this board, or name the right one.
gone|Plug it in again and start the same command again: nothing on it was replaced half.
unsent|Let it upload, or export them: --export FILE, then `faretap stick import FILE`.
unasked|Start the board without BOOTSEL and give its --port; --new where it was never in service.
other_terminal|A board keeps its number: its records are numbered under it. Take the folder of that number.
other_journal|Keep `journal`, `journal_blocks` and `journal_key` as they are on the board: provision again with them.
unreadable|What it holds cannot be told, so nothing was changed: look at its settings.txt with mpremote.
older|A terminal never goes back: build a newer release. What it runs is named above.
full|Take files off the board (`mpremote rm`), or a smaller list; nothing was replaced.
damaged_image|Build it again (`make image`), or copy it again: it is not what its manifest says.
wrong_key|Make the file again with the key that the unit's `authority` names, or provision with the right one.
not_written|Start the same command again; if it stays, the flash of the board is worn: take another board.
not_ready|Read its events: mpremote connect PORT. Its records are there.
no_tool|Install it: pip install esptool
"""  # noqa: E501


def rows() -> list[tuple[str, str]]:
    """(word, what to do) of every fault."""
    found = [line.partition("|") for line in TABLE.strip().split("\n")]
    return [(word, text) for word, _, text in found]


class Fault(FormatError):
    """`word`: of TABLE; str() is the sentence that says what was found."""

    def __init__(self, word: str, said: str):
        self.word = word
        self.advice = dict(rows())[word]
        super().__init__(f"{said} [{word}]")
