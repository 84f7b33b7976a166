"""Forms of years ago, of many documents, and with YAML's own shorthands."""

from __future__ import annotations

from slipway.pipeline.yaml.conditions import Event
from tests.slipway.pipeline.real_world.files import PULL, build, one, order, runs, script, step


def test_merge_keys() -> None:
    first, second, third = one("merge_keys").steps
    assert (second.image, second.pull) == ("python:3.12", "always")
    # What a step merges is put together with its own.
    assert second.container.environment["B"] == "two"
    assert second.container.environment["A"] == "other"
    assert script(second) == script(first)
    assert (third.failure, third.container.environment["B"]) == ("ignore", "two")
    assert "make third" in script(third)


def test_extension_keys() -> None:
    tests, deploy = one("extension_keys").steps
    assert (tests.image, tests.pull) == ("python:3.12", "always")
    assert 'ssh "$HOST"' in script(deploy)


def test_fan_out_fan_in() -> None:
    pipeline = one("fan_out_fan_in")
    assert order(pipeline) == {
        "setup": (),
        "unit": ("setup",),
        "e2e": ("setup",),
        "docs": ("setup",),
        "bundle": ("unit", "e2e"),
        "deploy": ("bundle", "docs"),
    }
    assert step(pipeline, "mysql").container.environment["MYSQL_ALLOW_EMPTY_PASSWORD"] == "yes"
    assert step(pipeline, "mysql").container.ports == ()
    deploy = step(pipeline, "deploy")
    assert deploy.container.environment["PLUGIN_HOSTS"] == "a.example.com,b.example.com"
    assert deploy.secrets == {"PLUGIN_KEY": "ssh_key"}
    assert "deploy" not in runs(one("fan_out_fan_in", PULL))


def test_drone_0_8() -> None:
    pipeline = one("drone_0_8")
    assert order(pipeline) == {
        "deps": (),
        "vet": ("deps",),
        "test": ("deps",),
        "publish": ("vet", "test"),
        "slack": ("publish",),
    }
    assert pipeline.workspace == "/go/src/github.com/acme/shop"
    assert pipeline.clone_depth == 20
    tests = step(pipeline, "test")
    assert tests.container.environment["DSN"] == "postgres://root@database:5432"
    assert tests.secrets == {"COVERALLS_TOKEN": "coveralls_token", "API_KEY": "staging_key"}
    publish = step(pipeline, "publish")
    assert publish.container.environment["PLUGIN_TAGS"] == "latest,3f2a1b7"
    assert publish.secrets["DOCKER_PASSWORD"] == "docker_password"
    assert step(pipeline, "slack").policy == "always"
    assert one("drone_0_8", Event(branch="feature")).unmet.endswith("is feature")
    assert "publish" not in runs(one("drone_0_8", PULL))


def test_drone_0_8_matrix() -> None:
    spec = build("drone_0_8_matrix")
    assert [(p.steps[0].image, p.services[0].image) for p in spec.pipelines] == [
        ("python:3.5", "postgres:9.6"),
        ("python:3.6", "mysql:5.7"),
    ]
    assert 'pip install "django==2.0"' in script(spec.pipelines[1].steps[0])


def test_form_of_2014() -> None:
    pipeline = one("form_of_2014")
    (only,) = pipeline.steps
    assert only.image == "go1.2"
    assert only.container.environment["PGUSER"] == "postgres"
    assert pipeline.workspace == "/drone/src/github.com/acme/shop"
    assert pipeline.clone_depth == 1
    assert [service.name for service in pipeline.services] == ["postgres", "redis"]


def test_signed_with_secrets() -> None:
    spec = build("signed_with_secrets")
    assert [pipeline.name for pipeline in spec.pipelines] == ["default"]
    assert spec.pipelines[0].pull_secrets == ("dockerconfigjson",)
    assert [notice.partition(",")[0] for notice in spec.notices] == [
        "document 2",
        "document 3",
        "document 4",
    ]


def test_trusted_docker_in_docker() -> None:
    pipeline = one("trusted_docker_in_docker", trusted=True)
    docker, build_step, probe = (step(pipeline, name) for name in ("docker", "build", "probe"))
    assert docker.container.security.privileged
    assert docker.mounts == {"/var/lib/docker": "images"}
    images = next(volume for volume in pipeline.volumes if volume.name == "images")
    assert (images.memory, images.size) == (True, 2 << 30)
    assert build_step.mounts == {"/var/run/docker.sock": "dockersock"}
    assert build_step.container.extra_hosts == ("registry.local:10.0.0.5",)
    assert probe.container.network == "host"
