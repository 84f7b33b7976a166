"""Golden files: each ``golden/*.yml`` compiles to the ``.json`` beside it.

After a change that is meant, ``UPDATE_GOLDEN=1 pytest <this file>`` writes them anew.
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import pytest

from slipway.model.facts import Checkout, Json, Release
from slipway.pipeline.compiler.compiler import Build, compile_pipeline
from slipway.pipeline.compiler.spec import PipelineSpec
from slipway.pipeline.compiler.variables import build_variables, event_of
from slipway.pipeline.load import load

GOLDEN = Path(__file__).parent / "golden"
CHECKOUT = Checkout(
    release=Release(project="shop", sha="3f2a1b7" + "0" * 33, version="1.4.0+42.g3f2a1b7"),
    repository="https://git.example.com/acme/shop.git",
    ref="main",
    branch="main",
    message="Add a basket",
    author_name="Ada",
    author_email="ada@example.com",
    committed_at=1_700_000_000,
    parent="9" * 40,
)
EVENT = event_of(CHECKOUT, instance="ci.example.com")
BUILD = Build(
    id="run",
    event=EVENT,
    variables=build_variables(CHECKOUT, EVENT),
    labels={"slipway.run": "r"},
    images={"docker.io/library/postgres:15": "slipway/postgres:15"},
)


def compiled(text: str) -> PipelineSpec:
    return compile_pipeline(load(text.encode(), file="f", trusted=True).pipelines[0], BUILD)


_COMMON = ("CI_JOB_", "DRONE_DOCKER_", "DRONE_STAGE_", "DRONE_STEP_")


def telling(spec: PipelineSpec) -> Json:
    """Return what a spec says besides defaults, and besides the variables that all steps have."""
    shown: Json = _without_defaults(spec)
    common = BUILD.variables.items()
    for step in (*shown.get("services", ()), *shown["steps"]):
        own = {
            name: value
            for name, value in step["container"]["environment"].items()
            if (name, value) not in common and not name.startswith(_COMMON)
        }
        step["container"]["environment"] = own
    return shown


def _without_defaults(fact: Any) -> Any:
    if isinstance(fact, tuple):
        return [_without_defaults(item) for item in fact]
    if not dataclasses.is_dataclass(fact):
        return fact
    shown = {}
    for field in dataclasses.fields(fact):
        value = getattr(fact, field.name)
        factory = field.default_factory
        default = factory() if factory is not dataclasses.MISSING else field.default
        boring = value in (default, (), None) and field.name != "clone_depth"
        if not boring and field.name != "isolation":
            shown[field.name] = _without_defaults(value)
    return shown


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.yml")), ids=lambda path: path.stem)
def test_golden(path: Path) -> None:
    spec = telling(compiled(path.read_text()))
    expected = path.with_suffix(".json")
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(json.dumps(spec, indent=1, sort_keys=True) + "\n")
    assert json.loads(json.dumps(spec)) == json.loads(expected.read_text())


def test_a_spec_survives_json() -> None:
    spec = compiled((GOLDEN / "services.yml").read_text())
    assert PipelineSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_names_that_docker_would_refuse_become_distinct_ids() -> None:
    spec = compiled("kind: pipeline\nsteps:\n- {name: a b, image: i}\n- {name: a/b, image: i}\n")
    assert [step.id for step in spec.steps] == ["run-step-1-a-b", "run-step-2-a-b"]


def test_untrusted_containers_keep_only_what_a_package_manager_needs() -> None:
    file = load(b"kind: pipeline\nsteps: [{name: a, image: i}]", file="f", trusted=False)
    isolation = compile_pipeline(file.pipelines[0], BUILD).isolation
    assert isolation.drop == ("ALL",)
    assert "SYS_ADMIN" not in isolation.add
    assert "NET_RAW" not in isolation.add
    assert isolation.no_new_privileges
    assert isolation.memory
    assert isolation.pids


def test_variables_of_a_branch() -> None:
    variables = build_variables(CHECKOUT, event_of(CHECKOUT))
    assert variables["DRONE_COMMIT_SHA"] == CHECKOUT.release.sha
    assert variables["DRONE_BUILD_NUMBER"] == "42"
    numbered = build_variables(CHECKOUT, event_of(CHECKOUT), number=7)
    assert numbered["DRONE_BUILD_NUMBER"] == numbered["CI_BUILD_NUMBER"] == "7"
    assert variables["DRONE_BUILD_EVENT"] == "push"
    assert variables["DRONE_REPO"] == "acme/shop"
    assert variables["DRONE_COMMIT_REF"] == "refs/heads/main"
    assert "DRONE_TAG" not in variables


def test_variables_of_a_tag() -> None:
    data = {**CHECKOUT.to_json(), "tag": "v1.4.0"}
    checkout = Checkout.from_json(data)
    variables = build_variables(checkout, event_of(checkout))
    assert variables["DRONE_TAG"] == "v1.4.0"
    assert variables["DRONE_COMMIT_REF"] == "refs/tags/v1.4.0"
    assert variables["DRONE_BUILD_EVENT"] == "tag"


def test_a_commit_message_cannot_break_a_container() -> None:
    data = {**CHECKOUT.to_json(), "message": "x\0" * 200_000}
    checkout = Checkout.from_json(data)
    message = build_variables(checkout, event_of(checkout))["DRONE_COMMIT_MESSAGE"]
    assert "\0" not in message
    assert len(message) < 100_000
