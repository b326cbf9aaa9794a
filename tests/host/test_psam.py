# SPDX-License-Identifier: Apache-2.0
"""The terminal's module over a simulated PSAM: directly, over a pty, with what may go wrong."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import FormatError, LinkLost
from firmware.hal import cpython as hal
from firmware.module import ABSENT, LOCKED, READY, STATES, WRONG_TRADE, WRONG_VERSION, profile
from firmware.module.module import Module
from firmware.module.opening import open_module
from firmware.module.psam import Psam
from firmware.module.slot import Frames, Slot
from host_tools.cli.runtime import find_program
from sim import capp_keys
from sim.psam import KEY_USE, PROFILE, VERSIONS, expected_mac
from sim.psam import Psam as SimulatedPsam
from sim.psam_slot import PsamSlot
from sim.pty_line import PtyLine
from tests.hand_clock import HandClock
from tests.host.console import RUNTIMES

ROOT = Path(__file__).resolve().parents[2]

FACTOR = bytes.fromhex("1122334455667788")
WANTED = ((KEY_USE, 1), (KEY_USE, 2), (KEY_USE, 3))


class Contacts:
    """A simulated card as a slot: no reader between."""

    def __init__(self, card):
        self.card = card

    def reset(self):
        if self.card.pulled:
            raise LinkLost("no card")
        self.card.power_up()
        return self.card.atr

    def present(self):
        if self.card.pulled:
            raise LinkLost("no card")

    def exchange(self, command):
        return self.card.exchange(command)


class Directly:
    """A byte stream whose far end answers at once: the frames without a pty."""

    def __init__(self, machine):
        self.machine, self.waiting = machine, b""

    def write(self, data):
        self.machine.feed(data, 0)
        self.waiting += self.machine.outgoing(10**9)

    def read(self, count, timeout_ms):
        found, self.waiting = self.waiting[:count], self.waiting[count:]
        return found

    def close(self):
        self.waiting = b""


def module_over(slot, text=PROFILE, wanted=WANTED, most=10):
    module = Module(Psam(slot, profile.parse(text), wanted), HandClock(), most)
    module.check()
    return module


@given(
    st.binary(min_size=8, max_size=8),
    st.binary(max_size=600),
    st.sampled_from([FACTOR, FACTOR * 2]),
    st.sampled_from(VERSIONS),
    st.sampled_from(["3des", "sm4"]),
    st.booleans(),
)
def test_mac_should_be_that_of_the_cards_side(iv, data, factor, version, cipher, t0):
    """QX-025: both ciphers, one and two levels, data in one command and in several."""
    card = SimulatedPsam(cipher=cipher)
    card.t0 = t0
    module = module_over(Contacts(card), PROFILE + f"block: {card.cipher.block}\n")
    made = module.session(KEY_USE, version, factor).mac(iv, data)
    assert made == expected_mac(KEY_USE, version, factor, iv, data, cipher)


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_rubbish_should_never_raise_and_never_be_a_mac(answers):
    """Whatever a module answers: a state of the table, and None for a MAC unless 4 bytes and 9000
    came.
    """
    card = SimulatedPsam()
    card.rubbish = list(answers)
    assert module_over(Contacts(card), "").state() in STATES
    card = SimulatedPsam()
    session = module_over(Contacts(card)).session(KEY_USE, 1, FACTOR)
    card.rubbish = [*answers, b""]
    made = session.mac(bytes(8), b"data")
    assert made is None or made + b"\x90\x00" in answers


@given(st.binary(max_size=700), st.integers(1, 50))
def test_frames_should_take_any_bytes(data, step):
    frames = Frames()
    for at in range(0, len(data), step):
        for kind, _, payload in frames.feed(data[at : at + step]):
            assert 0 <= kind < 256 and len(payload) <= 262
        assert len(frames.held) <= 271 and frames.wanted() > 0


@given(st.text(max_size=120), st.sampled_from(["", PROFILE]))
def test_profile_should_raise_format_errors_alone(text, before):
    try:
        profile.parse(before + text)
    except FormatError:
        pass


def test_state_should_be_that_of_the_card_that_is_in():
    """QX-071: another trade, another version, keys that are missing, nothing at all."""
    gone = SimulatedPsam()
    gone.pulled = True
    cases = (
        (READY, SimulatedPsam()),
        (WRONG_TRADE, SimulatedPsam(trade=b"\x00\x02")),
        (WRONG_VERSION, SimulatedPsam(version=2)),
        (WRONG_VERSION, SimulatedPsam({(KEY_USE, 1): capp_keys.known_master(KEY_USE, 1)})),
        (ABSENT, gone),
    )
    for state, card in cases:
        assert module_over(Contacts(card)).state() == state


def test_card_that_counts_should_lock_itself_for_good():
    """Its own counter, which no power takes back; the terminal says so."""
    card = SimulatedPsam(most_failures=3)
    module = module_over(Contacts(card), most=200)
    for _ in range(3):
        assert module.state() == READY
        assert module.session(KEY_USE, 99, FACTOR) is None
    assert module.session(KEY_USE, 1, FACTOR) is None
    assert module.state() == LOCKED
    assert module_over(Contacts(card)).state() == LOCKED


def test_module_that_is_pulled_out_should_end_the_session_at_every_command():
    """QX-073: behind 0, 1, 2 .. commands; put back, idle time finds it and the next card is
    served.
    """
    for after in range(6):
        card = SimulatedPsam()
        module = module_over(Contacts(card))
        card.deaf_after = after
        macs = []
        for version in VERSIONS:
            session = module.session(KEY_USE, version, FACTOR)
            macs.append(session and session.mac(bytes(8), b"data"))
        well = after // 2
        assert all(macs[:well]) and not any(macs[well:])
        assert module.state() == ABSENT
        card.pulled, card.deaf_after = False, None
        module.clock.advance(5)
        module.idle()
        assert module.state() == READY
        assert module.session(KEY_USE, 1, FACTOR).mac(bytes(8), b"data")


def test_slot_should_carry_a_module_whatever_the_line_does():
    """Noise and doubled frames cost nothing; a cut or missing one, and noise that looks like the
    head of a longer one, cost this one session.
    """
    machine = PsamSlot(SimulatedPsam())
    module = module_over(Slot(partial(Directly, machine), HandClock()))
    good = expected_mac(KEY_USE, 1, FACTOR, bytes(8), b"data")

    def spoiled(**how):
        session = module.session(KEY_USE, 1, FACTOR)
        for name, value in how.items():
            setattr(machine, name, value)
        made = session.mac(bytes(8), b"data")
        machine.mute = False
        module.clock.advance(5)
        module.idle()
        assert module.state() == READY
        return made

    assert spoiled() == good
    assert spoiled(noise=b"\x00\xff\x13\xc5\xc5\xc5") == good
    assert spoiled(doubled=True) == good
    assert spoiled(noise=b"\xc5\x82\x00\x00") is None
    assert spoiled(cut=1) is None
    assert spoiled(mute=True) is None
    assert spoiled() == good


def test_settings_should_open_a_slot_on_a_pty(tmp_path):
    """`module: serial:PORT` with a profile in a file, as a unit has it."""
    machine = PsamSlot(SimulatedPsam())
    (tmp_path / "city.txt").write_text(PROFILE)
    with PtyLine(machine) as line:
        more = {
            "module": "serial:" + line.path,
            "module_profile": str(tmp_path / "city.txt"),
            "module_keys": "28/01 28/02 28/03",
        }
        told = []
        module = open_module(more, hal, hal, told.append)
        assert told == [{"event": "module", "state": READY}]
        made = module.session(KEY_USE, 2, FACTOR).mac(b"\x01" * 8, b"a record")
        assert made == expected_mac(KEY_USE, 2, FACTOR, b"\x01" * 8, b"a record")
        module.holder.slot.close()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_both_interpreters_should_get_their_macs_over_a_serial_line(runtime, tmp_path):
    """One source: a process of each opens the slot as a unit does."""
    program = find_program("micropython") if runtime == "micropython" else sys.executable
    (tmp_path / "city.txt").write_text(PROFILE)
    with PtyLine(PsamSlot(SimulatedPsam())) as line:
        words = [program, "tests/host/module_peer.py", line.path, tmp_path / "city.txt"]
        ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    good = [expected_mac(KEY_USE, one, bytes(range(8)), bytes(8), b"record") for one in VERSIONS]
    assert ended.stdout.splitlines()[1:] == [one.hex() for one in good], ended.stderr


def test_settings_without_their_library_or_file_should_say_so(tmp_path):
    with pytest.raises(FormatError):
        open_module({"module": "serial:"}, hal, hal, print)
    with pytest.raises(OSError):
        more = {"module": "serial:/dev/null", "module_profile": str(tmp_path / "absent")}
        open_module(more, hal, hal, print)
    absent = {"module": f"serial:{tmp_path}/no-port"}
    assert open_module(absent, hal, hal, print).state() == ABSENT
