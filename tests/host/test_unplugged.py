# SPDX-License-Identifier: Apache-2.0
"""The reader's cable is pulled and put in again, or its chip stops: the same process goes on."""

import pytest

from host_tools.cli.runtime import runtime_command
from sim.chip import Chip
from sim.faults import Faults
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
    """PD-34, TD-019."""
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


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_chip_that_stops_in_a_tap_should_be_found_again(runtime, tmp_path):
    """PD-34: reset, deaf until woken, deaf until power, each in the middle of a tap; the rider who
    holds his card pays each time.
    """
    rig = Rig(tmp_path, runtime_command(runtime)[:3], Timing.none(), CARDS, same_card_s=0)
    with rig:
        process, chip = rig.firmware.process, rig.chip_server.chip
        for stop in ("reset", "wake", "power"):
            chip.faults = Faults(stop_at=chip.passed + 700, stop=stop)
            rig.field.place(rig.cards["one"])
            taps = []
            while not taps or taps[-1]["outcome"] not in ("approved", "recovered"):
                seen = until(rig.firmware, "lamp" if stop == "power" and not taps else "tap")
                if seen[-1].get("lamp") == "red":
                    chip.reset()
                taps += [one for one in seen if one["event"] == "tap"]
            assert chip.stopped is chip.faults and len(taps) <= 2, taps
            rig.field.remove()
            until(rig.firmware, "ready")
        assert rig.firmware.process is process and process.poll() is None
