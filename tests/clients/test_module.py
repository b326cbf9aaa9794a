# SPDX-License-Identifier: Apache-2.0
"""A simulated PSAM in a reader of pcscd (vpcd), asked by the terminal's own PC/SC slot through
pyscard. A PSAM of a city and a contact reader on a Raspberry Pi were not there to be tried.
"""

import json
import subprocess
import time
from contextlib import contextmanager

import pytest

from sim.psam import PROFILE, Psam, expected_mac
from tests.clients import pcscd
from tests.clients.clients import DRIVERS, LIMIT_S, PYSCARD
from tests.clients.test_pcsc import inserted

FACTOR = bytes.fromhex("1122334455667788")
LIST_READERS = "from smartcard.System import readers; print(readers())"


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """(port of an empty reader, environment of its clients)."""
    pcscd.needed()
    PYSCARD.needed()
    with pcscd.running(tmp_path_factory.mktemp("pcscd")) as (path, port):
        more = {"PCSCLITE_CSOCK_NAME": str(path)}
        names = PYSCARD.run([PYSCARD.command[0], "-c", LIST_READERS], more=more).stdout
        assert pcscd.READER in names
        yield port, {**PYSCARD.environment, **more}


@contextmanager
def terminal(environment, folder):
    """ask(line) -> what the terminal's module says."""
    (folder / "city.txt").write_text(PROFILE)
    words = [PYSCARD.command[0], str(DRIVERS / "with_module.py"), pcscd.READER]
    with subprocess.Popen(
        [*words, str(folder / "city.txt")],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def ask(line):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()
        process.wait(LIMIT_S)


def until(ask, state):
    """check until the reader has seen the card come or go."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        told = ask("check")
        if told["state"] == state:
            return told
        time.sleep(0.1)
    raise AssertionError(told)


def test_psam_in_a_reader_should_make_macs_until_it_is_pulled_out(reader, tmp_path):
    """QX-071, QX-073: derive and MAC through PC/SC; pulled out between two taps: no MAC, and the
    state says so. The card is one of T=0, whose answers wait behind 61xx.
    """
    port, environment = reader
    good = expected_mac(0x28, 2, FACTOR, bytes(8), b"record").hex()
    with terminal(environment, tmp_path) as ask:
        assert ask("check")["state"] == "absent"
        assert ask("mac 1")["mac"] is None
        card = Psam()
        card.t0 = True
        with inserted(card, port):
            until(ask, "ready")
            told = [ask("mac 2") for _ in range(20)]
            assert {one["mac"] for one in told} == {good}
            refused = ask("mac 9")
            assert (refused["mac"], refused["state"]) == (None, "ready")
        assert ask("mac 2")["mac"] is None
        until(ask, "absent")
    times = sorted(one["us"] for one in told)
    print("PC/SC, vpcd: a MAC in %d us (median of 20)" % times[10])
