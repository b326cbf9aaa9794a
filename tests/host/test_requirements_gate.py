# SPDX-License-Identifier: Apache-2.0
"""One gate, one way to `approved`: who may make a Ready, ask for a record, conclude.

The tables are short on purpose. Whoever adds a row says with it that money may move there.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# torn: the debit stands, nothing is committed
MAKE_READY = {"transaction.gate", "torn.complete", "torn.conclude_kept"}
ASK_FOR_RECORDS = {
    "transaction.read_application_data",  # all but the last
    "transaction.commit",  # the last one, of a Ready
    "torn.complete", "torn._read_again",  # after the debit, without a GPO
    "torn._is_logged", "card_number.read_card_number",  # without a GPO: they commit nothing
    "capp._newest",  # of the cyclic file, before GPO
    "enquiry._records", "enquiry.read_load_proof",
}  # fmt: skip
CONCLUDE = {"sale.purchase", "torn.complete", "torn.conclude_kept"}
CALL_COMMIT = {"sale.purchase"}
SAY_APPROVED = {  # the only ones that hand the word out
    "transaction.conclude", "torn.complete",
    "capp_torn._completed",  # a stamp under R-MAC, by parameter; unproven in the books (QX-041)
}  # fmt: skip


def functions():
    """(module.function, node) of every function of kernel and devices, methods by their name."""
    for folder in ("kernel", "devices"):
        for path in sorted((ROOT / "firmware" / folder).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef):
                    yield "%s.%s" % (path.stem, node.name), node


def called(name):
    """Functions that call `name`, plain or as an attribute."""
    found = set()
    for where, node in functions():
        for one in ast.walk(node):
            if isinstance(one, ast.Call):
                target = getattr(one.func, "attr", getattr(one.func, "id", ""))
                if target == name and not where.endswith("." + name):
                    found.add(where)
    return found


def handing_out(word):
    """Functions in which `outcome.WORD` stands anywhere but in a comparison."""
    found = set()
    for where, node in functions():
        compared = {
            id(part)
            for one in ast.walk(node)
            if isinstance(one, ast.Compare)
            for part in ast.walk(one)
        }
        for one in ast.walk(node):
            if isinstance(one, ast.Attribute) and one.attr == word and id(one) not in compared:
                found |= {where} if getattr(one.value, "id", "") == "outcome" else set()
    return found


def test_only_the_gate_should_make_what_commit_wants():
    """QT-143: Ready is made by the gate; commit() is called with what prepare() gave."""
    assert called("Ready") == MAKE_READY
    assert called("gate") == {"transaction.prepare"}
    assert called("commit") == CALL_COMMIT


def test_records_should_be_asked_for_in_few_places():
    """QT-143: the last record has one sender before the debit."""
    assert called("read_record") <= ASK_FOR_RECORDS
    assert {"transaction.read_application_data", "transaction.commit"} <= called("read_record")


def test_approved_should_have_one_source():
    """QT-234: the words of approval come from conclude(), behind a signature that verified."""
    assert handing_out("APPROVED") | handing_out("RECOVERED") == SAY_APPROVED
    assert called("conclude") == CONCLUDE
    node = dict(functions())["transaction.conclude"]
    lines = ast.unparse(node)
    assert lines.index("check_signature") < lines.index("except") < lines.rindex("Outcome(")
    handler = [one for one in ast.walk(node) if isinstance(one, ast.ExceptHandler)][0]
    assert "after_failure" in ast.unparse(handler), "a failed signature must change the word"


def test_the_tables_should_be_able_to_fail():
    assert called("no_such_function") == set()
    assert called("select") and "apdu.select" not in called("select")
    assert handing_out("DECLINED") - SAY_APPROVED
