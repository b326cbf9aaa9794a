# SPDX-License-Identifier: Apache-2.0
"""A random adversary against devices that keep their state on cards: docs/robustness.md."""
