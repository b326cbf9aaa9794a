# SPDX-License-Identifier: Apache-2.0
"""`faretap collect` and `faretap ledger`: records arrive over TCP and serial, late or not."""

import json
import os
import pty
import select
import socket
import threading
import time
import tty

import pytest

from sim.chip import Chip
from sim.field import Field
from sim.serve import PtyServer
from sim.timing import Timing
from sim.wallet import Wallet
from tests.host.console import PATIENCE_S, faretap, started, stopped


class Cable:
    """Two ptys joined: what one end says the other hears. `ends` are their paths."""

    def __init__(self):
        pairs = [pty.openpty() for _ in range(2)]
        for _, slave in pairs:
            tty.setraw(slave)
        self.masters = [master for master, _ in pairs]
        self.slaves = [slave for _, slave in pairs]
        self.ends = [os.ttyname(slave) for slave in self.slaves]
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._carry, daemon=True)
        self.thread.start()

    def _carry(self):
        here, there = self.masters
        while not self.over.is_set():
            for fd in select.select(self.masters, [], [], 0.1)[0]:
                os.write(there if fd == here else here, os.read(fd, 4096))

    def close(self):
        self.over.set()
        self.thread.join()
        for fd in self.masters + self.slaves:
            os.close(fd)


@pytest.fixture
def stand(tmp_path):
    """A wallet, its parameter file and a virtual chip with an adult's card in front of it."""
    wallet = Wallet.create(tmp_path / "wallet")
    text = faretap("card", "parameters", "--wallet", tmp_path / "wallet").stdout
    (tmp_path / "parameters.txt").write_text(text)
    field = Field()
    with PtyServer(Chip(field, Timing.none())) as server:
        field.place(wallet.card("adult-1"))
        yield tmp_path, server.path


def collector_at(folder, port):
    database = folder / "ledger.db"
    return started("collect", "--simulated", "--tcp", f"127.0.0.1:{port}", "--database", database)


def terminal(folder, reader, link):
    return started(
        "terminal", "--reader", f"serial:{reader}", "--parameters", folder / "parameters.txt",
        "--journal", folder / "journal.bin", "--link", link,
    )  # fmt: skip


def approved(folder):
    """JSON rows of approved records, waited for."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        done = faretap("ledger", "list", "--json", "--kind", "approved",
                       "--database", folder / "ledger.db")  # fmt: skip
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        if rows:
            return rows
        time.sleep(0.2)
    raise AssertionError("no record came: " + done.stderr)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def test_a_tap_arrives_over_tcp_and_the_ledger_knows_the_card(stand):
    folder, reader = stand
    port = free_port()
    collector = started(
        "collect", "--simulated", "--tcp", f"127.0.0.1:{port}", "--database", folder / "ledger.db"
    )
    device = terminal(folder, reader, f"tcp:127.0.0.1:{port}")
    rows = approved(folder)
    stopped(device)
    said, status = stopped(collector)
    assert status == 0 and f"port {port}" in said
    assert [row["amount_fen"] for row in rows] == [200]
    assert "*" in rows[0]["card"] and len(rows[0]["card"]) == 16
    told = faretap("ledger", "card", rows[0]["card"], "--database", folder / "ledger.db").stdout
    assert "approved" in told and "2.00" in told
    totals = faretap("ledger", "totals", "--database", folder / "ledger.db").stdout
    assert "paid" in totals


def test_the_same_frames_go_over_a_serial_line(stand):
    folder, reader = stand
    cable = Cable()
    collector = started(
        "collect",
        "--simulated",
        "--tcp",
        "none",
        "--serial",
        cable.ends[0],
        "--database",
        folder / "ledger.db",
    )
    device = terminal(folder, reader, f"serial:{cable.ends[1]}")
    rows = approved(folder)
    stopped(device)
    stopped(collector)
    cable.close()
    assert [row["amount_fen"] for row in rows] == [200]


def test_a_collector_that_is_away_gets_the_record_when_it_is_back(stand):
    folder, reader = stand
    port = free_port()
    device = terminal(folder, reader, f"tcp:127.0.0.1:{port}")
    time.sleep(1.5)
    collector = started(
        "collect", "--simulated", "--tcp", f"127.0.0.1:{port}", "--database", folder / "ledger.db"
    )
    rows = approved(folder)
    stopped(device)
    stopped(collector)
    assert len(rows) == 1


def test_a_ledger_that_is_not_there_is_said_in_words(tmp_path):
    done = faretap("ledger", "totals", "--database", tmp_path / "none.db")
    assert done.returncode == 2
    assert "no such ledger" in done.stderr and "Traceback" not in done.stderr


def test_a_file_that_is_no_ledger_is_refused(tmp_path):
    (tmp_path / "text.db").write_text("this is no database at all, " * 100)
    done = faretap("ledger", "totals", "--database", tmp_path / "text.db")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_unknown_card_is_said_in_words(stand):
    folder, _ = stand
    collector = collector_at(folder, 0)
    assert "collecting" in collector.stdout.readline()
    stopped(collector)
    told = faretap("ledger", "card", "1234", "--database", folder / "ledger.db")
    assert told.returncode == 0 and "nothing is known" in told.stdout
    assert faretap("ledger", "card", "??", "--database", folder / "ledger.db").returncode == 2


def test_an_upload_that_does_not_get_through_is_said_once(stand):
    folder, reader = stand
    device = terminal(folder, reader, f"tcp:127.0.0.1:{free_port()}")
    time.sleep(4)
    said, _ = stopped(device)
    assert "Paid 2.00" in said
    assert said.count("upload: ") == 1
