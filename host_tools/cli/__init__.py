# SPDX-License-Identifier: Apache-2.0
"""The console: one file a command, found by main.py. VERSION stands here and nowhere else."""

VERSION = "0.1.0"
