# SPDX-License-Identifier: Apache-2.0
"""A terminal as a process, on both interpreters, with a deny list in files under an SM2 key."""

import pytest

from firmware.formats import signed
from host_tools import deny_list, signing
from host_tools.cli.runtime import runtime_command
from sim.issuer import Profile
from sim.rig import Rig
from sim.timing import Timing
from tests.host.console import RUNTIMES
from tests.host.events import wait_for

CARDS = (("one", "adult", "62280001", Profile()), ("two", "adult", "62280001", Profile()))


def tapped(rig, name):
    """Message of one tap."""
    rig.field.place(rig.cards[name])
    tap = wait_for(rig.firmware, lambda one: one["event"] == "tap")[-1]
    rig.field.remove()
    wait_for(rig.firmware, lambda one: one["event"] == "ready")
    return tap["message"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_running_terminal_should_change_to_the_next_list_by_itself(tmp_path, runtime):
    """TD-020, TD-024: refused by the first list, let go by the changes, both lists from files."""
    signer = signing.make_sm2_key(tmp_path / "list.key")
    path = tmp_path / "deny.bin"
    with Rig(tmp_path, runtime_command(runtime)[:3], Timing.none(), CARDS, same_card_s=0) as rig:
        pans = {name: card.pan for name, card in rig.cards.items()}
        rig.stop_terminal()
        settings = tmp_path / "settings.txt"
        own = f"\n{signer.setting}\ndeny_list: {path}\n"
        settings.write_text(settings.read_text() + own)
        payload = deny_list.build([deny_list.Listed(pans["one"], reason="lost", date="260301")])
        path.write_bytes(signing.sign_payload(payload, signed.DENY_LIST, 1, 41, "", signer))
        rig.start()
        assert (tapped(rig, "one"), tapped(rig, "two")) == ("deny_list", "ok")
        freed = deny_list.build([deny_list.Listed(pans["one"], deny_list.layout.FREED)], [], 41)
        delta = signing.sign_payload(freed, signed.DENY_DELTA, 1, 42, "", signer)
        waiting = tmp_path / "deny.bin.next"
        waiting.with_suffix(".part").write_bytes(delta)
        waiting.with_suffix(".part").replace(waiting)
        wait_for(rig.firmware, lambda one: one.get("what") == "taken")
        assert not waiting.exists() and (tmp_path / "deny.bin.delta").exists()
        assert tapped(rig, "one") == "ok"
