# SPDX-License-Identifier: Apache-2.0
"""The software module: MACs against the simulator's own ciphers, sealed files, settings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import FormatError, LinkLost
from firmware.hal import cpython as hal
from firmware.module import ABSENT, FAULT, LOCKED, READY, WRONG_TRADE, WRONG_VERSION, sealed
from firmware.module.opening import key_names, open_module
from firmware.module.software import from_file
from host_tools import module_file
from sim.ciphers import Sm4, TripleDes, padded

MASTER = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
OTHER = bytes(range(16))
FACTOR = bytes.fromhex("1122334455667788")
SECRET = "a secret of a laboratory"
KEYS = [
    sealed.Key(0x28, 1, "3des", "right", MASTER),
    sealed.Key(0x28, 2, "3des", "right", OTHER),
    sealed.Key(0x29, 1, "sm4", "right", MASTER),
    sealed.Key(0x29, 2, "sm4", "left", MASTER),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A sealed file and its secret."""
    path = tmp_path_factory.mktemp("module")
    (path / "secret").write_text(SECRET + "\n")
    module_file.write(path / "keys.txt", module_file.seal("metro", KEYS, SECRET))
    return path


@pytest.fixture(scope="module")
def ready(folder):
    """One module for all examples: opening it costs a tenth of a second."""
    return opened(folder)


def settings(folder, **more):
    found = {"module": f"software:{folder}/keys.txt", "module_secret": f"{folder}/secret"}
    return {**found, **more}


def opened(folder, told=None, **more):
    report = told.append if told is not None else lambda event: None
    return open_module(settings(folder, **more), hal, hal, report)


def record_key(cipher, master, factor):
    """A card's key by the simulator's ciphers; 8 bytes of the factor a level."""
    for at in range(0, len(factor), 8):
        master = cipher.card_key(master, factor[at : at + 8].hex(), "")
    return master


def chained(cipher, key, iv, data):
    """The same MAC by the simulator's code, which starts from zeros: the initial value goes into
    the first block.
    """
    blocks = padded(data, cipher.block)
    first = bytes(a ^ b for a, b in zip(iv, blocks[: len(iv)], strict=True))
    return cipher.mac(key, first + blocks[len(iv) :])[:4]


@given(
    st.binary(min_size=8, max_size=8),
    st.binary(max_size=300),
    st.sampled_from([8, 16]),
    st.sampled_from(KEYS),
)
def test_mac_should_be_that_of_the_simulators_ciphers(ready, iv, data, count, key):
    """QX-025: one key, one initial value, one input, two programs."""
    factor = (FACTOR + FACTOR[::-1])[:count]
    cipher = Sm4 if key.kind == "sm4" else TripleDes
    rest = bytes(cipher.block - 8)
    whole = rest + iv if key.side == "right" else iv + rest
    expected = chained(cipher, record_key(cipher, key.value, factor), whole, data)
    assert ready.session(key.key_use, key.version, factor).mac(iv, data) == expected


def test_check_should_know_trade_and_versions(folder, tmp_path):
    """QX-071: present, right trade, right version, each another word."""
    (tmp_path / "other").write_text("another secret of nobody")
    cases = (
        (READY, {}),
        (READY, {"module_trade": "metro", "module_keys": "28/01 29/02"}),
        (WRONG_TRADE, {"module_trade": "parking"}),
        (WRONG_VERSION, {"module_keys": "28/03"}),
        (ABSENT, {"module": f"software:{tmp_path}/absent"}),
        (ABSENT, {"module_secret": f"{tmp_path}/absent"}),
        (FAULT, {"module_secret": f"{tmp_path}/other"}),
    )
    for state, more in cases:
        told = []
        module = opened(folder, told, **more)
        assert module.state() == state, more
        assert (module.session(0x28, 1, FACTOR) is not None) is (state == READY)
        assert told == ([] if state == ABSENT else [{"event": "module", "state": state}])


def test_failed_calls_in_a_row_should_lock_it(folder):
    """A well one between them starts the count anew."""
    module = opened(folder, module_failures="3")
    for _ in range(2):
        assert module.session(0x77, 1, FACTOR) is None
    session = module.session(0x28, 1, FACTOR)
    for left in (2, 1, 0):
        assert module.state() == READY, left
        assert module.session(0x28, 9, FACTOR) is None
    assert module.state() == LOCKED
    assert session.mac(bytes(8), b"data") is None
    assert module.check() == LOCKED


def test_two_sessions_should_not_take_each_others_key(folder):
    """Two records of one card, one module: each MAC is under its own key."""
    module = opened(folder)
    one, other = module.session(0x28, 1, FACTOR), module.session(0x28, 2, FACTOR)
    for session, master in ((one, MASTER), (other, OTHER), (one, MASTER)):
        key = record_key(TripleDes, master, FACTOR)
        assert session.mac(bytes(8), b"record") == chained(TripleDes, key, bytes(8), b"record")


def test_session_should_want_a_factor_and_names_of_a_byte(folder):
    module = opened(folder)
    for names in ((0x28, 1, b"1234567"), (256, 1, FACTOR), (0x28, -1, FACTOR), (1, 1, b"")):
        assert module.session(*names) is None
    assert module.failures == 0  # the card's and the caller's fault, not the module's


def test_settings_should_be_said_where_they_fit_nothing(folder):
    assert open_module({}, hal, hal, print) is None
    assert open_module({"module": "none"}, hal, hal, print) is None
    wrong = (
        {"module": "software:"},
        {"module": "safe:1"},
        {"module_failures": "0"},
        {"module_keys": "28"},
        {"module_keys": "28/0102"},
        {"module_keys": "zz/01"},
    )
    for more in wrong:
        with pytest.raises(FormatError):
            opened(folder, **more)
    with pytest.raises(FormatError):
        open_module({"module": "software:x"}, hal, hal, print)
    assert key_names("28/01 fF/10") == [(0x28, 1), (0xFF, 0x10)]


def test_sealed_file_should_hold_no_key_and_let_nothing_be_changed(folder):
    """QX-070: neither keys nor their hex; another trade, salt, nonce or row opens nothing."""
    text = (folder / "keys.txt").read_text()
    for key in KEYS:
        assert key.value.hex() not in text.lower()
        assert key.value not in bytes.fromhex(text.split("keys:")[1].strip())
    trade, keys = module_file.unseal(text, SECRET)
    assert (trade, [key.value for key in keys]) == ("metro", [key.value for key in KEYS])
    assert "<key 28/01>" in repr(keys) and MASTER.hex() not in repr(keys)
    for old, new in (("metro", "metra"), ("salt: ", "salt: 00"), ("nonce: ", "nonce: 00")):
        bent = text.replace(old, new, 1)
        bent = bent if old == "metro" else "\n".join(cut(row, old) for row in bent.splitlines())
        with pytest.raises(FormatError):
            module_file.unseal(bent, SECRET)
    with pytest.raises(FormatError):
        module_file.unseal(text[:-3], SECRET)


def cut(row, field):
    """A row that got a byte in front loses its last one."""
    return row[:-2] if row.startswith(field) else row


def test_sealing_twice_should_repeat_nothing():
    one, other = (module_file.seal("metro", KEYS, SECRET) for _ in range(2))
    rows = zip(one.splitlines()[2:], other.splitlines()[2:], strict=True)
    assert all(a != b for a, b in rows)


@given(st.binary(max_size=200))
def test_rows_should_raise_format_errors_alone(body):
    try:
        assert sealed.write_rows(sealed.read_rows(body)) == body
    except FormatError:
        pass


@given(st.text(max_size=200), st.integers(0, 400), st.text(max_size=8))
def test_files_should_raise_format_errors_alone(text, at, piece):
    whole = sealed.Sealed("metro", bytes(16), bytes(12), bytes(40)).text()
    for bent in (text, whole[:at] + piece + whole[at:], whole[:at]):
        try:
            sealed.parse(bent)
        except FormatError:
            pass


def test_load_should_say_which_file_is_missing(tmp_path):
    with pytest.raises(LinkLost) as told:
        from_file(str(tmp_path / "a"), str(tmp_path / "b"), hal.read_text, None)()
    assert str(tmp_path / "a") in str(told.value)
