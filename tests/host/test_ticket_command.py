# SPDX-License-Identifier: Apache-2.0
"""`faretap ticket`: keys, one ticket, a table of them, and what a gate reads in them."""

import pytest
from click.testing import CliRunner

from firmware.errors import FormatError
from firmware.formats import ticket
from host_tools import sealing, tickets
from host_tools.cli.ticket import command
from tests.host.console import faretap


def run(*arguments):
    return CliRunner().invoke(command, [str(one) for one in arguments], catch_exceptions=False)


@pytest.fixture
def issuer(tmp_path):
    keys = tmp_path / "keys.txt"
    keys.write_text(run("key", tmp_path / "issuer.key").output)
    return tmp_path / "issuer.key", keys


def test_ticket_should_be_issued_and_read_by_a_gate(issuer, tmp_path):
    """TD-070: SM2 by the kernel's own check; the code is a picture that other programs read."""
    key, keys = issuer
    svg = tmp_path / "code.svg"
    done = run("issue", key, "id=9", "first=2026-12-01", "kind=group", "persons=12", "groups=1 3",
               "hours=09:00-11:30", "--svg", svg)  # fmt: skip
    text = done.output.strip()
    assert len(text) == 139 and svg.read_bytes().startswith(b"<?xml")
    said = run("check", keys, text).output
    for words in ("group", "1 3", "2026-12-01", "09:00-11:30", "12", "SM2"):
        assert words in said
    read = ticket.read_keys(keys.read_text())
    ticket.verify(ticket.read(text, read), read)


def test_rsa_issuer_should_do_too(tmp_path):
    """TD-070: the key files of `faretap seal new`."""
    sealing.make_key(tmp_path / "rsa.pem", b"")
    signer = tickets.load_signer(tmp_path / "rsa.pem")
    text = tickets.issue({"id": "1", "first": "2028-02-29"}, 3, signer)
    assert tickets.described(text, tickets.keys_of(3, signer))["first"] == "2028-02-29"
    assert len(text) < ticket.MOST_SIGNS


def test_table_should_be_issued_whole_or_not_at_all(issuer, tmp_path):
    key, keys = issuer
    table = tmp_path / "t.csv"
    table.write_text("id,first,kind\n1,2026-12-01,adult\n2,2026-12-01,child\n")
    lines = run("batch", key, table, "--folder", tmp_path / "codes").output.split()
    assert [one.split(",")[0] for one in lines] == ["1", "2"]
    assert (tmp_path / "codes/2.svg").exists()
    for rows in (
        "1,2026-12-01,emperor",
        "1,2026-02-30,adult",
        "1,2026-12-01",
        "x,2026-12-01,adult",
    ):
        table.write_text("id,first,kind\n7,2026-12-01,adult\n" + rows + "\n")
        with pytest.raises(FormatError):
            run("batch", key, table)
    table.write_text("id,first\n7,2026-12-01\n7,2026-12-02\n")
    with pytest.raises(FormatError, match="twice"):
        run("batch", key, table)


@pytest.mark.parametrize(
    "words",
    ["id=1", "id=1 first=2026-12-01 last=2026-11-30", "id=1 first=2026-12-01 hours=9-10",
     "id=1 first=2026-12-01 hours=10:61-11:00", "id=1 first=2026-12-01 colour=red",
     "id=1 first=2026-12-01 groups=17", "id=1 first=2026-12-01 daily=often",
     "id=1 id=2 first=2026-12-01", "id=99999999999 first=2026-12-01",
     "id=1 first=2026-12-01 persons=51"],
)  # fmt: skip
def test_what_no_gate_could_use_should_not_be_issued(issuer, words):
    with pytest.raises(FormatError):
        run("issue", issuer[0], *words.split())


def test_forged_ticket_should_end_in_a_sentence(issuer):
    """TD-070: status 2 and no traceback, as a user sees it."""
    key, keys = issuer
    text = run("issue", key, "id=9", "first=2026-12-01").output.strip()
    bent = text[:40] + ("B" if text[40] == "A" else "A") + text[41:]
    done = faretap("ticket", "check", keys, bent)
    assert done.returncode == 2 and "Traceback" not in done.stderr and done.stderr
