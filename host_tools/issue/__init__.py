# SPDX-License-Identifier: Apache-2.0
"""Subscribing cards to a trade (APPEND RECORD). On the host alone: no fare terminal has it."""
