from __future__ import annotations

import textwrap

import pytest

from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.spec import BuildSpec
from slipway.pipeline.load import PipelineFile, load
from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid


def read(text: str) -> PipelineFile:
    return load(textwrap.dedent(text).encode(), file="f", trusted=False)


def compiled(text: str) -> BuildSpec:
    variables = {"DRONE_BRANCH": "main", "DRONE_COMMIT": "abc"}
    return compile_file(read(text), Build(id="run", variables=variables))


def test_each_section_becomes_services_or_steps() -> None:
    (pipeline,) = compiled("""\
        build:
          image: golang:1.5
          environment: [A=1, TOKEN=$$TOKEN]
          commands: [go test, "echo $$BRANCH $${COMMIT} $$OTHER"]
        compose:
          db: {image: "postgres:9", environment: [P=x]}
        publish:
          docker: {repo: acme/app, password: $$PASSWORD, when: {branch: master}}
        deploy:
          heroku: {app: shop, image: acme/heroku}
        notify:
          slack: {webhook_url: $$HOOK}
          docker: {x: y, when: {success: false}}
        clone: {depth: 5, path: github.com/acme/app}
        branches: [main]
        """).pipelines
    assert [service.name for service in pipeline.services] == ["db"]
    build, publish, deploy, slack, last = pipeline.steps
    assert (build.name, build.container.environment["A"]) == ("build", "1")
    assert build.secrets == {"TOKEN": "TOKEN", "OTHER": "OTHER"}
    assert "echo main abc $OTHER" in build.container.environment["DRONE_SCRIPT"]
    assert (publish.name, publish.image) == ("docker", "plugins/docker")
    assert publish.secrets == {"PLUGIN_PASSWORD": "PASSWORD"}
    assert publish.unmet.startswith("when.branch is [master]")
    assert (deploy.image, deploy.container.environment["PLUGIN_APP"]) == ("acme/heroku", "shop")
    assert (slack.policy, slack.secrets) == ("always", {"PLUGIN_WEBHOOK_URL": "HOOK"})
    assert (last.name, last.policy) == ("notify-docker", "on-failure")
    assert pipeline.workspace == "/drone/src/github.com/acme/app"
    assert pipeline.clone_depth == 5


def test_a_matrix_gives_values_of_its_own() -> None:
    spec = compiled("""\
        build: {image: "python:$$PY", commands: ["tox -e $$ENV $$HOME"]}
        matrix: {PY: ["2.7", "3.5"], ENV: [a]}
        """)
    assert [one.steps[0].image for one in spec.pipelines] == ["python:2.7", "python:3.5"]
    step = spec.pipelines[0].steps[0]
    assert (step.container.environment["ENV"], step.secrets) == ("a", {"HOME": "HOME"})
    assert "tox -e a $HOME" in step.container.environment["DRONE_SCRIPT"]


def test_what_is_not_converted_is_named_at_its_place() -> None:
    file = read("""\
        build: {image: i, commands: [x], net: host}
        cache: {mount: [vendor]}
        debug: true
        notify: {slack: {when: {matrix: {A: b}}}}
        """)
    assert [(one.rule, one.span and one.span.line) for one in file.warnings] == [
        ("cache", 2),
        ("unknown-key", 3),
        ("unknown-key", 4),
    ]


def test_a_host_network_needs_trust_all_the_same() -> None:
    with pytest.raises(PipelineFileInvalid, match="mount host volumes"):
        read("build: {image: i, commands: [x], volumes: ['/etc:/x']}")


def test_a_section_that_is_none_is_refused() -> None:
    with pytest.raises(PipelineFileInvalid, match="f:2:9: `notify` maps names"):
        read("build: {image: i, commands: [x]}\nnotify: [slack]\n")
