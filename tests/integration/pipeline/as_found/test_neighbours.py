"""Steps and services find each other by their names."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.integration.pipeline.as_found import projects
from tests.integration.pipeline.as_found.projects import DEBIAN, PYTHON

if TYPE_CHECKING:
    from tests.integration.pipeline.project import Project

pytestmark = pytest.mark.integration
other_image, project = projects.other_image, projects.project
FETCH = "import urllib.request as u; print(u.urlopen('http://web:9000/').status)"


def test_a_service_that_listens_elsewhere_than_its_image_says(
    project: Project, other_image: str
) -> None:
    steps = f'steps: [{{name: use, {PYTHON}, commands: ["python3 -c \\"{FETCH}\\""]}}]'
    service = f"name: web, image: '{other_image}', commands: [python3 -m http.server 9000]"
    began = time.monotonic()
    result = project.run(f"services: [{{{service}}}]\n{steps}")
    assert result.steps[0].state == "passed", project.log
    assert 10 < time.monotonic() - began < 40
    assert any("listens on port 9000, not on 8080 after 1" in line for line in project.log)
    for more in ("ports: [9000]", "environment: {SLIPWAY_WAIT: '9000'}"):
        began = time.monotonic()
        result = project.run(f"services: [{{{service}, {more}}}]\n{steps}")
        assert result.steps[0].state == "passed", project.log
        assert time.monotonic() - began < 10


def test_steps_find_each_other_by_their_names(project: Project) -> None:
    serve = "python3 -m http.server 8000"
    fetch = "import urllib.request as u; print(u.urlopen('http://%s:8000/').status)"
    result = project.run(
        f"""
steps:
- {{name: one, {PYTHON}, commands: [timeout 6 {serve} || true], depends_on: [clone]}}
- name: other
  image: python:3.11
  depends_on: [clone]
  commands:
  - sleep 2
  - python3 -c "{fetch % "one"}"
"""
    )
    assert [step.state for step in result.steps] == ["passed", "passed"], project.log
    result = project.run(
        f"""
steps:
- name: asks
  image: python:3.11
  detach: true
  commands:
  - until python3 -c "{fetch % "last"}"; do sleep 0.2; done
  - touch reached
- {{name: first, {DEBIAN}, commands: ["true"]}}
- {{name: last, {PYTHON}, commands: [timeout 5 {serve} || true, ls reached]}}
"""
    )
    assert [step.state for step in result.steps] == ["passed"] * 3, project.log


def test_a_service_finds_a_step_in_a_row(project: Project) -> None:
    """Such as a browser that comes back to the application under test."""
    result = project.run(
        f"""
services:
- name: browser
  image: python:3.11
  commands:
  - until python3 -c "import socket; socket.create_connection(('third', 8000))"; do sleep 0.2; done
  - touch reached
steps:
- {{name: first, {DEBIAN}, commands: ["true"]}}
- {{name: second, {DEBIAN}, commands: ["true"]}}
- {{name: third, {PYTHON}, commands: [timeout 5 python3 -m http.server 8000 || true, ls reached]}}
"""
    )
    assert [step.state for step in result.steps] == ["passed"] * 3, project.log
