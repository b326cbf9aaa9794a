# SPDX-License-Identifier: Apache-2.0
"""The page about the checks before a card: every check that is built, and whether it is on."""

import re
from pathlib import Path

from firmware.formats import parameters
from firmware.kernel.preprocess import Limits

ROOT = Path(__file__).resolve().parents[2]


def rows():
    """{parameter: "on" or "off"} of the page, "-" where none switches it."""
    text = (ROOT / "docs/operation.md").read_text(encoding="utf-8")
    part = text.partition("## Checks before a card is looked for")[2].partition("\n## ")[0]
    found = re.findall(r"^\| [^|]+ \| `?([\w-]+)`? \| (on|off) \|", part, re.M)
    return dict(found)


def test_page_should_say_which_checks_are_off():
    """QT-048: each limit and option of pre-processing, as a fresh parameter file leaves it."""
    standard = parameters.parse("fare_fen: 1")
    switched = {
        "ceiling_fen": standard.ceiling_fen,
        "limit": standard.aid_limits,
        "status_check": standard.status_check,
        "floor_limit_9f1b": standard.limits.floor_9f1b,
        "-": True,
    }
    for kind in parameters.LIMITS:
        switched[kind + "_limit_fen"] = getattr(standard.limits, kind + "_fen")
    assert rows() == {name: "on" if value else "off" for name, value in switched.items()}
    assert len(Limits._fields) == 4, "a new limit wants a row"


def test_page_should_follow_what_is_set():
    """QT-048: the same rows the other way round: each off check can be switched on."""
    text = "fare_fen: 1\nlimit: A0000003330101 floor 1\nstatus_check: yes\n"
    text += "floor_limit_9f1b: 00000001\n"
    text += "".join(f"{kind}_limit_fen: 5\n" for kind in parameters.LIMITS)
    read = parameters.parse(text)
    assert all(read.limits) and read.aid_limits and read.status_check
