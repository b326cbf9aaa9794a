# SPDX-License-Identifier: Apache-2.0
"""The page of `faretap panel`: a simulated terminal to be seen and tapped in a browser."""
