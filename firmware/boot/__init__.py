# SPDX-License-Identifier: Apache-2.0
"""What stands between power and the program: which release starts, and how a newer one comes."""
