# SPDX-License-Identifier: Apache-2.0
"""What riders of a stage bus should have paid, by their own story: the judge must be able to say
no.
"""

import tomllib

import pytest

from host_tools.cli.runtime import runtime_command
from sim import scenario
from sim.scenario_play import Play

ANN = ("rider#ann",)


def played(folder, **beside):
    """Faults of a day on which Ann rides line 5, then line 6, with other fares in the story."""
    told = tomllib.loads(scenario.find("stage_bus").read_text(encoding="utf-8"))
    kept = [one for one in told["step"] if one.get("card") in ANN or one["do"] == "turn"]
    told["step"] = kept[:4]
    told.update(flow=[], until="07:40", beside={**told["beside"], **beside})
    one = scenario.made("stage_story", told)
    return Play(one, folder, runtime_command("cpython")[:3]).run().faults


@pytest.mark.parametrize(
    ("beside", "fault"),
    [
        ({}, None),
        ({"fare_fen": 300}, "rider#ann paid [200, 100], his rides come to [300, 200]"),
        ({"transfer": [60, 1, 90]}, "rider#ann paid [200, 100], his rides come to [200, 110]"),
        ({"transfer": [10, 1, 100]}, "rider#ann paid [200, 100], his rides come to [200, 200]"),
    ],
)
def test_a_ride_that_was_priced_otherwise_should_be_named(beside, fault, tmp_path):
    """QX-062: the story knows nothing of card and records but whose they are."""
    assert played(tmp_path, **beside) == ([fault] if fault else [])
