# SPDX-License-Identifier: Apache-2.0
"""A client that is not there is skipped by its name, and who ran is told at the end."""

import sys

import pytest

from tests.clients import clients
from tests.clients.clients import Client
from tests.clients.stand import SELECT_PPSE


@pytest.mark.parametrize(
    "probe, why",
    [
        (["no-such-program"], "no-such-program is not installed"),
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
    assert clients.summary(ran, {"c": "c is not installed"}, ["no answer"]) == [
        "foreign clients that ran: a 1.0, b 2.0",
        "foreign client that did not run: c (c is not installed)",
        "a dialogue was held again: no answer",
    ]
    assert clients.summary({}, {"c": "x"}, []) == [
        "foreign clients that ran: none",
        "foreign client that did not run: c (x)",
    ]
