# SPDX-License-Identifier: Apache-2.0
"""What a rider and a driver see and hear: lamps, buzzer, display, voice, as panels."""
