# SPDX-License-Identifier: Apache-2.0
"""`faretap pn532` as a user starts it: cards by a timeline, knobs, a slow chip, plain refusals."""

import time
from contextlib import contextmanager

import pytest

from sim.fault_text import FIELDS
from sim.kinds import KINDS
from sim.wallet import Wallet
from tests.host.console import SESSIONS, faretap, started, stopped
from tests.host.test_serve import Client
from tests.host.virtual_host import ACK, VERSION, VERSION_ANSWER, WAKE, answer, command

PATIENCE_S = 20
GOOD = VERSION_ANSWER[len(ACK) :]


@contextmanager
def serving(folder, *arguments):
    """(process, Client, lines said so far) of a chip; ended by Ctrl-C."""
    link = folder / "pn532"
    process = started("pn532", "--link", link, "--power", "awake", *arguments)
    try:
        first = process.stdout.readline()
        assert first.startswith("PN532 at /dev/"), first + process.stdout.read()
        with Client(str(link)) as client:
            yield process, client
    finally:
        said, status = stopped(process)
    assert status == 0 and said.endswith("stopped\n"), said


def polled(client):
    """One look: UID or b""."""
    heard = client.ask(command("4a0100"), 9 + 3)
    rest = client.read(heard[9] + 2 - 1) if len(heard) == 12 else b""
    whole = heard + rest
    return whole[18 : 18 + whole[17]] if whole[12:14] != b"\x00\x00" and len(whole) > 18 else b""


def test_cards_should_come_and_go_by_a_timeline(tmp_path):
    """PS-21: two recorded cards in turn, each seen by a client, each step a line of output."""
    first, second = SESSIONS[0], [one for one in SESSIONS if "sm2" in one.name][0]
    for name, source in (("first.session", first), ("second.session", second)):
        (tmp_path / name).write_bytes(source.read_bytes())
    story = tmp_path / "story.txt"
    story.write_text("0 come first.session\n+2 leave\n+1 come second.session\n+2 leave\n")
    uids = set()
    with serving(tmp_path, "--no-pace", "--timeline", story) as (process, client):
        client.ask(command("3205ff0100"), 15)
        end = time.monotonic() + 7
        seen = []
        while time.monotonic() < end and seen[-1:] != ["over"]:
            uid = polled(client)
            uids.add(uid)
            time.sleep(0.05)
            if len(uids - {b""}) == 2 and not uid:
                seen.append("over")
        lines = [process.stdout.readline() for _ in range(4)]
    assert len(uids - {b""}) == 2 and b"" in uids
    assert [line.split("s  ")[1].strip() for line in lines] == [
        "come first.session", "leave", "come second.session", "leave",
    ]  # fmt: skip


def test_knobs_should_bend_the_served_chip(tmp_path):
    """PS-19: a line or a file; the second command only."""
    script = tmp_path / "knobs.txt"
    script.write_text("# the second\n02.1: wrong_dcs\n")
    bent = ACK + GOOD[:-2] + bytes((GOOD[-2] ^ 1, 0))
    for knobs in ("02.1: wrong_dcs", script):
        with serving(tmp_path, "--no-pace", "--faults", knobs) as (_, client):
            heard = [client.ask(VERSION, 19) for _ in range(3)]
        assert heard == [VERSION_ANSWER, bent, VERSION_ANSWER]


def test_firmware_time_should_be_spent_in_each_command(tmp_path):
    """PS-18: 40 ms more than without."""
    took = []
    for more in ([], ["--firmware-ms", "40"]):
        with serving(tmp_path, *more) as (_, client):
            client.ask(VERSION, 19)
            begin = time.monotonic()
            for _ in range(5):
                assert client.ask(VERSION, 19) == VERSION_ANSWER
            took.append((time.monotonic() - begin) / 5)
    assert took[1] - took[0] > 0.035


def test_chip_should_start_in_low_vbat_unless_told_otherwise(tmp_path):
    """PS-07: deaf but for SAMConfiguration behind a wake-up; a knob of the command line."""
    with serving(tmp_path, "--no-pace", "--power", "low_vbat") as (_, client):
        client.write(VERSION)
        assert client.read(1, 0.1) == b""
        assert client.ask(WAKE + command("1401"), 15) == answer("15")
        assert client.ask(VERSION, 19) == VERSION_ANSWER


def test_knobs_should_be_listed():
    """PS-19."""
    done = faretap("pn532", "--knobs")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(FIELDS)


def test_a_card_that_the_wallet_lacks_should_be_named_with_those_it_has(tmp_path):
    Wallet.create(tmp_path / "wallet", KINDS[:1])
    story = tmp_path / "story.txt"
    story.write_text("0 come adult-1\n+1 leave\n+1 come nobody\n")
    done = faretap("pn532", "--wallet", tmp_path / "wallet", "--timeline", story, timeout_s=30)
    assert done.returncode == 2
    assert "has no card 'nobody'; it has adult-1" in done.stderr
    assert "Traceback" not in done.stderr


WRONG = [
    (["--faults", "3: wrong_dsc"], "no knob 'wrong_dsc'"),
    (["--faults", "knobs.txt"], "no file 'knobs.txt'"),
    (["--timeline", "{folder}/none.txt"], "No such file"),
    (["--timeline", "{folder}/bad.txt"], "bad.txt:2: a.session is still there"),
    (["--timeline", "{folder}/who.txt"], "say --wallet FOLDER"),
    (["--timeline", "x", "--card", "y"], "only --wallet goes with it"),
    (["--no-pace", "--firmware-ms", "2"], "contradict each other"),
    (["--firmware-ms", "-1"], "not in the range"),
]


@pytest.mark.parametrize("arguments, words", WRONG)
def test_wrong_words_should_be_refused_in_a_sentence(arguments, words, tmp_path):
    (tmp_path / "bad.txt").write_text("0 come a.session\n1 come b.session\n")
    (tmp_path / "who.txt").write_text("0 come adult-1\n")
    done = faretap("pn532", *(one.format(folder=tmp_path) for one in arguments), timeout_s=30)
    assert done.returncode == 2
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
