# SPDX-License-Identifier: Apache-2.0
"""Both ends of the upload over a line that does its worst (tests/upload_model.py): CL-006, CL-007,
CL-018. The whole of it is a command: `python -m tests.upload_model --faults 3`.
"""

import pytest

from firmware import signed_upload
from firmware.formats import batch, session_key
from host_tools import sessions, verdicts
from tests import upload_model

EXCHANGES = 4  # a run without faults has so many
PLACED = 6 * len(upload_model.FATES) ** 2 + 4 * len(upload_model.FATES) + 1


def test_a_good_line_takes_four_exchanges():
    assert upload_model.World([]).run() == EXCHANGES


def test_every_way_to_place_two_faults_ends_well(capsys):
    """CL-007: nothing is acknowledged that is not committed; CL-006: each record stored once."""
    runs, exchanges = upload_model.exhaust(2, EXCHANGES)
    with capsys.disabled():
        print(f" {runs} runs, {exchanges} exchanges", end="")
    assert runs == PLACED


@pytest.mark.parametrize("first", range(1, 41, 10))
def test_long_random_runs_end_well(first):
    """A failure names its seed: `python -m tests.upload_model --seed N` plays it again."""
    for seed in range(first, first + 10):
        try:
            assert upload_model.wander(seed) > 10
        except Exception as wrong:
            raise AssertionError(
                f"python -m tests.upload_model --seed {seed}: {wrong!r}"
            ) from wrong


def trusting(one, other):
    return True


def acknowledged_unsigned(self, frame, answer):
    """A terminal that takes what version 1 calls an acknowledgement."""
    if frame[3] == batch.BATCH and answer[2:4] == bytes((batch.VERSION, batch.ACK)):
        return {"upto": min(batch.unseal(answer)[1]["upto"], self.journal.next - 1)}
    return (yield from OPENED(self, frame, answer))


def everybody(self, sitting, standing, one):
    """A collector to which no session is ever over."""
    return None


OPENED = signed_upload.SignedUpload._opened
MISTAKES = (
    (signed_upload.SignedUpload, "_opened", acknowledged_unsigned),
    (session_key, "same", trusting),
    (verdicts.Judge, "_admitted", everybody),
    (sessions, "reject", lambda signed, *said: sessions.answer(
        signed, batch.ACK, {"first": 1, "last": 3, "upto": 3})),
)  # fmt: skip


@pytest.mark.parametrize(("where", "name", "mistake"), MISTAKES)
def test_the_model_finds_mistakes(monkeypatch, where, name, mistake):
    """What would take a forged, a foreign or an unfounded answer does not pass."""
    monkeypatch.setattr(where, name, mistake)
    with pytest.raises(AssertionError):
        for seed in range(1, 200):
            upload_model.wander(seed)
