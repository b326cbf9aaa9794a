# SPDX-License-Identifier: Apache-2.0
"""The operator's pages around a small ledger, and browsers that are signed in."""

import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from argon2 import PasswordHasher
from starlette.testclient import TestClient

from firmware.formats import batch, record
from host_tools.ledger import Ledger, registry
from host_tools.office.app import Options, make_app, make_office
from host_tools.office.pages import PAGES
from host_tools.office.passwords import Passwords
from host_tools.office.people import ROLES, People
from tests.host.test_ledger import PAN, packed

KEY = bytes(range(32))
NOW = 1795190400  # 2026-11-21 00:00 in China: still business day 261120 where the cut is at 3
SECRET = "a-good-long-secret"
OPERATOR = 'N<script>alert("x")</script>\u202eorth & Co'


def quick_passwords():
    """Argon2 with the least memory there is: tests are not attacked."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def sold(atc, time="120000", **more):
    return packed(atc=atc, date="261120", time=time, line=52, time_utc_s=NOW - 40000 + atc, **more)


def fill(ledger):
    """Two terminals of a hostile operator, one of each thing that has to be looked after."""
    registry.enrol(ledger, [7, 8], OPERATOR, "<b>key</b>")
    number = bytes.fromhex(PAN + "f")
    ledger.commit(
        7, [(1, sold(1)), (2, sold(2, kind=record.PENDING, gpo_answer=number)), (3, b"")]
    )
    ledger.commit(8, [(1, sold(1)), (2, sold(1, fen=300)), (3, b"\x63 later")])
    frame = batch.pack_batch(7, [(1, sold(1, driver=5)), (9, b"?")])
    with ledger.sitting() as sitting:
        sitting.refuse(7, "<i>reason</i>")
        sitting.keep_aside(7, "1 is stored with <u>other</u> bytes", frame)
        sitting.keep_aside(7, "half", frame[:40])
    kept = quick_passwords().keep(SECRET)
    for role in ROLES:
        People(ledger).add(role, role, kept)


@cache
def filled():
    """The file of such a ledger in SQLite, made once."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        ledger = Ledger(f"sqlite:///{path}", KEY, time_utc_s=lambda: NOW)
        fill(ledger)
        ledger.close()
        return path.read_bytes()


class Stand:
    """`browser(role)` is signed in; clock: `now`, in seconds UTC, and `monotonic_s`."""

    def __init__(self, folder, url="", **options):
        self.now = NOW
        self.monotonic_s = 0.0
        if not url:
            (folder / "ledger.db").write_bytes(filled())
        self.ledger = Ledger(
            url or f"sqlite:///{folder / 'ledger.db'}", KEY, workers=4,
            time_utc_s=lambda: self.now,
        )  # fmt: skip
        if url:
            fill(self.ledger)
        self.office = make_office(self.ledger, Options(**options), quick_passwords())
        self.office.monotonic_s = lambda: self.monotonic_s
        self.app = make_app(self.office, PAGES)
        self.office.figures.look()

    def client(self, address="127.0.0.1"):
        """A browser that nobody has signed in with."""
        scheme = "https" if self.office.options.secure else "http"
        return TestClient(
            self.app, base_url=f"{scheme}://localhost", follow_redirects=False,
            client=(address, 50000),
        )  # fmt: skip

    def sign_in(self, client, name, secret=SECRET):
        """The answer to the form of the login page."""
        token = re.search('name="csrf" value="([^"]+)"', client.get("/login").text)[1]
        form = {"name": name, "password": secret, "csrf": token}
        return client.post("/login", data=form)

    def browser(self, role):
        """Signed in."""
        client = self.client()
        assert self.sign_in(client, role).status_code == 303
        return client

    def close(self):
        self.ledger.close()


def csrf(client):
    """The token of this browser's forms."""
    return re.search('name="csrf" value="([^"]+)"', client.get("/account").text)[1]


def send(client, path, **form):
    """A form, with its token."""
    return client.post(path, data={"csrf": csrf(client), **form})


def digest_of(stand):
    """By which the batches in quarantine are named."""
    return re.findall(
        r"/quarantine/7/([0-9a-f]{32})", stand.browser("viewer").get("/quarantine").text
    )
