# SPDX-License-Identifier: Apache-2.0
"""An MQTT broker of its own, in a temporary folder, on loopback ports that are free.

The broker is Debian's mosquitto (`tools/clients.sh broker` installs it), nothing of it is
simulated; it ends with the `with` block. What it holds for sessions that are away outlasts a
restart.
"""

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from firmware.errors import LinkLost

STARTING_S = 20
SETTINGS = """persistence true
persistence_location {folder}/
autosave_interval 1
autosave_on_changes true
max_queued_messages 0
per_listener_settings false
log_dest file {folder}/log.txt
{users}
listener {port} 127.0.0.1
"""
SECURE = """listener {port} 127.0.0.1
certfile {certificate}
keyfile {key}
"""


def broker_program() -> str | None:
    """Path of mosquitto, None without."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


class MosquittoBroker:
    """`port`, and `secure_port` where `identity` (certificate and key paths) is given.

    `users`: password of each name, anybody without. LinkLost when it does not start.
    """

    def __init__(
        self,
        users: dict[str, str] | None = None,
        identity: tuple[str, str] | None = None,
    ) -> None:
        self.folder = Path()
        self.users, self.identity = users, identity
        self.port = self.secure_port = 0
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> "MosquittoBroker":
        self.folder = Path(tempfile.mkdtemp(prefix="faretap-mqtt-"))
        self.folder.chmod(0o755)
        self.port, self.secure_port = _free_ports()
        users = "allow_anonymous true"
        if self.users:
            passwords = self.folder / "passwords"
            passwords.touch()
            for name, password in self.users.items():
                subprocess.run(["mosquitto_passwd", "-b", passwords, name, password], check=True)
            passwords.chmod(0o644)  # mosquitto gives up root before it reads it
            users = f"allow_anonymous false\npassword_file {passwords}"
        text = SETTINGS.format(folder=self.folder, port=self.port, users=users)
        if self.identity:
            certificate, key = self.identity
            text += SECURE.format(port=self.secure_port, certificate=certificate, key=key)
        (self.folder / "settings.txt").write_text("user root\n" + text)
        self.start()
        return self

    def start(self) -> None:
        """Start it (again) and wait until it takes connections."""
        program = broker_program()
        if program is None:
            raise LinkLost("there is no mosquitto: tools/clients.sh broker installs it")
        self._process = subprocess.Popen(
            [program, "-c", self.folder / "settings.txt"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        end = time.monotonic() + STARTING_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise LinkLost(f"mosquitto did not start: {self._log()}") from None
            time.sleep(0.05)

    def stop(self) -> None:
        """End it as a service manager does."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait()
            self._process = None

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _log(self) -> str:
        try:
            return (self.folder / "log.txt").read_text()[-500:]
        except OSError as wrong:
            return str(wrong)


def _free_ports() -> tuple[int, int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as first,
        socket.create_server(("127.0.0.1", 0)) as second,
    ):
        return first.getsockname()[1], second.getsockname()[1]
