"""Adds to the kept files what is new: ``python -m tests.slipway.stored.write``."""

from __future__ import annotations

import tests.conftest  # noqa: F401 - an Airflow of its own, with its keys
from tests.slipway.stored import forms, stores

if __name__ == "__main__":
    forms.add()
    stores.add()
