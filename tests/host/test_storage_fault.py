# SPDX-License-Identifier: Apache-2.0
"""A journal that cannot be written stops the sale with a word, before the debit (MP-7, MP-8)."""

import resource

from host_tools.cli.runtime import runtime_command
from sim.issuer import Profile
from sim.replaying import until
from sim.rig import Rig
from sim.timing import Timing

CARDS = (("one", "adult", "62280001", Profile()),)


def test_a_storage_that_fails_stops_the_sale_before_the_debit(tmp_path):
    """Every further write of the process fails. CPython: MicroPython dies of the signal."""
    rig = Rig(tmp_path, runtime_command("cpython")[:3], Timing.none(), CARDS)
    with rig:
        card = rig.cards["one"]
        process = rig.firmware.process
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, 0))
        rig.field.place(card)
        shown = until(rig.firmware, "lamp")
        assert shown[-1]["lamp"] == "red"
        assert any("Out of service" in one.get("line2", "") for one in shown)
        assert process.poll() is None and card.debits == [(1, 200, False)]
        rig.field.remove()
        rig.stop_terminal()
        rig.start()  # with a storage that works
        rig.field.place(card)
        assert until(rig.firmware, "tap")[-1]["message"] == "ok"
    assert [final for _, _, final in card.debits] == [False, True]
    assert card.balance_fen == 9800
