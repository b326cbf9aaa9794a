# SPDX-License-Identifier: Apache-2.0
"""Writes tests/fares/city.py: the example of the pages as bytes, for boards that read no TOML.

python tools/make_fares.py
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from host_tools.fares import build, source  # noqa: E402

HEAD = '''# SPDX-License-Identifier: Apache-2.0
"""docs/fares.toml as a terminal has it: written by tools/make_fares.py, held to it by a test."""

DATA = bytes.fromhex(
'''


def text() -> str:
    """What the file has to say."""
    data = build.build(source.load(ROOT / "docs/fares.toml")).hex()
    lines = ['    "%s"\n' % data[at : at + 88] for at in range(0, len(data), 88)]
    return HEAD + "".join(lines) + ")\n"


if __name__ == "__main__":
    (ROOT / "tests/fares/city.py").write_text(text(), encoding="utf-8")
