# SPDX-License-Identifier: Apache-2.0
"""Releases in the slots of an emulated Pico: started where they lie, or left for what is frozen.

They are laid into the flash; `faretap pico update` has one fetched over the link, too slow for
here.
"""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from firmware.boot import record
from firmware.formats import signed
from firmware.formats.release import BODY_AT
from host_tools import release_files, signing
from host_tools.cli.runtime import find_compiler
from sim.pico_stand import Stand
from sim.pico_update import NUMBER, lay, place, record_in, said_boots, small_body, whole_body
from sim.wallet import Wallet

READY_MS = 3000  # what a start may take
CRASHES = {"firmware/__init__.py": b"", "firmware/main.py": b"raise ValueError('made to fail')\n"}


@pytest.fixture(scope="module")
def signer():
    return signing.RsaSigner(rsa.generate_private_key(signed.EXPONENT, 2048))


@pytest.fixture
def board(image, tmp_path):
    """An erased board with our files, its power not yet on."""
    return Stand(image, Wallet.create(tmp_path / "wallet").parameters()).start()


def release(body, signer):
    return release_files.signed_release(body, "pico", NUMBER, "test", "", signer)


def test_a_release_is_executed_where_it_lies(board, signer):
    """TD-020: all modules of a bus out of a slot, ready in time."""
    lay(board, release(whole_body("bus", find_compiler()), signer), active=record.A)
    assert board.run(lambda: board.said("ready"), READY_MS), (board.events, board.texts)
    assert said_boots(board) == [("a", NUMBER)]


def test_a_release_that_crashes_is_left_by_itself(board, signer, tmp_path):
    """TD-020: its last start is used up, the next one is of what is frozen."""
    body = small_body(tmp_path / "release", find_compiler(), CRASHES)
    lay(board, release(body, signer), trial=record.A, left=1)
    assert board.run(lambda: len(said_boots(board)) == 2, 6000), (board.events, board.texts)
    assert said_boots(board) == [("a", NUMBER), ("factory", 1)]
    left = board.said("boot")[-1]
    assert (left["left"], left["why"]) == (NUMBER, "never good")
    assert "made to fail" in left["text"]
    values = record_in(board.flash)
    assert (values["trial"], values["returned"]) == (record.FACTORY, NUMBER)


def test_a_damaged_slot_is_not_started(board, signer, tmp_path):
    """One bit of its body has changed: the hash at the start says so."""
    body = small_body(tmp_path / "release", find_compiler(), CRASHES)
    lay(board, release(body, signer), active=record.A)
    board.device.mcu.flash[place("slot_a") + BODY_AT + len(body) // 2] ^= 1
    assert board.run(lambda: said_boots(board), 2000), (board.events, board.texts)
    assert said_boots(board) == [("factory", 1)]
    assert board.said("boot")[0]["why"] == "damaged"
