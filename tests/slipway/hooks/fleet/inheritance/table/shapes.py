"""Shapes of groups, old and new."""

from __future__ import annotations

from typing import Any

import botocore.session


def shape_of(service: str, name: str) -> Any:
    return botocore.session.get_session().get_service_model(service).shape_for(name)
