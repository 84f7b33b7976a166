"""aptly, keeper of the apt repository, in a toolbox container.

Any container engine publishes: what aptly knows lies in the S3 bucket that it publishes into
(:mod:`slipway.hooks.apt.state`), and a named volume of each engine keeps a copy. One publication at
a time goes on, wherever (:mod:`slipway.hooks.apt.lock`). The signing key and the bucket's keys are
in the memory of the container alone, and end with it.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from slipway.exceptions import ToolFailed
from slipway.hooks.apt import front, script, state
from slipway.hooks.apt.bucket import AptBucket
from slipway.hooks.apt.candidates import has_candidates
from slipway.hooks.apt.connection import AptRepository
from slipway.hooks.apt.lock import nobody_asks
from slipway.hooks.apt.refusal import Ended, moved, refusal
from slipway.hooks.apt.signing import GPG, signing_key, valid_until
from slipway.hooks.aws.connection import Account
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.tars import digest_of, pack_into
from slipway.hooks.temporary_file import spool
from slipway.hooks.tools.tool_secrets import aws_credentials
from slipway.hooks.tools.toolbox import Toolbox
from slipway.metrics.catalogue import PUBLISH_TIME
from slipway.metrics.emit import timed

# Where Python looks for them, beside nothing else of Slipway.
_FRONT = {
    f"{front.__name__.replace('.', '/')}/{file.name}": file.read_bytes()
    for file in Path(front.__path__[0]).glob("*.py")
}
# Seconds for one publication.
_TIMEOUT = 540.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """What a repository is signed with.

    :param public_key: ASCII-armoured.
    :param warning: for people: that the key's time will be over soon, or that the repository is
        somewhere else now; None where there is nothing to say.
    """

    public_key: str
    warning: str | None


@dataclass(frozen=True, kw_only=True)
class Aptly:
    """Publishes into one repository.

    :param engine: where it runs; any of several that publish.
    :param repository: that it publishes into.
    :param account: of the bucket.
    :param name: the container's name, and whose turn it is; the same at each try.
    :param labels: on the container.
    :param waits: told whose turn it is while this one waits, and nothing once it waits no more.
    """

    engine: ContainerEngine
    repository: AptRepository
    account: Account
    name: str
    labels: dict[str, str]
    waits: Callable[[str], None] = nobody_asks

    def publish(self, file_name: str, deb: IO[bytes], log: Callable[[str], None]) -> Signed:
        """Add a package to the repository, beside all that is there, and publish it.

        :param file_name: the package's.
        :param deb: its content, a file that is read from its beginning.
        :param log: receives aptly's lines.
        :raises VersionConflict: when this version is there with other content.
        :raises PackageRefused: when no machine of the repository would look for it.
        :raises EnvironmentMisconfigured: when the key cannot sign, or the repository that is
            published is not the one of the connection.
        :raises ToolFailed: when another try may help.
        """
        steps = script.CHECK + script.ADD + script.PUBLISH
        return self._add(steps, _published, file_name, deb, log)

    def offer(self, file_name: str, deb: IO[bytes], log: Callable[[str], None]) -> Signed:
        """Publish a candidate, in place of another one of its version, for as long as a bake.

        The repository is that of :func:`slipway.hooks.apt.candidates.of_candidates`.

        :param file_name: the package's.
        :param deb: its content, a file that is read from its beginning.
        :param log: receives aptly's lines.
        :raises PackageRefused: when no machine of the repository would look for it.
        :raises EnvironmentMisconfigured: when the key cannot sign.
        :raises ToolFailed: when another try may help.
        """
        # Candidates that aptly does not know may go: nobody waits for them.
        steps = script.CHECK + script.SWEEP + script.OFFER + script.PUBLISH
        steps += script.CLEAN_UP_DAILY + script.KEEP_CANDIDATES
        return self._add(steps, lambda _: [], file_name, deb, log)

    def _add(
        self,
        steps: str,
        published: Callable[[AptBucket], list[str]],
        file_name: str,
        deb: IO[bytes],
        log: Callable[[str], None],
    ) -> Signed:
        """Run steps that add a package, and see that machines find it.

        :param published: lists what machines find so far, and are to find afterwards as well.
        """
        bucket = AptBucket(self.repository)
        with timed(PUBLISH_TIME), bucket.lock(self._owner).held(log, self.waits) as token:
            files = {script.PUBLISHED: _lines(published(bucket))}
            ended = self._run(script.PREPARE + steps, bucket, token, files, log, {file_name: deb})
            signed = _signed(ended, file_name)
            without = bucket.index().lacks(ended.files[script.PACKAGE], digest_of(deb))
        if without:
            msg = f"{file_name} is not in the index that {', '.join(without)} machines read"
            raise ToolFailed(
                msg, advice=f"find out who else writes into the bucket {self.repository.bucket}"
            )
        return signed

    def renew(self, log: Callable[[str], None]) -> Signed | None:
        """Sign anew what is published, with all as it is but for candidates that had their time.

        :param log: receives aptly's lines.
        :returns: None when neither the bucket nor this engine knows what is published.
        :raises EnvironmentMisconfigured: when the key cannot sign.
        :raises ToolFailed: when another try may help.
        """
        bucket = AptBucket(self.repository)
        steps = script.ONLY_IF_PUBLISHED + script.SWEEP + script.CLEAN_BUCKET + script.PUBLISH
        steps += script.CLEAN_UP + script.KEEP_CANDIDATES
        with bucket.lock(self._owner).held(log, self.waits) as token:
            ended = self._run(script.PREPARE + steps, bucket, token, {}, log)
        return None if ended.exit_code == script.NOT_HERE else _signed(ended)

    @property
    def _root(self) -> str:
        known = has_candidates(self.repository.distribution)
        return script.CANDIDATES if known else script.ROOT

    @property
    def _owner(self) -> str:
        return f"{self.engine.installation}/{self.name}"

    def _run(
        self,
        steps: str,
        bucket: AptBucket,
        token: str,
        files: dict[str, bytes],
        log: Callable[[str], None],
        debs: Mapping[str, IO[bytes]] | None = None,
    ) -> Ended:
        volume = f"slipway-aptly-{self.engine.installation}"
        self.engine.create_volume(volume, {"slipway.kind": "apt"})
        repository = self.repository
        where = " at ".join(filter(None, (repository.bucket, self.account.endpoint)))
        etag = bucket.state()
        until = valid_until(datetime.now(UTC))
        words = (repository.distribution, repository.component, until, where, etag, self._root)
        rights = {**bucket.rights(), "token": token, "etag": etag, "where": where}
        toolbox = Toolbox(
            engine=self.engine, name=self.name, labels=self.labels, volumes={volume: script.ROOT}
        )
        keys = aws_credentials(self.account.environment)
        with spool() as packed:
            pack_into(packed, files | self._scripts(), debs or {})
            result = toolbox.run(
                "bash",
                "-c",
                steps,
                "publish",
                *words,
                files=packed,
                collect=script.OUT,
                environment=keys.environment,
                timeout=_TIMEOUT,
                log=log,
                secrets={
                    **keys.files,
                    script.KEY: repository.signing_key,
                    script.RIGHTS: json.dumps(rights),
                },
            )
        return Ended(
            exit_code=result.exit_code,
            said=result.output_tail,
            files=_files(result.collected),
            repository=repository,
        )

    def _scripts(self) -> dict[str, bytes]:
        """Return what runs in the container, and what aptly and gpg are told there."""
        told = {script.CONFIG: self._config(), script.GPG: GPG.encode()}
        return told | {script.STATE: Path(state.__file__).read_bytes(), **_FRONT}

    def _config(self) -> bytes:
        bucket = {
            "region": self.repository.region,
            "bucket": self.repository.bucket,
            "endpoint": self.account.endpoint or "",
            "acl": self.repository.acl,
            # S3 reads a plus in a URL as a blank, and our versions have one: aptly stores such
            # files under both names.
            "plusWorkaround": True,
        }
        settings = {
            "rootDir": self._root,
            "gpgProvider": "gpg",
            "skipContentsPublishing": True,
            "S3PublishEndpoints": {"slipway": bucket},
        }
        return json.dumps(settings).encode()


def _signed(ended: Ended, file_name: str = "") -> Signed:
    """Read what a run left.

    :param file_name: of the package that was to be published.
    :raises SlipwayError: when it failed.
    """
    now = datetime.now(UTC)
    if error := refusal(ended, file_name, now):
        raise error
    if script.SECRET_KEYS not in ended.files:
        msg = "aptly's container was taken away before what it left could be read"
        raise ToolFailed(msg, advice="nothing: the task tries again by itself")
    key = signing_key(ended.files[script.SECRET_KEYS])
    warnings = [key.warning(now) if key else None, moved(ended)]
    return Signed(
        public_key=ended.files[script.PUBLIC_KEY], warning="\n".join(filter(None, warnings)) or None
    )


def _published(bucket: AptBucket) -> list[str]:
    return bucket.index().names()


def _lines(names: list[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()


def _files(collected: bytes | None) -> dict[str, str]:
    """Return what a run left, by the files' names."""
    if collected is None:
        return {}
    found = {}
    with tarfile.open(fileobj=io.BytesIO(collected)) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                found[member.name.rpartition("/")[2]] = content.read().decode(errors="replace")
    return found
