# SPDX-License-Identifier: Apache-2.0
"""The flash region in a file: what it keeps, refuses and makes durable; both interpreters."""

import os
import shutil
import subprocess
import sys

import pytest

from firmware import hal
from firmware.errors import FormatError
from tests.host.unix_port import ROOT, micropython, run_micropython

BLOCK = 4096


def test_flash_should_be_made_erased_and_keep_what_is_programmed(tmp_path):
    path = tmp_path / "journal"
    flash = hal.open_flash(str(path), 4)
    assert path.read_bytes() == b"\xff" * 4 * BLOCK
    assert [entry.name for entry in tmp_path.iterdir()] == ["journal"]
    assert (flash.ioctl(4, 0), flash.ioctl(5, 0)) == (4, BLOCK)
    flash.writeblocks(2, b"record", 100)
    assert flash.ioctl(3, 0) == 0
    flash.close()
    flash = hal.open_flash(str(path), 4)
    got = bytearray(8)
    flash.readblocks(2, got, 99)
    assert got == b"\xffrecord\xff"
    assert flash.ioctl(6, 2) == 0
    flash.readblocks(2, got, 99)
    assert got == b"\xff" * 8
    flash.close()


def test_flash_should_refuse_to_program_what_is_not_erased(tmp_path):
    flash = hal.open_flash(str(tmp_path / "journal"), 2)
    flash.writeblocks(0, b"\x55", 7)
    for block, data, offset in (
        (0, b"\x55", 7),
        (0, b"\x00\x00", 6),
        (2, b"x", 0),
        (1, b"xy", 4095),
    ):
        with pytest.raises(ValueError, match="not erased|outside"):
            flash.writeblocks(block, data, offset)
    for block, offset in ((2, 0), (-1, 0), (1, BLOCK), (0, -1)):
        with pytest.raises(ValueError, match="outside"):
            flash.readblocks(block, bytearray(1), offset)
    flash.writeblocks(0, b"\x11" * BLOCK)  # without an offset: erases
    got = bytearray(2)
    flash.readblocks(0, got, 7)
    assert got == b"\x11\x11"
    flash.close()


def test_flash_should_never_overwrite_a_file_of_another_size(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(b"\x00" * 5000)
    with pytest.raises(FormatError) as refused:
        hal.open_flash(str(path), 4)
    for part in (str(path), "5000", str(4 * BLOCK)):
        assert part in str(refused.value)
    assert path.read_bytes() == b"\x00" * 5000


def test_flash_should_belong_to_one_process(tmp_path):
    path = str(tmp_path / "journal")
    flash = hal.open_flash(path, 4)
    opening = f"from firmware import hal\nhal.open_flash({path!r}, 4)\n"
    second = subprocess.run([sys.executable, "-c", opening], cwd=ROOT, capture_output=True)
    assert second.returncode != 0 and b"journal is in use by another process" in second.stderr
    with pytest.raises(FormatError, match="in use"):
        hal.open_flash(path, 4)
    flash.writeblocks(0, b"mine", 0)
    flash.close()
    assert subprocess.run([sys.executable, "-c", opening], cwd=ROOT).returncode == 0


def test_flash_should_survive_a_cut_while_it_is_made(tmp_path):
    path = tmp_path / "journal"
    (tmp_path / "journal.new").write_bytes(b"\xff" * 100)
    hal.open_flash(str(path), 4).close()
    assert path.stat().st_size == 4 * BLOCK


def test_flash_sync_should_call_fsync_on_file_and_folder(tmp_path):
    """MP-1 and MP-3 by the system's own account: strace of another process, where there is one."""
    strace = shutil.which("strace")
    if not strace:
        pytest.skip("strace is not installed")
    code = (
        "from firmware import hal\n"
        f"flash = hal.open_flash({str(tmp_path / 'journal')!r}, 2)\n"
        "flash.writeblocks(0, b'record', 0)\nflash.ioctl(3, 0)\n"
    )
    for command, count in (([sys.executable, "-c"], 3), ([micropython(), "-c"], 2)):
        traced = subprocess.run(
            [strace, "-f", "-e", "trace=fsync,fdatasync", *command, code],
            env={**os.environ, "MICROPYPATH": str(ROOT), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        synced = traced.stderr.count("fsync(") + traced.stderr.count("fdatasync(")
        assert synced == count, traced.stderr
        (tmp_path / "journal").unlink()


def test_flash_should_outlive_a_killed_program(tmp_path):
    path = str(tmp_path / "journal")
    code = (
        "import os, signal\nfrom firmware import hal\n"
        f"flash = hal.open_flash({path!r}, 2)\n"
        "flash.writeblocks(1, b'acknowledged', 0)\nflash.ioctl(3, 0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert killed.returncode == -9
    got = bytearray(12)
    hal.open_flash(path, 2).readblocks(1, got, 0)
    assert got == b"acknowledged"


def test_flash_should_be_the_same_file_on_micropython(tmp_path):
    path = tmp_path / "journal"
    printed = run_micropython(
        f"flash = hal.open_flash({str(path)!r}, 4)\n"
        "show([flash.ioctl(4, 0), flash.ioctl(5, 0)])\n"
        "flash.writeblocks(2, b'record', 100)\n"
        "show(flash.ioctl(3, 0))\n"
        "try: flash.writeblocks(2, b'r', 102)\nexcept ValueError as error: show(str(error))\n"
        "got = bytearray(8)\n"
        "flash.readblocks(2, got, 99)\n"
        "show(list(got))\n"
        "flash.ioctl(6, 3)\n"
        f"try: hal.open_flash({str(path)!r}, 5)\nexcept FormatError as error: show(str(error))\n"
    )
    assert printed[:2] == [[4, BLOCK], 0]
    assert "not erased" in printed[2]
    assert printed[3] == list(b"\xffrecord\xff")
    for part in (str(path), str(4 * BLOCK), str(5 * BLOCK)):
        assert part in printed[4]
    got = bytearray(6)
    flash = hal.open_flash(str(path), 4)
    flash.readblocks(2, got, 100)
    assert got == b"record"
    flash.close()
