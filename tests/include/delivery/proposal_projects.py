"""A project whose pull requests are tested."""

from __future__ import annotations

from typing import Any

from include.project.loader import PROJECTS, load_project
from include.project.model import Project, Repository

URL = "https://git.example.com/acme/guestbook.git"


def asking(**repository: Any) -> Project:
    written = {"url": URL, "connection": "host", "forge": "gitea", **repository}
    project = load_project(PROJECTS / "guestbook.yaml")
    return project.model_copy(update={"repository": Repository.model_validate(written)})
