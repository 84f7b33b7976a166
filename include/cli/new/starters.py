"""What a service of each language needs in its pipeline, its package and its unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from include.cli.new.findings import Findings, Language

# What Debian 12 has, which is what the machines run: tests run on the same.
_PYTHON, _NODE = "python:3.11", "node:18"
_MODULES = "build/python"


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """A file, a folder or a pattern in the package.

    :param source: in the workspace.
    :param target: on the machine; a folder's name ends with a slash.
    :param mode: octal; empty for a whole folder, which keeps what it has.
    """

    source: str
    target: str
    mode: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Starter:
    """What a service begins with.

    :param image: that its steps run in.
    :param environment: of its steps.
    :param steps: names, and commands.
    :param built: what the pipeline builds and the package holds.
    :param depends: Debian packages.
    :param architecture: of the package.
    :param contents: of the package, but for unit and papers.
    :param start: what the unit starts; empty where nobody knows.
    :param variables: of the unit.
    :param overrides: of lintian, but for those that each package has.
    :param remarks: what a person has to look at.
    """

    image: str
    steps: tuple[tuple[str, tuple[str, ...]], ...]
    environment: tuple[tuple[str, str], ...] = ()
    built: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    architecture: str = "all"
    contents: tuple[Content, ...] = ()
    start: str = ""
    variables: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def starter_of(found: Findings, name: str) -> Starter:
    """Return what a service begins with.

    :param found: what its repository has.
    :param name: the project's, which is the package's as well.
    """
    made: dict[Language, Callable[[Findings, str], Starter]] = {
        Language.GO: _go,
        Language.NODE: _node,
        Language.PYTHON: _python,
        Language.OTHER: _other,
    }
    return made[found.language](found, name)


def _go(found: Findings, name: str) -> Starter:
    test = ("go vet ./...", *([found.tests] if found.tests else []))
    program = found.program or "."
    build = f'go build -o bin/{name} -ldflags "-s -w" {program}'
    remarks = _untested(found)
    if not found.program:
        remarks += ("no `package main` was found: say in .drone.yml what is built",)
    return Starter(
        image=f"golang:{found.version}",
        # The same commit gives the same bytes.
        environment=(("CGO_ENABLED", '"0"'), ("GOFLAGS", "-trimpath -buildvcs=false")),
        steps=(("test", test), ("build", (build,))),
        built=(f"bin/{name}",),
        architecture="amd64",
        contents=(Content(source=f"bin/{name}", target=f"/usr/bin/{name}", mode="0755"),),
        start=f"/usr/bin/{name}",
        overrides=(
            f"{name}: statically-linked-binary [usr/bin/{name}]",
            f"{name}: no-manual-page [usr/bin/{name}]",
        ),
        remarks=remarks,
    )


def _node(found: Findings, name: str) -> Starter:
    locked = found.dependencies not in ("", "package.json")
    install = "npm ci" if locked else "npm install --no-audit"
    share, remarks = f"/usr/share/{name}", _untested(found)
    steps = [("install", (install,))]
    if found.tests:
        steps.append(("test", (found.tests,)))
    if found.builds:
        steps.append(("build", ("npm run build",)))
    contents = [_content(one, share) for one in found.sources]
    built: list[str] = []
    if found.builds:
        out = found.program.partition("/")[0] if "/" in found.program else "dist"
        built.append(out)
        contents.append(Content(source=out, target=f"{share}/{out}/"))
        remarks += (f"`npm run build` is taken to write {out}/: look at package.built",)
    if found.dependencies:
        # What only tests need stays behind.
        steps.append(("modules", ("npm prune --omit=dev",)))
        built.append("node_modules")
        contents.append(Content(source="node_modules", target=f"{share}/node_modules/"))
    if found.dependencies and not locked:
        remarks += ("commit a package-lock.json, so that a commit always ships the same",)
    if not found.program:
        remarks += ("package.json names no `main`: say in the unit what is started",)
    return Starter(
        image=_NODE,
        steps=tuple(steps),
        built=tuple(dict.fromkeys(built)),
        depends=("nodejs",),
        contents=tuple(dict.fromkeys(contents)),
        start=f"/usr/bin/node {share}/{found.program}" if found.program else "",
        variables=("NODE_ENV=production",),
        remarks=remarks,
    )


def _python(found: Findings, name: str) -> Starter:
    share, remarks = f"/usr/share/{name}", _untested(found)
    steps: list[tuple[str, tuple[str, ...]]] = []
    contents = [_content(one, share) for one in found.sources]
    variables = ["PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1"]
    built: tuple[str, ...] = ()
    architecture = "all"
    what = "." if found.dependencies not in ("", "requirements.txt") else "-r requirements.txt"
    test = [found.tests] if found.tests else ["python -m compileall -q ."]
    if "pytest" in found.tests:
        test = ["pip install --quiet pytest", f"{found.tests} --junitxml=report.xml"]
    if found.dependencies:
        test = [f"pip install --quiet {what}", *test]
        steps.append(("modules", (f"pip install --quiet --target {_MODULES} {what}",)))
        contents.append(Content(source=_MODULES, target=f"/usr/lib/{name}/"))
        built, architecture = (_MODULES,), "amd64"
        variables.append(f"PYTHONPATH=/usr/lib/{name}")
        remarks += ("where Debian has the packages that it needs, `depends` in nfpm.yaml is less",)
    if not found.program:
        remarks += ("no program was found: say in the unit what is started",)
    started = found.program if found.program.startswith("-m") else f"{share}/{found.program}"
    return Starter(
        image=_PYTHON,
        steps=(("test", tuple(test)), *steps),
        built=built,
        depends=("python3",),
        architecture=architecture,
        contents=tuple(contents),
        start=f"/usr/bin/python3 {started}" if found.program else "",
        variables=tuple(variables),
        remarks=remarks,
    )


def _other(found: Findings, name: str) -> Starter:
    del found
    say = f"echo 'say in .drone.yml how {name} is tested and built'"
    return Starter(
        image="debian:12",
        steps=(("test", (say, "exit 1")),),
        remarks=(
            "its language is not known here: say in .drone.yml how it is tested and built, in "
            "nfpm.yaml what is in the package, and in the unit what is started",
        ),
    )


def _content(source: str, share: str) -> Content:
    """Return one file, or one whole folder, of the repository itself."""
    if "." in source:
        return Content(source=source, target=f"{share}/{source}", mode="0644")
    return Content(source=source, target=f"{share}/{source}/")


def _untested(found: Findings) -> tuple[str, ...]:
    return () if found.tests else ("it has no tests: what is delivered was not tried",)
