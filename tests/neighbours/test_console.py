# SPDX-License-Identifier: Apache-2.0
"""The console: one command a line, one answer a command, whatever comes over the line."""

from firmware.neighbours.console import (
    CHUNK,
    FORGET_MS,
    MOST_HELD,
    MOST_LINE,
    MOST_WAITING,
    Command,
    Console,
    fen_of,
)

COMMANDS = """
on|DRIVER:1..4294967295 SHIFT?:1..65535|sign on
direction|DIRECTION:out/back|which way
pay|AMOUNT:yuan|cash
off||sign off
=|STOP:0..255|where to
"""


def answered(console):
    """All that is to be sent, as lines."""
    said = b""
    while True:
        part = console.outgoing(0)
        if not part:
            return said.decode().replace("\r\n", "\n").split("\n")[:-1]
        assert len(part) <= CHUNK
        said += part


def typed(text, console=None):
    """(commands, answers) of a text, one feed for each line in it."""
    console = console or Console(COMMANDS)
    found = console.feed(text if isinstance(text, bytes) else text.encode(), 0)
    for _ in range(40):
        found += console.feed(b"", 0)
    return found, answered(console)


def test_commands_should_come_with_their_arguments():
    for text, wanted in (
        ("on 4711\n", Command("on", (4711, None))),
        ("on 4711 8\r\n", Command("on", (4711, 8))),
        ("  ON   4711   8 \r", Command("on", (4711, 8))),
        ("direction back\n", Command("direction", ("back",))),
        ("pay 12.5\n", Command("pay", (1250,))),
        ("off\n", Command("off", ())),
        ("17\n", Command("=", (17,))),
        ("onn\x08 1\n", Command("on", (1, None))),
        ("\x7f\x7foff\n", Command("off", ())),
    ):
        assert typed(text) == ([wanted], []), text


def test_wrong_lines_should_be_told_what_to_do():
    for text, told in (
        ("on\n", "error DRIVER is missing: on DRIVER [SHIFT]"),
        ("on 0\n", "error DRIVER is 1 to 4294967295: on DRIVER [SHIFT]"),
        ("on 1 65536\n", "error SHIFT is 1 to 65535: on DRIVER [SHIFT]"),
        ("on 1 2 3\n", "error too many words: on DRIVER [SHIFT]"),
        ("on -1\n", "error DRIVER is 1 to 4294967295: on DRIVER [SHIFT]"),
        ("on 99999999999\n", "error DRIVER is 1 to 4294967295: on DRIVER [SHIFT]"),
        ("direction up\n", "error DIRECTION is out or back: direction out/back"),
        ("pay 1.234\n", "error AMOUNT is an amount in yuan, as 12.50: pay AMOUNT"),
        ("256\n", "error STOP is 0 to 255: STOP"),
        ("sing\n", "error no command sing: type help"),
        ("on|\n", "error no command on|: type help"),
        ("o\x00n 1\n", "error the line was not readable: type it again"),
        ("x" * (MOST_LINE + 1) + "\n", "error the line is too long: at most 64 signs"),
        ("x" * (MOST_HELD + 1), "error the line is too long: at most 64 signs"),
    ):
        assert typed(text) == ([], [told]), text
    assert typed("\n\r\n  \n \x08\r") == ([], [])


def test_help_should_list_every_command():
    assert typed("help\n")[1] == [
        "  on DRIVER [SHIFT] - sign on",
        "  direction out/back - which way",
        "  pay AMOUNT - cash",
        "  off - sign off",
        "  STOP - where to",
        "ok",
    ]


def test_answers_should_keep_the_order_of_the_lines():
    """One line is taken in a turn: an answer here never overtakes one of the device."""
    console, told = Console(COMMANDS), []
    data = b"off\nsing\noff\n"
    for _ in range(5):
        for command in console.feed(data, 0):
            assert console.asked
            console.ok(command.name, ["a line"])
        data = b""
        told += answered(console)
    wanted = ["  a line", "ok off", "error no command sing: type help", "  a line", "ok off"]
    assert told == wanted


def test_half_line_should_wait_and_then_be_forgotten():
    line = b"on 4711 8\n"
    for cut in range(len(line)):  # every truncation
        console = Console(COMMANDS)
        assert console.feed(line[:cut], 0) == []
        assert console.feed(line[cut:], FORGET_MS - 1) == [Command("on", (4711, 8))]
        assert answered(console) == []
    for cut in range(1, len(line)):
        console = Console(COMMANDS)
        assert console.feed(line[:cut], 0) == []
        assert console.feed(b"", FORGET_MS) == []
        assert answered(console) == ["error the line was not finished: type it again"]
        assert console.feed(b"off\n", FORGET_MS) == [Command("off", ())]


def test_doubled_line_should_be_two_commands():
    found, told = typed("on 1\non 1\n")
    assert found == [Command("on", (1, None))] * 2 and told == []


def test_flood_should_be_bounded_and_told():
    console = Console(COMMANDS)
    console.feed(b"a\n" * 5000, 0)
    assert len(console.held) == 0
    assert answered(console) == [
        "note too fast: wait for each answer",
        "error no command a: type help",
    ]
    for _ in range(500):
        console.feed(b"\xff\n", 0)
        console.note("said to nobody")
        console.error("said to nobody")
    assert len(console.said) <= MOST_WAITING
    assert typed("off\n", Console(COMMANDS))[0] == [Command("off", ())]


def test_noise_should_never_raise():
    """Every byte value at every place of a command, and a stream of pseudo-random bytes."""
    line, seed = b"on 47 8\n", 1
    for at in range(len(line)):
        for byte in range(256):
            bent = line[:at] + bytes((byte,)) + line[at + 1 :]
            found, told = typed(bent + b"\n", Console(COMMANDS))
            assert len(found) + len([one for one in told if one.startswith("error")]) <= 2
            for command in found:
                assert command.name in ("on", "off", "=", "direction", "pay")
    console = Console(COMMANDS)
    for now_ms in range(2000):
        seed = (seed * 1103515245 + 12345) % (1 << 31)
        console.feed(bytes(((seed >> 16) & 0xFF,)), now_ms)
        assert len(console.held) <= MOST_HELD and len(console.said) <= MOST_WAITING


def test_amounts_should_be_whole_fen():
    for word, fen in (
        ("0", 0), ("12", 1200), ("12.5", 1250), ("12.05", 1205), ("999999.99", 99999999),
        ("1000000", None), ("", None), (".5", None), ("5.", None), ("1.234", None),
        ("1,5", None), ("1.-5", None), ("0x10", None), ("1.5.5", None), ("12e3", None),
    ):  # fmt: skip
        assert fen_of(word) == fen, word
