# SPDX-License-Identifier: Apache-2.0
"""The console: one file a command, found by main.py. VERSION is the one place that holds the version."""

VERSION = "0.1.0"
