# SPDX-License-Identifier: Apache-2.0
"""`faretap selftest`: what a code means, and the test of a unit before the virtual chip."""

import pytest

from firmware.devices import selftest
from firmware.outputs.display import broken, width
from host_tools.cli.selftest import table, told
from tests.host.console import faretap


def test_each_code_should_have_words_that_fit_the_panel():
    """TD-016: two rows of 16 cells, as every message; a code stands once."""
    codes = [row[0] for row in table()]
    assert codes == sorted(set(codes))
    for code, _, chinese, english, advice in table():
        assert advice and selftest.row_of(int(code))[4] == advice
        for line in ("自检 %s %s" % (code, chinese), "Self-test %s %s" % (code, english)):
            rows = broken(line, 16)
            assert len(rows) <= 2 and all(width(row) <= 16 for row in rows), rows
        chinese.encode("gbk")


def test_code_should_be_explained():
    """TD-016."""
    done = faretap("selftest", "50")
    assert done.returncode == 0 and "line is cut" in done.stdout and "no field" not in done.stdout
    done = faretap("selftest", "99")
    assert done.returncode == 2 and "lists all of them" in done.stderr


def test_fault_should_say_what_to_do():
    """TD-017."""
    assert told({"event": "self_test", "code": 0, "text": "reader"}) == ["ok       reader"]
    lines = told({"event": "self_test", "code": 40, "text": "no CA key"})
    assert lines[0] == "fault 40  no CA key" and "parameters" in lines[1]
    assert told({"event": "ready"}) == []


@pytest.mark.parametrize(("reader", "status", "said"), [("none", 2, "reader: ")])
def test_unit_without_a_reader_should_be_told(tmp_path, reader, status, said):
    """TD-016, TD-017: a port that is not there ends with its code among the events."""
    parameters = tmp_path / "parameters.txt"
    parameters.write_text("fare_fen: 200\n")
    path = tmp_path / "settings.txt"
    path.write_text(
        f"terminal: 1\nreader: serial:{tmp_path}/{reader}\n"
        f"journal: file:{tmp_path}/journal.bin\nparameters: {parameters}\n"
    )
    done = faretap("selftest", "--settings", str(path))
    assert done.returncode == status and "fault 10  " + said in done.stdout
