# SPDX-License-Identifier: Apache-2.0
"""The reader's cable is pulled and plugged in again: the same process goes on (PD-34, TD-019)."""

import pytest

from host_tools.cli.runtime import runtime_command
from sim.chip import Chip
from sim.field import Field
from sim.issuer import Profile
from sim.replaying import until
from sim.rig import Rig
from sim.serve import PtyServer
from sim.timing import Timing
from tests.host.console import RUNTIMES

CARDS = (("one", "adult", "62280001", Profile()),)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_an_unplugged_reader_is_opened_again(runtime, tmp_path):
    rig = Rig(tmp_path, runtime_command(runtime)[:3], Timing.none(), CARDS)
    rig.chip_server.link = str(tmp_path / "pn532")
    with rig:
        process = rig.firmware.process
        rig.chip_server.stop()
        shown = until(rig.firmware, "lamp")
        assert shown[-1]["lamp"] == "red"
        assert any("out of order" in one.get("line2", "") for one in shown)
        field = Field()
        rig.chip_server = PtyServer(Chip(field, Timing.none()), link=str(tmp_path / "pn532"))
        rig.chip_server.start()
        field.place(rig.cards["one"])
        seen = until(rig.firmware, "tap")
        assert seen[-1]["outcome"] == "approved"
        assert rig.firmware.process is process and process.poll() is None
