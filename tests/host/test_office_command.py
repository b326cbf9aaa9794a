# SPDX-License-Identifier: Apache-2.0
"""`faretap office`: people from the console, what it refuses to serve, TLS, the simulated city."""

import datetime
import socket
import ssl
import threading
import time
import urllib.request

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firmware.errors import FormatError
from host_tools.cli.office import command, make_server
from host_tools.ledger import Ledger, rollout, settlement, status
from host_tools.office import sums
from host_tools.office.figures import Figures
from host_tools.office.people import People
from sim.office_city import City
from sim.office_fleet import Clock
from tests.host.office_stand import SECRET, Stand


@pytest.fixture
def database(tmp_path):
    Ledger(f"sqlite:///{tmp_path / 'ledger.db'}").close()
    return str(tmp_path / "ledger.db")


def run(database, *words, given=""):
    return CliRunner().invoke(command, ["--database", database, *words], input=given)


def test_people_are_added_stopped_and_listed(database):
    said = run(database, "user", "add", "Lin", "--role", "clerk", "--password-stdin", given=SECRET)
    assert said.output == "lin may sign in as clerk\n" and said.exit_code == 0
    assert run(database, "user", "stop", "lin").exit_code == 0
    assert run(database, "user", "list").output.split() == ["lin", "clerk", "stopped"]
    again = run(database, "user", "password", "lin", given=f"{SECRET}2\n{SECRET}2\n")
    assert again.exit_code == 0 and SECRET not in again.output
    assert "active" in run(database, "user", "list").output
    for words, given in ((("add", "lin"), SECRET), (("add", "li"), "short")):
        wrong = run(database, "user", *words, "--password-stdin", given=given)
        assert isinstance(wrong.exception, FormatError), words
    assert isinstance(run(database, "user", "stop", "nobody").exception, FormatError)
    ledger = Ledger(f"sqlite:///{database}")
    told = [(row.who, row.did) for _, row in People(ledger).log(0, 9)]
    assert told == [
        ("(console)", "change password"), ("(console)", "change user"), ("(console)", "add user"),
    ]  # fmt: skip
    ledger.close()


def test_passwords_do_not_cross_a_network_in_clear(database):
    for words in (["--address", "0.0.0.0:0"], ["--address", "192.168.1.1:0"]):
        refused = run(database, *words)
        assert refused.exit_code == 2 and "--certificate" in refused.output


def certificate(folder):
    """A certificate for localhost, of nobody."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "office.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "office.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )  # fmt: skip
    return str(folder / "office.pem"), str(folder / "office.key")


def test_pages_are_served_by_tls(tmp_path):
    stand = Stand(tmp_path, secure=True)
    pem, key = certificate(tmp_path)
    server = make_server(stand.office, pem, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.02)
        trusts = ssl.create_default_context(cafile=pem)
        with urllib.request.urlopen(f"https://localhost:{port}/login", context=trusts) as answer:
            assert answer.headers["strict-transport-security"]
            assert "Secure" in answer.headers["set-cookie"]
            assert "server" not in answer.headers and b"Sign in" in answer.read()
        with pytest.raises(OSError):
            urllib.request.urlopen(f"http://localhost:{port}/login")
        server.should_exit = True
        thread.join()
    stand.close()


def test_the_simulated_city_settles_and_has_what_its_pages_show(tmp_path):
    clock = Clock()
    ledger = Ledger(f"sqlite:///{tmp_path / 'city.db'}", time_utc_s=clock)
    City(ledger, clock, days=4).make()
    (sales, fen), doubt = ledger.totals()["approved"], ledger.totals()["pending"]
    shown = settlement.overview(ledger, 9)
    assert sum(one.sales_fen for one in shown) == fen > 0 and sales > 1000 and doubt[0]
    seen = Figures(ledger, 24 * 3600).look()
    assert seen.fleet.lost == 2 and all(seen.alarms.marks.values()) and seen.alarms.quarantine
    assert sums.forged(seen.alarms.refusals) and any(one.late for one in shown)
    assert [one.state for one in rollout.rollouts(ledger)] == ["running", "halted", "running"]
    assert max(one.backlog for one in status.fleet(ledger)) < 10
    ledger.close()
