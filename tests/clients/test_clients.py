# SPDX-License-Identifier: Apache-2.0
"""A client that is not there is skipped by its name, and who ran is told at the end."""

import json
import re
import sys

import pytest

from tests.clients import clients
from tests.clients.clients import ROOT, Client
from tests.clients.stand import SELECT_PPSE


@pytest.mark.parametrize(
    "probe, why",
    [
        (["no-such-program"], "no-such-program is not there"),
        ([sys.executable, "-c", "import no_such_driver"], "No module named 'no_such_driver'"),
    ],
    ids=["no program", "no package"],
)
def test_absent_client_should_be_skipped_with_its_name(probe, why, monkeypatch):
    """PS-28."""
    monkeypatch.setattr(clients, "ABSENT", {})
    with pytest.raises(pytest.skip.Exception) as skipped:
        Client("nobody's driver", [], probe).talk("/dev/null", [SELECT_PPSE])
    assert str(skipped.value).startswith("nobody's driver: ")
    assert why in str(skipped.value)
    assert list(clients.ABSENT) == ["nobody's driver"]


def test_summary_should_list_who_ran_and_who_did_not():
    """PS-28."""
    ran = {"b": "b 2.0", "a": "a 1.0"}
    assert clients.summary(ran, {"c": "c is not there"}, ["no answer"]) == [
        "foreign clients that ran: a 1.0, b 2.0",
        "foreign client that did not run: c (c is not there)",
        "held again on a busy machine: no answer",
    ]
    assert clients.summary({}, {"c": "x"}, []) == [
        "foreign clients that ran: none",
        "foreign client that did not run: c (x)",
    ]


def test_page_should_name_the_versions_that_are_locked():
    """docs/simulator.md, "Foreign clients", against the locks in tools/."""
    text = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
    rows = [row.split("|")[1:3] for row in text.splitlines() if row.count("|") == 6]
    lock = (ROOT / "tools" / "clients.lock").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([\w-]+)==(\S+)", lock, re.M))
    node = json.loads((ROOT / "tools" / "clients" / "package.json").read_text())["dependencies"]
    python = ("nfcpy", "pn532pi", "adafruit-circuitpython-pn532")
    wanted = [(name, locked[name]) for name in python]
    wanted.append(("pn532 of npm, on serialport", "%(pn532)s, %(serialport)s" % node))
    assert [one for one in wanted if [" %s " % cell for cell in one] not in rows] == []
