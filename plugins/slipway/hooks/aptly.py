"""aptly, keeper of the apt repository, in a toolbox container.

aptly's database and pool live in one named volume of one container engine: whoever publishes
goes there. The published side is an S3 bucket. The signing key and the bucket's keys are in the
memory of the container alone, and end with it.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from slipway.exceptions import EnvironmentMisconfigured, ToolFailed, VersionConflict
from slipway.hooks.apt_bucket import AptBucket
from slipway.hooks.apt_connection import AptRepository
from slipway.hooks.apt_signing import GPG, SigningKey, extension, signing_key, valid_until
from slipway.hooks.aws_connection import Account
from slipway.hooks.container_engine import ContainerEngine
from slipway.hooks.container_spec import ToolResult
from slipway.hooks.recipes import pack
from slipway.hooks.tool_secrets import aws_credentials
from slipway.hooks.toolbox import SECRETS, WORK, Toolbox

_ROOT, _OUT, _CONFIG = "/aptly", "/out", "aptly.json"
_BIN, _GPG = "/opt/signing", "gpg"
_KEY, _UPLOAD = "signing-key", "upload.json"
# Seconds for one publication, and for those that are before us in the queue.
_TIMEOUT, _QUEUE = 540.0, 300
_LOCKED, _CONFLICT, _CANNOT_SIGN, _NOT_HERE = 20, 21, 22, 23
# A lock of our own: those who lose the race for aptly's sleep ten seconds between two tries.
# Every command may be repeated: a killed try is finished by the next.
_PREPARE = f"""
set -e
exec 9> {_ROOT}/slipway.lock
flock --wait {_QUEUE} 9 || exit {_LOCKED}
export GNUPGHOME=/dev/shm/gnupg
mkdir -p {_OUT} && mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --import < {SECRETS}/{_KEY}
rm {SECRETS}/{_KEY}
gpg --batch --armor --export > {_OUT}/key.asc
gpg --batch --with-colons --list-secret-keys > {_OUT}/keys
echo | gpg --batch --quiet --detach-sign > /dev/null || exit {_CANNOT_SIGN}
mkdir -p {_BIN} && cp {WORK}/{_GPG} {_BIN}/gpg && chmod 755 {_BIN}/gpg
export SIGNED={_OUT}/Release VALID_UNTIL="$3" PATH={_BIN}:$PATH
aptly() {{ command aptly -config={WORK}/{_CONFIG} "$@"; }}
"""
# What aptly says when a version is there with other content, and of what; names have no blanks.
_SAYS_CONFLICT = r"^\[!\] Unable to add package to repo [^ ]*: conflict in package [^ ]*$"
_ADD = f"""
aptly repo show "$1" > /dev/null 2>&1 || aptly repo create -distribution="$1" -component="$2" "$1"
added=0
aptly repo add "$1" {WORK}/*.deb > {_OUT}/add.log 2>&1 || added=$?
cat {_OUT}/add.log
if grep -q '{_SAYS_CONFLICT}' {_OUT}/add.log; then exit {_CONFLICT}; fi
[ $added = 0 ] || exit $added
"""
# The Release file goes up before it is signed, so once more with all that was signed; machines
# read InRelease, which is whole in itself.
_PUBLISH = f"""
if aptly publish show "$1" s3:slipway: > /dev/null 2>&1; then
  aptly publish update -batch "$1" s3:slipway:
else
  aptly publish repo -batch -acquire-by-hash -architectures=amd64,arm64 \\
    -distribution="$1" -component="$2" "$1" s3:slipway:
fi
python3 - {SECRETS}/{_UPLOAD} "$SIGNED" <<'PYTHON'
import json, sys, urllib.request
upload = json.load(open(sys.argv[1]))
release = open(sys.argv[2], "rb").read()
put = urllib.request.Request(upload["url"], release, upload["headers"], method="PUT")
urllib.request.urlopen(put, timeout=60).close()
PYTHON
"""
_ONLY_IF_PUBLISHED = f"""
aptly publish show "$1" s3:slipway: > /dev/null 2>&1 || exit {_NOT_HERE}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """What a repository is signed with.

    :param public_key: ASCII-armoured.
    :param warning: that the key's time will be over soon, for people; None while it is not.
    """

    public_key: str
    warning: str | None


@dataclass(frozen=True, kw_only=True)
class Aptly:
    """Publishes into one repository.

    :param engine: holds the volume.
    :param account: of the bucket.
    :param name: the container's name.
    :param labels: on the container.
    """

    engine: ContainerEngine
    repository: AptRepository
    account: Account
    name: str
    labels: dict[str, str]

    def publish(self, file_name: str, deb: bytes, log: Callable[[str], None]) -> Signed:
        """Add a package to the repository, beside all that is there, and publish it.

        :param file_name: the package's.
        :param deb: its content.
        :param log: receives aptly's lines.
        :raises VersionConflict: when this version is there with other content.
        :raises EnvironmentMisconfigured: when the key cannot sign.
        :raises ToolFailed: when another try may help.
        """
        result = self._run(_PREPARE + _ADD + _PUBLISH, {file_name: deb}, log)
        if result.exit_code == _CONFLICT:
            msg = f"{file_name} was published before with other content"
            raise VersionConflict(msg, advice="a version is published once; push a new commit")
        return _signed(result)

    def renew(self, log: Callable[[str], None]) -> Signed | None:
        """Sign anew what is published, with all as it is.

        :param log: receives aptly's lines.
        :returns: None when this engine does not hold the repository.
        :raises EnvironmentMisconfigured: when the key cannot sign.
        :raises ToolFailed: when another try may help.
        """
        result = self._run(_PREPARE + _ONLY_IF_PUBLISHED + _PUBLISH, {}, log)
        return None if result.exit_code == _NOT_HERE else _signed(result)

    def _run(self, script: str, files: dict[str, bytes], log: Callable[[str], None]) -> ToolResult:
        volume = f"slipway-aptly-{self.engine.installation}"
        self.engine.create_volume(volume, {"slipway.kind": "apt"})
        repository = self.repository
        words = (repository.distribution, repository.component, valid_until(datetime.now(UTC)))
        toolbox = Toolbox(
            engine=self.engine, name=self.name, labels=self.labels, volumes={volume: _ROOT}
        )
        keys = aws_credentials(self.account.environment)
        upload = json.dumps(asdict(AptBucket(repository).upload()))
        return toolbox.run(
            "sh", "-c", script, "publish", *words,
            files=pack({**files, _CONFIG: self._config(), _GPG: GPG.encode()}), collect=_OUT,
            environment=keys.environment, timeout=_TIMEOUT, log=log,
            secrets={**keys.files, _KEY: repository.signing_key, _UPLOAD: upload},
        )  # fmt: skip

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
            "rootDir": _ROOT, "gpgProvider": "gpg", "skipContentsPublishing": True,
            "S3PublishEndpoints": {"slipway": bucket},
        }  # fmt: skip
        return json.dumps(settings).encode()


def _signed(result: ToolResult) -> Signed:
    """Read what a run left.

    :raises SlipwayError: when it failed.
    """
    left = _files(result.collected)
    key = signing_key(left.get("keys", ""))
    now = datetime.now(UTC)
    if result.exit_code == _CANNOT_SIGN:
        raise _cannot_sign(key, now, result)
    if result.exit_code == _LOCKED:
        msg = f"others publish since {_QUEUE} s"
        raise ToolFailed(msg, advice="nothing: the task tries again by itself")
    if key is None or "key.asc" not in left:
        msg = "the signing key of the apt connection cannot be read"
        raise ToolFailed(msg, advice="the password must be an ASCII-armoured private key")
    if result.exit_code != 0:
        msg = f"aptly failed with exit code {result.exit_code}:\n{_last_lines(result)}"
        raise ToolFailed(msg, advice="check the apt connection, its bucket and its key")
    return Signed(public_key=left["key.asc"], warning=key.warning(now))


def _cannot_sign(
    key: SigningKey | None, now: datetime, result: ToolResult
) -> EnvironmentMisconfigured:
    if key and key.expired(now):
        msg = (
            f"the apt repository's signing key {key.fingerprint} expired on {key.expires:%Y-%m-%d}"
        )
        return EnvironmentMisconfigured(msg, advice=extension(key))
    msg = f"the signing key of the apt connection cannot sign:\n{_last_lines(result)}"
    advice = "the password must be a private key that may sign, without a passphrase"
    return EnvironmentMisconfigured(msg, advice=advice)


def _last_lines(result: ToolResult) -> str:
    return "\n".join(f"    {line}" for line in result.output_tail[-8:])


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
