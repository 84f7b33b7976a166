"""The workspace lies where the file says, but over none of an image's own folders."""

from __future__ import annotations

import pytest

from slipway.pipeline.compiler.compiler import Build, compile_pipeline
from slipway.pipeline.compiler.spec import PipelineSpec
from slipway.pipeline.load import load

VARIABLES = {"DRONE_REPO": "acme/shop", "DRONE_BRANCH": "a/../../../etc", "DRONE_TAG": "a:b"}


def compiled(workspace: str) -> PipelineSpec:
    text = f"kind: pipeline\nworkspace: {workspace}\nsteps: [{{name: a, image: i, commands: [x]}}]"
    (pipeline,) = load(text.encode(), file="f", trusted=False).pipelines
    return compile_pipeline(pipeline, Build(id="x", variables=VARIABLES))


@pytest.mark.parametrize(
    ("workspace", "base", "place"),
    [
        ("{base: /go, path: 'src/${DRONE_REPO}'}", "/go", "/go/src/acme/shop"),
        ("{base: '${NOPE:-/go}', path: '${DRONE_REPO##*/}'}", "/go", "/go/shop"),
        ("{base: '/${DRONE_REPO}'}", "/acme/shop", "/acme/shop"),
        ("{base: //go/, path: /x}", "/go", "/go/x"),
    ],
)
def test_a_workspace_may_be_named_after_the_build(workspace: str, base: str, place: str) -> None:
    spec = compiled(workspace)
    (step,) = spec.steps
    assert (spec.workspace_base, spec.workspace) == (base, place)
    assert step.container.working_dir == step.container.environment["DRONE_WORKSPACE"] == place


@pytest.mark.parametrize(
    "workspace",
    [
        "{base: '/${NOPE}bin'}",
        "{base: //bin}",
        "{base: '/go', path: '${DRONE_BRANCH}'}",
        "{base: '/go', path: '${DRONE_TAG}'}",
        "{base: /usr/local/bin}",
        "{base: /usr, path: local/bin}",
        "{base: /var/run/x}",
        "{base: /BIN}",
    ],
)
def test_a_workspace_over_an_images_own_folders_is_the_usual_one(workspace: str) -> None:
    spec = compiled(workspace)
    assert (spec.workspace_base, spec.workspace) == ("/drone/src", "/drone/src")
    assert spec.steps[0].container.environment["DRONE_WORKSPACE_BASE"] == "/drone/src"
