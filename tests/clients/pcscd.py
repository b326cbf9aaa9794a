# SPDX-License-Identifier: Apache-2.0
"""A pcscd of our own with vpcd in it, beside what the machine runs: another socket, other ports.

pcscd takes the socket it listens on as file descriptor 3, as it would from systemd, and its
clients are told where it is by PCSCLITE_CSOCK_NAME. Debian's vpcd has two slots, on two ports in a
row.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.clients.clients import ABSENT, LIMIT_S, PATH, PCSCD, RAN, ROOT

VPCD = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
READER = "faretap"
CONFIGURATION = 'FRIENDLYNAME "%s"\nDEVICENAME /dev/null:%d\nLIBPATH %s\nCHANNELID %d\n'
AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def needed():
    """Skip the test where pcscd or vpcd is not there."""
    PCSCD.needed()
    if not VPCD.exists():
        ABSENT["vpcd"] = "%s is not there" % VPCD
        pytest.skip("vpcd: %s; tools/clients.sh installs it" % ABSENT["vpcd"])


def two_free_ports():
    """The first of two ports in a row that nobody uses."""
    while True:
        with closing(socket.socket()) as one, closing(socket.socket()) as other:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                other.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


@contextmanager
def running(folder):
    """pcscd with a reader; gives (its socket's path, port of the reader's first slot)."""
    program = shutil.which("pcscd", path=PATH)
    path, port = folder / "pcscd.comm", two_free_ports()
    (folder / "readers").mkdir()
    (folder / "readers" / "vpcd").write_text(CONFIGURATION % (READER, port, VPCD, port))
    options = ["--foreground", "--debug", "--config", str(folder / "readers")]
    if "--disable-polkit" in PCSCD.run([program, "--help"]).stdout:
        options.append("--disable-polkit")
    with socket.socket(socket.AF_UNIX) as door, open(folder / "pcscd.log", "wb") as log:
        door.bind(str(path))
        door.listen(8)
        process = subprocess.Popen(
            [sys.executable, "-c", AS_SYSTEMD, str(door.fileno()), program, *options],
            pass_fds=[door.fileno()],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        first = PCSCD.run([program, "--version"]).stdout.split()
        RAN["pcscd"] = "pcscd %s with vpcd" % first[2].rstrip(".")
        yield path, port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(LIMIT_S)


@contextmanager
def card_in_the_reader(port, *arguments):
    """`faretap vpcd` as a process; what it says when it has the card in the reader."""
    process = subprocess.Popen(
        [sys.executable, "-m", "host_tools.cli.main", "vpcd", "--port", str(port), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ, PYTHONUNBUFFERED="1"),
    )
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=LIMIT_S)
