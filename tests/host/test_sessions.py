# SPDX-License-Identifier: Apache-2.0
"""Every session file, ours and those beside the checkout, against the kernel in memory.

What a session promises is counted from both ends: the Outcome by the kernel, the debits by the
rules of the session format from the commands that were really sent (sim/replay.py).
"""

import pytest

from firmware.formats.session import format_session, parse
from sim import replay
from sim.recording import sale_of
from tests.cards import (
    SESSIONS,
    SHARED_SESSIONS,
    SLICES,
    broken_promises,
    load,
    play,
    session_names,
)


def everywhere():
    """(folder, name) of every session; one skipped where the shared ones are not there."""
    found = [pytest.param(SESSIONS, name, id=name) for name in session_names()]
    shared = session_names(SHARED_SESSIONS)
    found += [pytest.param(SHARED_SESSIONS, name, id="shared-" + name) for name in shared]
    if not shared:
        reason = "no shared/sessions beside this checkout"
        found.append(pytest.param("", "", marks=pytest.mark.skip(reason=reason), id="shared"))
    return found


@pytest.mark.parametrize("slices", SLICES)
@pytest.mark.parametrize("folder, name", everywhere())
def test_session_should_keep_its_promises(folder, name, slices):
    one = load(name, folder)
    played = play(one, slices)
    assert broken_promises(one, played) == []
    if one.expected("debits") is not None:
        assert replay.debits(played.sent, one.presentations) == int(one.expected("debits"))


@pytest.mark.parametrize("folder, name", everywhere())
def test_nothing_unheard_of_should_be_sent(folder, name):
    """QT-214, QT-266: SELECT, GPO, READ RECORD, GET DATA, GET TRANS PROVE and no other; a torn
    re-tap begins without a GPO.
    """
    played = play(load(name, folder))
    for exchanges in played.sent:
        assert {command[1] for command, _ in exchanges} <= {0xA4, 0xA8, 0xB2, 0xCA, 0x5A}
        asked = [command[1] for command, _ in exchanges]
        assert asked.count(0xA8) <= 1
        if 0xCA in asked and 0xA8 in asked:
            assert asked.index(0xCA) < asked.index(0xA8)


@pytest.mark.parametrize("name", session_names())
def test_recorded_session_should_hold_what_its_terminal_sent(name):
    """The recorder notes commands byte for byte: the kernel sends the same ones again."""
    one = load(name)
    for exchanges, (recorded) in zip(play(one).sent, one.presentations, strict=True):
        known = [(command, answer) for command, answer, _ in recorded]
        for exchange in exchanges:
            assert exchange in known


@pytest.mark.parametrize("name", session_names())
def test_session_should_be_written_as_it_is_read(name):
    with open(f"{SESSIONS}/{name}.session", encoding="utf-8") as file:
        text = file.read()
    assert format_session(parse(text, name)) == text
    assert f"name: {name}\n" in text


def test_sale_of_a_session_should_have_its_parameters():
    one = load("pboc-declined-deny-list")
    sale = sale_of(one)
    assert sale.parameters.fare_fen == one.amount_fen and sale.draw_un() == one.un
    assert list(sale.parameters.deny) == one.denies and sale.refused_before() == ""
