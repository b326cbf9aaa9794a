# SPDX-License-Identifier: Apache-2.0
"""Steps in their order; what has been delivered is not changed any more."""
