# SPDX-License-Identifier: Apache-2.0
"""Texts of known keys with any values: FormatError and nothing else; words for all reasons."""

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware import settings as unit
from firmware.devices import panel
from firmware.errors import FormatError
from firmware.formats import parameters
from tests.host.test_panel_tables import tables

ROOT = Path(__file__).resolve().parents[2]
KEYS = parameters.SINGLE + parameters.MANY + unit.SINGLE
values = st.one_of(
    st.text(max_size=30), st.integers().map(str), st.from_regex(r"[0-9A-F ]{0,40}", fullmatch=True)
)
texts = st.lists(st.tuples(st.sampled_from(KEYS), values), max_size=8).map(
    lambda pairs: "fare_fen: 200\n" + "\n".join(f"{key}: {value}" for key, value in pairs)
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(texts)
def test_any_text_should_be_read_or_refused(text):
    for parse in (parameters.parse, unit.parse):
        try:
            parse(text, "some.txt")
        except FormatError as wrong:
            assert str(wrong).startswith("some.txt:")


def test_every_reason_in_the_source_should_have_a_message():
    """QT-242: no silent end; the words are found where an Outcome is made."""
    found = set()
    for path in sorted((ROOT / "firmware").rglob("*.py")):
        if path.parent.name in ("capp", "module"):
            continue  # words of a rule and of a PSAM, which devices translate
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r'_Refusal\(\s*"([a-z_]+)"', text))
        found |= set(re.findall(r'_other\(\s*"([a-z_]+)"', text))
        found |= set(re.findall(r'outcome\.[A-Z_]+,\s*"([a-z_]+)"', text))
        found |= set(re.findall(r'return (?:None, )?"([a-z]+_[a-z_]+)"', text))
    found -= {"not_performed", "online_pin"}
    found -= {"pass_hours"}  # rule of an entry: why its pass will not hold
    assert {"oda_failed", "no_ppse", "gpo_refused", "over_ceiling", "deny_list"} <= found
    known = {row.split("|")[0] for _, rows in tables() for row in rows.strip().split("\n")}
    assert set(panel.names()) <= known
    assert found <= known, found - known
