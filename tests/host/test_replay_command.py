# SPDX-License-Identifier: Apache-2.0
"""`faretap replay`: every session through chip, reader and terminal, on both interpreters."""

import json

import pytest

from tests.host.console import RUNTIMES, SESSIONS, SHARED, faretap, needs_micropython

FIELDS = set(
    "file outcome reason cryptogram oda amount_fen balance_fen debits exchanges ms ok".split()  # noqa: SIM905
)
FILES = [pytest.param(SESSIONS, id="own"), pytest.param(SHARED, id="recorded")]


def replayed(runtime, files):
    done = faretap("replay", "--json", "--runtime", runtime, *files)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("files", FILES)
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_every_session_ends_as_it_promises(runtime, files):
    if not files:
        pytest.skip("no recorded sessions beside this checkout")
    results = replayed(runtime, files)
    assert len(results) == len(files)
    assert all(one["ok"] for one in results)
    assert set(results[0]) == FIELDS


@needs_micropython
@pytest.mark.parametrize("files", FILES)
def test_both_interpreters_say_the_same(files):
    if not files:
        pytest.skip("no recorded sessions beside this checkout")
    said = []
    for runtime in ("micropython", "cpython"):
        results = replayed(runtime, files)
        for one in results:
            del one["ms"]
        said.append(results)
    assert said[0] == said[1]


def test_a_broken_promise_is_status_1(tmp_path):
    text = SESSIONS[0].read_text().replace("expect: debits=", "expect: debits=7")
    path = tmp_path / "wrong.session"
    path.write_text(text)
    done = faretap("replay", "--runtime", "cpython", path)
    assert done.returncode == 1
    assert "debits: expected 7" in done.stdout


def test_a_malformed_file_is_status_2_with_name_and_line(tmp_path):
    path = tmp_path / "odd.session"
    lines = SESSIONS[0].read_text().splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(">"))
    lines[at] += "F"
    path.write_text("\n".join(lines))
    done = faretap("replay", path)
    assert done.returncode == 2
    assert f"odd.session:{at + 1}: " in done.stderr
    assert "Traceback" not in done.stderr


def test_rubbish_is_status_2(tmp_path):
    path = tmp_path / "rubbish.session"
    path.write_bytes(b"\xff\xfe\x00rubbish")
    done = faretap("replay", path)
    assert done.returncode == 2
    assert "rubbish.session:1: not UTF-8" in done.stderr


def test_the_waterfall_names_tags_and_times():
    path = next(one for one in SESSIONS if "approved-v01" in one.name)
    done = faretap("replay", "--runtime", "cpython", "--waterfall", path)
    assert done.returncode == 0
    for word in ("9F4B", "9F69", "ms in", "READ RECORD", "9000"):
        assert word in done.stdout
