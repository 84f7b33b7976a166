from __future__ import annotations

import textwrap

import pytest

from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.spec import BuildSpec
from slipway.pipeline.load import load
from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid


def compiled(text: str, *, trusted: bool = False) -> BuildSpec:
    file = load(textwrap.dedent(text).encode(), file="f", trusted=trusted)
    return compile_file(file, Build(id="run", trusted=trusted, variables={"DRONE_TAG": "v1"}))


def test_drone_0_8() -> None:
    (pipeline,) = compiled("""\
        workspace: {base: /go, path: src/shop}
        branches: [main, release/*]
        clone: {git: {image: plugins/git, depth: 5}}
        pipeline:
          build:
            image: golang
            environment: [A=1, B=x=y]
            secrets: [token, {source: pw, target: db_password}]
            commands: go build
            pull: true
          publish:
            image: plugins/docker
            repo: acme/shop
            tags: ["${DRONE_TAG##v}", latest]
            when: {event: tag, environment: prod}
        services:
          db: {image: postgres, environment: {P: q}}
        """).pipelines
    build, publish = pipeline.steps
    assert (pipeline.workspace, pipeline.clone_depth) == ("/go/src/shop", 5)
    assert pipeline.unmet.startswith("trigger.branch is [")
    assert (build.container.environment["A"], build.container.environment["B"]) == ("1", "x=y")
    assert build.secrets == {"TOKEN": "token", "DB_PASSWORD": "pw"}
    assert build.pull == "always"
    assert "go build" in build.container.environment["DRONE_SCRIPT"]
    assert publish.container.environment["PLUGIN_REPO"] == "acme/shop"
    assert publish.container.environment["PLUGIN_TAGS"] == "1,latest"
    assert publish.unmet.startswith("when.event is [")
    assert publish.depends_on == ("build",)
    assert [service.name for service in pipeline.services] == ["db"]


def test_groups_of_0_8_run_side_by_side() -> None:
    (pipeline,) = compiled("""\
        pipeline:
          a: {image: i, commands: [x]}
          b: {image: i, commands: [x], group: g}
          c: {image: i, commands: [x], group: g}
          d: {image: i, commands: [x]}
        """).pipelines
    assert [step.depends_on for step in pipeline.steps] == [(), ("a",), ("a",), ("b", "c")]


def test_a_matrix_of_0_8_becomes_one_pipeline_for_each_variant() -> None:
    spec = compiled("""\
        matrix: {GO: [1.10, 1.22], DB: [pg, my]}
        pipeline:
          test: {image: "golang:${GO}", commands: ["echo ${DB} $${HOME}"]}
        """)
    assert [one.name for one in spec.pipelines] == [f"matrix-{n}" for n in (1, 2, 3, 4)]
    assert [one.steps[0].image for one in spec.pipelines][:3] == [
        "golang:1.10",
        "golang:1.10",
        "golang:1.22",
    ]
    assert spec.pipelines[1].steps[0].container.environment["DB"] == "my"
    assert "echo my ${HOME}" in spec.pipelines[1].steps[0].container.environment["DRONE_SCRIPT"]


def test_a_matrix_may_list_its_variants() -> None:
    spec = compiled("""\
        matrix: {include: [{GO: 1.21}, {GO: 1.22, X: y}]}
        pipeline: {test: {image: "golang:${GO}"}}
        """)
    assert [one.steps[0].image for one in spec.pipelines] == ["golang:1.21", "golang:1.22"]


def test_host_volumes_of_0_8_need_trust() -> None:
    text = """\
        pipeline:
          a: {image: i, commands: [x], volumes: ["/var/cache:/cache", "/etc/x:/x:ro"]}
        """
    with pytest.raises(PipelineFileInvalid, match="mount host volumes"):
        compiled(text)
    (pipeline,) = compiled(text, trusted=True).pipelines
    assert pipeline.steps[0].mounts == {"/cache": "host-1", "/x": "host-2"}


def test_the_form_of_2014() -> None:
    (pipeline,) = compiled("""\
        image: go1.2
        env: [GOROOT=/usr/local/go]
        git: {depth: 1, path: github.com/acme/shop}
        script:
        - go build
        - go test
        services: [postgres, "acme/redis:3"]
        notify: {email: {recipients: [a@example.com]}}
        """).pipelines
    (step,) = pipeline.steps
    assert (step.name, step.image, step.container.environment["GOROOT"]) == (
        "build",
        "go1.2",
        "/usr/local/go",
    )
    assert pipeline.workspace == "/drone/src/github.com/acme/shop"
    assert [(one.name, one.image) for one in pipeline.services] == [
        ("postgres", "postgres"),
        ("redis", "acme/redis:3"),
    ]


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("pipeline:\n  a:\n    image: i\n    commands: [{x: y}]\n", "f:4:16", "must be text"),
        ("pipeline:\n  a: text\n", "f:2:6", "must be a mapping"),
        ("pipeline:\n  a:\n    commands: [x]\n", "f:3:5", "`image` is missing"),
        ("pipeline: {a: {image: i}}\nservices: [x]\n", "f:2:11", "maps names to containers"),
        ("image: i\nscript: [{a: b}]\n", "f:2:10", "must be text"),
        ("image: i\nscript: [a]\nservices: {a: b}\n", "f:3:11", "list of images"),
        ("pipeline: {a: {image: i, volumes: [x]}}\n", "f:1:35", "/host/path:/path"),
        (
            f"matrix: {{A: {list(range(26))}}}\npipeline: {{a: {{image: i}}}}\n",
            "f:1:9",
            "26 variants",
        ),
    ],
)
def test_mistakes_are_shown_in_the_text_that_was_written(text: str, place: str, says: str) -> None:
    with pytest.raises(PipelineFileInvalid) as caught:
        compiled(text)
    assert str(caught.value).startswith(place)
    assert says in str(caught.value)
