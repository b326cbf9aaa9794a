# SPDX-License-Identifier: Apache-2.0
"""Every session in sim/sessions against the kernel, whatever the amount of background work."""

from hashlib import sha1

from tests.cards import (
    SESSIONS,
    SHARED_SESSIONS,
    SLICES,
    broken_promises,
    load,
    play,
    session_names,
)
from tests.skip import SkipTest


def test_sessions_should_be_there():
    assert len(session_names()) >= 30


def heard(name, slices, folder=SESSIONS):
    """What came of a session and what was sent, as text: small enough to keep."""
    one = load(name, folder)
    played = play(one, slices)
    assert broken_promises(one, played) == []
    seal = sha1()
    for exchanges in played.sent:
        for command, answer in exchanges:
            seal.update(command + (answer or b"") + b"---")
    return repr(played.outcome[:7]) + seal.digest().hex()


def test_every_session_should_keep_its_promises_however_many_slices_ran():
    """docs/design.md, background work: the outcome never depends on how many slices ran."""
    for name in session_names():
        first = heard(name, SLICES[0])
        for slices in SLICES[1:]:
            assert heard(name, slices) == first, (name, slices)


def test_shared_sessions_should_keep_their_promises_however_many_slices_ran():
    """Computed and recorded cards that are not ours; `debits` is counted by tests/host."""
    names = session_names(SHARED_SESSIONS)
    if not names:
        raise SkipTest("no shared/sessions beside this checkout")
    for name in names:
        first = heard(name, SLICES[0], SHARED_SESSIONS)
        for slices in SLICES[1:]:
            assert heard(name, slices, SHARED_SESSIONS) == first, (name, slices)


def test_every_session_should_say_that_it_was_computed():
    for name in session_names():
        one = load(name)
        assert one.expected("outcome"), name
        assert one.source == "computed by this project's simulator with test keys", name
