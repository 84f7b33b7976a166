"""Puts the shell into the wheel, as ``slipway_cli``.

``include`` is this repository's name for what stands around ``slipway``, and no name for a package
that is installed beside others. So the wheel has ``include/cli`` and ``include/project``, which
need no Airflow, under a name of their own, and their imports say so; nothing else is changed.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME, ROOMS = "slipway_cli", ("cli", "project")
# Beside a clone, which has the same by its own name.
_ALIAS = '''"""Slipway's shell, as this clone has it."""

import sys

import include

sys.modules[__name__] = include
'''
_IMPORT = re.compile(rf"^(\s*)(from|import) include\.(?=(?:{'|'.join(ROOMS)})\b)", re.MULTILINE)


class Shell(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's hook of the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the package, and have it packed.

        :param version: of the build: an editable one finds it in this folder.
        :param build_data: what else is packed.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="slipway-wheel-"))
        if version == "editable":
            alias = self._folder / f"{NAME}.py"
            alias.write_text(_ALIAS)
            build_data["force_include_editable"][str(alias)] = alias.name
        else:
            package = write(Path(self.root) / "include", self._folder)
            build_data["force_include"][str(package)] = NAME

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was written.

        :param version: of the build.
        :param build_data: what else was packed.
        :param artifact_path: of the wheel.
        """
        del version, build_data, artifact_path
        shutil.rmtree(self._folder, ignore_errors=True)


def write(source: Path, folder: Path) -> Path:
    """Write the package.

    :param source: the folder ``include``.
    :param folder: that it is written into.
    :returns: the package's folder.
    """
    package = folder / NAME
    package.mkdir()
    (package / "__init__.py").write_text('"""Slipway from a shell, without Airflow."""\n')
    for room in ROOMS:
        for file in sorted((source / room).rglob("*.py")):
            target = package / file.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(renamed(file.read_text()))
    return package


def renamed(text: str) -> str:
    """Return a module whose imports know the package's name."""
    return _IMPORT.sub(rf"\1\2 {NAME}.", text)
