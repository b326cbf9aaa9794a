# SPDX-License-Identifier: Apache-2.0
"""Files that scenarios lay into the terminal's folder, built and signed as the office does."""

import pytest

from firmware.errors import FormatError
from firmware.formats import ticket
from host_tools.cli.runtime import runtime_command
from sim import scenario
from sim.play_files import PlayFiles
from sim.scenario_play import Play

FARES = """
version = 7
effective = 2026-11-01T04:00:00
ceiling_fen = 1000
[products.12]
kind = "flat"
fen = 150
"""
DAY = f"""
title = "A list that grows during the day"
device = "bus"
start = 2026-11-21T08:00:00
until = "+60"
[world]
authority = "sm2"
[settings]
line = 12
fares = "{{folder}}/city.fares"
deny_list = "{{folder}}/deny.bin"
[parameters]
fare_fen = 200
[files]
"city.fares" = {{ fares = '''{FARES}''' }}
"deny.bin" = {{ deny = "{{pan lost#1}} stolen 2026-11-20", number = 41 }}
[kinds.lost]
like = "adult-1"
[[step]]
at = "+2"
do = "tap"
card = "lost#1"
ends = ["deny_list"]
[[step]]
at = "+8"
do = "tap"
card = "lost#2"
ends = ["ok"]
[[step]]
at = "+12"
do = "lay"
name = "deny.bin.next"
changes = "{{pan lost#1}} stolen 2026-11-20\\n{{pan lost#2}}"
of = "deny.bin"
number = 42
[[step]]
at = "+50"
do = "tap"
card = "lost#2"
ends = ["deny_list"]
"""


def test_a_signed_list_that_comes_during_the_day_should_refuse_from_then_on(tmp_path):
    """TD-014: full list and changes; the fare is that of the signed table."""
    path = tmp_path / "short.toml"
    path.write_text(DAY, encoding="utf-8")
    (tmp_path / "day").mkdir()
    one = scenario.read(path)
    result = Play(one, tmp_path / "day", runtime_command("cpython")[:3]).run()
    assert result.faults == []
    assert result.visits == {"deny_list": 2, "ok": 1}
    assert result.balance.approved_fen == 150


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"fares": FARES.replace("= 150", "= 1500")}, "ceiling"),
        ({"deny": "6228000100000010", "number": 1}, "authority"),
        ({"deny": "6228000100000010"}, "number"),
        ({"allow": "version: 1\ncard: 1 office"}, "digits"),
        ({"bread": "x"}, "one of fares, deny"),
    ],
)
def test_what_the_office_would_not_build_should_lie_nowhere(told, words, tmp_path):
    with pytest.raises(FormatError, match="x.bin.*" + words):
        PlayFiles(tmp_path, 1, str).lay("x.bin", told)
    assert list(tmp_path.iterdir()) == []


def test_card_numbers_should_stand_where_their_names_do(tmp_path):
    files = PlayFiles(tmp_path, 1, {"adult#1": "6228000100000010"}.get)
    hours = "hours: office daily 00:00-24:00"
    files.lay("allow.bin", {"allow": f"version: 3\n{hours}\ncard: {{pan adult#1}} office"})
    files.lay("text", "{folder} {pan adult#1}")
    assert (tmp_path / "text").read_text() == f"{tmp_path} 6228000100000010"
    assert (tmp_path / "allow.bin").stat().st_size > 16
    files.lay("keys", {"ticket_keys": [1, 2]})
    assert sorted(ticket.read_keys((tmp_path / "keys").read_text(), "keys")) == [1, 2]
