# SPDX-License-Identifier: Apache-2.0
"""What stands in the records of a card with the extended application, and what follows from it."""
