"""What a repository has, as far as its files tell; nothing of it is run."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

# A file of more bytes is none that says what a program is made of.
_LARGEST = 1_000_000
_GO_VERSION = re.compile(r"^go\s+(\d+\.\d+)", re.MULTILINE)
_GO_MAIN = re.compile(r"^package\s+main\b", re.MULTILINE)
_MODULE = re.compile(r"[A-Za-z_]\w*")
# Names of Python programs, the likeliest first; the project's own comes before.
_PROGRAMS = ("app", "main", "server", "wsgi", "run")
_NFPM = ("packaging/nfpm.yaml", "nfpm.yaml", "packaging/nfpm.yml", "nfpm.yml")
_SKIPPED = frozenset({"tests", "test", "docs", "build", "dist", "venv", "node_modules"})


class Language(StrEnum):
    """What a service is written in."""

    GO = "Go"
    NODE = "Node"
    PYTHON = "Python"
    OTHER = "something else"


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What there is.

    :param language: of the service.
    :param version: of the language, where the repository asks for one.
    :param program: what starts the service: a folder of Go's, a file, or a module of Python's;
        empty where none was found.
    :param sources: files and folders at the top that the program is made of.
    :param dependencies: where the packages stand that it needs, or empty.
    :param tests: its tests are run with this; empty where it has none.
    :param builds: it is built before it can run.
    :param pipeline: its pipeline file.
    :param nfpm: its packaging file.
    :param unit: its unit file.
    :param migrations: the folder of goose's files.
    """

    language: Language
    version: str = ""
    program: str = ""
    sources: tuple[str, ...] = ()
    dependencies: str = ""
    tests: str = ""
    builds: bool = False
    pipeline: str = ""
    nfpm: str = ""
    unit: str = ""
    migrations: str = ""


def look(folder: Path, name: str) -> Findings:
    """Look at a working copy.

    :param folder: the working copy.
    :param name: the project's.
    """
    given: dict[str, Any] = {
        "pipeline": _first(folder, ".drone.yml"),
        "nfpm": _first(folder, *_NFPM),
        "unit": _unit(folder, name),
        "migrations": _migrations(folder),
    }
    if (folder / "go.mod").is_file():
        return _go(folder, name, given)
    if (folder / "package.json").is_file():
        return _node(folder, given)
    if _is_python(folder):
        return _python(folder, name, given)
    return Findings(language=Language.OTHER, **given)


def _go(folder: Path, name: str, given: dict[str, Any]) -> Findings:
    found = _GO_VERSION.search(read(folder / "go.mod"))
    commands = [one for one in sorted(folder.glob("cmd/*")) if _is_go_main(one)]
    own = [one for one in commands if one.name == name] or commands[:1]
    program = "." if _is_go_main(folder) else f"./cmd/{own[0].name}" if own else ""
    has_tests = next(folder.rglob("*_test.go"), None) is not None
    return Findings(
        language=Language.GO,
        version=found[1] if found else "1.23",
        program=program,
        dependencies=_first(folder, "go.sum"),
        tests="go test ./..." if has_tests else "",
        builds=True,
        **given,
    )


def _node(folder: Path, given: dict[str, Any]) -> Findings:
    package = _object(read(folder / "package.json"))
    scripts = package.get("scripts")
    scripts = scripts if isinstance(scripts, dict) else {}
    main = package.get("main") if isinstance(package.get("main"), str) else ""
    program = main or _first(folder, "server.js", "index.js", "app.js", "src/index.js")
    if not _is_inside(folder, program) or not (folder / program).is_file():
        program = program if "build" in scripts and _is_inside(folder, program) else ""
    # npm itself writes a test that only fails.
    tested = "no test specified" not in str(scripts.get("test", "no test specified"))
    sources = [one.name for one in _listed(folder) if one.suffix in (".js", ".mjs", ".cjs")]
    sources += [one for one in ("src", "lib", "public", "views") if (folder / one).is_dir()]
    return Findings(
        language=Language.NODE,
        program=program.removeprefix("./"),
        sources=("package.json", *(one for one in sources if ".test." not in one)),
        dependencies=_first(folder, "package-lock.json", "npm-shrinkwrap.json")
        or ("package.json" if package.get("dependencies") else ""),
        tests="npm test" if tested else "",
        builds="build" in scripts,
        **given,
    )


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _python(folder: Path, name: str, given: dict[str, Any]) -> Findings:
    files = [one for one in _listed(folder) if one.suffix == ".py"]
    programs = [one for one in files if not one.name.startswith(("test_", "setup", "conftest"))]
    programs = [one for one in programs if one.name != "fabfile.py"]
    installed = _first(folder, "pyproject.toml", "setup.py") if _is_installable(folder) else ""
    beside = [folder, *([folder / "src"] if installed and (folder / "src").is_dir() else [])]
    packages = [
        one
        for place in beside
        for one in _listed(place)
        if (one / "__init__.py").is_file() and one.name not in _SKIPPED
    ]
    # What is installed is not copied as well.
    sources = [one.name for one in programs] + [one.name for one in packages if not installed]
    wanted = installed or _first(folder, "requirements.txt")
    text = "".join(read(one) for one in folder.glob("*requirements*.txt"))
    text += read(folder / "pyproject.toml") + read(folder / "tox.ini")
    has_tests = any(folder.rglob("test_*.py")) or any(folder.rglob("*_test.py"))
    runner = "python -m pytest" if "pytest" in text else "python -m unittest -v"
    return Findings(
        language=Language.PYTHON,
        program=_python_program(name, [one.stem for one in programs], packages),
        sources=tuple(sources),
        dependencies=wanted,
        tests=runner if has_tests else "",
        **given,
    )


def _python_program(name: str, files: list[str], packages: list[Path]) -> str:
    """Return a file, or a module that can be started."""
    started = [one.name for one in packages if (one / "__main__.py").is_file()]
    own = name.replace("-", "_")
    if own in started or (started and own not in files):
        return f"-m {own if own in started else started[0]}"
    found = [one for one in (own, *_PROGRAMS) if one in files] or files[:1]
    return f"{found[0]}.py" if found and _MODULE.fullmatch(found[0]) else ""


def _is_installable(folder: Path) -> bool:
    if (folder / "setup.py").is_file():
        return True
    try:
        found = tomllib.loads(read(folder / "pyproject.toml"))
    except tomllib.TOMLDecodeError:
        return False
    return "project" in found or "poetry" in (found.get("tool") or {})


def _is_python(folder: Path) -> bool:
    named = ("pyproject.toml", "setup.py", "requirements.txt")
    return bool(_first(folder, *named)) or any(one.suffix == ".py" for one in _listed(folder))


def _is_go_main(folder: Path) -> bool:
    files = (one for one in folder.glob("*.go") if not one.name.endswith("_test.go"))
    return any(_GO_MAIN.search(read(one)) for one in files)


def _migrations(folder: Path) -> str:
    for name in ("migrations", "db/migrations", "sql/migrations"):
        if any("+goose" in read(one) for one in sorted((folder / name).glob("*.sql"))[:3]):
            return name
    return ""


def _unit(folder: Path, name: str) -> str:
    found = [
        str(one.relative_to(folder))
        for place in (".", "packaging", "debian", "systemd", "deploy")
        for one in sorted((folder / place).glob("*.service"))
        if one.is_file() and not one.is_symlink()
    ]
    return next((one for one in found if Path(one).name == f"{name}.service"), "") or next(
        iter(found), ""
    )


def _listed(folder: Path) -> Iterator[Path]:
    """Yield what lies at the top, but for links and what is hidden."""
    for one in sorted(folder.iterdir()):
        if not one.name.startswith(".") and not one.is_symlink():
            yield one


def _first(folder: Path, *names: str) -> str:
    return next((one for one in names if (folder / one).is_file()), "")


def _is_inside(folder: Path, name: str) -> bool:
    return bool(name) and (folder / name).resolve().is_relative_to(folder.resolve())


def read(file: Path) -> str:
    """Return a file's text; nothing of one that is a link, no file, or large."""
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > _LARGEST:
            return ""
        return file.read_text(errors="replace")
    except OSError:
        return ""
