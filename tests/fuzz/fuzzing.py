# SPDX-License-Identifier: Apache-2.0
"""Runs atheris: one process a target, its corpus in build/fuzz, its findings beside it.

libFuzzer ends its process, so each target has its own (process.py).
"""

import re
import subprocess
import sys
import time
from pathlib import Path

from tests.fuzz import reached, seeds

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "build" / "fuzz"
HANG_S = 20  # libFuzzer's own watch; bounds.CPU_S is stricter and says more
RSS_MB = 600
MOST_KEPT = 200  # lines of a corpus file
LONGEST_KEPT = 400  # bytes of a line of it; longer inputs stay in build/


def run_all(targets, seconds, seed):
    """Fuzz each target; a line for each, then the findings. 1 when there are any."""
    found, rows = [], []
    for target in targets:
        row, findings = run(target, seconds, seed)
        rows.append(row)
        print("%-10s %9d inputs %6d/s  %5d edges  %5d kept  %4d MB" % row, flush=True)
        found += [(target.name, path) for path in findings]
    print("%-10s %9d inputs" % ("in all", sum(row[1] for row in rows)))
    for name, path in found:
        print("FOUND by %s; replay it:\n  %s -m tests.fuzz replay %s %s"
              % (name, Path(sys.executable), name, path.relative_to(ROOT)))  # fmt: skip
    return 1 if found else 0


def run(target, seconds, seed):
    """((name, inputs, per second, edges, corpus, MB), [paths of findings]) of one target."""
    corpus, findings = HOME / "corpus" / target.name, HOME / "findings" / target.name
    began = time.time()
    _plant(target, corpus)
    findings.mkdir(parents=True, exist_ok=True)
    words = HOME / (target.name + ".dict")
    words.write_text(_dictionary(), encoding="ascii")
    done = _libfuzzer(
        target,
        corpus,
        "-max_total_time=%d" % seconds,
        "-max_len=%d" % target.longest,
        "-timeout=%d" % HANG_S,
        "-rss_limit_mb=%d" % RSS_MB,
        "-seed=%d" % seed,
        "-artifact_prefix=%s/" % findings,
        "-dict=%s" % words,
        "-report_slow_units=%d" % HANG_S,
        "-print_final_stats=1",
    )
    (HOME / (target.name + ".log")).write_text(done, encoding="utf-8")
    new = [path for path in sorted(findings.iterdir()) if path.stat().st_mtime >= began - 1]
    if "stat::number_of_executed_units" not in done and not new:
        print(done[-2000:], file=sys.stderr)
        raise SystemExit("%s: the fuzzer did not run" % target.name)
    return (target.name, *_figures(done)), new


def _libfuzzer(target, *options):
    command = [sys.executable, "-m", "tests.fuzz.process", target.name, *map(str, options)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace")
    return done.stdout + done.stderr


def _figures(text):
    def last(pattern):
        return int((re.findall(pattern, text) or ["0"])[-1])

    return (
        last(r"number_of_executed_units: *(\d+)") or last(r"^#(\d+)\t"),
        last(r"average_exec_per_sec: *(\d+)"),
        last(r" cov: (\d+)"),
        last(r" corp: (\d+)"),
        last(r"peak_rss_mb: *(\d+)"),
    )


def _plant(target, corpus):
    """Seeds and kept inputs become files; what an earlier run found stays."""
    corpus.mkdir(parents=True, exist_ok=True)
    known = seeds.made(target.name) + [data for _, data in seeds.kept(target.name)]
    for at, data in enumerate(known):
        (corpus / ("seed-%03d" % at)).write_bytes(data)


def _dictionary():
    return "".join(
        ['"%s"\n' % "".join(["\\x%02x" % byte for byte in word]) for word in seeds.WORDS]
    )


def keep(targets):
    """Write the inputs of the grown corpus that reach what no shorter one does into corpus/."""
    for target in targets:
        known = [data for _, data in seeds.kept(target.name)] + seeds.made(target.name)
        grown = sorted({path.read_bytes() for path in (HOME / "corpus" / target.name).glob("*")})
        grown = [data for data in grown if len(data) <= LONGEST_KEPT and data not in known]
        arcs = set()
        for data in known:
            arcs |= reached.arcs(target.run, data)
        new = []
        for data in sorted(grown, key=len):
            found = reached.arcs(target.run, data)
            if not found <= arcs:
                arcs |= found
                new.append(data)
        _write(target.name, new)
    return 0


def _write(name, new):
    """Faults first, as they stand; then what was reached, shortest first."""
    path = seeds.CORPUS / (name + ".txt")
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    room = MOST_KEPT - len(lines)
    fresh = ["reached: " + data.hex() for data in new[: max(0, room)]]
    if lines or fresh:
        path.write_text("\n".join(lines + fresh) + "\n", encoding="ascii")
    print("%-10s %3d lines, %d new" % (name, len(lines) + len(fresh), len(fresh)))
