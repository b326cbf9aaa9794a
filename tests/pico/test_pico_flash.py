# SPDX-License-Identifier: Apache-2.0
"""`faretap provision` and `faretap flash` on the emulated Pico, over its USB: from an erased board
with our image to a terminal that passes its self-test and is ready.
"""

import subprocess
import time
from pathlib import Path

from sim.chip import Chip
from sim.field import Field
from sim.parameter_file import parameter_text
from sim.pico import Pico
from sim.pico_usb import Usb
from sim.timing import Timing
from sim.wallet import Wallet
from tests.host.console import command, environment, faretap

IMAGE = Path(__file__).resolve().parents[2] / "build/micropython/pico.uf2"
PROMPT_MS, READY_MS = 6000, 20000
PATIENCE = 400  # the emulator is 25 times slower than a board; `make test` leaves it what is idle
FLASH_S = 900  # of this machine: the emulator waits for the tool as well


def test_an_erased_board_becomes_a_terminal(tmp_path):
    facts = Wallet.create(tmp_path / "wallet").parameters()
    (tmp_path / "parameters.txt").write_text(parameter_text(facts, 200))
    unit = tmp_path / "7"
    given = ("--board", "pico", "--terminal", 7, "--set", "journal_blocks=16")
    done = faretap("provision", unit, *given, "--parameters", tmp_path / "parameters.txt")
    assert done.returncode == 0, done.stderr

    pico = Pico(IMAGE, utc=(2026, 11, 21, 10, 0, 0))
    pico.wire(1, Chip(Field(), Timing()))
    usb = Usb(pico)
    assert pico.run(lambda: usb.carry() or pico.said("stopped") or pico.texts, PROMPT_MS)
    tool = subprocess.Popen(
        command("flash", "pico", "--port", usb.port, "--unit", unit, "--patience", PATIENCE),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(),
    )  # fmt: skip
    late = time.monotonic() + FLASH_S

    def is_over():
        usb.carry()
        return tool.poll() is not None or time.monotonic() > late

    try:
        pico.run(is_over, float("inf"))
        ended = tool.poll() is not None
    finally:
        tool.kill()
        said = tool.communicate()[0]
    assert ended, said
    assert "verified    3 files by SHA-256, terminal 7" in said, said
    for part in ("reader", "journal", "1 CA keys", "fare 200 fen", "random source"):
        assert f"self-test   ok        {part}" in said, said
    assert "self-test   fault 30  clock 2021" in said, said  # nobody has set it yet
    pico.events.clear()
    assert pico.run(lambda: usb.carry() or pico.said("ready"), pico.now_ms + READY_MS), pico.texts
    usb.close()
