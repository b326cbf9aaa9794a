# SPDX-License-Identifier: Apache-2.0
"""Known answers: all are right here, and one that is wrong is seen."""

from firmware.devices import known_answers


def test_every_algorithm_should_answer_rightly():
    """TD-016: SHA-1, SHA-256, RSA, session keys, SM3, SM2."""
    found = list(known_answers.checks())
    assert [code for code, _ in found] == [0] * 7, found
    assert [name for _, name in found][-2:] == ["SM3", "SM2"]
    assert list(known_answers.slow(False, False)) == []


def test_an_answer_that_is_not_right_should_have_its_code():
    """TD-016: a bit of an expected answer turned is a bit of a computed one turned."""
    kept = known_answers.SHA256_ABC, known_answers.SM3_ABC, known_answers.SESSION_TAG
    known_answers.SHA256_ABC = "00" + kept[0][2:]
    known_answers.SM3_ABC = "00" + kept[1][2:]
    known_answers.SESSION_TAG = "00" + kept[2][2:]
    try:
        wrong = [name for code, name in known_answers.checks() if code == 72]
    finally:
        known_answers.SHA256_ABC, known_answers.SM3_ABC, known_answers.SESSION_TAG = kept
    assert wrong == ["SHA-256", "session key", "SM3"]


def test_a_signature_that_fits_every_message_should_not_pass():
    """TD-016: a check that says yes to all is the worst of damages."""
    from firmware.kernel import sm2

    matches = sm2.matches
    sm2.matches = lambda *_: True
    try:
        wrong = [name for code, name in known_answers.checks() if code]
    finally:
        sm2.matches = matches
    assert wrong == ["SM2"]
