# SPDX-License-Identifier: Apache-2.0
"""Records as files of frames, and of answers: what moves the journal's cursor, and what not."""

from firmware.by_file import ByFile
from firmware.errors import FormatError
from firmware.formats import batch, messages
from firmware.formats.session_key import NO_SESSION, Key, file_keys
from firmware.journal import Journal
from sim.flash import Flash

KEY = Key(bytes(range(32)))


def journal_of(count):
    journal = Journal(Flash(14, 1024), 480, 480)
    for number in range(1, count + 1):
        journal.append(b"record %d" % number)
    return journal


def answered(frame, upto=None, terminal=7, key=KEY):
    """The ACK of a collector that has stored it."""
    if key is None:
        _, values = batch.unseal(frame)
        last = values["items"][-1][0]
        return batch.pack_ack(terminal, batch.crc_of(frame), upto or last)
    up, down = file_keys(key, 7)
    _, values = messages.unseal(frame, up)
    first, last = values["items"][0][0], values["items"][-1][0]
    said = {
        "terminal_id": terminal, "request": messages.tag_of(frame),
        "first": first, "last": last, "upto": upto or last,
    }  # fmt: skip
    return messages.seal(batch.ACK, said, down)


def refused(by_file, answer):
    before = by_file.journal.acknowledged
    try:
        by_file.take(answer)
    except FormatError as wrong:
        assert by_file.journal.acknowledged == before
        return str(wrong)
    return ""


def small(count, key=KEY):
    """ByFile whose batches hold some four records."""
    return ByFile(journal_of(count), 7, key, 64)


def test_making_frames_moves_nothing_and_says_the_same_again():
    for key in (KEY, None):
        by_file = small(20, key)
        frames = list(by_file.frames())
        assert len(frames) > 3 and [one[0] for one in frames][-1] == 20
        assert list(by_file.frames()) == frames and by_file.journal.acknowledged == 0


def test_a_signed_frame_is_outside_every_session():
    _, frame = next(small(3).frames())
    kind, terminal, session = messages.addressed(frame)
    assert (kind, terminal, session) == (batch.BATCH, 7, NO_SESSION)


def test_answers_move_the_cursor_each_once():
    # CL-007, CL-018
    for key in (KEY, None):
        by_file = small(20, key)
        answers = [answered(frame, key=key) for _, frame in by_file.frames()]
        assert sum([by_file.take(one) for one in answers]) == 20
        assert by_file.journal.acknowledged == 20
        assert by_file.take(answers[0]) == 0 and by_file.journal.acknowledged == 20


def test_an_answer_before_its_turn_waits_for_those_that_are_missing():
    for key in (KEY, None):
        by_file = small(20, key)
        answers = [answered(frame, key=key) for _, frame in by_file.frames()]
        assert refused(by_file, answers[1])
        for one in answers:
            by_file.take(one)
        assert by_file.journal.acknowledged == 20


def test_what_came_after_the_export_is_not_acknowledged_by_it():
    by_file = small(6)
    answers = [answered(frame) for _, frame in by_file.frames()]
    by_file.journal.append(b"later")
    for one in answers:
        by_file.take(one)
    assert by_file.journal.acknowledged == 6 and by_file.journal.waiting() == 1


def test_part_of_it_may_have_gone_up_by_a_line_meanwhile():
    by_file = small(8)
    answers = [answered(frame) for _, frame in by_file.frames()]
    by_file.journal.acknowledge(2)
    for one in answers:
        by_file.take(one)
    assert by_file.journal.acknowledged == 8


def test_answers_to_anything_else_move_nothing():
    by_file = small(8)
    _, frame = next(by_file.frames())
    other = ByFile(journal_of(8), 7, KEY, 64)
    other.journal.acknowledge(1)
    _, elsewhere = next(other.frames())
    _, down = file_keys(KEY, 7)
    reject = {
        "terminal_id": 7, "request": messages.tag_of(frame), "code": batch.CONFLICT,
        "expected": 1, "text": "stored with other bytes",
    }  # fmt: skip
    time = {"terminal_id": 7, "request": bytes(16), "time_utc_s": 1}
    for answer, why in (
        (answered(frame, terminal=8), "for terminal 8"),
        (answered(elsewhere), "begins at 2"),
        (messages.seal(batch.REJECT, reject, down), "conflict, stored with other bytes"),
        (messages.seal(batch.TIME, time, down), "no acknowledgement"),
        (batch.pack_ack(7, batch.crc_of(frame), 8), ""),
        (answered(frame)[:-1] + b"x", ""),
        (frame, ""),
        (b"", ""),
    ):  # fmt: skip
        told = refused(by_file, answer)
        assert told and why in told


def test_an_acknowledgement_of_other_records_under_the_same_numbers_is_none():
    by_file = small(4)
    twin = Journal(Flash(14, 1024), 480, 480)
    for _ in range(4):
        twin.append(b"another record")
    _, frame = next(ByFile(twin, 7, KEY, 64).frames())
    assert "of another batch" in refused(by_file, answered(frame))


def test_an_answer_cannot_reach_past_what_was_given_out():
    by_file = small(4)
    _, frame = next(by_file.frames())
    _, down = file_keys(KEY, 7)
    for first, last, upto in ((1, 9, 9), (3, 2, 4), (1, 4, 3), (0, 0, 4), (0, 0xFFFFFFFF, 4)):
        said = {
            "terminal_id": 7, "request": messages.tag_of(frame), "first": first, "last": last,
            "upto": upto,
        }  # fmt: skip
        by_file_said = messages.seal(batch.ACK, said, down)
        if first == last == 0:
            assert by_file.take(by_file_said) == 0
        else:
            assert refused(by_file, by_file_said)
    assert by_file.journal.acknowledged == 0


def test_a_plain_refusal_says_why():
    by_file = small(4, None)
    assert "gap, expected 3" in refused(by_file, batch.pack_reject(7, batch.GAP, 3, "expected 3"))
