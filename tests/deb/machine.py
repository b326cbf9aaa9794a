# SPDX-License-Identifier: Apache-2.0
"""A machine to install packages on: the clean Debian of tools/deb/tree.sh, entered by chroot.

    with Machine(tmp_path) as machine:
        machine.install(package)
        machine.start()                # as the unit says, as its user: there is no systemd in it

What is written goes into memory over the tree, and is gone at the end. The mounts are those of
this process's own mount namespace: `make test-deb` makes one.
"""

import configparser
import contextlib
import os
import shlex
import shutil
import socket
import subprocess
from pathlib import Path

from sim.process import EventProcess

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / "build/deb/bookworm"
UNIT = "lib/systemd/system/faretap-terminal.service"
PACKAGE = "faretap-terminal"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NOTIFY = "run/notify"
PATIENCE_S = 60


def lacking():
    """Why no machine can be had here, "" where one can."""
    if os.geteuid():
        return "a chroot is entered by root alone"
    if not (ROOT / "build/deb/.tree").exists():
        return "no clean Debian in build/deb: tools/deb/tree.sh says why"
    if os.environ.get("OWN_MOUNTS") != "yes":
        return "not in a mount namespace of its own: make test-deb"
    return ""


class Machine:
    """folder: empty, for its mounts."""

    def __init__(self, folder):
        self.folder = folder
        self.root = folder / "root"
        self.mounted = []
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def __enter__(self):
        over = self.folder / "over"
        for path in (over, self.root):
            path.mkdir()
        self._mount("-t", "tmpfs", "-o", "size=256m", "over", over)
        for name in ("up", "work"):
            (over / name).mkdir()
        layers = f"lowerdir={TREE},upperdir={over}/up,workdir={over}/work"
        self._mount("-t", "overlay", "-o", layers, "overlay", self.root)
        self._mount("-t", "proc", "proc", self.root / "proc")
        (self.root / "dev/pts").mkdir(exist_ok=True)
        self._mount("--bind", "/dev/pts", self.root / "dev/pts")
        self.notify.bind(str(self.root / NOTIFY))
        os.chmod(self.root / NOTIFY, 0o666)
        self.notify.setblocking(False)
        return self

    def __exit__(self, *_):
        self.notify.close()
        for path in reversed(self.mounted):
            subprocess.run(["umount", "--lazy", path], check=False)

    def _mount(self, *words):
        subprocess.run(["mount", *map(str, words)], check=True)
        self.mounted.append(words[-1])

    def run(self, *words, user=None):
        """A command in it: CompletedProcess with its output, both kinds in one."""
        command = ["chroot", *([f"--userspec={user}:{user}"] if user else []), str(self.root)]
        return subprocess.run(
            [*command, *words],
            env={"PATH": PATH, "DEBIAN_FRONTEND": "noninteractive", "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def must(self, *words, user=None):
        """The output of a command that has to succeed."""
        done = self.run(*words, user=user)
        assert done.returncode == 0, f"{shlex.join(words)}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def install(self, package):
        """dpkg -i: its output."""
        shutil.copy(package, self.root / "tmp" / package.name)
        return self.must("dpkg", "--install", f"/tmp/{package.name}")

    def path(self, name):
        """A path of the machine as this process sees it."""
        return self.root / name.lstrip("/")

    def unit(self):
        """Section [Service] of the installed unit: what stands once."""
        found = configparser.ConfigParser(strict=False, interpolation=None)
        found.optionxform = str  # type: ignore[assignment]
        found.read(self.root / UNIT)
        return found["Service"]

    def attach(self, name, path):
        """What udev does when the reader comes: a name, and the group of serial lines."""
        dialout = int(self.must("getent", "group", "dialout").split(":")[2])
        os.chown(path, 0, dialout)
        os.chmod(path, 0o660)
        with contextlib.suppress(FileNotFoundError):
            self.path(name).unlink()
        self.path(name).symlink_to(path)

    def start(self):
        """EventProcess of the unit's ExecStart, as its user and in an environment as systemd's."""
        service = self.unit()
        user = service["User"]
        watched_us = int(service["WatchdogSec"]) * 1_000_000
        command = ["chroot", f"--userspec={user}:{service['Group']}", str(self.root)]
        env = {
            "PATH": PATH,
            "LANG": "C.UTF-8",
            "USER": user,
            "LOGNAME": user,
            "NOTIFY_SOCKET": "/" + NOTIFY,
            "WATCHDOG_USEC": str(watched_us),
        }
        return EventProcess([*command, *shlex.split(service["ExecStart"])], env, "/")

    def told(self):
        """Lines that were sent to the service manager since the last call."""
        lines = []
        with contextlib.suppress(BlockingIOError):
            while True:
                lines += self.notify.recv(4096).decode().split("\n")
        return lines
