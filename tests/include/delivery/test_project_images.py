"""What a project file says of images, on its way to the task that needs it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from include.delivery.commit_dag import build
from include.project.loader import PROJECTS, load_project
from include.project.model import Migrations, Test


def test_the_tasks_know_which_images_and_extensions_are_allowed() -> None:
    project = load_project(PROJECTS / "guestbook.yaml")
    written = Test(registries=("docker.io",), allowed_images=("python:3.*",), registry_login=True)
    migrations = Migrations(extensions=("postgis", "uuid-ossp"))
    changed = project.model_copy(update={"test": written, "migrations": migrations})
    dag = build(changed, "guestbook")
    test: Any = dag.get_task("test")
    assert (test.registries, test.allowed_images) == (("docker.io",), ("python:3.*",))
    assert test.registry_login is True
    rehearsal: Any = dag.get_task("rehearse_migrations")
    assert rehearsal.extensions == ("postgis", "uuid-ossp")


def test_a_project_file_that_says_nothing_gives_no_login_away() -> None:
    test: Any = build(load_project(PROJECTS / "guestbook.yaml"), "guestbook").get_task("test")
    assert test.registry_login is False
    assert test.registries == test.allowed_images == ()


@pytest.mark.parametrize(
    "written",
    [
        {"registries": ["https://r.example.com"]},
        {"registries": ["r.example.com/team"]},
        {"registries": ["user@r.example.com"]},
        {"allowed_images": ["https://r.example.com/*"]},
        {"allowed_images": ["a b"]},
        {"allowed_images": [""]},
    ],
)
def test_what_could_be_taken_for_something_else_is_refused(written: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Test.model_validate(written)


def test_an_extension_is_a_name() -> None:
    with pytest.raises(ValidationError):
        Migrations.model_validate({"extensions": ['x"; drop']})
