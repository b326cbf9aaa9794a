# SPDX-License-Identifier: Apache-2.0
"""What the image does when power comes, behind boot.py of the file system, if there is one."""

from firmware.boot.root import main

main()
