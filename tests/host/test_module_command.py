# SPDX-License-Identifier: Apache-2.0
"""faretap module: files are sealed and described, keys are never printed."""

import os
import stat

import pytest

from firmware.errors import FormatError
from firmware.module import profile
from host_tools import module_file
from tests.host.console import faretap as run

KEY = "0123456789ABCDEFFEDCBA9876543210"
ROWS = f"# rows of a laboratory\n28/01 3des {KEY}\n29/02 sm4 {KEY} left\n"


def faretap(*words):
    """(status, all it said)."""
    ended = run(*words)
    return ended.returncode, ended.stdout + ended.stderr


def test_sealed_file_should_be_made_and_shown(tmp_path):
    """QX-070: what is said of a key is its check value; the files are their owner's alone."""
    secret, path, rows = (str(tmp_path / name) for name in ("secret", "sealed", "rows"))
    assert faretap("module", "secret", secret)[0] == 0
    (tmp_path / "rows").write_text(ROWS)
    words = ["--trade", "metro", "--keys", rows, "--secret", secret]
    status, said = faretap("module", "make", path, *words)
    assert status == 0 and "28/01  3des  check value 08D7B4" in said
    assert faretap("module", "show", path, "--secret", secret) == (0, said)
    for text in (said, (tmp_path / "sealed").read_text()):
        assert KEY not in text.upper()
    trade, keys = module_file.unseal(
        (tmp_path / "sealed").read_text(), (tmp_path / "secret").read_text().strip()
    )
    assert (trade, keys[1].side, keys[1].value.hex().upper()) == ("metro", "left", KEY)
    for name in (secret, path):
        assert stat.S_IMODE(os.stat(name).st_mode) == 0o600
    assert faretap("module", "make", path, *words)[0] == 2  # no file is lost


def test_wrong_rows_should_be_named_and_not_repeated():
    """A row that is wrong may hold a key."""
    rows = (KEY, f"28/01 aes {KEY}", f"28 3des {KEY}", f"28/01 3des {KEY}00", f"28/100 3des {KEY}")
    for row in rows:
        with pytest.raises(FormatError) as told:
            module_file.read_plain("\n" + row, "rows")
        assert "rows:2" in str(told.value) and KEY not in str(told.value)
    with pytest.raises(FormatError):
        module_file.seal("metro", module_file.drawn([(1, 1)], "3des"), "short")
    with pytest.raises(FormatError):
        module_file.seal("metro", [], "x" * 12)


def test_other_secret_should_open_nothing(tmp_path):
    (tmp_path / "sealed").write_text(
        module_file.seal("metro", module_file.drawn([(1, 1)], "sm4"), "x" * 12)
    )
    (tmp_path / "secret").write_text("y" * 12)
    paths = str(tmp_path / "sealed"), "--secret", str(tmp_path / "secret")
    status, said = faretap("module", "show", *paths)
    assert status == 2 and "another secret" in said


def test_bench_should_measure_both_kinds():
    status, said = faretap("module", "bench", "--count", "2")
    assert status == 0 and "software: derive" in said and "pty: derive" in said


def test_profile_of_the_simulated_psam_should_be_printed():
    assert profile.parse(faretap("module", "serve", "--profile")[1]).parts == b"\x07\x03\x01"
    assert faretap("module", "serve")[0] == 2
