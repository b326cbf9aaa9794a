# SPDX-License-Identifier: Apache-2.0
"""What a terminal reports by its setting `trace`, and what one without a trace does not load."""

import subprocess

import pytest

from host_tools.cli.runtime import runtime_command
from tests.small_card import SmallCard
from tests.stand import Stand

PAN = "6228000100000010"
ALWAYS = "devices.stopwatch"
ONLY_FOR_TRACES = ("reader.frame_trace", "devices.timed_work", "formats.card_digits")
RUN = """
import sys
import firmware.main
import firmware.assemble
import firmware.devices.sale
print([one for one in sys.modules if one.replace("firmware.", "") in %r])
"""


class TracingStand(Stand):
    """A Stand whose settings say `trace`."""

    def __init__(self, trace):
        self.trace = trace
        super().__init__()

    def restart(self):
        self.settings = self.settings._replace(trace=self.trace)
        super().restart()


@pytest.mark.parametrize("trace", ["no", "yes", "full", "frames"])
def test_events_should_show_a_card_number_only_where_it_is_asked_for(trace):
    """QT-033: `yes` masks, `full` and `frames` are the explicit way to have it in clear."""
    stand = TracingStand(trace)
    assert stand.tap(SmallCard(PAN))["outcome"] == "approved"
    apdus = [one for one in stand.events if one["event"] == "apdu"]
    assert bool(apdus) == (trace != "no")
    told = "".join(one["command"] + one["answer"] for one in apdus)
    assert (PAN in told) == (trace in ("full", "frames"))
    assert ("6228009999990010" in told) == (trace == "yes")


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_a_terminal_without_a_trace_should_not_load_what_traces_need(runtime):
    interpreter = runtime_command(runtime)
    if interpreter.note:
        pytest.skip("no MicroPython for this machine")
    done = subprocess.run(
        [*interpreter.argv, "-c", RUN % ((ALWAYS, *ONLY_FOR_TRACES),)],
        env=interpreter.env,
        cwd=interpreter.cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['firmware.%s']" % ALWAYS, done.stdout
