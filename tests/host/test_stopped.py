# SPDX-License-Identifier: Apache-2.0
"""A terminal that is told to stop ends by itself, with the field off."""

import signal

import pytest

from host_tools.cli.runtime import runtime_command
from sim.issuer import Profile
from sim.replaying import until
from sim.rig import Rig
from sim.timing import Timing

CARDS = (("one", "adult", "62280001", Profile()),)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_terminal_should_end_with_the_field_off(number, tmp_path):
    """QT-070: cancelled by the operator or by what manages the service."""
    with Rig(tmp_path, runtime_command("cpython")[:3], Timing.none(), CARDS) as rig:
        rig.field.place(rig.cards["one"])
        until(rig.firmware, "tap")
        rig.firmware.process.send_signal(number)
        shown = until(rig.firmware, "lamp")
        while "closed" not in str(shown[-2:]):
            shown += until(rig.firmware, "lamp")
        assert rig.firmware.process.wait(5) == 0
        assert rig.chip_server.chip.configuration[0x01] == b"\x00"  # RFConfiguration: field off
