# SPDX-License-Identifier: Apache-2.0
"""A share of `faretap kills`: SIGKILL at random moments, the real process, both interpreters."""

import pytest

from host_tools.cli.runtime import runtime_command
from sim.killing import kill_often
from tests.host.console import RUNTIMES

KILLS = 12


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_no_kill_should_cost_anybody_money(runtime, tmp_path):
    """QT-165, QT-184, CL-001, MP-9: `faretap kills` has a thousand."""
    killed = kill_often(tmp_path, runtime_command(runtime)[:3], KILLS, 5)
    assert killed.faults == [], "seed 5"
    assert killed.kills == KILLS and killed.debits > KILLS // 2
