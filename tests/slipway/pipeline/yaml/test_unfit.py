"""Values that do not fit are passed over where Drone does, and never without a word."""

from __future__ import annotations

import pytest

from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.spec import StepSpec
from slipway.pipeline.load import PipelineFile, load
from slipway.pipeline.yaml.conditions import Condition, Event
from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid
from slipway.pipeline.yaml.model import Step


def read(text: str, *, trusted: bool = False, strict: bool = False) -> PipelineFile:
    data = f"kind: pipeline\n{text}".encode()
    return load(data, file="f", trusted=trusted, strict=strict)


def with_step(more: str, *, trusted: bool = False) -> tuple[Step, list[str]]:
    file = read(f"steps:\n- {{name: a, image: i, {more}}}\n", trusted=trusted)
    return file.pipelines[0].steps[0], [warning.rule for warning in file.warnings]


def compiled(more: str, *, trusted: bool = False, event: Event | None = None) -> StepSpec:
    file = read(f"steps:\n- {{name: a, image: i, {more}}}\n", trusted=trusted)
    build = Build(id="run", trusted=trusted, event=event or Event(branch="main"))
    return compile_file(file, build).pipelines[0].steps[0]


@pytest.mark.parametrize(
    ("branch", "seen", "rules"),
    [
        ("[[main, dev], develop]", Condition(include=("develop",)), ["condition"]),
        ("[{a: b}]", Condition(), ["condition"]),
        ("{include: {x: y}}", Condition(), ["condition"]),
        ("{exclude: [[main]]}", Condition(), ["condition"]),
        ("{include: dev}", Condition(include=("dev",)), ["condition"]),
        ("{includes: [dev]}", Condition(), ["unknown-key"]),
        ("[~, main]", Condition(include=("", "main")), []),
        ("~", Condition(), []),
        ("main", Condition(include=("main",)), []),
    ],
)
def test_a_condition_that_does_not_fit_is_passed_over(
    branch: str, seen: Condition, rules: list[str]
) -> None:
    step, warned = with_step(f"when: {{branch: {branch}}}")
    assert (step.when.branch, warned) == (seen, rules)
    file = read(f"trigger: {{branch: {branch}}}\nsteps: [{{name: a, image: i}}]")
    assert file.pipelines[0].trigger.branch == seen


def test_the_place_of_a_list_in_a_list_is_where_it_is_used() -> None:
    text = "x-b: &b [main]\ntrigger: {branch: [*b, dev]}\nsteps: [{name: a, image: i}]\n"
    (warning,) = read(text).warnings
    assert str(warning).startswith("f:3:20: a list in a list is no pattern")


@pytest.mark.parametrize("when", ["main", "[{branch: main}]"])
def test_conditions_that_are_none_are_refused_as_by_drone(when: str) -> None:
    with pytest.raises(PipelineFileInvalid, match="must be a mapping"):
        with_step(f"when: {when}")


@pytest.mark.parametrize(
    ("value", "nearest"),
    [
        ("{from_secrets: x}", True),
        ("{secret: y}", True),
        ("{from_Secret: z}", True),
        ("{value: a, from: b}", True),
        ("{from_secret: x, other: y}", False),
    ],
)
def test_a_variable_whose_secret_is_misspelt_is_named(value: str, nearest: bool) -> None:
    text = f"steps:\n- name: a\n  image: i\n  environment:\n    A: {value}\n"
    (warning,) = read(text).warnings
    assert warning.rule == "unknown-key"
    assert ("did you mean `from_secret`?" in str(warning)) is nearest
    assert warning.span is not None
    assert warning.span.line == 6


@pytest.mark.parametrize(
    "key", ["from_secrets", "secret", "from_Secret", "from-secret", "fromSecret"]
)
def test_a_setting_whose_secret_is_misspelt_is_named(key: str) -> None:
    step, warned = with_step(f"settings: {{token: {{{key}: x}}}}")
    assert warned == ["unknown-key"]
    assert step.settings == {"token": {key: "x"}}


@pytest.mark.parametrize("value", ["{from: x}", "{secret: x, key: y}", "{format: x}", "{a: b}"])
def test_a_mapping_for_a_plugin_is_its_own_affair(value: str) -> None:
    assert with_step(f"settings: {{token: {value}}}")[1] == []


@pytest.mark.parametrize("value", ["", "~", "''"])
def test_a_secret_without_a_name_is_an_empty_variable(value: str) -> None:
    step, warned = with_step(f"environment: {{A: {{from_secret: {value}}}}}")
    assert (step.environment, warned) == ({"A": ""}, ["no-secret"])


@pytest.mark.parametrize(
    ("ports", "kept", "rules"),
    [
        ("['5432:5432']", [(5432, 0)], ["ports"]),
        ("['127.0.0.1:5433:5432']", [(5432, 0)], ["ports"]),
        ("['[::1]:5433:5432']", [(5432, 0)], ["ports"]),
        ("[{port: 80, host: 8080}]", [(80, 0)], ["ports"]),
        ("5432", [(5432, 0)], []),
        ("['5432', 53/udp]", [(5432, 0), (53, 0)], []),
        ("['3000-3005', 80]", [(80, 0)], ["ports"]),
        ("[0]", [], ["ports"]),
        ("[http]", [], ["ports"]),
        ("[{target: 80, published: 8080}]", [], ["ports"]),
        ("[[80]]", [], ["ports"]),
        ("{a: b}", [], ["ports"]),
        ("['80/sctp', ~]", [], ["ports", "ports"]),
    ],
)
def test_no_port_of_a_repository_that_is_not_trusted_is_refused_or_published(
    ports: str, kept: list[tuple[int, int]], rules: list[str]
) -> None:
    file = read(
        f"services: [{{name: s, image: i, ports: {ports}}}]\nsteps: [{{name: a, image: i}}]"
    )
    assert [(one.port, one.host) for one in file.pipelines[0].services[0].ports] == kept
    assert [warning.rule for warning in file.warnings] == rules
    spec = compile_file(file, Build(id="run")).pipelines[0]
    assert spec.services[0].container.ports == ()
    if kept:
        assert spec.services[0].awaited_ports


def test_a_trusted_project_publishes_its_ports() -> None:
    spec = compiled("ports: ['8080:80', '127.0.0.1:81:82']", trusted=True)
    assert [(one.host, one.port) for one in spec.container.ports] == [(8080, 80), (81, 82)]


@pytest.mark.parametrize(
    ("resources", "cpus", "memory", "rules"),
    [
        ("{limits: {cpu: 500, memory: 1GiB}}", 0.5, 1 << 30, []),
        ("{limits: {cpu: 500m}}", 0.5, None, ["resources"]),
        ("{limits: {cpu: 0.5, memory: 1Gi}}", 0.5, 1 << 30, ["resources"]),
        ("{limits: {cpu: '2.0'}}", 2.0, None, ["resources"]),
        ("{limits: {cpu: lots, memory: more}}", None, None, ["resources", "resources"]),
        ("{limits: {cpu: [1]}}", None, None, ["resources"]),
        ("{limits: 3}", None, None, ["resources"]),
        ("{limits: }", None, None, []),
        ("[a]", None, None, ["resources"]),
        ("big", None, None, ["resources"]),
        ("{cpus: 2}", None, None, ["unknown-key"]),
        ("{requests: {cpu: 100m}}", None, None, ["unknown-key"]),
    ],
)
def test_no_spelling_of_resources_is_refused(
    resources: str, cpus: float | None, memory: int | None, rules: list[str]
) -> None:
    step, warned = with_step(f"resources: {resources}")
    assert warned == rules
    limits = compiled(f"resources: {resources}").container.limits
    assert (limits.cpus, limits.memory) == (cpus, memory)
    assert step.resources.limits.cpu >= 0


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("512m", 512 << 20),
        ("1Gi", 1 << 30),
        ("512Mi", 512 << 20),
        ("1.5 GB", 3 << 29),
        ("1e9", 10**9),
        ("0x400", 1024),
        ("0o17", 15),
        ("010", 8),
        ("1_000", 1000),
        ("100.9", 100),
        ("2kib", 2048),
        ("3T", 3 << 40),
        ("7B", 7),
        ("0", None),
    ],
)
def test_sizes_are_read_as_docker_and_yaml_read_them(written: str, size: int | None) -> None:
    assert compiled(f"mem_limit: {written}").container.limits.memory == size
    assert compiled(f"mem_limit: '{written}'").container.limits.memory == size


@pytest.mark.parametrize("written", ["lots", "''", "1x", "1e400", "9" * 30, "m", "1kk", "[1]"])
def test_what_is_no_size_is_refused(written: str) -> None:
    with pytest.raises(PipelineFileInvalid, match="is not a size"):
        with_step(f"mem_limit: {written}")


def test_swap_without_a_limit_is_taken() -> None:
    assert compiled("mem_limit: 1g, memswap_limit: -1").container.limits.memory_swap == -1
    assert compiled("mem_limit: -1, shm_size: -1").container.limits.memory is None


@pytest.mark.parametrize(
    "text",
    [
        "type: ''\nname: ''\nplatform: {os: '', arch: ''}\nsteps: [{name: a, image: i}]",
        "steps: [{name: a, image: i, network_mode: '', user: '', working_dir: '', shell: ''}]",
        "steps: [{name: a, image: i, pull: '', failure: ''}]",
        "volumes: [{name: v, temp: {medium: ''}}]\nsteps: [{name: '', image: i}]",
    ],
)
def test_an_empty_text_is_as_good_as_none(text: str) -> None:
    file = read(text)
    assert {warning.rule for warning in file.warnings} <= {"missing-name"}
    (pipeline,) = file.pipelines
    assert (pipeline.name, pipeline.type, pipeline.platform.os) == ("default", "docker", "linux")
    spec = compile_file(file, Build(id="run")).pipelines[0].steps[0].container
    assert (spec.network, spec.user, spec.working_dir) == (None, None, "/drone/src")


def test_a_volume_of_no_medium_lies_on_disk() -> None:
    file = read("volumes: [{name: v, temp: {medium: disk}}]\nsteps: [{name: a, image: i}]")
    assert [warning.rule for warning in file.warnings] == ["unknown-word"]
    assert not compile_file(file, Build(id="run")).pipelines[0].volumes[0].memory
