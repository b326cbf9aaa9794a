# SPDX-License-Identifier: Apache-2.0
"""Which fare tables a unit takes: signed ones where it has an authority, no damaged next one."""

from types import SimpleNamespace

import pytest

from firmware.devices import tariff
from firmware.errors import FormatError
from firmware.fares import layout
from firmware.formats import signed
from host_tools import sealing, signing
from tests.fares import tables

FLEET = SimpleNamespace(ceiling_fen=10000)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return (
        signing.RsaSigner(sealing.make_key(folder / "rsa.pem", b"")),
        signing.make_sm2_key(folder / "sm2.txt"),
        signing.RsaSigner(sealing.make_key(folder / "other.pem", b"")),
    )


def table(version, effective, fen=200):
    rows = {"products": [tables.product("12", layout.FLAT, fen=fen)]}
    return tables.packed(rows, version=version, effective=effective)


def file_of(signer, payload, version=1, kind=signed.FARES, form=layout.LAYOUT):
    return signing.sign_payload(payload, kind, form, version, "", signer)


class Opened:
    """What a unit with these files makes of its settings."""

    def __init__(self, files, authority=None):
        self.files = files
        self.events = []
        rsa, sm2 = authority or (b"", b"")
        more = {"fares": " ".join(files)} if files else {}
        settings = SimpleNamespace(authority=rsa, authority_sm2=sm2, more=more)
        self.tables = tariff.open_tables(settings, FLEET, self, self.events.append)

    def open_blob(self, path):
        if self.files.get(path) is None:
            raise OSError(2, "no such file")
        return signing.Bytes(self.files[path])


OLD, NEXT = table(7, "20260101000000"), table(8, "20270101000000", 300)


def test_unit_without_authority_should_take_a_table_as_it_is(keys):
    assert Opened({"a": OLD}).tables.at((2026, 5, 1, 0, 0, 0)).version == 7
    assert Opened({"a": file_of(keys[0], OLD)}).tables.at((2026, 5, 1, 0, 0, 0)).version == 7


@pytest.mark.parametrize("which", [0, 1])
def test_unit_with_authority_should_take_its_signed_tables_alone(keys, which):
    """TD-020: RSA and SM2; unsigned, by another, of another kind, or with one bit changed."""
    signer, other = keys[which], keys[2]
    whole = file_of(signer, OLD)
    assert Opened({"a": whole}, signer.authority).tables.at((2026, 5, 1, 0, 0, 0)).version == 7
    bent = whole[:-1] + bytes((whole[-1] ^ 1,))
    for bad in (
        OLD,
        bent,
        whole[:-1],
        file_of(other, OLD),
        file_of(signer, OLD, kind=signed.DENY_LIST),
        file_of(signer, OLD, form=2),
        file_of(signer, b"noise"),
        None,
    ):
        with pytest.raises(FormatError):
            Opened({"a": bad}, signer.authority)


def test_both_tables_should_be_held():
    """TD-007: the next one lies there and counts from its second on."""
    both = Opened({"a": OLD, "b": NEXT})
    assert both.events == []
    assert both.tables.at((2026, 12, 31, 23, 59, 59)).version == 7
    assert both.tables.at((2027, 1, 1, 0, 0, 0)).version == 8


@pytest.mark.parametrize(
    "bad",
    [None, NEXT[:-1], table(7, "20270101000000"), table(6, "20270101000000"),
     table(8, "20260101000000"), table(8, "20270231000000"), b""],
)  # fmt: skip
def test_bad_next_table_should_leave_the_one_in_force(bad):
    """TD-020: missing, cut, no newer, no later; nobody has to walk, and it is reported."""
    opened = Opened({"a": OLD, "b": bad})
    assert opened.tables.at((2030, 1, 1, 0, 0, 0)).version == 7
    assert [one["event"] for one in opened.events] == ["fares_refused"]
    assert opened.events[0]["why"].startswith("b: ")


def test_unit_without_any_table_should_say_so():
    with pytest.raises(FormatError, match="names no file"):
        Opened({})
