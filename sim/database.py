# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of its own, in a temporary folder, on a loopback port that is free.

The server is Debian's (`tools/clients.sh database` installs it), nothing of it is simulated; it
ends with the `with` block. As root it runs as another user, because it refuses to run as root.
Durable as delivered, commits at least: fsync and synchronous_commit are on.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from firmware.errors import LinkLost

USERS = ("postgres", "nobody")
STARTING_S = 60
SETTINGS = """listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
shared_buffers = 128MB
max_connections = 40
max_wal_size = 4GB
logging_collector = off
recovery_init_sync_method = syncfs
"""


def server_programs() -> Path | None:
    """The folder of initdb and postgres, the newest there is; None without a server."""
    beside = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version)
    for folder in reversed(beside + installed):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


def _version(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdigit() else 0


class Database:
    """`fresh()` makes room in it once entered. LinkLost when the server does not start."""

    def __init__(self) -> None:
        self.folder = Path()
        self.port = 0
        self._made = 0
        self._process: subprocess.Popen | None = None

    def fresh(self, disk: Path | None = None) -> str:
        """The URL, as SQLAlchemy has it, of a place without tables: a schema of its own.

        disk: a folder of the server's user in which its tables are to lie; until forget() it may
        not go.
        """
        self._made += 1
        name = f"fresh{self._made:d}"
        self._say(f"CREATE SCHEMA {name}")
        options = f"-csearch_path%3D{name}"
        if disk:
            os.chown(disk, self._as.get("user", -1), self._as.get("group", -1))
            self._say(f"CREATE TABLESPACE {name} LOCATION '{disk}'")
            options += f"%20-cdefault_tablespace%3D{name}"
        return f"postgresql+psycopg://faretap@127.0.0.1:{self.port}/postgres?options={options}"

    def forget(self) -> None:
        """Drop the last place that was made, with its disk."""
        name = f"fresh{self._made:d}"
        self._say(f"DROP SCHEMA {name} CASCADE")
        self._say(f"DROP TABLESPACE IF EXISTS {name}")

    def _say(self, command: str) -> None:
        where = f"host=127.0.0.1 port={self.port} user=faretap dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(command.encode())

    def __enter__(self) -> "Database":
        programs = server_programs()
        if programs is None:
            raise LinkLost("there is no PostgreSQL: tools/clients.sh database installs it")
        self.folder = Path(tempfile.mkdtemp(prefix="faretap-pg-"))
        self._programs = programs
        self._as = _another_user(self.folder)
        data = self.folder / "data"
        self._run(
            "initdb", "-D", data, "-U", "faretap", "-A", "trust", "-E", "UTF8", "--no-locale"
        )
        self.port = _free_port()
        with (data / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(SETTINGS.format(port=self.port, folder=self.folder))
        self.start()
        return self

    def start(self) -> None:
        """Start it (again) and wait until it takes connections."""
        log = self.folder / "log.txt"
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.folder / "data"],
                stdout=out, stderr=out, cwd=self.folder, **self._as,
            )  # fmt: skip
        end = time.monotonic() + STARTING_S
        ready = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode:
            if self._process.poll() is not None or time.monotonic() > end:
                raise LinkLost("PostgreSQL did not start: " + log.read_text()[-500:])
            time.sleep(0.1)

    def kill(self) -> None:
        """End it as a power cut would, as far as a process can tell."""
        if self._process:
            self._process.send_signal(3)  # SIGQUIT: immediate shutdown, recovery at the next start
            self._process.wait()
            self._process = None

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: object) -> None:
        done = subprocess.run(
            [self._programs / program, *map(str, arguments)],
            capture_output=True, text=True, check=False, cwd=self.folder, **self._as,
        )  # fmt: skip
        if done.returncode:
            raise LinkLost(f"{program}: {done.stderr.strip()[-500:]}")


def _another_user(folder: Path) -> dict:
    """For subprocess: who runs it; the folder becomes theirs."""
    if os.getuid():
        return {}
    for name in USERS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, found.pw_uid, found.pw_gid)
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise LinkLost("PostgreSQL does not run as root, and there is no user for it")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]
