# SPDX-License-Identifier: Apache-2.0
"""The kinds of cards that a terminal must tell apart: what a wallet is made of.

A Kind is the name of a card, the word for what it is, the prefix of its PAN, its Profile, and how
an offline-only terminal of this edition ends a debit of 2.00 on 2026-11-21: `reason` of the
Outcome, and whether the card has lost the money. KINDS are those of the demo.
"""

from collections import namedtuple

from sim.capp_profile import LAYOUTS, Extension
from sim.profile import LOG_PDOL, SHORT_PDOL, Profile, Second

Kind = namedtuple("Kind", "name kind prefix profile reason taken")

ADULT, STUDENT, SENIOR = "62280001", "62280002", "62280003"
CLASSES = ((ADULT, "adult"), (STUDENT, "student"), (SENIOR, "senior"))
FOREIGN_AID = "A0000000031010"


def _pays(name, word, prefix=ADULT, /, **profile):
    return Kind(name, word, prefix, Profile(**profile), "ok", True)


def _refused(name, word, reason, prefix=ADULT, /, **profile):
    return Kind(name, word, prefix, Profile(**profile), reason, False)


def _debited(name, word, reason, /, **profile):
    return Kind(name, word, ADULT, Profile(**profile), reason, True)


KINDS = (
    _pays("adult-1", "adult"),
    _pays("adult-2", "adult", balance_fen=25000, exponent=65537),
    _pays("adult-3", "adult", bits=1152),
    _pays("adult-4", "adult", uid="08A1B2C3", cvn="17"),
    _pays("adult-5", "adult", kind="B", uid="A1B2C3D4"),
    _pays("student-1", "student", STUDENT),
    _pays("student-2", "student", STUDENT, balance_fen=2000),
    _pays("senior-1", "senior", SENIOR),
    _refused("low-balance", "low_balance", "card_declined", balance_fen=50),
    _refused("deny-listed", "deny_listed", "deny_list"),
    _refused("expired", "expired", "expired", effective="150101", expiry="241231"),
    _refused("unknown-ca", "unknown_ca", "oda_failed"),
    _refused("forged-signature", "forged", "oda_failed", forged="sdad"),
    _debited("forged-hash", "forged", "oda_failed", forged="hash"),
    _refused("forged-certificate", "forged", "oda_failed", forged="certificate"),
    _refused("foreign", "foreign", "no_common_app", "47617390", aid=FOREIGN_AID, label="FOREIGN"),
    _pays("slow", "slow", busy_ms={"GPO": 900}),
)

NATIONAL = (
    _pays("sm2", "sm2", suite="sm2"),
    _pays("sm2-v00", "sm2", suite="sm2", fdda="00", version="0020"),
    _pays("both-suites", "both_suites", suite="both"),
    _refused("sm2-certificate", "forged_sm2", "oda_failed", suite="sm2", forged="certificate"),
    _refused("sm2-signature", "forged_sm2", "oda_failed", suite="sm2", forged="sdad"),
    _debited("sm2-hash", "forged_sm2", "oda_failed", suite="sm2", forged="hash"),
)

MORE_KINDS = (
    *NATIONAL,
    _pays("long-key", "long_key", bits=1984, exponent=65537),
    _pays("short-key", "short_key", bits=512),
    _pays("v00", "v00", fdda="00", version="0020"),
    _refused("downgrade", "downgrade", "oda_failed", fdda="00"),
    _pays("auth-16", "long_9f69", card_auth_bytes=16),
    _pays("one-file", "shape", shape="one_file", track2_in="record"),
    _pays("four-files", "shape", shape="four_files", track2_in=""),
    _pays("high-files", "shape", shape="high_files"),
    _pays("unsigned", "shape", shape="unsigned"),
    _pays("two-signed", "shape", shape="two_signed"),
    _pays("short-pdol", "short_pdol", pdol=SHORT_PDOL, cvn="17"),
    _pays("full-log", "full_log", pdol=LOG_PDOL),
    _pays("no-log", "no_log", log=False, load_log=False),
    _pays("no-issuer-data", "issuer_data", idd=""),
    _pays("static-data", "issuer_data", idd="A1B2C3D4"),
    _pays("hidden-balance", "hidden_balance", unreadable=("9F79", "9F5D"), show_balance=False),
    _pays(
        "nothing-shown",
        "hidden_balance",
        unreadable=("9F79", "9F5D"),
        show_balance=False,
        idd="",
        log=False,
    ),
    _pays("records-need-gpo", "records_need_gpo", records_need_gpo=True),
    _pays("rollback-at-gpo", "rollback_at_gpo", rollback="gpo"),
    _pays("trans-prove", "trans_prove", trans_prove=True, capp="01"),
    _pays("second-currency", "second_currency", second=Second()),
    _pays("hong-kong", "second_currency", currency="0344", second=Second(currency="0156")),
    _pays("abroad", "abroad", currency="0344", options="84000000", foreign_limit=3),
    _refused("abroad-forbidden", "abroad", "card_declined", currency="0344"),
    _pays("ctta", "ctta", options="40400000", total_limit_fen=5000, idd="03"),
    _pays("ctta-only", "ctta", options="20400000", total_limit_fen=5000, balance_fen=0, idd="04"),
    _refused("ctta-used-up", "ctta", "card_declined", options="40400000", total_limit_fen=100),
    _refused("no-option", "no_option", "card_declined", options="00400000"),
    _refused("single-limit", "single_limit", "card_declined", single_limit_fen=199),
    _refused("new-card", "new_card", "card_declined", new_card=True, options="80600000"),
    _refused("pin-used-up", "pin_used_up", "card_declined", pin_tries=0, options="88400000"),
    _refused("holder-check", "holder_check", "gpo_refused", cvm_limit_fen=100),
    _refused("atc-used-up", "atc_used_up", "gpo_refused", atc=0xFFFF),
    _refused("sda-only", "sda_only", "oda_failed", oda="sda", aip="4000"),
    _pays("both-methods", "both_methods", oda="both"),
    _refused("blocked", "blocked", "app_blocked", blocked="application"),
    _refused("blocked-card", "blocked", "no_ppse", blocked="card"),
)
# With an extended application: a terminal that has none debits them as any card
EXTENDED_KINDS = (
    _pays("metro-1", "metro", extended=Extension(("metro", "pass", "rides"))),
    _pays("metro-r-mac", "metro_r_mac", extended=Extension(("metro", "rides"), r_mac=True)),
    _pays("metro-offset", "metro_offset", extended=Extension(("metro",), offset_fen=2000)),
    _pays("bike-1", "bike", extended=Extension(("bike", "fuel", "bus", "rides"))),
    _pays("bike-sm2", "bike_sm2", suite="sm2", extended=Extension(("bike", "fuel"), r_mac=True)),
    _pays("bike-r-mac", "bike_r_mac", extended=Extension(("bike", "rides"), r_mac=True)),
    _pays(
        "city-1", "city", extended=Extension(tuple(LAYOUTS["own"]), r_mac=True, offset_fen=2000)
    ),
    _pays("meter-1", "meter", extended=Extension(("meter",))),
    _pays("meter-r-mac", "meter_r_mac", extended=Extension(("meter", "pass"), r_mac=True)),
    _pays("meter-sm2", "meter_sm2", suite="sm2", extended=Extension(("meter",), r_mac=True)),
    _pays("t-union", "t_union", extended=Extension(tuple(LAYOUTS["t-union"]), layout="t-union")),
    _pays("park-1", "parking", extended=Extension(("parking", "rides"))),
    _pays("park-r-mac", "parking_r_mac", extended=Extension(("parking", "rides"), r_mac=True)),
    _pays("park-sm2", "parking_sm2", suite="sm2", extended=Extension(("parking",), r_mac=True)),
    _pays("stage-1", "stage", extended=Extension(("metro", "bus", "pass", "rides"))),
    _pays(
        "stage-sm2",
        "stage_sm2",
        suite="sm2",
        extended=Extension(("metro", "bus", "pass", "rides"), r_mac=True),
    ),
    _pays("metro-sm2", "metro_sm2", suite="sm2", extended=Extension(("metro",), r_mac=True)),
)
ALL_KINDS = KINDS + MORE_KINDS + EXTENDED_KINDS


def kind_called(word):
    """The Kind whose card is called `word`, or the first of the kind `word`; None: no such."""
    for one in ALL_KINDS:
        if one.name == word:
            return one
    return next((one for one in ALL_KINDS if one.kind == word), None)
