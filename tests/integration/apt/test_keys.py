"""What people put into the apt connection's password, as the real gpg sees it."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from typing import Any

import docker
import pytest

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.apt.aptly import Aptly
from tests.integration.apt import publishing
from tests.integration.apt.publishing import publish

pytestmark = pytest.mark.integration
aptly, use_key, engine, s3, repository_url = (
    publishing.aptly,
    publishing.use_key,
    publishing.engine,
    publishing.s3,
    publishing.repository_url,
)
MAKE = r"""
umask 077
mkdir /out
home() { export GNUPGHOME=/dev/shm/$1; mkdir "$GNUPGHOME"; }
g() { gpg --batch --quiet --passphrase "$PASS" --pinentry-mode loopback "$@"; }
new() { g --quick-generate-key 'T <t@localhost>' ed25519 "$1" "$2"; }
print() { gpg --with-colons --list-keys | awk -F: '/^fpr/ {print $10; exit}'; }
save() { g --armor --export-secret-keys > "/out/$1"; }
OLD='--faked-system-time 20200101T000000!' PASS=
home good; new sign 1y; save good; g --armor --export > /out/public
tr '\n' ' ' < /out/good > /out/one-line; head -n 3 /out/good > /out/cut
sed 's/^:---/---/' "$GNUPGHOME/openpgp-revocs.d/$(print).rev" | g --import; save revoked
home expired; g $OLD --quick-generate-key 'T <t@localhost>' ed25519 sign 1y; save expired
home subkey; g $OLD --quick-generate-key 'T <t@localhost>' ed25519 cert never
g $OLD --quick-add-key "$(print)" ed25519 sign 1y; save subkey-expired
home certifies; new cert never; save certifies
g --quick-add-key "$(print)" ed25519 sign 1y; g --armor --export-secret-subkeys > /out/subkeys
home taken; new cert never; g --quick-add-key "$(print)" ed25519 sign 1y
printf 'key 1\nrevkey\ny\n0\n\ny\nsave\n' \
  | gpg --quiet --no-tty --command-fd 0 --edit-key "$(print)" > /dev/null; save subkey-revoked
home stub; new sign 1y; g --quick-add-key "$(print)" rsa2048 encr 1y
g --armor --export-secret-subkeys > /out/stub
PASS=secret; home locked; new sign 1y; save locked
printf 'no key at all\n' > /out/text; printf ' ' > /out/blank
"""


@pytest.fixture(scope="module")
def keys() -> dict[str, str]:
    client: Any = docker.from_env()
    container = client.containers.create(
        "slipway/toolbox:1", ["bash", "-ec", MAKE], network_mode="none"
    )
    try:
        container.start()
        assert container.wait(timeout=60)["StatusCode"] == 0, container.logs()
        stream, _ = container.get_archive("/out")
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
            files = [(one.name, archive.extractfile(one)) for one in archive if one.isfile()]
            return {name.rpartition("/")[2]: file.read().decode() for name, file in files if file}
    finally:
        container.remove(force=True)
        client.close()


@pytest.mark.parametrize(
    ("form", "said", "advice"),
    [
        ("expired", r"expired on 20(20|21)-", "gpg --quick-set-expire"),
        ("subkey-expired", r"expired on 20(20|21)-", "'*' for its subkeys"),
        ("public", "is the public key [0-9A-F]{40}", "gpg --armor --export-secret-keys"),
        ("locked", "has a passphrase", "gpg --passwd"),
        ("text", "is no OpenPGP key", "with its line breaks"),
        ("blank", "is no OpenPGP key", "with its line breaks"),
        ("one-line", "is no OpenPGP key", "with its line breaks"),
        ("cut", "is no OpenPGP key", "with its line breaks"),
        ("revoked", "was revoked", "make a new one"),
        ("subkey-revoked", "may not sign", "gpg --quick-add-key"),
        ("certifies", "may not sign", "gpg --quick-add-key"),
        ("stub", "without its secret part", "where the secret part is"),
    ],
)
def test_what_cannot_sign_is_said_at_once_with_what_to_do(
    aptly: Callable[[], Aptly],
    use_key: Callable[[str], None],
    keys: dict[str, str],
    form: str,
    said: str,
    advice: str,
) -> None:
    use_key(keys[form])
    with pytest.raises(EnvironmentMisconfigured, match=said) as refused:
        publish(aptly(), "shop", "1.0")
    assert advice in refused.value.advice
    assert "PRIVATE KEY" not in str(refused.value)


def test_a_key_whose_primary_part_is_kept_elsewhere_signs_with_its_subkey(
    aptly: Callable[[], Aptly], use_key: Callable[[str], None], keys: dict[str, str]
) -> None:
    use_key(keys["subkeys"])
    assert "PUBLIC KEY" in publish(aptly(), "shop", "1.0").public_key
