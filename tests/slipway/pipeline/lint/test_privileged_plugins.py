"""Plugins that need every right: who gets them, and how nobody else does."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.exceptions import ImageRefused
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.spec import BuildSpec
from slipway.pipeline.lint.image_rules import ImageRules
from slipway.pipeline.lint.privileged_plugins import DRONES, PrivilegedPlugins
from slipway.pipeline.load import load
from slipway.pipeline.yaml.conditions import Event
from tests.slipway.pipeline.runtime.runner.cases import Case

DIGEST = f"sha256:{'0' * 64}"


def compiled(
    text: str, allowed: str = "plugins/docker", *, trusted: bool = False, **build: Any
) -> BuildSpec:
    plugins = PrivilegedPlugins.parse(allowed, trusted=trusted)
    file = load(f"kind: pipeline\n{text}".encode(), file="f", trusted=trusted, plugins=plugins)
    return compile_file(file, Build(id="x", trusted=trusted, plugins=plugins, **build))


def step(more: str = "", image: str = "plugins/docker") -> str:
    return f"steps: [{{name: a, image: '{image}', settings: {{repo: acme/app}}, {more}}}]"


def rights(text: str, allowed: str = "plugins/docker", **more: Any) -> bool:
    return compiled(text, allowed, **more).pipelines[0].steps[0].container.security.privileged


def test_an_allowed_plugin_runs_privileged_and_others_do_not() -> None:
    assert rights(step())
    assert not rights(step(image="plugins/ecr"))
    assert not rights(step(image="plugins/slack"))
    assert not rights(step(), allowed="")
    assert rights(step(image="acme/builder"), allowed="plugins/docker, acme/builder")


@pytest.mark.parametrize("image", DRONES)
def test_a_trusted_project_has_what_drone_has(image: str) -> None:
    assert rights(step(image=image), allowed="", trusted=True)
    assert not rights(step("commands: [ls]", image), allowed="", trusted=True)


@pytest.mark.parametrize(
    "image",
    [
        "plugins/docker:latest",
        "plugins/docker:20.14",
        "docker.io/plugins/docker",
        "index.docker.io/plugins/docker:linux-amd64",
        f"plugins/docker@{DIGEST}",
    ],
)
def test_the_same_plugin_under_another_spelling_is_the_same(image: str) -> None:
    assert rights(step(image=image))


@pytest.mark.parametrize(
    "image",
    [
        "evil.example.com/plugins/docker",
        "plugins/docker-evil",
        "evil/plugins/docker",
        "plugins/docker/evil",
        "library/plugins/docker",
        "docker",
        "plugins-docker",
        "docker.io.evil.example.com/plugins/docker",
        "localhost/plugins/docker",
        "localhost:5000/plugins/docker",
        "plugins/dockerr",
        "Plugins/Docker",
    ],
)
def test_a_look_alike_has_no_rights(image: str) -> None:
    assert not rights(step(image=image))
    assert not rights(step(image=image), allowed="", trusted=True)


def test_an_allowed_tag_or_digest_allows_no_other() -> None:
    assert rights(step(image="plugins/docker:20"), allowed="plugins/docker:20")
    assert rights(step(image=f"plugins/docker@{DIGEST}"), allowed=f"plugins/docker@{DIGEST}")
    for image in ("plugins/docker", "plugins/docker:21", f"plugins/docker:20@{DIGEST}"):
        assert not rights(step(image=image), allowed="plugins/docker:20")
        assert not rights(step(image=image), allowed=f"plugins/docker@sha256:{'1' * 64}")


def test_the_projects_map_of_images_gives_no_rights() -> None:
    mapped = {"plugins/docker": "registry.example.com/mine"}
    spec = compiled(step(), images=mapped)
    assert not spec.pipelines[0].steps[0].container.security.privileged
    assert "registry.example.com/mine is used in its place" in "\n".join(spec.notices)
    assert not rights(step(image="mine"), images={"mine": "plugins/docker"})


@pytest.mark.parametrize(
    "more",
    [
        "commands: ['sh evil.sh']",
        "command: [sh, evil.sh]",
        "entrypoint: [sh]",
        "shell: ./evil",
        "volumes: [{name: v, path: /usr/local/bin}]",
        "volumes: [{name: v, path: /etc/docker}]",
        "environment: {PATH: /drone/src}",
        "environment: {LD_PRELOAD: /drone/src/x.so}",
        "environment: {DOCKER_CONFIG: /drone/src}",
        "environment: {DOCKER_HOST: 'tcp://evil'}",
        "environment: {XDG_RUNTIME_DIR: /drone/src}",
        "environment: {HOME: /drone/src}",
        "environment: {PLUGIN_ENV_FILE: evil.env}",
        "environment: {PLUGIN_STORAGE_PATH: /drone}",
        "environment: {AWS_CONFIG_FILE: /drone/src/aws}",
        "environment: {BASH_ENV: evil.sh}",
    ],
)
def test_nothing_of_the_repository_runs_with_a_plugins_rights(more: str) -> None:
    text = f"volumes: [{{name: v, temp: {{}}}}]\n{step(more)}"
    spec = compiled(text)
    assert not spec.pipelines[0].steps[0].container.security.privileged
    assert "needs a privileged container, and runs without" in "\n".join(spec.notices)


@pytest.mark.parametrize(
    "settings",
    [
        "env_file: evil.env",
        "ENV_FILE: evil.env",
        "storage_path: /drone/src/state",
        'config: \'{"cliPluginsExtraDirs": ["/drone/src"]}\'',
    ],
)
def test_no_setting_leads_a_privileged_plugin_into_the_repository(settings: str) -> None:
    assert not rights(f"steps: [{{name: a, image: plugins/docker, settings: {{{settings}}}}}]")


def test_a_login_from_the_projects_secrets_is_no_danger() -> None:
    text = "settings: {config: {from_secret: login}, username: me, password: {from_secret: p}}"
    assert rights(
        f"steps: [{{name: a, image: plugins/docker, {text}, environment: {{DOCKER_BUILDKIT: 1}}}}]"
    )


@pytest.mark.parametrize(
    "base",
    [
        "/usr/local/bin",
        "/bin",
        "/etc/docker",
        "/opt",
        "/gopher",
        "/go",
        "/go/bin",
        "/go/src/../bin",
        "/drone/../go/bin",
        "//go/src",
    ],
)
def test_a_workspace_over_the_plugins_own_files_takes_its_rights(base: str) -> None:
    assert not rights(f"workspace: {{base: {base}}}\n{step()}")


@pytest.mark.parametrize("base", ["/go/src", "/drone/src", "/drone", "/go/src/x"])
def test_a_workspace_that_lies_apart_does_not(base: str) -> None:
    assert rights(f"workspace: {{base: {base}}}\n{step()}")


def test_the_pipelines_variables_are_the_steps_too() -> None:
    assert not rights(f"environment: {{LD_PRELOAD: /drone/src/x.so}}\n{step()}")


def test_a_pull_request_from_a_fork_has_no_privileged_plugin() -> None:
    event = Event(name="pull_request", fork=True)
    assert not rights(step(), event=event)
    assert not rights(step(), allowed="", trusted=True, event=event)
    assert "the commit is from a fork" in "\n".join(compiled(step(), event=event).notices)
    assert rights(step(), event=Event(name="pull_request"))


def test_a_name_that_is_put_together_is_looked_at_when_it_is_whole() -> None:
    text = step(image="${DRONE_BRANCH}/docker")
    assert rights(text, variables={"DRONE_BRANCH": "plugins"})
    spec = compiled(text, allowed="", variables={"DRONE_BRANCH": "plugins"})
    assert "nobody allowed it here" in "\n".join(spec.notices)


def test_a_service_is_no_plugin() -> None:
    spec = compiled("services: [{name: d, image: plugins/docker}]\nsteps: [{name: a, image: i}]")
    assert not spec.pipelines[0].services[0].container.security.privileged


def test_lint_says_what_is_missing_and_where_once() -> None:
    plugins = PrivilegedPlugins()
    file = load(
        b"kind: pipeline\nsteps:\n- name: a\n  image: plugins/docker\n",
        file="f",
        trusted=False,
        plugins=plugins,
    )
    told = "\n".join(compile_file(file, Build(id="x")).notices)
    assert told.count("plugins/docker needs a privileged container") == 1
    assert "f:4:10: " in told
    assert "nobody allowed it here" in told
    assert "[slipway] privileged_plugins" in told
    assert "  4 |   image: plugins/docker" in told


def test_variants_of_a_matrix_are_told_once() -> None:
    text = b"pipeline: {a: {image: plugins/docker, repo: x}}\nmatrix: {V: ['1', '2', '3']}\n"
    notices = "\n".join(load(text, file="f", trusted=False).notices)
    assert notices.count("needs a privileged container") == 1


def test_an_operator_names_plugins_and_no_patterns() -> None:
    for text in ("plugins/*", "*", "plugins/docker;evil", "Plugins"):
        with pytest.raises(ImageRefused, match="privileged_plugins"):
            PrivilegedPlugins.parse(text, trusted=False)


def test_image_rules_count_for_allowed_plugins_as_well() -> None:
    with pytest.raises(ImageRefused):
        compiled(
            step(image="${X}/docker"),
            variables={"X": "plugins"},
            image_rules=ImageRules(registries=("registry.example.com",)),
        )


def test_only_the_plugins_own_container_is_privileged() -> None:
    case = Case(
        "steps: [{name: a, image: plugins/docker}, {name: b, image: i}, {name: c, image: i}]",
        trusted=True,
    )
    case.run()
    named = {spec.labels.get("slipway.step", spec.name): spec for spec in case.engine.specs}
    assert [named[name].security.privileged for name in ("a", "b", "c")] == [True, False, False]
    assert not named["run-network"].security.privileged
