# SPDX-License-Identifier: Apache-2.0
"""The part `deny` of the bench: every candidate is asked, and the exact ones are never wrong."""

from host_tools.cli import bench_deny, bench_parts


def test_exact_lists_should_never_be_wrong_and_read_little():
    """TD-014: two reads for a miss, three for a hit, on each interpreter."""
    runtimes = bench_parts.names_of(("micropython", "cpython"))
    sheet = bench_deny.lookups(runtimes, 3000)
    rows = {row[0]: dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows}
    assert len(rows) == len(runtimes) + 2
    for name, row in rows.items():
        assert row["false misses"] == "0"
        assert name.startswith("Bloom") or row["false hits"] == "0"
        if name.startswith("ours"):
            assert (row["reads: hit"], row["miss"]) == ("3.00", "2.00")


def test_coarser_dates_should_make_a_smaller_list():
    sheet = bench_deny.sizes(2000)
    sizes = [int(row[2].replace(",", "")) for row in sheet.rows]
    assert len(sizes) == 9 and all(sizes[at] > sizes[at + 1] for at in (0, 1, 3, 4, 6, 7))
