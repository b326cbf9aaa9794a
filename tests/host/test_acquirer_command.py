# SPDX-License-Identifier: Apache-2.0
"""`faretap ledger present` and `faretap acquire` as processes, over TCP, killed on the way."""

import os
import random
import subprocess
import threading

import pytest
from click.testing import CliRunner

from host_tools.acquirer.profile import parse
from host_tools.cli.acquire import command as acquire
from host_tools.cli.ledger import command as ledger_command
from host_tools.ledger.vault import VARIABLE
from sim.acquirer_faults import Faults
from sim.acquirer_server import AcquirerServer
from tests.host.acquirer_stand import MASTER, PROFILE, Stand, pan_of
from tests.host.console import PATIENCE_S, command, environment
from tests.host.test_acquirer_present import books_agree, rows

LEDGER_KEY = bytes(range(32))
SALES = 12


class Office(Stand):
    """The stand with a key of its own, its acquirer on a port and its profile in a file."""

    def __init__(self, folder, faults=None):
        super().__init__(folder, PROFILE.replace("retry_s = 1", "retry_s = 0.05"), faults)
        self.server = AcquirerServer(self.way)
        profile = PROFILE.replace("retry_s = 1", "retry_s = 0.05\nretry_most_s = 0.1")
        here = f'[host]\naddress = "127.0.0.1:{self.server.port}"'
        (folder / "bank.toml").write_text(profile.replace("[host]", here))
        (folder / "tmk.hex").write_text(MASTER.hex())

    def open(self) -> None:
        from host_tools.ledger import Ledger

        self.ledger = Ledger(f"sqlite:///{self.folder / 'ledger.db'}", LEDGER_KEY)
        self.ledger.time_utc_s = lambda: self.clock[0]

    def arguments(self, *words: str) -> list[str]:
        given = ["--database", str(self.folder / "ledger.db")]
        has_profile = words[0] in ("present", "key", "run", "sales", "resolve")
        return [*words, *given, *(["--profile", str(self.folder / "bank.toml")] * has_profile)]

    def said(self, *words: str) -> str:
        """A command in this process: all it printed."""
        group = ledger_command if words[0] == "present" else acquire
        done = CliRunner().invoke(group, self.arguments(*words), env={VARIABLE: LEDGER_KEY.hex()})
        if done.exception and not isinstance(done.exception, SystemExit):
            return done.output + str(done.exception)
        return done.output

    def process(self, *words: str) -> subprocess.Popen:
        group = "ledger" if words[0] == "present" else "acquire"
        return subprocess.Popen(
            command(group, *self.arguments(*words)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment() | {VARIABLE: LEDGER_KEY.hex()},
        )


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    made.sell(SALES)
    with made.server:
        yield made
    made.ledger.close()


def test_a_day_is_presented_by_two_commands_and_no_card_number_shows(office):
    """CL-016: outputs, files of the ledger, CSV; the acquirer alone sees whole numbers."""
    office.way.faults.plan = {4: "cut", 6: "bent", 9: "silent"}
    said = office.said("key", "north", "--file", str(office.folder / "tmk.hex"))
    assert "check value" in said and MASTER.hex() not in said.lower()
    told = [said, office.said("present", "261119", "--dry-run", "--open-day")]
    assert f"{SALES} sales" in told[-1] and "0 fit no message" in told[-1]
    assert office.sent == 0 and rows(office) == []
    told.append(office.said("present", "261119"))
    assert "--cut" in told[-1]
    told.append(office.said("present", "261119", "--open-day"))
    assert "balanced" in told[-1], told[-1]
    books_agree(office)
    export = office.folder / "accepted.csv"
    told += [
        office.said("report"), office.said("report", "261119", "--json"),
        office.said("batches"), office.said("accounts"), office.said("run"),
        office.said("sales", "261119", "--accepted"), office.said("sales", "261119", "--torn"),
        office.said("sales", "261119", "--accepted", "--csv", str(export)),
    ]  # fmt: skip
    assert export.read_text().count("622800******") == SALES
    assert "622800******" in "".join(told) and "nothing sent" in office.said("run")
    office.ledger.close()
    files = b"".join(one.read_bytes() for one in office.folder.iterdir() if one.is_file())
    for number in range(1, SALES + 1):
        clear = pan_of(number)
        assert clear not in "".join(told)
        assert clear.encode() not in files and bytes.fromhex(clear) not in files
    office.open()


def test_killed_on_the_way_it_goes_on_there(office):
    """SIGKILL at random messages, before and after the acquirer has committed; then to the end."""
    seed = int(os.environ.get("SEED", "5"))
    print("seed", seed)
    chance = random.Random(seed)
    office.said("key", "north", "--file", str(office.folder / "tmk.hex"))
    running: list[subprocess.Popen] = []
    counted = threading.Event()
    send, left = office.way.send, [0]

    def killing(frame):
        left[0] -= 1
        after = chance.random() < 0.5
        came = send(frame) if left[0] != 0 or after else ([], False)
        if left[0] == 0:
            running[-1].kill()
            counted.set()
        return came

    office.way.send = killing  # type: ignore[method-assign]
    kills = 0
    for _ in range(3):
        left[0] = chance.randrange(1, 9)
        counted.clear()
        running.append(office.process("present", "261119", "--open-day"))
        running[-1].communicate(timeout=PATIENCE_S)
        kills += counted.is_set()
    left[0] = 0
    last = office.process("run")
    said, _ = last.communicate(timeout=PATIENCE_S)
    assert last.returncode == 0, said
    books_agree(office)
    assert len(office.acquirer_book.all_sales()) == SALES and kills >= 2


def test_a_person_settles_what_the_line_cannot(office):
    office.said("key", "north", "--file", str(office.folder / "tmk.hex"))
    office.way.faults = Faults({number: "lost" for number in range(3, 99)})
    assert "no answer that counts" in office.said("present", "261119", "--open-day")
    assert office.said("sales", "261119", "--open").count("not answered yet") == 1
    number = rows(office).index("sent") + 1
    said = office.said("resolve", "north", "7", str(number), "refused", "--note", "their word")
    assert "refused" in said
    again = office.said("resolve", "north", "7", str(number), "accepted", "--note", "no")
    assert "is not open" in again
    office.way.faults.plan = {}
    assert "balanced" in office.said("run")
    assert rows(office).count("acked") == SALES - 1
    assert "by hand: their word" in office.said("sales", "261119", "--refused", "--json")


def test_accounts_go_side_by_side(office):
    south = '[[merchant]]\nname = "south"\nmerchant = "123456789012345"\nterminal = "00001141"\n'
    bank = office.folder / "bank.toml"
    bank.write_text(bank.read_text() + south)
    office.profile = parse(bank.read_text())
    office.host.profile = office.profile
    office.host.masters["00001141"] = office.master
    office.sell(3, terminal=8, first=40)
    for name in ("north", "south"):
        office.said("key", name, "--file", str(office.folder / "tmk.hex"))
    said = office.said("present", "261119", "--open-day", "--at-a-time", "2")
    assert "south: 12 accepted" in said and "north: 3 accepted" in said, said
    books_agree(office)


def test_two_processes_do_not_present_for_one_account(office):
    from firmware.errors import FormatError
    from host_tools.acquirer.alone import alone

    office.said("key", "north", "--file", str(office.folder / "tmk.hex"))
    with alone(office.ledger, "north"):
        assert "another process" in office.said("present", "261119", "--open-day")
        with pytest.raises(FormatError), alone(office.ledger, "north"):
            pass
    assert "balanced" in office.said("run")
