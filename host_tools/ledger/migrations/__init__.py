# SPDX-License-Identifier: Apache-2.0
"""The schema's history: env.py is Alembic's entry, versions/ has one step a file."""
