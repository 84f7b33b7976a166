"""The smallest example under another name, as a package of a project's own."""

from __future__ import annotations

import shutil
from pathlib import Path

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
