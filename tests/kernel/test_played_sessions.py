# SPDX-License-Identifier: Apache-2.0
"""Every session in sim/sessions against the kernel, whatever the amount of background work."""

from hashlib import sha1

from tests.cards import SLICES, broken_promises, load, play, session_names


def test_sessions_should_be_there():
    assert len(session_names()) >= 30


def heard(name, slices):
    """What came of a session and what was sent, as text: small enough to keep."""
    one = load(name)
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


def test_every_session_should_say_that_it_was_computed():
    for name in session_names():
        one = load(name)
        assert one.expected("outcome"), name
        assert one.source == "computed by this project's simulator with test keys", name
