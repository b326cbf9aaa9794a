# SPDX-License-Identifier: Apache-2.0
"""`faretap issue --reader pcsc:..` as a process: pyscard, pcscd, vsmartcard's vpcd, and in the
reader a simulated card that is laid on, torn away at APPEND RECORD, laid on again. QX-069.

pyscard is Debian's own; the command runs in our Python, and is shown that package alone.
"""

import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from firmware.capp import layouts
from firmware.errors import LinkLost
from host_tools import module_file
from sim.capp_profile import known_key_rows, opening_key_rows
from sim.card import Card
from sim.field import Field
from sim.vpcd import Slot, serve
from tests.clients import pcscd
from tests.clients.clients import ABSENT, LIMIT_S, PYSCARD, ROOT
from tests.host import console
from tests.host.capp_reading import extended_card
from tests.host.card_reading import image

SECRET = "a-long-enough-secret"
APPEND = b"\x04\xe2"
WHERE = "import smartcard; print(smartcard.__path__[0])"
THERE = "from smartcard import scard"
NAMES = "from smartcard.System import readers; print(readers())"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("issue")


@pytest.fixture(scope="module")
def environment(folder):
    """Of a faretap that finds pyscard, and nothing else of that other Python's."""
    PYSCARD.needed()
    found = Path(PYSCARD.run([PYSCARD.command[0], "-c", WHERE]).stdout.strip())
    (folder / "python").mkdir()
    (folder / "python" / "smartcard").symlink_to(found)
    seen = {**console.environment(), "PYTHONPATH": f"{ROOT}{os.pathsep}{folder / 'python'}"}
    words = [sys.executable, "-c", THERE]
    tried = subprocess.run(words, env=seen, capture_output=True, text=True, check=False)
    if tried.returncode:
        ABSENT["pyscard in this Python"] = tried.stderr.strip().splitlines()[-1]
        pytest.skip("pyscard: %s" % ABSENT["pyscard in this Python"])
    return seen


@pytest.fixture(scope="module")
def reader(folder, environment):
    """Port of an empty reader, of which `environment` is told."""
    pcscd.needed()
    with pcscd.running(folder) as (path, port):
        environment["PCSCLITE_CSOCK_NAME"] = str(path)
        more = {"PCSCLITE_CSOCK_NAME": str(path)}
        assert pcscd.READER in PYSCARD.run([PYSCARD.command[0], "-c", NAMES], more=more).stdout
        yield port


def sealed(folder, name, change=lambda row: row):
    """Words of a module file whose rows are changed."""
    rows = [change(row) for row in (*known_key_rows("3des"), *opening_key_rows("3des"))]
    keys = module_file.read_plain("\n".join(filter(None, rows)), "rows")
    (folder / name).write_text(module_file.seal("issuing", keys, SECRET))
    (folder / "secret.txt").write_text(SECRET)
    return "--module", str(folder / name), "--secret", str(folder / "secret.txt")


@pytest.fixture(scope="module")
def keys(folder):
    return sealed(folder, "issuing.sealed")


class Hasty(Slot):
    """A card that is taken away at APPEND RECORD, `acted` behind it or before; None: it stays.

    sent: what reached the card; gone: Event, it was taken away.
    """

    def __init__(self, card, acted):
        field = Field()
        field.place(card)
        super().__init__(field, card)
        self.acted, self.sent, self.gone = acted, [], threading.Event()

    def appended(self):
        return [one for one in self.sent if one[:2] == APPEND]

    def answer(self, message):
        """As a Slot; what was answered is never heard."""
        self.sent.append(message)
        if self.acted is None or message[:2] != APPEND:
            return super().answer(message)
        if self.acted:
            super().answer(message)
        raise LinkLost("taken away")


@contextmanager
def laid_on(port, card, acted=None):
    """The card in the reader until it is taken away; gives its Hasty slot."""
    slot = Hasty(card, acted)

    def hold():
        with suppress(LinkLost, OSError):  # taken out in the middle of an answer
            serve(slot, connection)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()
        slot.gone.set()

    connection = socket.create_connection(("127.0.0.1", port))
    thread = threading.Thread(target=hold)
    thread.start()
    try:
        yield slot
    finally:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        thread.join(LIMIT_S)
        assert not thread.is_alive()


def started(environment, *words):
    return subprocess.Popen(
        console.command("issue", *words),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process):
    """(exit status, standard output, standard error)."""
    out, err = process.communicate(timeout=LIMIT_S)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def issue(environment, keys, *words, name=pcscd.READER):
    return ended(started(environment, "metro", "--reader", f"pcsc:{name}", *keys, *words))


def holds(card):
    return [data for sfi, data, _ in card.state["extended"]["records"] if sfi == "15"]


@pytest.mark.parametrize("r_mac", [False, True])
def test_card_in_a_reader_should_be_subscribed_once(environment, reader, keys, folder, r_mac):
    """QX-069: a record byte for byte, no GPO, no key in what is said; again: nothing written."""
    card, log = extended_card("bus", r_mac=r_mac), folder / f"issued-{r_mac}.jsonl"
    with laid_on(reader, card) as slot:
        first = issue(environment, keys, "--log", str(log))
        again = issue(environment, keys, "--log", str(log))
    assert first[:2] == (0, "622800******0010: metro, subscribed\n"), first
    assert again[0] == 0 and "nothing was written (same)" in again[1]
    assert holds(card) == [layouts.issued("own", "metro").hex().upper()]
    assert len(slot.appended()) == 1 and not card.debits
    assert not [one for one in slot.sent if one[1:2] == b"\xa8"]
    rows = [json.loads(row) for row in log.read_text().splitlines()]
    assert [row["state"] for row in rows] == ["done", "there"] and card.pan not in log.read_text()


def test_plain_card_should_be_told_and_sent_nothing(environment, reader, keys):
    """QX-001: no extended application, no APPEND RECORD."""
    with laid_on(reader, Card(image())) as slot:
        status, said, _ = issue(environment, keys)
    assert status == 1 and said.endswith("not subscribed (capp_absent)\n")
    assert not slot.appended()


def test_wrong_keys_should_end_without_a_record(environment, reader, folder):
    """Another opening key: the card refuses the MAC. None at all: the card is not written to."""
    key = "27/15"

    def other(row):
        return f"{key} 3des {'5A' * 16}" if row.startswith(key) else row

    card = extended_card("bus")
    with laid_on(reader, card) as slot:
        wrong = issue(environment, sealed(folder, "wrong.sealed", other))
        none = sealed(folder, "none.sealed", lambda row: "" if row.startswith(key) else row)
        absent = issue(environment, none)
    assert wrong[0] == 1 and wrong[1].endswith("not subscribed (mac)\n")
    assert absent[0] == 2 and "holds no key 27/15" in absent[2]
    assert len(slot.appended()) == 1 and not holds(card)


@pytest.mark.parametrize(("acted", "status"), [(True, 0), (False, 1)])
def test_card_torn_away_should_be_asked_when_it_is_back(environment, reader, keys, acted, status):
    """It decides by what it holds; what it said was never heard."""
    card = extended_card("bus")
    words = ("metro", "--reader", "pcsc:" + pcscd.READER, *keys)
    process = started(environment, *words)
    with laid_on(reader, card, acted) as slot:
        assert slot.gone.wait(LIMIT_S)
    with laid_on(reader, card) as again:
        found = ended(process)
    assert (found[0], len(holds(card))) == (status, 1 - status), found
    assert "UNKNOWN: lay the same card on again" in found[2]
    assert len(slot.appended()) == 1 and not again.appended()


def test_card_that_never_comes_back_should_stay_unknown(environment, reader, keys, folder):
    log = folder / "unknown.jsonl"
    words = (*keys, "--wait", "2", "--log", str(log))
    process = started(environment, "metro", "--reader", "pcsc:" + pcscd.READER, *words)
    with laid_on(reader, extended_card("bus"), True) as slot:
        assert slot.gone.wait(LIMIT_S)
    status, said, _ = ended(process)
    assert status == 3 and "metro, UNKNOWN" in said
    assert json.loads(log.read_text())["state"] == "unknown"


def test_reader_that_is_not_there_should_be_a_sentence(environment, reader, keys):
    """Another name; no pcscd; no card."""
    other = issue(environment, keys, name="ACR122")
    assert other[0] == 2 and "none is called 'ACR122'; there are: " + pcscd.READER in other[2]
    nobody = issue({**environment, "PCSCLITE_CSOCK_NAME": "/nowhere"}, keys)
    assert nobody[0] == 2 and "pcscd does not run" in nobody[2]
    empty = issue(environment, keys, "--wait", "1")
    assert empty[0] == 1 and "no card within 1 s" in empty[2]
