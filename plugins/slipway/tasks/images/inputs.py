"""What an image is made of, in words and digests: what tells two bakes apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from slipway.policies.image_inputs import plain, setting_digest


def file_inputs(files: Mapping[str, bytes]) -> dict[str, str]:
    """Say what each file was, by its digest."""
    return {name: hashlib.sha256(content).hexdigest()[:12] for name, content in files.items()}


# What a person calls a variable; of the others the name says it. What belongs to the package is
# told with it.
_WORDS = {
    "app_unit": "package.unit",
    "app_uses": "package.uses",
    "app_beside": "packages beside it",
    "app_repository_key": "the key of the apt repository",
    "app_repository_url": "apt repository",
    "app_repository_distribution": "apt distribution",
    "app_repository_component": "apt component",
    "machine_roles": "machine.roles",
    "machine_packages": "machine.packages",
}
# Characters of a setting that are written down; of a longer one its digest is.
_LONGEST = 200
_OF_THE_PACKAGE = ("app_package", "app_version", "app_sha256", "app_config")


def variable_inputs(variables: Mapping[str, Any]) -> dict[str, str]:
    """Say what each variable was, by its digest; settings as they are, since nothing is secret."""
    named = {_word(name): value for name, value in variables.items() if name not in _OF_THE_PACKAGE}
    found = {
        name: hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
        for name, value in named.items()
    }
    for name, value in variables["app_config"].items():
        text = str(value["__ansible_unsafe"])
        found[f"package.config.{name}"] = (
            plain(text) if len(text) <= _LONGEST else setting_digest(text)
        )
    return found


def _word(variable: str) -> str:
    return _WORDS.get(variable) or f"machine.variables.{variable.removeprefix('machine_')}"
