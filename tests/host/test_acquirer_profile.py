# SPDX-License-Identifier: Apache-2.0
"""Profiles, keys and the table of answers of the acquirer's side."""

import dataclasses
import tomllib

import pytest

from firmware.errors import FormatError
from host_tools.acquirer import answers, keys, mac
from host_tools.acquirer.profile import Host, Rules, parse
from host_tools.cli.acquire_open import SAMPLE
from tests.host.acquirer_stand import PROFILE

MASTER = keys.Key(bytes(range(16)))


def test_the_sample_says_the_defaults_and_all_of_them():
    text = SAMPLE.read_text(encoding="utf-8")
    found = parse(text)
    assert (found.host, found.rules, found.codes) == (Host(), Rules(), {})
    written = tomllib.loads(text)
    named = {one.name for one in dataclasses.fields(Rules)}
    assert set(written["rules"]) == named - {"field_55"} and "# field_55" in text
    assert set(written["host"]) == {one.name for one in dataclasses.fields(Host)}


@pytest.mark.parametrize(
    "change",
    [
        ("[rules]", "[rules]\nmac = 'des'"),
        ("[rules]", "[rules]\nunknown = 1"),
        ("[rules]", "[rules]\nfield_55 = ['9F26']"),
        ("[rules]", "[rules]\nfield_55 = ['9F26', 5, '8A']"),
        ("[rules]", "[rules]\noptional = [64]"),
        ("[rules]", "[rules]\nmac_messages = ['0200', 1]"),
        ("[rules]", "[rules]\nmac_whole_key = 'yes'"),
        ("batch_sales = 8", "batch_sales = 1000"),
        ("batch_sales = 8", "batch_sales = true"),
        ("answer_s = 0.3", "answer_s = 0"),
        ("answer_s = 0.3", "answer_s = nan"),
        ("answer_s = 0.3", "header = '60'"),
        ("retry_s = 1", "retry_s = 61"),
        ('merchant = "123456789012345"', 'merchant = "1234"'),
        ('terminal = "00001140"', ""),
        ("[[merchant]]", "[answers]\n68 = 'no'\n[[merchant]]"),
        ("[[merchant]]", "[[shop]]"),
        ("[[merchant]]", "[["),
    ],
)
def test_a_profile_that_is_wrong_says_where(change):
    text = PROFILE.replace(*change)
    assert text != PROFILE
    with pytest.raises(FormatError) as wrong:
        parse(text)
    assert str(wrong.value)


def test_two_merchants_have_two_names_and_two_terminals():
    merchant = PROFILE[PROFILE.index("[[merchant]]") :]
    with pytest.raises(FormatError, match="same name"):
        parse(PROFILE + merchant.replace("00001140", "00001141"))
    with pytest.raises(FormatError, match="same terminal"):
        parse(PROFILE + merchant.replace("north", "south"))


def test_every_answer_has_a_class():
    own = {"68": answers.REFUSED, "Z1": answers.LATER}
    expected = {"00": "accepted", "94": "duplicate", "96": "later", "A0": "keys", "97": "stop",
                "05": "refused", "": "refused", "68": "refused", "Z1": "later"}  # fmt: skip
    assert {code: answers.class_of(code, own) for code in expected} == expected


@pytest.mark.parametrize("layout", ["001", "003", "004"])
def test_working_keys_come_wrapped_under_check_values(layout):
    size, names = keys.LAYOUTS[layout]
    sent = [keys.Key(bytes([n]) * size) for n in range(1, len(names) + 1)]
    wrapped = keys.wrap(MASTER, sent)
    assert keys.unwrap(MASTER, layout, wrapped) == dict(zip(names, sent, strict=True))
    for at in range(0, len(wrapped), 3):
        bent = wrapped[:at] + bytes([wrapped[at] ^ 0x10]) + wrapped[at + 1 :]
        with pytest.raises(FormatError, match="check value"):
            keys.unwrap(MASTER, layout, bent)
    with pytest.raises(FormatError):
        keys.unwrap(MASTER, layout, wrapped[:-1])


def test_no_key_is_shown():
    shown = f"{MASTER} {MASTER!r} {[MASTER]}"
    assert MASTER.value.hex() not in shown.lower() and "0001020304" not in shown
    assert mac.check_value(MASTER.value).hex().upper() in shown


def test_a_master_key_comes_from_the_environment_or_a_text():
    digits = MASTER.value.hex()
    assert keys.from_environment({"FARETAP_ACQUIRER_TMK": digits}, "city") == MASTER
    both = {"FARETAP_ACQUIRER_TMK": "00" * 16, "FARETAP_ACQUIRER_TMK_NORTH_1": digits}
    assert keys.from_environment(both, "north-1") == MASTER
    assert keys.from_environment({}, "city") is None
    for wrong in ("", "00" * 8, "x" * 32):
        with pytest.raises(FormatError) as said:
            keys.read(wrong)
        assert not wrong or wrong not in str(said.value)
