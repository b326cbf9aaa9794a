# SPDX-License-Identifier: Apache-2.0
"""The image of a Pico, executed: it boots, debits, keeps, and uploads after the plug was pulled.

Processor, chip and cards are simulated; image, firmware, collector and ledger are the real ones.
"""

from datetime import datetime
from pathlib import Path

import pytest

from host_tools.collector import Collector
from host_tools.ledger import Ledger, keys, registry
from sim.chip import Chip
from sim.depot_wire import Depot
from sim.field import Field
from sim.parameter_file import parameter_text
from sim.pico import Pico
from sim.timing import Timing
from sim.wallet import Wallet

IMAGE = Path(__file__).resolve().parents[2] / "build/micropython/pico.uf2"
TERMINAL = 7
KEY = bytes(range(32))
FARE_FEN = 200
UTC = (2026, 11, 21, 10, 0, 0)
SETTINGS = f"""terminal: {TERMINAL}
reader: serial:1:tx=4,rx=5
journal: flash:end
journal_blocks: 100
parameters: parameters.txt
link: serial:0:tx=0,rx=1
upload_key: {KEY.hex()}
"""
READY_MS, TAP_MS, UPLOAD_MS = 3000, 2000, 4000  # limits far off: what it takes is measured apart


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    registry.enrol(opened, [TERMINAL])
    keys.enter(opened, TERMINAL, "one", KEY)
    return opened


def utc_s():
    return datetime.fromisoformat("2026-11-21T10:00:00+00:00").timestamp()


def test_an_image_boots_debits_and_settles_after_the_plug_was_pulled(tmp_path, ledger):
    wallet = Wallet.create(tmp_path / "wallet")
    field, card = Field(), wallet.card("adult-1")
    before_fen = card.balance_fen
    files = {
        "settings.txt": SETTINGS,
        "parameters.txt": parameter_text(wallet.parameters(), FARE_FEN),
    }

    first = Pico(IMAGE, files=files, utc=UTC)
    first.wire(1, Chip(field, Timing()))  # no link: UART 0 is open
    assert first.run(lambda: first.said("ready"), READY_MS), first.texts
    field.place(card)
    assert first.run(lambda: first.said("tap"), first.now_ms + TAP_MS), first.texts
    (tap,) = first.said("tap")
    assert (tap["outcome"], tap["amount_fen"]) == ("approved", FARE_FEN), tap
    assert card.balance_fen == before_fen - FARE_FEN
    field.remove()
    flash = first.flash  # the plug is pulled

    second = Pico(IMAGE, flash=flash)
    second.wire(1, Chip(field, Timing()))
    depot = Depot(Collector(ledger, time_utc_s=utc_s, enrolment=False, unsigned=False))
    second.wire(0, depot)
    assert second.run(lambda: ledger.rows(), UPLOAD_MS), (second.texts, depot.heard)
    (row,) = ledger.rows()
    assert (row.terminal, row.sequence, row.kind, row.amount_fen) == (
        TERMINAL, tap["sequence"], "approved", FARE_FEN
    )  # fmt: skip
    assert card.balance_fen == before_fen - FARE_FEN
