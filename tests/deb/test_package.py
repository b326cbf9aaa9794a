# SPDX-License-Identifier: Apache-2.0
"""What is in the package, without a machine: unit, settings, releases by hand, its very bytes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.boot import slots
from firmware.boot.record import BLANK, A, B
from firmware.errors import FormatError
from firmware.settings import parse

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools/deb"))

from faretap_pi import by_hand, holdings, shelf  # noqa: E402

import build  # noqa: E402 - behind its place

FILES = ROOT / "tools/deb/files"
EPOCH = 1_790_000_000
EXPOSURE_MOST = 15  # tenths, of systemd-analyze: 0 is a unit that can do nothing
BODY = b"PK\x03\x04 no firmware"


def test_the_unit_should_be_understood_and_confined(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    unit = tmp_path / "faretap-terminal.service"
    text = (FILES / unit.name).read_text()
    # what is verified is the unit, not this machine: it lacks the program, the page and the user
    text = text.replace("/usr/bin/faretap-terminal", "/bin/true").replace("=faretap\n", "=root\n")
    unit.write_text(text.replace("file:///usr/share/doc/faretap-terminal/raspberry-pi.md", ""))
    said = analyze("verify", "--man=no", "--recursive-errors=no", unit)
    assert said.returncode == 0 and not said.stdout, said.stdout
    shutil.copy(FILES / unit.name, unit)
    words = ("security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE_MOST}")
    said = analyze(*words, unit)
    assert said.returncode == 0, said.stdout[-2000:]


def analyze(*words):
    return subprocess.run(
        ["systemd-analyze", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False, timeout=30,
    )  # fmt: skip


def test_settings_as_they_come_should_be_known_keys_that_sell_nothing():
    text = (FILES / "settings.txt").read_text()
    with pytest.raises(FormatError):
        parse(text, "settings.txt")
    text = text.replace("terminal: FILL-IN", "terminal: 7").replace(
        "device: FILL-IN", "device: bus"
    )
    unit = parse(text.replace("link: FILL-IN", "link: tcp:192.0.2.1:4000"), "settings.txt")
    assert (unit.terminal, unit.journal[1]) == (7, holdings.DEFAULT)


def test_the_same_sources_should_make_the_same_package(tmp_path):
    """The time of the build, its folder and umask are not in it."""
    data = build.release_file(5)
    first = build.build(tmp_path / "one", 5, EPOCH, data, packing="none")
    second = build.build(tmp_path / "two" / "deeper", 5, EPOCH, data, packing="none")
    assert first.read_bytes() == second.read_bytes() and first.name == second.name
    other = build.build(tmp_path / "three", 5, EPOCH + 60, data, packing="none")
    assert other.read_bytes() != first.read_bytes()


def made(folder, number, body=BODY):
    path = folder / f"release-{number}"
    path.write_bytes(build.release_file(number, body))
    return path


def test_a_shelf_should_take_releases_whole_or_not_at_all(tmp_path):
    """MP-3, MP-6: what a cut has left is no release."""
    place = shelf.Shelf(str(tmp_path / "releases"))
    assert place.numbers() == []
    (tmp_path / "releases/7.new").mkdir(parents=True)
    number, size, digest = place.lay(made(tmp_path, 7))
    assert place.numbers() == [7] and place.is_whole(7, size, digest)
    assert place.lay(made(tmp_path, 7)) == (number, size, digest), "laid again"
    with pytest.raises(FormatError, match="other bytes"):
        place.lay(made(tmp_path, 7, BODY + b"!"))
    laid = tmp_path / "releases/7/release"
    data = bytearray(laid.read_bytes())
    data[-1] ^= 1
    laid.write_bytes(data)
    assert not place.is_whole(7, size, digest)
    place.lay(made(tmp_path, 7))
    assert place.is_whole(7, size, digest), "what was damaged is mended"
    cut = tmp_path / "cut"
    cut.write_bytes(data[:-1])
    for wrong in (cut, FILES / "settings.txt"):
        with pytest.raises(FormatError):
            place.lay(wrong)
    place.lay(made(tmp_path, 8))
    assert place.drop([8]) == [7] and place.numbers() == [8]


def what(number):
    return number, 1000 + number, bytes([number]) * 32


def test_somebody_at_the_machine_may_go_back():
    """TD-020: what comes over the air may not; whoever has root may."""
    values = slots.good(by_hand.chosen(BLANK, *what(5)))
    values = slots.good(by_hand.chosen(values, *what(6)))
    assert slots.running(values) == values["floor"] == 6
    with pytest.raises(FormatError):
        slots.stage(values, slots.idle(values), *what(5))
    assert by_hand.before(values, [5, 6]) == 5
    back = by_hand.chosen(values, *what(5))
    assert slots.running(back) == 5 and back["left"] == slots.TRIES
    begun = slots.begin(dict(back, left=0), 0, lambda *_: True)
    assert slots.running(begun.values) == 6 and begun.values["returned"] == 5
    assert by_hand.before(begun.values, [5, 6]) == 0, "it was left"
    assert slots.running(by_hand.chosen(back, *what(6))) == 6, "the trial is called off"


def test_what_runs_should_be_gone_back_to_when_nothing_was_good_yet():
    """The package that brings a release brings its twin as the factory's: no help against it."""
    first = by_hand.chosen(BLANK, *what(5))
    second = by_hand.chosen(first, *what(6))
    assert (second["active"], second["trial"]) == (A, B)
    assert slots.running(slots.begin(dict(second, left=0), 0, lambda *_: True).values) == 5
    assert by_hand.kept(second, [1, 2, 3, 5, 6]) == [5, 6, 2, 3]


def test_a_journal_that_nobody_can_read_should_never_count_as_empty(tmp_path):
    settings, journal = tmp_path / "settings.txt", tmp_path / "journal.bin"
    text = f"terminal: 1\nreader: serial:/dev/null\nparameters: none\njournal: file:{journal}\n"
    settings.write_text(text)
    assert holdings.holdings(str(settings)).count == 0, "there is none"
    journal.write_bytes(b"\xff" * 4096 * 64)
    assert holdings.holdings(str(settings)).count == 0, "nothing was written"
    journal.write_bytes(b"\xff" * 4096 * 2)
    assert holdings.holdings(str(settings)).count is None
