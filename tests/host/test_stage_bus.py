# SPDX-License-Identifier: Apache-2.0
"""A bus on the stage: the announcer moves the stops, the driver keys where to, a table prices."""

import pytest

from host_tools.cli.runtime import runtime_command
from sim import scenario
from sim.scenario_play import Play

DAY = """
title = "Eight boardings with a price each"
device = "bus"
start = 2026-11-20T07:00:00
until = "07:40"
[settings]
console = "serial:console"
announcer = "serial:announcer"
fares = "{folder}/city.fares"
[parameters]
fare_fen = 200
same_card_s = 30
[files]
"city.fares" = { fares = '''
version = 3
effective = 2026-11-01T00:00:00
ceiling_fen = 1000
[products.12]
kind = "stage"
group = "town"
places = [[1, 0], [2, 0], [3, 1], [4, 1], [5, 2], [6, 2]]
steps = [{ over = 0, fen = 200 }, { over = 1, fen = 300 }, { over = 2, fen = 400 }]
unknown = "most"
[products.318]
kind = "flat"
group = "ring"
fen = 250
[classes]
student = ["62280002"]
[bands.school]
times = ["07:20-07:30"]
percent = 80
[[discounts]]
class = "student"
percent = 50
[[transfers]]
from = ["town"]
to = ["ring"]
within_minutes = 60
less_fen = 100
[[caps]]
day_fen = 600
''' }
[[step]]
at = "07:00:05"
do = "key"
text = "on 4711 8"
told = "ok"
[[step]]
at = "07:00:10"
do = "key"
text = "line 12 out"
told = "ok"
[[step]]
at = "07:00:20"
do = "run"
line = 12
direction = "out"
stops = 6
every_s = 240
[[step]]
at = "07:01"
do = "board"
card = "adult#near"
stops = 1
pays_fen = 200
[[step]]
at = "07:02"
do = "board"
card = "adult#far"
stops = 5
pays_fen = 300
[[step]]
at = "07:06"
do = "board"
card = "student#1"
stops = 3
pays_fen = 150
ends = ["student", "concession"]
[[step]]
at = "07:07"
do = "tap"
card = "adult#silent"
pays_fen = 300
[[step]]
at = "07:22"
do = "board"
card = "adult#early"
stops = 0
pays_fen = 160
[[step]]
at = "07:31"
do = "key"
text = "line 318 out"
told = "ok"
[[step]]
at = "07:31:10"
do = "run"
line = 318
direction = "out"
stops = 3
[[step]]
at = "07:32"
do = "tap"
card = "adult#near"
pays_fen = 150
ends = ["concession"]
[[step]]
at = "07:33"
do = "tap"
card = "adult#far"
pays_fen = 150
ends = ["concession"]
[[step]]
at = "07:36"
do = "tap"
card = "adult#far"
pays_fen = WHAT
ends = ["concession"]
[[step]]
at = "07:38"
do = "key"
text = "off"
told = "ok"
"""


def played(folder, what):
    path = folder / "ride.toml"
    path.write_text(DAY.replace("WHAT", str(what)), encoding="utf-8")
    (folder / "day").mkdir()
    return Play(scenario.read(path), folder / "day", runtime_command("cpython")[:3]).run()


@pytest.mark.parametrize(("what", "good"), [(150, True), (250, False)])
def test_stage_transfer_band_and_cap_should_make_the_price(what, good, tmp_path):
    """TD-034: 2.00 and 3.00 by stages as keyed, the most without a key, half for students; 80 %
    within the band; 1.00 less behind another line; at most 6.00 a day. The judge can say no.
    """
    result = played(tmp_path, what)
    wrong = [one for one in result.faults if "adult#far paid 150 fen, not 250" not in one]
    assert wrong == [] and (result.faults == []) == good
    assert result.balance.approved_fen == 200 + 300 + 150 + 300 + 160 + 150 + 150 + 150
    assert result.facts["paid by rule transfer"] == 2 and result.facts["paid by rule cap"] == 1
