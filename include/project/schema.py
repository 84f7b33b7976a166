"""``python -m include.project.schema`` writes the project files' JSON schema for editors."""

from __future__ import annotations

import json

from include.project.loader import PROJECTS
from include.project.model import Project

SCHEMA = PROJECTS / "project.schema.json"


def render() -> str:
    """Return the schema as it belongs into the file."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps({**schema, **Project.model_json_schema()}, indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(render(), encoding="utf-8")
