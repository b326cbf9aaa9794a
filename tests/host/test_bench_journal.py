# SPDX-License-Identifier: Apache-2.0
"""The journal on the bench: no erase in a tap, room, and the chain that the host checks."""

import pytest
from click.testing import CliRunner

from firmware.errors import FormatError
from firmware.journal.archived import ArchivedJournal
from firmware.journal.chain import Chain
from host_tools.cli import bench_journal
from host_tools.cli.journal import command
from host_tools.decode_journal import chain_faults
from sim.flash import Flash

KEY = bytes(range(32))


@pytest.fixture(scope="module")
def sales():
    return bench_journal.sales_of("large", 2)


def test_no_erase_should_fall_into_a_tap(sales):
    """MP-12, MP-14: with three pages of a record, packs and all; 100,000 sales in 16 MB."""
    figures = bench_journal.lived(sales, 2)
    assert figures[4] == "0"
    assert int(figures[5].replace(",", "")) > 100_000
    assert int(figures[6].replace(",", "")) > 1_000_000


def image_of(sales, count=120):
    """Bytes of a journal with a keyed chain."""
    flash = Flash(256)
    kept = ArchivedJournal(flash, chain=Chain(KEY))
    for number in range(count):
        kept.append(sales[number % len(sales)][2])
        for _ in range(4):
            kept.tidy()
    return b"".join(bytes(block) for block in flash.blocks)


def test_chain_should_tell_what_was_changed(sales, tmp_path):
    """clearing.md 2, proof: another key, a pack taken out, a pack of another journal."""
    image = image_of(sales)
    good, faults = chain_faults(image, KEY)
    assert good > 40 and faults == []
    assert len(chain_faults(image, bytes(32))[1]) > 1
    at = [n for n in range(0, len(image), 256) if image[n : n + 3] == b"FJ\x07"]
    without = image[: at[1]] + bytes(256) + image[at[1] + 256 :]
    assert "missing" in chain_faults(without, KEY)[1][0]
    other = image_of(sales[::-1])
    swapped = image[: at[1]] + other[at[1] : at[2]] + image[at[2] :]
    assert chain_faults(swapped, KEY)[1]
    with pytest.raises(FormatError):
        chain_faults(bytes(4096), KEY)
    (tmp_path / "journal.bin").write_bytes(image)
    said = CliRunner().invoke(command, [str(tmp_path / "journal.bin"), "--key", KEY.hex()])
    assert said.exit_code == 0 and "under a link that holds" in said.output
    wrong = CliRunner().invoke(command, [str(tmp_path / "journal.bin"), "--key", "00" * 16])
    assert wrong.exit_code == 1
