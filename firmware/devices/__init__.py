# SPDX-License-Identifier: Apache-2.0
"""Devices: what a terminal does with an Outcome. One loop (terminal.py); a device is its rules."""
