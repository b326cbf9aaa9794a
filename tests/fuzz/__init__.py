# SPDX-License-Identifier: Apache-2.0
"""Fuzzing: targets that take any bytes, their corpora, and a runner (docs/robustness.md).

`tests/host/test_fuzz_*.py` replay the corpora and let hypothesis choose bytes; `make fuzz` lets
atheris choose them by what they reach. It lies in tests/ because the targets stand on
tests/stand.py and tests/small_card.py, and nothing outside tests/ may import those.
"""
