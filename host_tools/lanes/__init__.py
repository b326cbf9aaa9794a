# SPDX-License-Identifier: Apache-2.0
"""Many lanes over the same entries, without keys: `faretap lanes`."""
