# SPDX-License-Identifier: Apache-2.0
"""The qPBOC kernel (JR/T 0025.12): generators of commands, without clock, file, hardware or random
source.
"""
