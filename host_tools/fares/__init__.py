# SPDX-License-Identifier: Apache-2.0
"""Fare tables for people: TOML in, the file of a terminal out; lint, differences, pictures."""
