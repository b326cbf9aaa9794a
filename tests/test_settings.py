# SPDX-License-Identifier: Apache-2.0
"""Settings of one unit: defaults, every key, every fault with its file and line."""

from firmware import settings
from tests.refusal import refusal

LEAST = (
    "terminal: 1\nreader: serial:/dev/ttyS0\njournal: file:journal.bin\nparameters: fleet.txt\n"
)


def against(text):
    return refusal(settings.parse, text, "unit.txt")


def test_defaults_should_be_those_of_a_bus_without_a_host():
    read = settings.parse(LEAST)
    assert read.terminal == 1 and read.device == "bus"
    assert read.reader == ("serial", "/dev/ttyS0") and read.journal == ("file", "journal.bin")
    assert read.parameters == "fleet.txt" and read.link is None and read.trace == "no"
    assert (read.reader_baud, read.link_baud, read.journal_blocks) == (921600, 115200, 64)
    assert (read.line, read.stop, read.vehicle, read.driver, read.shift) == (0, 0, 0, 0, 0)
    assert (read.terminal_id, read.ifd_serial) == ("00000001", "00000001")


def test_every_key_should_be_read():
    read = settings.parse(
        LEAST + "device: bus\nreader_baud: 115200\nlink: tcp:host:4000\nlink_baud: 9600\n"
        "terminal_id: 12AB34cd\nifd_serial: 99999999\n"
        "journal_blocks: 128\nline: 5\nstop: 6\nvehicle: 7\ndriver: 8\nshift: 9\ntrace: yes\n"
    )
    assert read.link == ("tcp", "host:4000") and read.trace == "yes"
    assert (read.terminal_id, read.ifd_serial) == ("12AB34cd", "99999999")
    assert (read.reader_baud, read.link_baud, read.journal_blocks) == (115200, 9600, 128)
    assert (read.line, read.stop, read.vehicle, read.driver, read.shift) == (5, 6, 7, 8, 9)
    assert settings.parse(LEAST + "link: serial:/dev/ttyS1").link == ("serial", "/dev/ttyS1")
    assert settings.parse(LEAST + "link: none").link is None


def test_inspector_should_need_its_reader_alone():
    """It sells nothing and keeps nothing."""
    read = settings.parse("device: inspector\nreader: serial:/dev/ttyS0")
    assert (read.device, read.terminal, read.journal, read.parameters) == (
        "inspector",
        1,
        None,
        "",
    )
    read = settings.parse("device: inspector\nreader: serial:/dev/ttyS0\nparameters: fleet.txt")
    assert read.parameters == "fleet.txt"
    assert "`reader` is missing" in against("device: inspector")
    for key in ("terminal", "journal", "parameters"):
        kept = [line for line in LEAST.split("\n") if not line.startswith(key)]
        assert "`%s` is missing" % key in against("\n".join(kept)), key


def test_wiring_of_a_board_should_keep_its_rest():
    text = LEAST.replace("serial:/dev/ttyS0", "serial:1:tx=4,rx=5").replace("file:", "flash:")
    read = settings.parse(text)
    assert read.reader == ("serial", "1:tx=4,rx=5") and read.journal == ("flash", "journal.bin")


def test_other_buses_and_speeds_should_be_settings():
    """What stands behind the kind is read by hal/wiring.py, where the bus is opened."""
    for kind, where in (("spi", "0.0,irq=25,reset=24"), ("i2c", "1")):
        read = settings.parse(LEAST.replace("serial:/dev/ttyS0", kind + ":" + where))
        assert read.reader == (kind, where)
    assert settings.parse(LEAST).reader_speed == 106
    assert settings.parse(LEAST + "reader_speed: 424").reader_speed == 424


def test_faults_should_name_file_and_line():
    for fault in (
        "device: harbour",
        "reader_baud: 9599",
        "reader_baud: fast",
        "reader_speed: 848",
        "link: radio:1",
        "link: tcp",
        "link: tcp:",
        "link: tcp:192.0.2.1",
        "link: tcp::4755",
        "link: tcp:192.0.2.1:",
        "link: tcp:192.0.2.1:0",
        "link: tcp:192.0.2.1:65536",
        "link: tcp:192.0.2.1:4755x",
        "link: tcp:192.0.2.1:-1",
        "link_baud: 0",
        "journal_blocks: 8",
        "terminal_id: 1234567",
        "terminal_id: 123456789",
        "ifd_serial: 1234 678",
        "ifd_serial: 1234567\u00b2",
        "line: 65536",
        "vehicle: 4294967296",
        "driver: -1",
        "shift: 1.5",
        "trace: maybe",
        "colour: blue",
        "terminal: 2",  # twice
    ):
        assert against(LEAST + fault).startswith("unit.txt:5: "), fault
    for old, new, at in (
        ("terminal: 1", "terminal: 0", 1),
        ("reader: serial:/dev/ttyS0", "reader: /dev/ttyS0", 2),
        ("reader: serial:/dev/ttyS0", "reader: usb:1", 2),
        ("reader: serial:/dev/ttyS0", "reader: spi:", 2),
        ("journal: file:journal.bin", "journal: file:", 3),
    ):
        assert against(LEAST.replace(old, new)).startswith("unit.txt:%d: " % at), new
    assert "terminal_id" in against(LEAST.replace("terminal: 1", "terminal: 100000000"))
    for key in ("terminal", "reader", "journal", "parameters"):
        kept = [line for line in LEAST.split("\n") if not line.startswith(key + ":")]
        assert "`%s` is missing" % key in against("\n".join(kept))
