# SPDX-License-Identifier: Apache-2.0
"""The corpora of the fuzzer once more, without it: what was found stays mended, what it begins
with is worth beginning with, and the judges can say no.
"""

import gc
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from firmware.formats import parameters, session
from firmware.settings import parse as parse_settings
from tests.cards import load
from tests.fuzz import bounds, fuzzing, parsers, recorded, seeds, table, taps, verifier
from tests.fuzz.watch import Watch
from tests.stand import Stand

ROOT = Path(__file__).resolve().parents[2]
SLOW = ("taps", "recorded", "faults")  # memory is counted for some of their inputs only


@pytest.fixture(autouse=True)
def quick_collections():
    """tests/stand.py collects at each start, as a board needs it; here the heap is pytest's."""
    gc.freeze()
    yield
    gc.unfreeze()


targets = pytest.mark.parametrize("target", table.TARGETS, ids=lambda one: one.name)


@targets
def test_corpus_should_hold(target):
    kept = [data for _, data in seeds.kept(target.name)]
    for at, data in enumerate(seeds.made(target.name) + kept):
        measured = target.name not in SLOW or at % 16 == 0
        bounds.held(target.run, data, target.memory, measured)


@targets
def test_any_bytes_should_hold(target):
    @settings(max_examples=30, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(st.binary(max_size=target.longest))
    def hold(data):
        bounds.held(target.run, data, target.memory, target.name not in SLOW)

    hold()


def test_corpus_files_should_belong_to_targets():
    names = {one.name for one in table.TARGETS}
    assert names == set(seeds.MAKERS)
    assert {path.stem for path in seeds.CORPUS.glob("*")} <= names
    for name in names:
        kept = [data for _, data in seeds.kept(name)]
        assert len(kept) == len(set(kept)) <= fuzzing.MOST_KEPT
        assert all(len(data) <= table.named(name).longest for data in kept)


def test_fuzzing_should_begin_from_what_works():
    """Records are reached only behind a GPO answer that holds; so is all that follows them."""
    for data, message in ((bytes(8), "ok"), (b"\x01", "ok"), (b"\x02", "fare_changed")):
        (event,) = taps.Scene(data).play().events
        assert event["message"] == message
    torn = [data for data in seeds.made("taps") if len(data) == 14 and data[3] == 1]
    told = [event["message"] for data in torn for event in taps.Scene(data).play().events]
    assert {"torn_recovered", "last_record_lost", "card_lost"} <= set(told)
    for data in seeds.made("texts"):
        parse = (session.parse, parameters.parse, parse_settings)[data[0]]
        assert parse(data[1:].decode(), "seed")
    for name in ("tlv", "dol", "stored"):
        for data in seeds.made(name):
            table.named(name).run(data)
    assert parsers.parsed(parsers.tlv.parse, seeds.made("tlv")[0]) is not parsers.REFUSED


# --- the judges can say no ----------------------------------------------------------------------


def good_log():
    """(log of an approved tap, its verifier.Terms)."""
    scene = taps.Scene(bytes(8)).play()
    return scene.watch.logs[0], scene.watch.terms[0]()


def verdict(log, terms):
    """What the verifier says of a log whose last exchange is the last record; "" for yes."""
    try:
        transaction = verifier.Transaction(log)
        transaction.take_last(log[-1][1])
        verifier.approval_is_due(transaction, terms)
    except verifier.Wrong as why:
        return str(why)
    return ""


def test_verifier_should_agree_with_what_is_right():
    log, terms = good_log()
    assert verdict(log, terms) == ""
    for name in recorded.NAMES[:3]:
        one = load(name)
        heard = [(command, answer) for command, answer, _ in one.presentations[0]]
        heard = [pair for pair in heard if pair[0][1] != 0xCA]
        assert verdict(heard, recorded.terms_of(one)) == "", name


def test_verifier_should_object_to_each_byte_that_is_signed():
    """Certificates, signature, 9F69: every bit matters, and so does what was sent with them."""
    log, terms = good_log()
    for at in range(2, len(log)):
        command, answer = log[at]
        for place in range(4, len(answer) - 2, 7):
            bent = answer[:place] + bytes([answer[place] ^ 1]) + answer[place + 1 :]
            wrong = [*log[:at], (command, bent), *log[at + 1 :]]
            if at == 2 or at == 6 or log[at][0][3] == 0x1C and at != len(log) - 1:
                continue  # the GPO answer, and records that nothing signs
            assert verdict(wrong, terms), (at, place)
    for change in (
        {"un": bytes(4)},
        {"amount": bytes(6)},
        {"ttq": b"\x28\x00\x00\x00"},
        {"currency": b"\x08\x40"},
        {"today": (2050, 1, 1)},
        {"today": (2019, 1, 1)},
        {"cas": []},
        {"denied": ["6228000100000010"]},
    ):
        assert verdict(log, terms._replace(**change)), change


def test_watch_should_object_to_a_commit_without_an_entry():
    log, terms = good_log()
    watch = Watch(1)
    watch.journal = Stand().journal
    heard = watch.present(lambda: terms)
    with pytest.raises(AssertionError, match="without an entry"):
        for command, answer in log:
            watch.asked(command)
            heard.append((command, answer))
    assert watch.commits == 0


def test_watch_should_object_to_commands_that_are_not_due():
    select, gpo = b"\x00\xa4\x04\x00\x00", b"\x80\xa8\x00\x00\x02\x83\x00\x00"
    for commands, what in (
        ([gpo, gpo], "a second GPO"),
        ([b"\x80\xae\x40\x00\x00"], "not due"),  # GENERATE AC (QT-214)
        ([b"\x00\x88\x00\x00\x00"], "not due"),  # INTERNAL AUTHENTICATE
        ([select] * (Watch(1).most + 1), "more than %d exchanges" % Watch(1).most),
    ):
        watch = Watch(1)
        heard = watch.present(lambda: None)
        with pytest.raises(AssertionError, match=what):
            for command in commands:
                watch.asked(command)
                heard.append((command, b"\x6a\x82"))


def test_bounds_should_be_seen():
    with pytest.raises(bounds.OutOfBounds, match="bytes of memory"):
        bounds.held(lambda data: bytes(100_000), b"12", bounds.Memory(1000, 10))
    bounds.held(lambda data: bytes(100_000), b"12", bounds.Memory(200_000, 0))


def test_runner_should_replay_what_was_found(tmp_path):
    found = tmp_path / "crash-1"
    found.write_bytes(b"\x9f")
    command = [sys.executable, "-m", "tests.fuzz", "replay", "tlv", str(found), "6f00"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.count("nothing found") == 2 and done.returncode == 0
