# SPDX-License-Identifier: Apache-2.0
"""Mutation testing: do the tests notice when a line of the firmware is wrong?

    tools/mutation.sh [--share 0.25] [--seed 1] FILE ...

mutmut makes small faults in the files (a copy of the checkout in build/mutation/tree), and
mutation_run.py tries the shared tests that touch the function on each, until one fails. A fault
that changes nothing but the text of a message is left out beforehand, and counted: what is said to
people is not what these tests are for. So is one that leaves out a byte order CPython takes
anyhow. A share below 1 takes that part of the rest, chosen by the seed.

Prints a line a file; the survivors with their difference go to build/mutation/survivors.txt.
"""

import argparse
import ast
import difflib
import json
import random
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "build" / "mutation"
TREE, RESULTS, SURVIVORS = HOME / "tree", HOME / "results.json", HOME / "survivors.txt"
TESTS = ("tests/kernel", "tests/devices", "tests/capp", "tests/formats", "tests/fares")
# Where a fault of a file shows first; nothing but time depends on this table.
FIRST = {
    "tlv": "test_tlv* test_dol",
    "dol": "test_dol test_tlv*",
    "bits": "test_digits",
    "bcd": "test_digits test_track_2",
    "apdu": "test_digits test_tlv_writing test_gpo",
    "work": "test_gate test_oda",
    "rsa": "test_oda test_gate",
    "capk": "test_capk test_oda",
    "preprocess": "test_preprocess",
    "selection": "test_selection",
    "card_number": "test_card_number",
    "tap": "test_gpo test_restrictions test_gate test_fdda",
    "transaction": "test_gate test_gpo test_restrictions test_fdda",
    "chain": "test_gate test_oda test_sm_gate",
    "oda": "test_oda test_gate",
    "oda_rsa": "test_oda test_gate",
    "oda_sm2": "test_oda_sm2 test_sm_gate",
    "sda": "test_sda",
    "fdda": "test_fdda",
    "get_data": "test_torn*",
    "torn": "test_torn*",
    "torn_taps": "test_torn*",
    "sale": "test_sale test_hostile_cards test_torn_taps",
    "engine": "test_prices test_times test_stays test_hostile_tables",
    "base": "test_prices test_hostile_tables",
    "discounts": "test_prices test_times test_hostile_tables",
    "stay": "test_stays",
    "table": "test_hostile_tables test_prices",
    "layout": "test_hostile_tables",
    "cutover": "test_times",
    "calendar": "test_calendar test_times test_riders",
    "paid": "test_riders test_ride_bank",
    "card_sums": "test_card_sums test_host_sums",
    "riders": "test_riders test_ride_bank",
    "ride_bank": "test_ride_bank",
    "host_sums": "test_host_sums",
    "deny_list": "test_deny*",
    "signed": "test_signed test_deny",
    "holds": "test_holds test_bike test_fuel",
    "freeze": "test_sums test_holds",
    "bike": "test_bike",
    "bike_docks": "test_bike",
    "fuel": "test_fuel*",
    "fuel_fills": "test_fuel*",
    "card_trade": "test_metro_card test_stage test_holds",
    "trip_card": "test_metro_card test_parking_card test_toll_card",
    "trip": "test_trip test_metro_card test_parking_card",
    "parking_card": "test_parking_card",
    "stage_price": "test_stage test_stage_bus",
    "stage_rides": "test_stage*",
    "passes": "test_sums test_stage*",
    "subsidy": "test_subsidy test_canteen",
    "sm2": "test_sm2",
    "sm3": "test_sm3",
}
CONFIG = """[mutmut]
source_paths=firmware
only_mutate={files}
also_copy=
 sim
 tests
 host_tools
"""
# calls whose text arguments, from this one on, are read by people only; reason words are not texts
MESSAGES = {
    "FormatError": 0,
    "OdaFailed": 0,
    "BadSignature": 0,
    "_Refusal": 1,
    "_other": 1,
    "Verdict": 2,
    "require": 1,
    "_require": 1,
    "_opened": 2,
    "opened": 2,
    "_modulus": 3,
    "modulus": 3,
    "_month": 1,
    "month": 1,
    "torn": 1,
    "_unproven": 1,
}


def main():
    """Status of the process."""
    words = argparse.ArgumentParser(prog="tools/mutation.sh", description="Mutate, test, count.")
    words.add_argument("files", nargs="+", metavar="FILE")
    words.add_argument("--share", type=float, default=1.0)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--again", action="store_true", help="only print the last run once more")
    given = words.parse_intermixed_args()
    if not given.again:
        prepare(given.files)
        generate()
    dice, chosen, texts = random.Random(given.seed), {}, {}
    for file in given.files:
        mutants = mutants_of(file)
        telling = sorted(name for name, one in mutants.items() if not one.is_text)
        texts[file] = len(mutants) - len(telling)
        count = len(telling) if given.share >= 1 else round(given.share * len(telling))
        chosen[file] = {name: mutants[name] for name in dice.sample(telling, count)}
    if not given.again:
        run([(name, first_modules(file)) for file in chosen for name in chosen[file]])
    return report(chosen, texts)


def modules(folders):
    """Names of the test modules in these folders."""
    paths = [path for one in folders for path in sorted(ROOT.glob(one + "/test_*.py"))]
    return [path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in paths]


def first_modules(file):
    """Names of the test modules that are quick to notice a fault in `file`."""
    wanted = FIRST.get(Path(file).stem, "").split()
    found = modules(TESTS)
    return [name for name in found if any(fnmatch(name.split(".")[-1], one) for one in wanted)]


def prepare(files):
    """A copy of the checkout with the settings of mutmut."""
    shutil.rmtree(TREE, ignore_errors=True)
    TREE.mkdir(parents=True)
    for folder in ("firmware", "sim", "tests", "host_tools"):
        shutil.copytree(ROOT / folder, TREE / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", TREE)
    listed = "".join("\n " + one for one in files)
    (TREE / "setup.cfg").write_text(CONFIG.format(files=listed), encoding="ascii")


def generate():
    """Write the mutants of the chosen files into TREE/mutants and run nothing."""
    code = (
        "from mutmut import __main__ as m; m.set_mutant_under_test('mutant_generation'); "
        "m.Path('mutants').mkdir(); m.copy_src_dir(); m.copy_also_copy_files(); "
        "m.setup_source_paths(); m.create_mutants(1)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=TREE, check=True, stdout=subprocess.DEVNULL)


class Mutant:
    """One fault: `function` as it was and `mutated`, both as sources."""

    def __init__(self, name, function, mutated):
        self.name = name
        self.difference = "".join(
            list(difflib.unified_diff(function.splitlines(True), mutated.splitlines(True), n=1))[
                2:
            ]
        )
        self.is_text = _silent(function) == _silent(mutated)


def mutants_of(file):
    """Dict of mutmut's name -> Mutant, read off the file it wrote."""
    text = (TREE / "mutants" / file).read_text(encoding="utf-8")
    module = file.removesuffix(".py").replace("/", ".")
    sources = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and "__mutmut_" in node.name:
            sources[node.name] = re.sub(r"\b%s\b" % node.name, "f", ast.unparse(node)) + "\n"
    found = {}
    for name, mutated in sources.items():
        head, _, number = name.rpartition("__mutmut_")
        if number != "orig":
            found[module + "." + name] = Mutant(name, sources[head + "__mutmut_orig"], mutated)
    return found


class _Silent(ast.NodeTransformer):
    """Takes the texts of messages out of a tree, and "big" where CPython has it for a default."""

    def visit_Call(self, node):
        """Arguments of a call that are texts for people."""
        self.generic_visit(node)
        called = node.func.attr if isinstance(node.func, ast.Attribute) else None
        called = called or getattr(node.func, "id", "")
        if called == "refused":
            node.args[2:3] = []
        elif called in MESSAGES:
            node.args = node.args[: MESSAGES[called]]
        elif called in ("to_bytes", "from_bytes"):  # MicroPython wants the word
            node.args = [one for one in node.args if getattr(one, "value", None) != "big"]
        return node

    def visit_Return(self, node):
        """A sentence that is returned is one sentence or another."""
        self.generic_visit(node)
        first = node.value.left if isinstance(node.value, ast.BinOp) else node.value
        if isinstance(first, ast.Constant) and " " in str(first.value):
            node.value = ast.Constant("sentence")
        return node


def _silent(source):
    return ast.dump(_Silent().visit(ast.parse(source)))


def run(mutants):
    """Try these mutants (mutation_run.py); the results go to RESULTS, a dict name -> word."""
    order = {"mutants": mutants, "modules": modules(TESTS), "results": str(RESULTS)}
    (HOME / "order.json").write_text(json.dumps(order), encoding="ascii")
    command = [sys.executable, ROOT / "tools/mutation_run.py", HOME / "order.json"]
    with open(HOME / "log.txt", "w", encoding="utf-8") as log:
        done = subprocess.run(command, cwd=TREE, stdout=log, stderr=subprocess.STDOUT)
    if done.returncode:
        raise SystemExit("the tests did not run; see %s" % log.name)


def report(chosen, texts):
    """Print the score of each file, write the survivors. Returns 0."""
    results = json.loads(RESULTS.read_text(encoding="ascii"))
    total = noticed = 0
    lines = []
    for file, mutants in chosen.items():
        tried = [name for name in mutants if name in results]  # a run may have been cut short
        left = sorted(name for name in tried if results[name] == "survived")
        late = [name for name in tried if results[name] == "late"]
        count = len(tried)
        lines += ["== %s\n%s\n" % (name, mutants[name].difference) for name in left]
        total, noticed = total + count, noticed + count - len(left)
        share = 100 * (count - len(left)) / max(1, count)
        row = (count - len(left), count, share, len(late), texts[file], file)
        print("%4d of %4d noticed  %5.1f %%  %3d of them late  %4d of texts left out  %s" % row)
    print("%4d of %4d noticed  %5.1f %%  in all" % (noticed, total, 100 * noticed / max(1, total)))
    SURVIVORS.write_text("".join(lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
