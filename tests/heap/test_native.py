# SPDX-License-Identifier: Apache-2.0
"""The C twins under the sanitizers of gcc: no byte beside its buffer, nothing undefined, the same
answers as everywhere. Both multiplications: of words, and of halves as a Cortex-M0+ has it.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NATIVE = ROOT / "tools/micropython/native"
SOURCES = ("sm2_field.c", "sm2_point.c", "sm3.c", "words.c")
FLAGS = ("-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined")
ROUNDS = 300


def gcc(*arguments):
    done = subprocess.run(["gcc", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("halves", [(), ("-DSM_HALF_WORDS",)], ids=["words", "halves"])
def test_c_should_stay_in_its_buffers(tmp_path, halves):
    library = tmp_path / "sm.so"
    size = tmp_path / "size.c"
    size.write_text('#include "sm.h"\nunsigned sm2_work_size(void) { return sizeof(sm_work); }\n')
    sources = [str(NATIVE / name) for name in SOURCES]
    made = ["-shared", "-fPIC", "-fno-sanitize-recover=all", f"-I{NATIVE}", "-o", str(library)]
    gcc(*FLAGS, *made, *halves, *sources, str(size))
    environment = {
        **os.environ,
        "LD_PRELOAD": gcc("-print-file-name=libasan.so"),
        "PYTHONMALLOC": "malloc",
        "ASAN_OPTIONS": "detect_leaks=0",
    }
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/heap/sm_library.py"), str(library), str(ROUNDS)],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert ", 0 failed, 0 skipped" in done.stdout, done.stdout
