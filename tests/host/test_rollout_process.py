# SPDX-License-Identifier: Apache-2.0
"""A real terminal and a real collector, processes both: status seen, a deny list rolled out, a
listed card refused from then on (TD-020, TD-014).
"""

import json
import re
import time

import pytest
from click.testing import CliRunner

from firmware.formats import signed
from host_tools import deny_list, signing
from host_tools.cli.ledger import command as ledger_command
from host_tools.cli.runtime import runtime_command
from host_tools.ledger import Ledger, keys, registry
from sim.issuer import Profile
from sim.rig import TERMINAL, Rig
from sim.timing import Timing
from tests.host.console import PATIENCE_S, RUNTIMES, started, stopped
from tests.host.events import wait_for

CARDS = (("one", "adult", "62280001", Profile()), ("two", "adult", "62280001", Profile()))
SECRET = bytes(range(32))


def tapped(rig, name):
    """Message of one tap."""
    rig.field.place(rig.cards[name])
    tap = wait_for(rig.firmware, lambda one: one["event"] == "tap")[-1]
    rig.field.remove()
    wait_for(rig.firmware, lambda one: one["event"] == "ready")
    return tap["message"]


def until(asked, wanted):
    """The first answer that is wanted."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = asked()
        if wanted(found):
            return found
        time.sleep(0.2)
    raise AssertionError(found)


@pytest.fixture
def city(tmp_path):
    """(database, port of a collector's process)"""
    database = tmp_path / "city.db"
    ledger = Ledger(f"sqlite:///{database}")
    registry.enrol(ledger, [TERMINAL])
    keys.enter(ledger, TERMINAL, "one", SECRET)
    ledger.close()
    collector = started("collect", "--simulated", "--tcp", "127.0.0.1:0", "--database", database)
    port = int(re.search(r"port (\d+)", collector.stdout.readline())[1])
    yield database, port
    stopped(collector)


def wire(rig, port, signer, path):
    """The unit's settings: another collector, a key, an authority, a deny list."""
    settings = rig.folder / "settings.txt"
    lines = re.sub(r"link: .*", f"link: tcp:127.0.0.1:{port}", settings.read_text())
    settings.write_text(
        f"{lines}\nupload_key: {SECRET.hex()}\n{signer.setting}\ndeny_list: {path}\n"
    )


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_list_that_is_rolled_out_stops_a_card(tmp_path, city, runtime):
    database, port = city

    def said(*words):
        """Output of `faretap ledger`, in this process: it is asked again and again."""
        told = CliRunner().invoke(ledger_command, [*map(str, words), "--database", str(database)])
        assert told.exit_code == 0, told.output
        return told.output

    def asked(*words):
        return [json.loads(line) for line in said(*words, "--json").splitlines()]

    signer = signing.make_sm2_key(tmp_path / "list.key")
    with Rig(tmp_path, runtime_command(runtime)[:3], Timing.none(), CARDS, same_card_s=0) as rig:
        rig.stop_terminal()
        wire(rig, port, signer, tmp_path / "deny.bin")
        rig.start()
        assert tapped(rig, "one") == "ok"

        (seen,) = until(lambda: asked("terminals"), lambda found: found[0]["last_sequence"] > 0)
        assert seen["said"] and seen["firmware"] and not seen["lost"]
        assert seen["versions"].split() == ["deny:0", "deny-changes:0"]

        listed = [deny_list.Listed(rig.cards["one"].pan, reason="lost", date="260301")]
        made = signing.sign_payload(deny_list.build(listed), signed.DENY_LIST, 1, 41, "", signer)
        (tmp_path / "new.bin").write_bytes(made)
        said("rollout", "add", tmp_path / "new.bin", "--key", tmp_path / "list.key")
        said("rollout", "start", "deny", 41, "--terminal", TERMINAL)
        rig.power_up()  # its first word is a status; else the next one is due in ten minutes
        assert tapped(rig, "two") == "ok"
        wait_for(rig.firmware, lambda one: one.get("what") == "taken")
        assert tapped(rig, "one") == "deny_list" and tapped(rig, "two") == "ok"

        (member,) = until(
            lambda: asked("rollout", "show", "1"),
            lambda found: found[0]["standing"] == "in force",
        )
        assert (member["terminal"], member["in_force"]) == (TERMINAL, 41)
        (seen,) = asked("terminals")
        assert (
            seen["taps"] == 1
            and seen["p95_ms"]
            and seen["versions"].split() == ["deny:41", "deny-changes:0"]
        )
