"""The files that a repository begins with, and the project file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from include.cli.new.findings import Findings
from include.cli.new.starters import Starter

_FOLDER = "packaging"
# A word of YAML, or of a unit file, that means nothing but itself.
_WORD = re.compile(r"[A-Za-z0-9/][A-Za-z0-9./_*-]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a person says of the project.

    :param name: of the project, the package and the unit.
    :param url: of the repository.
    :param branch: that is delivered.
    :param port: that the service listens on.
    :param health: the path that says whether it is well.
    :param region: of AWS.
    """

    name: str
    url: str
    branch: str
    port: int = 8000
    health: str = "/healthz"
    region: str = "eu-west-1"


def repository_files(wanted: Wanted, found: Findings, starter: Starter) -> dict[str, str]:
    """Return what the repository still needs, by path.

    :param wanted: what a person says.
    :param found: what it has.
    :param starter: what a service of its language begins with.
    """
    name, files = wanted.name, {}
    if not found.pipeline:
        files[".drone.yml"] = "\n".join(_pipeline(starter)) + "\n"
    if not found.unit:
        files[unit_path(wanted, found)] = "\n".join(_unit(wanted, starter)) + "\n"
    if not found.nfpm:
        files[f"{_FOLDER}/nfpm.yaml"] = "\n".join(_nfpm(wanted, found, starter)) + "\n"
        files[f"{_FOLDER}/changelog.yaml"] = _changelog(name)
        files[f"{_FOLDER}/copyright"] = _copyright(wanted)
        files[f"{_FOLDER}/lintian-overrides"] = "\n".join(_overrides(name, starter)) + "\n"
    files["fabfile.py"] = _fabfile(name)
    return files


def project_file(wanted: Wanted, found: Findings, starter: Starter) -> str:
    """Return the project file.

    :param wanted: what a person says.
    :param found: what the repository has.
    :param starter: what a service of its language begins with.
    """
    name = wanted.name
    unit, nfpm = unit_path(wanted, found), found.nfpm or f"{_FOLDER}/nfpm.yaml"
    lines = [
        "# yaml-language-server: $schema=project.schema.json",
        f"name: {name}",
        "repository:",
        f"  url: {quoted(wanted.url)}",
        f"  branch: {quoted(wanted.branch)}",
        "package:",
        f"  name: {name}",
        f"  nfpm: {quoted(nfpm)}",
        f"  unit: {quoted(unit.rpartition('/')[2])}",
    ]
    if starter.built and not found.nfpm:
        lines.append(f"  built: [{', '.join(map(quoted, starter.built))}]")
    if found.migrations:
        lines += ["migrations:", f"  directory: {quoted(found.migrations)}", "  postgres: 15"]
    lines += [
        "environments:",
        "  dev:",
        "    deploy: continuous",
        "    aws:",
        f"      region: {wanted.region}",
    ]
    if found.migrations:
        lines.append(f"    database: {name.replace('-', '_')}_dev # an Airflow connection")
    lines += [
        "    # Where it runs, by the infrastructure's own names: `fab check` says what is missing.",
        f"    target_group: {name}-dev",
        "    instance:",
        "      subnets: [slipway-a, slipway-b]",
        "      security_groups: [slipway-app]",
        "    health:",
        f"      path: {quoted(wanted.health)}",
        f"      port: {wanted.port}",
        "      timeout: 2m",
        "    soak: 5s",
    ]
    return "\n".join(lines) + "\n"


def unit_path(wanted: Wanted, found: Findings) -> str:
    """Return where the unit is, or will be."""
    return found.unit or f"{_FOLDER}/{wanted.name}.service"


def quoted(text: str) -> str:
    """Return a text as YAML has it, whatever is in it."""
    return text if _WORD.fullmatch(text) else json.dumps(text)


def _pipeline(starter: Starter) -> Iterator[str]:
    yield from ("kind: pipeline", "type: docker", "name: default", "", "steps:")
    for place, (name, commands) in enumerate(starter.steps):
        if place:
            yield ""
        yield from (f"- name: {name}", f"  image: {starter.image}")
        if starter.environment:
            yield "  environment:"
            yield from (f"    {key}: {value}" for key, value in starter.environment)
        yield "  commands:"
        yield from (f"  - {one}" for one in commands)


def _unit(wanted: Wanted, starter: Starter) -> Iterator[str]:
    yield from ("[Unit]", f"Description={wanted.name}", "After=network-online.target")
    yield from ("Wants=network-online.target", "", "[Service]", "User=www-data")
    yield f"# It is asked {wanted.health} on port {wanted.port}, whatever else it listens to."
    yield f"Environment={' '.join([f'PORT={wanted.port}', *starter.variables])}"
    if " -m " in starter.start:
        yield f"WorkingDirectory=/usr/share/{wanted.name}"
    yield f"ExecStart={starter.start}" if starter.start else "ExecStart=/bin/false"
    yield from ("Restart=on-failure", "RestartSec=1", "NoNewPrivileges=yes", "PrivateTmp=yes")
    yield from ("ProtectHome=yes", "ProtectSystem=full", "", "[Install]")
    yield "WantedBy=multi-user.target"


def _nfpm(wanted: Wanted, found: Findings, starter: Starter) -> Iterator[str]:
    name = wanted.name
    yield "# What is in the package, for https://nfpm.goreleaser.com. The version is the release's."
    yield from (f"name: {name}", f"arch: {starter.architecture}", "platform: linux")
    yield from ("version: ${VERSION}", "version_schema: none", "section: web")
    yield from ("priority: optional", f"maintainer: {name} team <{name}@example.org>")
    yield from ("description: |-", f"  {name}, as a web service")
    yield f"  It is delivered by Slipway, of {_line(wanted.url)}."
    yield f"homepage: https://example.org/{name}"
    if starter.depends:
        yield "depends:"
        yield from (f"- {one}" for one in starter.depends)
    yield from ("", "contents:")
    for one in starter.contents:
        yield from (f"- src: {quoted(one.source)}", f"  dst: {quoted(one.target)}")
        yield f"  file_info: {{mode: {one.mode}}}" if one.mode else "  type: tree"
    unit = unit_path(wanted, found)
    papers = {
        unit: f"/lib/systemd/system/{unit.rpartition('/')[2]}",
        f"{_FOLDER}/copyright": f"/usr/share/doc/{name}/copyright",
        f"{_FOLDER}/lintian-overrides": f"/usr/share/lintian/overrides/{name}",
    }
    for source, target in papers.items():
        yield from (f"- src: {quoted(source)}", f"  dst: {quoted(target)}")
        yield "  file_info: {mode: 0644}"
    yield from ("", f"changelog: {_FOLDER}/changelog.yaml")


def _changelog(name: str) -> str:
    return (
        "- semver: 1.0.0\n"
        f"  date: {datetime.now(UTC):%Y-%m-%dT00:00:00Z}\n"
        f"  packager: {name} team <{name}@example.org>\n"
        "  deb:\n    urgency: medium\n    distributions: [stable]\n"
        "  changes:\n  - note: First release.\n"
    )


def _copyright(wanted: Wanted) -> str:
    return (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Upstream-Name: {wanted.name}\nSource: {_line(wanted.url)}\n\n"
        f"Files: *\nCopyright: {datetime.now(UTC):%Y} {wanted.name} team\nLicense: proprietary\n\n"
        "License: proprietary\n All rights reserved, until another licence is written here.\n"
    )


def _overrides(name: str, starter: Starter) -> Iterator[str]:
    if starter.overrides:
        yield "# One program that holds all it needs; systemd starts it."
        yield from starter.overrides
    yield "# nfpm knows this one name for a changelog; each commit is a version of its own."
    yield f"{name}: wrong-name-for-changelog-of-native-package"


def _fabfile(name: str) -> str:
    return (
        '"""`fab --list` names the tasks; they come with `pip install slipway[cli]`."""\n'
        "from slipway_cli.cli.tasks.of_project import for_project\n"
        f'namespace = for_project("{name}")\n'
    )


def _line(text: str) -> str:
    """Keep a URL to one line of a paper."""
    return "".join(char for char in text if char.isprintable())
