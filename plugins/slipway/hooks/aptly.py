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
from dataclasses import dataclass

from slipway.exceptions import ToolFailed, VersionConflict
from slipway.hooks.apt_connection import AptRepository
from slipway.hooks.aws_connection import Account
from slipway.hooks.container_engine import ContainerEngine
from slipway.hooks.container_spec import ToolResult
from slipway.hooks.recipes import pack
from slipway.hooks.tool_secrets import aws_credentials
from slipway.hooks.toolbox import SECRETS, WORK, Toolbox

_ROOT, _OUT, _CONFIG = "/aptly", "/out", "aptly.json"
_KEY = "signing-key"
# Seconds for one publication, and for those that are before us in the queue.
_TIMEOUT, _QUEUE = 540.0, 300
_LOCKED, _CONFLICT = 20, 21
# A lock of our own: those who lose the race for aptly's sleep ten seconds between two tries.
# Every command may be repeated: a killed try is finished by the next.
_PUBLISH = f"""
set -e
exec 9> {_ROOT}/slipway.lock
flock --wait {_QUEUE} 9 || exit {_LOCKED}
export GNUPGHOME=/dev/shm/gnupg
mkdir -p {_OUT} && mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --import < {SECRETS}/{_KEY}
rm {SECRETS}/{_KEY}
gpg --batch --armor --export > {_OUT}/key.asc
aptly() {{ command aptly -config={WORK}/{_CONFIG} "$@"; }}
aptly repo show "$1" > /dev/null 2>&1 || aptly repo create -distribution="$1" -component="$2" "$1"
aptly repo add "$1" {WORK}/*.deb > {_OUT}/add.log 2>&1 || true
cat {_OUT}/add.log
if grep -q -i conflict {_OUT}/add.log; then exit {_CONFLICT}; fi
grep -q -i "added\\|already" {_OUT}/add.log || exit 1
if aptly publish show "$1" s3:slipway: > /dev/null 2>&1; then
  aptly publish update -batch "$1" s3:slipway:
else
  aptly publish repo -batch -acquire-by-hash -architectures=amd64,arm64 \\
    -distribution="$1" -component="$2" "$1" s3:slipway:
fi
"""


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

    def publish(self, file_name: str, deb: bytes, log: Callable[[str], None]) -> str:
        """Add a package to the repository, beside all that is there, and publish it.

        :param file_name: the package's.
        :param deb: its content.
        :param log: receives aptly's lines.
        :returns: the repository's public key, ASCII-armoured.
        :raises VersionConflict: when this version is there with other content.
        :raises ToolFailed: when another try may help.
        """
        volume = f"slipway-aptly-{self.engine.installation}"
        self.engine.create_volume(volume, {"slipway.kind": "apt"})
        repository = self.repository
        toolbox = Toolbox(
            engine=self.engine, name=self.name, labels=self.labels, volumes={volume: _ROOT}
        )
        keys = aws_credentials(self.account.environment)
        result = toolbox.run(
            "sh", "-c", _PUBLISH, "publish", repository.distribution, repository.component,
            files=pack({file_name: deb, _CONFIG: self._config()}), collect=_OUT,
            environment=keys.environment, secrets={**keys.files, _KEY: repository.signing_key},
            timeout=_TIMEOUT, log=log,
        )  # fmt: skip
        return _public_key(result, file_name)

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


def _public_key(result: ToolResult, file_name: str) -> str:
    if result.exit_code == _CONFLICT:
        msg = f"{file_name} was published before with other content"
        raise VersionConflict(msg, advice="a version is published once; push a new commit")
    if result.exit_code == _LOCKED:
        msg = f"others publish since {_QUEUE} s"
        raise ToolFailed(msg, advice="nothing: the task tries again by itself")
    if result.exit_code != 0 or result.collected is None:
        said = "\n".join(f"    {line}" for line in result.output_tail[-8:])
        msg = f"aptly failed with exit code {result.exit_code}:\n{said}"
        raise ToolFailed(msg, advice="check the apt connection, its bucket and its key")
    with tarfile.open(fileobj=io.BytesIO(result.collected)) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None and member.name.endswith("key.asc"):
                return content.read().decode()
    msg = "the signing key of the apt connection cannot be read"
    raise ToolFailed(msg, advice="the password must be an ASCII-armoured private key")
