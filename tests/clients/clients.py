# SPDX-License-Identifier: Apache-2.0
"""Other people's drivers: how each is run, whether it is there, and one dialogue with a card.

A driver is a process of its own, in its own environment (tools/clients.sh), and is not modified.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DRIVERS = Path(__file__).parent / "drivers"
HOME = ROOT / "build" / "clients"
PATH = os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin:/usr/local/bin"
LIMIT_S = 90  # of one process
TRIES = 5

# answers: bytes, or what the driver said instead; never: why no card was found, "" when it was
Heard = namedtuple("Heard", ("driver", "uid", "ats", "answers", "never"))
RAN: dict[str, str] = {}  # what ran in this process, with its version
ABSENT: dict[str, str] = {}
AGAIN: list[str] = []  # dialogues and tests that had to be held again


class Client:
    """`command`: words before the path; `probe`: words that end with status 0 when it is there, or
    one word, a program that needs no trying out.
    """

    def __init__(self, name, command, probe, environment=None):
        self.name = name
        self.command = command
        self.probe = probe
        self.environment = dict(os.environ, PATH=PATH, **(environment or {}))

    @lru_cache  # noqa: B019  a handful of clients, as long as the process
    def absent(self):
        """Why it cannot be run here, in one line; "" when it can."""
        if shutil.which(self.probe[0], path=PATH) is None:
            return "%s is not there" % self.probe[0].removeprefix(str(ROOT) + "/")
        if not self.probe[1:]:
            return ""
        run = self.run(self.probe)
        said = (run.stderr.strip() or run.stdout.strip()).splitlines()
        return "" if run.returncode == 0 else said[-1] if said else "it fails"

    def needed(self):
        """Skip the test with a clear line when the client is not there (PS-28)."""
        why = self.absent()
        if why:
            ABSENT[self.name] = why
            pytest.skip("%s: %s; tools/clients.sh installs it" % (self.name, why))

    def run(self, words, spoken="", more=None):
        return subprocess.run(
            words,
            env=dict(self.environment, **(more or {})),
            input=spoken,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def talk(self, path, commands=(), **settings):
        """Find the card at the chip at `path` and send `commands`; Heard.

        `settings` are told to the program as environment: WAIT_MS, SPEED.
        """
        self.needed()
        spoken = "".join(one.hex() + "\n" for one in commands)
        more = {name.upper(): str(value) for name, value in settings.items()}
        run = self.run([*self.command, str(path)], spoken, more)
        assert run.returncode == 0, run.stderr
        first, *rest = map(json.loads, run.stdout.splitlines())
        if "never" in first:
            return Heard("", b"", None, [], first["never"])
        RAN[self.name] = first["driver"]
        answers = [
            bytes.fromhex(one["answer"]) if "answer" in one else one["failed"] for one in rest
        ]
        ats = None if first["ats"] is None else bytes.fromhex(first["ats"])
        return Heard(first["driver"], bytes.fromhex(first["uid"]), ats, answers, "")


def until(held, talk):
    """What `talk()` gives as soon as `held(heard)`, the last one otherwise.

    Some drivers wait 10 ms and no longer, on a clock that does not stop while the machine is busy
    elsewhere. What is asked of a driver is asked of a dialogue that nothing disturbed.
    """
    for _ in range(TRIES):
        heard = talk()
        if held(heard):
            break
        AGAIN.append(str(heard)[:100])
    return heard


def summary(ran, absent, again):
    """Lines for the end of a run: who ran, who did not and why, what was done twice (PS-28)."""
    lines = ["foreign clients that ran: " + (", ".join(sorted(ran.values())) or "none")]
    for name, why in sorted(absent.items()):
        lines.append("foreign client that did not run: %s (%s)" % (name, why))
    return lines + ["held again on a busy machine: " + what for what in again]


def python_client(name, module):
    python = str(HOME / "python" / "bin" / "python")
    command = [python, str(DRIVERS / ("with_%s.py" % name))]
    return Client(name, command, [python, "-c", "import " + module])


LIBNFC = Client(
    "libnfc",
    [sys.executable, str(DRIVERS / "with_libnfc.py")],
    [sys.executable, "-c", "import ctypes; ctypes.CDLL('libnfc.so.6')"],
)
NFC_LIST = Client("nfc-list", [], ["nfc-list"])
NFC_POLL = Client("nfc-poll", [], ["nfc-poll"])
DIAGNOSE = Client("pn53x-diagnose", [], ["pn53x-diagnose"])
NFCPY = python_client("nfcpy", "nfc.clf.pn532")
PN532PI = python_client("pn532pi", "pn532pi")
ADAFRUIT = python_client("adafruit", "adafruit_pn532.uart")
NODE_PN532 = Client(
    "pn532",
    ["node", str(DRIVERS / "with_pn532.js")],
    ["node", "-e", "require('pn532'); require('serialport')"],
    {"NODE_PATH": str(HOME / "node" / "node_modules"), "NODE_NO_WARNINGS": "1"},
)
PCSCD = Client("pcscd", [], ["pcscd", "--version"])
PYSCARD = Client(
    "pyscard",
    ["/usr/bin/python3", str(DRIVERS / "with_pyscard.py")],
    ["/usr/bin/python3", "-c", "import smartcard.scard"],
)
OPENSC = Client("opensc-tool", [], ["opensc-tool", "--info"])
