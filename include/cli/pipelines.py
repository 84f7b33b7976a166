"""Pipelines from a shell: check a file, show what it compiles to, run a working copy's.

Each function writes to the given stream and returns the exit code.
"""

from __future__ import annotations

import json
import platform
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import docker

from include.cli.choices import DEFAULT_FILE, Choices, Ships
from include.cli.local.commit_texts import refused_texts
from include.cli.local.pointers import tell_of_pointers
from include.cli.local.working_copy import (
    checkout_of,
    local_pointers,
    packed,
    tag_of,
    version_of_copy,
)
from include.cli.run_slots import Slot, slot
from slipway.exceptions import NothingRan, SlipwayError
from slipway.hooks.disk_queue import Spill
from slipway.hooks.docker.engine import ContainerEngine
from slipway.model.event import HEADS, TAGS, Event, EventKind
from slipway.pipeline.built.take import Taking
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.secret_refs import unknown_secrets
from slipway.pipeline.compiler.split import builder_of, first_half
from slipway.pipeline.compiler.variables import build_variables, event_of
from slipway.pipeline.load import PipelineFile, load
from slipway.pipeline.runtime.build_runner import BuildRunner, Worker
from slipway.pipeline.runtime.inputs import Given
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.runtime.step_table import step_table
from slipway.pipeline.yaml.missing_file import OTHERS, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from slipway.model.facts import Checkout
    from slipway.pipeline.compiler.spec import BuildSpec

# Nothing of a run on somebody's own machine may be taken for CI's.
_INSTALLATION = "exec"
_STOPPED = 130  # what a shell answers for a program that Ctrl-C ended
# For a spec that is only looked at.
_NOBODYS = Slot(name="0")
_PREFIX = {EventKind.TAG: TAGS, EventKind.PULL_REQUEST: "refs/pull/"}


def lint_files(paths: Iterable[Path], *, trusted: bool, strict: bool = False, out: TextIO) -> int:
    """Check pipeline files; a folder means the file in it.

    :param paths: of files and folders.
    :param trusted: the project may use what reaches out of its containers.
    :param strict: what Drone passes over in silence is a mistake.
    :param out: where it is written.
    :returns: 1 when anything is wrong.
    """
    wrong = 0
    for path in paths:
        file = path / DEFAULT_FILE if path.is_dir() else path
        if not file.is_file():
            wrong += 1
            out.write(f"{file}: there is no such file\n{_meant(path)}")
            continue
        try:
            found = load(_content(file), file=str(file), trusted=trusted, strict=strict)
        except SlipwayError as error:
            wrong += 1
            out.write(f"{error}\n")
            continue
        texts = [str(one) for one in refused_texts(found, trusted=trusted)]
        if texts and strict:
            wrong += 1
            out.writelines(f"{text}\n" for text in texts)
            continue
        names = ", ".join(pipeline.name for pipeline in found.pipelines)
        out.write(f"{file}: no mistakes; pipelines: {names}\n")
        out.writelines(f"  {line}\n" for line in _for_other_workers(found))
        warned = (line for text in texts for line in f"warning: {text}".split("\n"))
        out.writelines(f"  {line}\n" for line in (*found.told(), *warned))
    return 1 if wrong else 0


def _meant(path: Path) -> str:
    """Say which file of a folder may be meant for the one that is not there."""
    beside = _beside(path)
    return f"  {missing(DEFAULT_FILE, beside, subject=str(path))}\n" if beside else ""


def _beside(folder: Path) -> list[str]:
    return [name for name in OTHERS if (folder / name).is_file()]


def _for_other_workers(file: PipelineFile) -> Iterator[str]:
    """Name the pipelines that not every worker runs."""
    for pipeline in file.pipelines:
        wanted = f"{pipeline.platform.os}/{pipeline.platform.arch}"
        if wanted != Worker().platform:
            yield f"{pipeline.name} is left out unless the worker is {wanted}"
        if pipeline.node:
            labels = ", ".join(f"{key}: {value}" for key, value in pipeline.node.items())
            yield f"{pipeline.name} is left out unless the worker is labelled {labels}"


def compile_to_json(path: Path, choices: Choices, *, out: TextIO) -> int:
    """Print what a file compiles to."""
    folder = path if path.is_dir() else path.parent
    file = path / choices.file if path.is_dir() else path
    try:
        found = load(
            _content(file), file=str(file), trusted=choices.trusted, beside=_beside(folder)
        )
        spec = _compiled(found, folder, choices)
    except SlipwayError as error:
        out.write(f"{error}\n")
        return 1
    out.write(json.dumps(spec.to_json(), indent=2, sort_keys=True) + "\n")
    return 0


def run_working_copy(folder: Path, choices: Choices, *, timeout: float, out: TextIO) -> int:
    """Run a working copy's pipeline on this machine's Docker, exactly as CI will.

    :param folder: the working copy.
    :param choices: what the person says about the build.
    :param timeout: seconds.
    :param out: where it is written.
    :returns: 0 when all is well, also where a step ended the pipeline early; 130 when somebody
        stopped it.
    """
    say = told(out)
    try:
        with slot() as own:
            spec = _read(folder, choices, own)
            _run(spec, folder, replace(choices, timeout=timeout), say)
    except SlipwayError as error:
        say(str(error))
        return 1
    except docker.errors.DockerException as error:
        say(f"no Docker engine answers ({error}); start it, or set DOCKER_HOST")
        return 1
    except KeyboardInterrupt:
        say("stopped; what the run had made is removed")
        return _STOPPED
    return 0


def build_what_ships(
    folder: Path, choices: Choices, ships: Ships, say: Callable[[str], None]
) -> Taking:
    """Run the pipeline that builds what ships, and those that it depends on, as CI will.

    :param folder: the working copy.
    :param choices: what the person says about the build.
    :param ships: what is taken of it.
    :param say: receives every line.
    :returns: what was taken.
    :raises SlipwayError: when a step fails, or what ships is not there afterwards.
    """
    with slot() as own:
        spec = _read(folder, choices, own)
        builder = builder_of(spec, ships.pipeline)
        taking = Taking(
            pipeline=builder,
            paths=ships.paths,
            file=ships.file,
            built_at=checkout_of(folder).committed_at,
        )
        _run(first_half(spec, builder), folder, choices, say, taking)
    taking.outcome()
    return taking


def told(out: TextIO) -> Callable[[str], None]:
    """Return what writes lines to a stream, and titles for what Airflow's UI folds."""

    def say(line: str) -> None:
        if line != "::endgroup::":
            out.write(line.replace("::group::", "\n== ") + "\n")
            out.flush()

    return say


def _read(folder: Path, choices: Choices, own: Slot) -> BuildSpec:
    file = load(
        _content(folder / choices.file),
        file=choices.file,
        trusted=choices.trusted,
        image_rules=choices.image_rules,
        beside=_beside(folder),
    )
    return _compiled(file, folder, choices, own)


def _run(
    spec: BuildSpec,
    folder: Path,
    choices: Choices,
    say: Callable[[str], None],
    taking: Taking | None = None,
) -> None:
    pointers = tell_of_pointers(local_pointers(folder), choices.large_files)
    for line in (*pointers, *unknown_secrets(spec, choices.secrets)):
        say(line)
    # With the logins of the person whose machine this is.
    engine = ContainerEngine(docker.from_env().api, installation=_INSTALLATION, client_logins=True)
    output = LogGroups(say, waiting=Spill)
    output.hide(choices.secrets.values())
    runner = BuildRunner(
        engine,
        spec,
        sources=lambda _: packed(folder),
        output=output,
        timeout=choices.timeout,
        given=Given(secrets=choices.secrets, collect=choices.reports, built=taking),
        worker=Worker(labels=choices.node),
    )
    with output.mask.errors():
        result = runner.run()
        for line in (*step_table(result.steps), *result.reports().lines()):
            output.say(line)
        try:
            result.raise_for_failure()
        except NothingRan as nothing:
            if not result.ended_early:
                raise
            output.say(str(nothing))


def _compiled(
    file: PipelineFile, folder: Path, choices: Choices, own: Slot = _NOBODYS
) -> BuildSpec:
    if choices.event == "tag" and not choices.ref:
        choices = replace(choices, ref=_tag(folder))
    tag = choices.ref.removeprefix("refs/tags/") if choices.event == "tag" else ""
    checkout = checkout_of(folder, branch=choices.branch, tag=tag)
    release = replace(checkout.release, version=version_of_copy(folder))
    checkout = replace(checkout, release=release, event=_event(choices, checkout))
    event = event_of(checkout, instance=platform.node())
    build = Build(
        id=f"slipway-exec-{own.name}-{checkout.release.sha[:10]}",
        event=event,
        images=choices.images,
        labels={"slipway.run": f"exec-{own.name}"},
        trusted=choices.trusted,
        variables=build_variables(checkout, event),
        image_rules=choices.image_rules,
    )
    spec = compile_file(file, build)
    if not choices.pipeline:
        return spec
    chosen = [one for one in spec.pipelines if one.name == choices.pipeline]
    if not chosen:
        names = ", ".join(one.name for one in spec.pipelines)
        msg = f"no pipeline is called {choices.pipeline!r}"
        raise SlipwayError(msg, advice=f"there are {names}")
    # The person asks for this one; whatever comes before it is theirs to run.
    return replace(spec, pipelines=(replace(chosen[0], depends_on=()),))


def _tag(folder: Path) -> str:
    """Return the tag of the newest commit.

    :raises SlipwayError: when it has none.
    """
    if tag := tag_of(folder):
        return tag
    msg = "the newest commit has no tag, so it is not known which one was pushed"
    raise SlipwayError(msg, advice="name one: --event tag --ref v1.2.0")


def _event(choices: Choices, checkout: Checkout) -> Event:
    """Return the event that a person wants to see the pipeline of."""
    kinds = [kind.value for kind in EventKind]
    if choices.event not in kinds:
        msg = f"there is no event {choices.event!r}"
        raise SlipwayError(msg, advice=f"there are {', '.join(kinds)}")
    kind, ref = EventKind(choices.event), choices.ref or checkout.branch
    if not ref.startswith("refs/"):
        ref = (_PREFIX.get(kind, HEADS) if choices.ref else HEADS) + ref
    return Event(
        kind=kind,
        ref=ref,
        branch="" if checkout.tag else checkout.branch,
        target=choices.target,
        cron=choices.cron,
    )


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None
