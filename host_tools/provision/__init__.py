# SPDX-License-Identifier: Apache-2.0
"""The folder of one terminal: `faretap provision`, docs/flashing.md."""
