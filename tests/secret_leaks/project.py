"""The project whose secrets are followed: the guestbook, with a pipeline that tells them all."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from include.demo import paths

NAME = "canary"
LISTENER = 8084
FILE = paths.ROOT / "include" / "projects" / f"{NAME}.yaml"
# Secrets that the pipeline asks for -> where Airflow has them.
SECRETS = {
    "database_password": "variable:guestbook_test_password",
    "canary_token": "variable:canary_token",
    "canary_key": "connection:canary_registry:password",
}
_PROJECT = f"""\
name: {NAME}
repository: {{url: "git://127.0.0.1:{paths.GIT_PORT}/{NAME}.git"}}
test:
  images: {{"python:3.11": slipway/python:3.11, "postgres:15": slipway/postgres:15}}
  reports: [leak.xml]
  secrets: {{{", ".join(f"{name}: '{source}'" for name, source in SECRETS.items())}}}
package:
  name: guestbook
  nfpm: packaging/nfpm.yaml
  unit: guestbook.service
  config: {{GUESTBOOK_PORT: "8000"}}
migrations: {{directory: migrations, postgres: 15}}
environments:
  dev:
    deploy: continuous
    aws: {{region: {paths.REGION}}}
    database: {NAME}_dev
    target_group: {NAME}-dev
    instance: {{subnets: [slipway-a, slipway-b], security_groups: [slipway-app]}}
    health: {{path: /healthz, port: 8000, timeout: 2m}}
    soak: 2s
    keep_old: 0s
"""
# What a careless or a hostile commit does with what it is given.
_TELLTALE = """\
import base64, os, sys
for name in ("CANARY_TOKEN", "CANARY_KEY"):
    secret = os.environ[name]
    print(name, secret, secret.encode().hex(), base64.b64encode(secret.encode()).decode())
    print("x" * (65536 - len(secret) // 2) + secret)
    print(base64.encodebytes((30 * "-" + secret + 30 * "-").encode()).decode())
    sys.stdout.write("\\x1b[31m".join(secret) + "\\n")
with open("leak.xml", "w") as report:
    report.write('<testsuite tests="1" failures="1"><testcase classname="leak" name="%s">'
                 '<failure message="%s">%s</failure></testcase></testsuite>'
                 % (secret, secret, base64.b64encode(secret.encode()).decode()))
sys.exit(os.path.exists("FAIL"))
"""
_PIPELINE = """\
kind: pipeline
type: docker
name: default

steps:
- name: telltale
  image: python:3.11
  environment:
    CANARY_TOKEN: {from_secret: canary_token}
    CANARY_KEY: {from_secret: canary_key}
  commands:
  - python telltale.py

services:
- name: database
  image: postgres:15
  environment:
    POSTGRES_PASSWORD: {from_secret: database_password}
"""


class CanaryRepository:
    """A bare repository on the demo's git server, and a work tree to push from."""

    def __init__(self) -> None:
        self._bare = paths.GIT / f"{NAME}.git"
        self._tree = paths.GIT / "work" / NAME

    def create(self) -> str:
        """Push the first commit, and return its sha."""
        self.remove()
        self._git(
            "init", "--quiet", "--bare", "--initial-branch=main", str(self._bare), at=paths.GIT
        )
        example = paths.ROOT / "include" / "examples" / "guestbook"
        shutil.copytree(example, self._tree, ignore=shutil.ignore_patterns("__pycache__"))
        (self._tree / ".drone.yml").write_text(_PIPELINE)
        (self._tree / "telltale.py").write_text(_TELLTALE)
        self._git("init", "--quiet", "--initial-branch=main")
        self._git("remote", "add", "origin", str(self._bare))
        return self.push("A guestbook that tells", tag="v1.0.0")

    def push(self, message: str, *, fails: bool = False, tag: str = "") -> str:
        """Push one more commit, and return its sha.

        :param fails: its tests do.
        """
        marker = self._tree / "FAIL"
        marker.touch() if fails else marker.unlink(missing_ok=True)
        (self._tree / "guestbook" / "welcome.txt").write_text(f"Welcome. {message}\n")
        self._git("add", "--all")
        self._git("commit", "--quiet", "-m", message)
        if tag:
            self._git("tag", tag)
        self._git("push", "--quiet", "--atomic", "origin", "main", *([tag] if tag else []))
        return self._git("rev-parse", "HEAD")

    def remove(self) -> None:
        """Forget an earlier story."""
        shutil.rmtree(self._bare, ignore_errors=True)
        shutil.rmtree(self._tree, ignore_errors=True)

    def _git(self, *arguments: str, at: Path | None = None) -> str:
        who = {
            f"GIT_{role}_{field}": "ada@example.com"
            for role in ("AUTHOR", "COMMITTER")
            for field in ("NAME", "EMAIL")
        }
        quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        done = subprocess.run(
            ["git", *arguments],
            cwd=at or self._tree,
            env={**os.environ, **who, **quiet},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()


def write_project_file() -> None:
    """Make the project known; its DAGs are there within half a minute."""
    FILE.write_text(_PROJECT)


def remove_project_file() -> None:
    """Forget the project."""
    FILE.unlink(missing_ok=True)
