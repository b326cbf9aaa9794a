# SPDX-License-Identifier: Apache-2.0
"""The bench measures what it says: the meter is in place, and peers and kernel agree.

Figures are not judged here: a machine that tests has other work. `make bench` prints them.
"""

import json

import pytest

from host_tools.cli import bench, bench_parts
from host_tools.cli.runtime import runtime_command
from sim import bench_steps
from sim.bench_steps import Keys

RUNTIMES = [
    pytest.param("cpython", id="cpython"),
    pytest.param(
        "micropython",
        id="micropython",
        marks=pytest.mark.skipif(not bench_parts.has_micropython(), reason="no MicroPython"),
    ),
]
WORKS = {"issuer certificate", "ICC certificate", "SDAD"}


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    "keys", (Keys("rsa", 1152, 65537), Keys("sm2")), ids=lambda one: one.suite
)
def test_meter_should_see_every_work_and_the_decision(runtime, keys):
    argv = runtime_command(runtime, bench_parts.METERED_KIB)[:3]
    seen = bench_steps.measure(argv, keys, paced=False, known="cold", taps=1)
    names = {name for name, _ in seen.steps}
    assert WORKS | {"SDAD: hash", "ICC certificate: hash", "reader: GPO"} <= names
    assert {"journal: open", "journal: note the answer", "journal: settle"} <= names
    assert 0 <= seen.hidden < 1 and 0 < seen.late_ms <= seen.signature_ms
    assert 0 < seen.noted_ms < seen.decision_ms < seen.total_ms


def test_stretched_work_should_take_longer():
    argv = runtime_command("cpython")[:3]
    plain, slow = (
        bench_steps.measure(argv, Keys("rsa", 1024, 3), False, "cold", stretch, 1).signature_ms
        for stretch in (1, 200)
    )
    assert slow > 20 * plain


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_heap_of_a_tap_should_be_counted(runtime):
    taken = bench_steps.heap_bytes(runtime_command(runtime, 8192)[:3], taps=1)
    assert 10_000 < taken < 4_000_000


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_arithmetic_should_be_compared_with_its_peers(runtime):
    """Each candidate's result is looked at by the measurement itself."""
    kib = bench_parts.ALONE_KIB
    values, _ = bench_parts.crypto(runtime, "alone", kib, rounds=1, least_us=0)
    names = [name for group, name in values if group == "sm2"]
    assert [name.split(",")[0] for name in names] == [
        *("textbook", "textbook", "kernel", "kernel", "making the table")
    ]
    values = {key: max(us, 1.0) for key, us in values.items()}  # too short for the clock
    heap = {key: 1 for key in values}
    one, two = (
        bench_parts.sm2_sheet({"MicroPython": values}, heap, 0),
        bench_parts.peers_sheet({"MicroPython": values}, heap),
    )
    assert len(one.rows) == 5 and len(two.rows) == 8
    assert all(len(row) == len(sheet.columns) for sheet in (one, two) for row in sheet.rows)


def test_a_table_should_go_into_its_region(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- measured: x -->\nold\n<!-- end -->\nb\n", encoding="utf-8")
    sheet = bench_parts.Sheet("x", "X", ["one", "ms"], [["a", "1"]], ["so."])
    bench.put(page, sheet)
    bench.put(page, sheet)
    text = page.read_text(encoding="utf-8")
    assert text.count("| a | 1 |") == 1 and "old" not in text and text.startswith("a\n")
    assert json.loads(json.dumps(sheet._asdict()))["rows"] == [["a", "1"]]
