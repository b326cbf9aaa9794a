# SPDX-License-Identifier: Apache-2.0
"""Putting firmware and units on boards: `faretap flash`, docs/flashing.md."""
