"""Pipeline files as teams have them compile as Drone's documentation says.

The rules that are asserted here are those of docs.drone.io: pipeline/docker/syntax, pipeline/
conditions, pipeline/triggers, pipeline/environment/substitution, plugins/overview, and of 0.8's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from slipway.pipeline.compiler.spec import BuildSpec
from slipway.pipeline.yaml.conditions import Event
from tests.slipway.pipeline.real_world.files import (
    FILES,
    PULL,
    PUSH,
    SHA,
    build,
    one,
    order,
    runs,
    script,
    step,
)

if TYPE_CHECKING:
    from pathlib import Path

TAG = Event(name="tag", ref="refs/tags/v1.4.0", repo="acme/shop")


def pipelines_that_run(spec: BuildSpec) -> list[str]:
    return [pipeline.name for pipeline in spec.pipelines if not pipeline.unmet]


@pytest.mark.parametrize("path", sorted(FILES.glob("*.yml")), ids=lambda path: path.stem)
def test_every_file_compiles_for_every_event(path: Path) -> None:
    for event in (PUSH, TAG, PULL, Event(name="cron", branch="main", cron="nightly")):
        spec = build(path.stem, event, trusted=path.stem.startswith("trusted"))
        assert BuildSpec.from_json(spec.to_json()) == spec


def test_there_are_at_least_twenty() -> None:
    assert len(list(FILES.glob("*.yml"))) >= 20


def test_go_module_cache() -> None:
    pipeline = one("go_module_cache")
    assert order(pipeline) == {
        "download": (),
        "vet": ("download",),
        "test": ("download",),
        "build": ("vet", "test"),
    }
    assert all(step.mounts == {"/go": "gocache"} for step in pipeline.steps)
    assert step(pipeline, "test").container.environment["CGO_ENABLED"] == "1"
    assert "main.version=3f2a1b7c" in script(step(pipeline, "build"))
    assert "main.version=v1.4.0" in script(step(one("go_module_cache", TAG), "build"))


def test_python_postgres_redis() -> None:
    pipeline = one("python_postgres_redis")
    assert order(pipeline) == {"lint": (), "migrate": ("lint",), "test": ("migrate",)}
    assert [service.name for service in pipeline.services] == ["postgres", "redis"]
    assert all(service.detach and service.container.aliases for service in pipeline.services)
    tests = step(pipeline, "test").container.environment
    assert tests["DATABASE_URL"] == "postgres://app:app@postgres/app"
    assert tests["PYTHONHASHSEED"] == "random"
    assert tests["PIP_DISABLE_PIP_VERSION_CHECK"] == "1"
    # A service without commands runs its own program where its image says.
    assert step(pipeline, "redis").container.working_dir is None


def test_node_monorepo() -> None:
    pipeline = one("node_monorepo")
    assert pipeline.clone_depth == 50
    assert f"git diff --quiet {'9' * 40}..{SHA} -- packages/web" in script(step(pipeline, "web"))
    assert "$DRONE_COMMIT_BEFORE $DRONE_COMMIT_SHA" in script(step(pipeline, "api"))
    assert one("node_monorepo", Event(branch="renovate/x")).unmet.endswith("is renovate/x")


def test_java_maven() -> None:
    pipeline = one("java_maven")
    assert (pipeline.workspace_base, pipeline.workspace) == ("/build", "/build/sources")
    verify = step(pipeline, "verify")
    assert verify.container.working_dir == "/build/sources"
    assert verify.secrets == {"NEXUS_USER": "nexus_user", "NEXUS_PASSWORD": "nexus_password"}
    assert verify.container.limits.memory == 2 << 30
    assert runs(pipeline) == ["verify", "deploy"]
    assert runs(one("java_maven", PULL)) == ["verify"]
    assert runs(one("java_maven", Event(branch="release/2"))) == ["verify", "deploy"]
    assert runs(one("java_maven", Event(branch="release/2/x"))) == ["verify"]


def test_rust_fail_fast() -> None:
    pipeline = one("rust_fail_fast")
    assert order(pipeline) == {"fmt": (), "audit": (), "test": ("fmt",)}
    assert [one.failure for one in pipeline.steps] == ["fast", "ignore", "fail"]
    assert step(pipeline, "test").container.user == "1000"


def test_php_browser() -> None:
    pipeline = one("php_browser")
    site, browse = pipeline.steps
    assert site.detach
    assert site.container.aliases == ("site",)
    assert (browse.container.entrypoint, browse.container.argv) == (
        ("cypress",),
        ("run", "--browser", "chrome"),
    )
    assert browse.container.limits.shm == 1 << 30
    assert "DRONE_SCRIPT" not in browse.container.environment


def test_ruby_by_hand() -> None:
    spec = build("ruby_matrix_by_hand")
    assert pipelines_that_run(spec) == ["ruby-3.2", "ruby-3.3"]
    spec = build("ruby_matrix_by_hand", TAG)
    assert pipelines_that_run(spec) == ["ruby-3.2", "ruby-3.3", "gem"]
    gem = spec.pipelines[2]
    assert gem.depends_on == ("ruby-3.2", "ruby-3.3")
    assert "gem push shop-1.4.0.gem" in script(gem.steps[0])


def test_docker_plugin() -> None:
    (publish,) = one("docker_plugin", Event(branch="feature/basket")).steps
    own = {k: v for k, v in publish.container.environment.items() if k.startswith("PLUGIN_")}
    assert own == {
        "PLUGIN_REGISTRY": "registry.example.com",
        "PLUGIN_REPO": "registry.example.com/acme/shop",
        "PLUGIN_TAGS": "3f2a1b7c,feature-basket",
        "PLUGIN_BUILD_ARGS": f"VERSION=dev,COMMIT={SHA}",
        "PLUGIN_LABELS": f'{{"org.opencontainers.image.revision":"{SHA}","stable":true}}',
        "PLUGIN_AUTO_TAG": "false",
        "PLUGIN_SQUASH": "true",
        "PLUGIN_DOCKERFILE": "deploy/Dockerfile",
    }
    assert publish.secrets == {
        "PLUGIN_USERNAME": "registry_user",
        "PLUGIN_PASSWORD": "registry_password",
    }
    assert (publish.container.entrypoint, publish.container.argv, publish.pull) == (
        None,
        None,
        "refresh",
    )


def test_multi_arch() -> None:
    spec = build("multi_arch")
    assert [pipeline.platform for pipeline in spec.pipelines] == [
        "linux/amd64",
        "linux/arm64",
        "linux/amd64",
    ]
    manifest = spec.pipelines[2]
    assert manifest.depends_on == ("linux-amd64", "linux-arm64")
    assert manifest.steps[0].container.environment["PLUGIN_PLATFORMS"] == "linux/amd64,linux/arm64"


def test_notify_on_failure() -> None:
    tests, notify = build("notify_on_failure").pipelines
    assert [step.policy for step in tests.steps] == ["on-success", "on-failure"]
    assert (notify.policy, notify.clone_depth, notify.depends_on) == ("always", None, ("test",))
    assert notify.steps[0].secrets == {"PLUGIN_WEBHOOK": "slack_webhook"}
    assert "{{#success build.status}}" in notify.steps[0].container.environment["PLUGIN_TEMPLATE"]
    assert build("notify_on_failure", PULL).pipelines[1].unmet.endswith("is pull_request")


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (PUSH, ["push"]),
        (PULL, ["push"]),
        (Event(name="cron", cron="nightly"), ["nightly"]),
        (Event(name="cron", cron="weekly-2"), ["nightly"]),
        (Event(name="cron", cron="hourly"), []),
    ],
)
def test_nightly(event: Event, expected: list[str]) -> None:
    assert pipelines_that_run(build("nightly", event)) == expected


@pytest.mark.parametrize(
    ("event", "expected", "workspace"),
    [
        (PUSH, ["plan"], "staging"),
        (Event(name="promote", target="production"), ["plan", "apply-production"], "production"),
        (Event(name="promote", target="qa"), ["plan", "apply-staging"], "qa"),
        (Event(name="rollback", target="production"), ["plan", "undo"], "production"),
    ],
)
def test_terraform_promote(event: Event, expected: list[str], workspace: str) -> None:
    pipeline = one("terraform_promote", event)
    assert runs(pipeline) == expected
    assert step(pipeline, "plan").container.environment["TF_WORKSPACE"] == workspace
    assert step(pipeline, "plan").container.environment.get("DRONE_DEPLOY_TO", "") == event.target


def test_tag_release() -> None:
    assert one("tag_release").unmet.endswith("is refs/heads/main")
    assert one("tag_release", Event(name="tag", ref="refs/tags/nightly-3")).unmet
    pipeline = one("tag_release", TAG)
    assert runs(pipeline) == ["fetch", "build", "publish"]
    build_step = step(pipeline, "build")
    assert build_step.container.environment["MINOR"] == "1.4"
    assert 'echo "1.4.0 of SHOP"' in script(build_step)
    publish = step(pipeline, "publish").container.environment
    assert (publish["PLUGIN_TITLE"], publish["PLUGIN_FILES"]) == ("v1.4.0", "dist/*")
    assert publish["PLUGIN_PRERELEASE"] == "false"
