# SPDX-License-Identifier: Apache-2.0
"""A board is one row of firmware/boot/layout.py."""

from pathlib import Path

import pytest

from firmware.boot import layout
from firmware.errors import FormatError
from host_tools.cli.runtime import find_compiler
from host_tools.flash import boards as flash
from host_tools.image import boards, build, uf2


@pytest.mark.skipif(find_compiler() is None, reason="no mpy-cross for this machine")
def test_a_board_should_be_one_row(monkeypatch):
    """What docs/porting.md promises: image, settings and recognition follow from it."""
    regions = (("stub", 2), ("files", 118), ("boot", 2), ("release", 110), ("journal", 1560))
    row = ("tiny", "Some Tiny 2040 with RP2040", 2**20, 1792, regions)
    monkeypatch.setattr(layout, "BOARDS", (*layout.BOARDS, row))
    maker, board = boards.made_for(row), flash.made_for(row)
    made = build.build(maker, None, ("inspector",), find_compiler(), Path("none"))
    (blocks,) = [uf2.unpack(data) for name, data in made.files.items() if name.endswith("uf2")]
    assert {family for _, family, _ in blocks} == {boards.RP2040} == {board.family}
    assert maker.flash_bytes == 2**23 and board.title == "Some Tiny 2040"
    assert dict(board.defaults)["journal_blocks"] == "1560"
    assert board.machine in " " + row[1]
    with pytest.raises(FormatError, match="no processor 'RP9'"):
        boards.made_for(("other", "Other with RP9", 2**20, 1792, regions))
