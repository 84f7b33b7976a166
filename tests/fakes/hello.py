"""The smallest example under another name, as a package of a project's own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

HELLO = Path(__file__).resolve().parents[2] / "include" / "examples" / "hello"


def copy_as(name: str, folder: Path) -> None:
    """Put the example's files into a folder, as the package of that name.

    :param name: the package's, and the unit's.
    :param folder: may be there, and hold others.
    """
    shutil.copytree(HELLO, folder, dirs_exist_ok=True)
    (folder / "hello.service").rename(folder / f"{name}.service")
    for file in (".drone.yml", "nfpm.yaml", "changelog.yaml", "lintian-overrides"):
        text = (folder / file).read_text()
        (folder / file).write_text(text.replace("hello.service", f"{name}.service"))
    packaging = folder / "nfpm.yaml"
    own = yaml.safe_load(packaging.read_text()) | {"name": name}
    text = yaml.safe_dump(own, sort_keys=False)
    for place in ("doc", "share/lintian/overrides"):
        text = text.replace(f"/{place}/hello", f"/{place}/{name}")
    packaging.write_text(text)
    overrides = folder / "lintian-overrides"
    overrides.write_text(overrides.read_text().replace("hello:", f"{name}:"))


def project_file(name: str, url: str, **environments: dict[str, Any]) -> dict[str, Any]:
    """Return what the project file of such a copy says.

    :param name: the project's, its package's and its unit's.
    :param url: of its repository.
    :param environments: by name, as :func:`environment_file` makes them.
    """
    return {
        "name": name,
        "repository": {"url": url, "branch": "main"},
        "test": {"images": {"python:3.11": "slipway/python:3.11"}},
        "package": {"name": name, "nfpm": "nfpm.yaml", "unit": f"{name}.service"},
        "environments": environments,
    }


def environment_file(target_group: str, region: str, **more: Any) -> dict[str, Any]:
    """Return what it says of an environment in the embedded cloud: one machine, and no soak.

    :param target_group: its name.
    :param region: of the cloud.
    :param more: whatever differs.
    """
    return {
        "aws": {"region": region},
        "target_group": target_group,
        "instance": {
            "type": "t3.micro",
            "subnets": ["slipway-a", "slipway-b"],
            "security_groups": ["slipway-app"],
        },
        "size": {"min": 1, "desired": 1, "max": 2},
        "health": {"path": "/healthz", "port": 8000, "timeout": "2m"},
        "soak": "0s",
        "keep_old": "0s",
        **more,
    }
