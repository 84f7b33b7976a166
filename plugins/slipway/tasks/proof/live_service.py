"""The service of a release, run from its stored package in a container beside a scratch database.

It reaches that database and nothing else: no network leads out, and it has what an untrusted
pipeline's service has. Packages that it depends on are fetched beforehand, by a container that runs
nothing but apt.
"""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from slipway.exceptions import ContainerEngineError, ImageUnavailable, SlipwayError, StepTimedOut
from slipway.hooks import service_questions, unit_runner
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.tars import pack
from slipway.hooks.temporary_file import spool
from slipway.model.cloud.health_check import ANY_SUCCESS, is_right
from slipway.model.cloud.machine import OperatingSystem
from slipway.model.container import ContainerSpec, PullPolicy
from slipway.model.proof_settings import ProofSettings, Question
from slipway.pipeline.compiler.spec import UNTRUSTED
from slipway.pipeline.runtime.isolation import isolated
from slipway.pipeline.runtime.readiness import last_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway.hooks.docker.engine import ContainerEngine
    from slipway.model.facts import PublishedPackage

# Like a machine's: built beside the engine, or published by the distribution.
_IMAGES = {
    OperatingSystem.DEBIAN_12: ("slipway/machine:12", "debian:12"),
    OperatingSystem.DEBIAN_13: ("slipway/machine:13", "debian:13"),
    OperatingSystem.UBUNTU_22_04: (None, "ubuntu:22.04"),
    OperatingSystem.UBUNTU_24_04: (None, "ubuntu:24.04"),
}
_FOLDER, _NEEDED, _PACKAGES = "/slipway", "needed", "packages"
_RUNNER, _ASKER = f"{_FOLDER}/unit_runner.py", f"{_FOLDER}/service_questions.py"
_FETCH_TIMEOUT, _ANSWER, _PAUSE = 180.0, 5.0, 0.3
# Python runs the service, as no systemd does.
_FETCH = f"""
set -e
mkdir -p {_FOLDER}/{_NEEDED}/partial
apt-get -q update
apt-get -qy install --download-only --no-install-recommends -o APT::Sandbox::User=root \
    -o Dir::Cache::archives={_FOLDER}/{_NEEDED} python3 {_FOLDER}/{_PACKAGES}/*.deb
rm -rf {_FOLDER}/{_NEEDED}/partial {_FOLDER}/{_NEEDED}/lock
"""


class NotStartable(SlipwayError):
    """A release cannot be run beside a scratch database; that says nothing of any migration."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the service answered.

    :param status: 0 where it did not.
    :param said: the beginning of the body, or what went wrong.
    """

    status: int
    said: str

    def __str__(self) -> str:
        """Say it for people."""
        said = " ".join(self.said.split())[:150]
        return f"{self.status} {said}".rstrip() if self.status else said


@dataclass(frozen=True, kw_only=True)
class LiveService:
    """A release's service, in a container.

    :param engine: runs it.
    :param name: of the container; that of what fetches packages, and its network's, begins so.
    :param labels: on all of it.
    :param network: the scratch database's.
    :param package: of the release.
    :param settings: how the project runs it.
    :param environment: of the service.
    :param health: what is asked for its health.
    :param port: where it listens.
    :param right: codes of the right answers to that question.
    :param system: the machines' operating system.
    :param log: receives what there is to say.
    """

    engine: ContainerEngine
    name: str
    labels: Mapping[str, str]
    network: str
    package: PublishedPackage
    settings: ProofSettings
    environment: Mapping[str, str]
    health: Question
    port: int
    right: str = ANY_SUCCESS
    system: OperatingSystem = OperatingSystem.DEBIAN_12
    log: Callable[[str], None]

    def start(self, store: ArtifactStore) -> None:
        """Install the package, start its service, and wait until it is healthy.

        :param store: has the package.
        :raises NotStartable: saying why it does not become healthy.
        """
        packages = stored_debs(store, self.package)
        image, image_id = self._image()
        files = pack({f"{_PACKAGES}/{name}": content for name, content in packages.items()})
        with spool() as needed:
            self._fetch(image, files, needed)
            container = self.engine.create(isolated(self._spec(image_id), UNTRUSTED))
            self.engine.put_tar(container, _FOLDER, files)
            self.engine.put_tar(container, _FOLDER, needed)
        self.engine.put_tar(container, _FOLDER, pack(self._told()))
        self.engine.start(container)
        self._require_healthy()

    def start_again(self) -> None:
        """End the service and start it anew; the package stays installed.

        :raises NotStartable: when it does not become healthy again.
        """
        self.stop()
        self.engine.start(self.name)
        self._require_healthy()

    def stop(self) -> None:
        """End the service."""
        self.engine.stop(self.name, grace=15.0)

    def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """Ask the service for something else than its health, one thing after the other."""
        if not questions:
            return []
        wanted = {
            "port": self.port,
            "timeout": _ANSWER,
            "questions": [[one.method, one.path, one.body] for one in questions],
        }
        argv = ("python3", "-I", _ASKER, json.dumps(wanted))
        try:
            code, said = self.engine.exec(self.name, argv, timeout=30.0 + _ANSWER * len(questions))
        except ContainerEngineError as error:  # it has ended
            return [Answer(status=0, said=error.message)] * len(questions)
        if code != 0:
            return [Answer(status=0, said=said.strip()[-200:])] * len(questions)
        answers: list[dict[str, Any]] = json.loads(said)
        return [Answer(status=one["status"], said=one["said"]) for one in answers]

    def command(self) -> tuple[bool, str]:
        """Run the project's own command.

        :returns: whether it ended well, and the end of what it wrote.
        """
        argv = ("python3", "-I", _RUNNER, "command")
        try:
            code, said = self.engine.exec(self.name, argv, timeout=self.settings.timeout)
        except StepTimedOut as error:
            return False, error.message
        end = said.strip()[-1000:]
        return code == 0, end if code == 0 else f"exit code {code}\n{end}"

    def _require_healthy(self) -> None:
        deadline = time.monotonic() + self.settings.timeout
        answer = Answer(status=0, said="it was not asked yet")
        while time.monotonic() < deadline:
            if not self.engine.state(self.name).running:
                msg = f"its container ended{self._last_lines()}"
                raise NotStartable(msg)
            answer = self.ask([self.health])[0]
            if is_right(answer.status, self.right):
                return
            time.sleep(_PAUSE)
        msg = f"it is not healthy after {self.settings.timeout:.0f} s ({self.health}: {answer})"
        msg = f"{msg}{self._last_lines()}"
        raise NotStartable(msg)

    def _last_lines(self) -> str:
        return "".join(f"\n    {one}" for one in last_lines(self.engine, self.name, 12))

    def _image(self) -> tuple[str, str]:
        """Return name and id of an image like a machine's."""
        wanted = self.settings.image
        try:
            if wanted:
                return wanted, self.engine.ensure_image(wanted).id
            own, elsewhere = _IMAGES[self.system]
            with suppress(ImageUnavailable):
                if own is not None:
                    return own, self.engine.ensure_image(own, pull=PullPolicy.NEVER).id
            return elsewhere, self.engine.ensure_image(elsewhere).id
        except SlipwayError as error:
            raise NotStartable(error.message) from error

    def _fetch(self, image: str, files: bytes, into: IO[bytes]) -> None:
        """Fetch what the package depends on, which no network leads to afterwards."""
        name = f"{self.name}-fetch"
        self.engine.create_network(name, {**self.labels, "slipway.kind": "tool"}, guarded=True)
        spec = ContainerSpec(
            name=name,
            image=image,
            entrypoint=("sh", "-c"),
            argv=(_FETCH,),
            network=name,
            environment={"DEBIAN_FRONTEND": "noninteractive"},
            labels={**self.labels, "slipway.kind": "tool"},
        )
        lines: list[str] = []
        try:
            result = self.engine.run_tool(
                isolated(spec, UNTRUSTED),
                files=files,
                files_at=_FOLDER,
                collect=f"{_FOLDER}/{_NEEDED}",
                collect_into=into,
                timeout=_FETCH_TIMEOUT,
                log=lines.append,
            )
        except StepTimedOut as error:
            msg = f"what its package depends on does not come: {error}"
            raise NotStartable(msg) from error
        if result.exit_code != 0:
            said = "".join(f"\n    {line}" for line in lines[-8:])
            msg = f"what its package depends on cannot be had{said}"
            raise NotStartable(msg)

    def _spec(self, image: str) -> ContainerSpec:
        return ContainerSpec(
            name=self.name,
            image=image,
            entrypoint=("python3", "-I", _RUNNER),
            argv=("start",),
            network=self.network,
            labels={**self.labels, "slipway.kind": "service"},
            user="0",
        )

    def _told(self) -> dict[str, bytes]:
        settings = {
            "unit": self.settings.unit,
            "environment": dict(self.environment),
            "command": self.settings.command,
        }
        return {
            "settings.json": json.dumps(settings).encode(),
            "unit_runner.py": inspect.getsource(unit_runner).encode(),
            "service_questions.py": inspect.getsource(service_questions).encode(),
        }


def stored_debs(store: ArtifactStore, package: PublishedPackage) -> dict[str, bytes]:
    """Fetch a release's packages: file name -> content, those that were published.

    :param store: where they are kept.
    :param package: the one with the unit; what it installs beside itself comes along.
    :raises NotStartable: naming the one that is not there.
    """
    release = package.release
    folder = f"deb/{release.project}/{release.version}"
    digests = {name: store.digest(f"{folder}/{name}") for name in store.keys(folder)}
    wanted = [(package.name, package.sha256)]
    wanted += [(one.name, one.sha256) for one in package.beside if one.installed]
    found = {}
    for name, sha256 in wanted:
        file = next((one for one, digest in digests.items() if digest == sha256), None)
        if file is None:
            msg = f"its package {name} is not in the artifact store any more ({folder})"
            raise NotStartable(msg)
        found[file] = store.get(f"{folder}/{file}") or b""
    return found
