# SPDX-License-Identifier: Apache-2.0
"""What a tap costs: tables, calendar, discounts, transfers and caps. Pure, integers in fen."""
