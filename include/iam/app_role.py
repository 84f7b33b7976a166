"""The role of an environment's own machines: they read their settings, and nothing else."""

from __future__ import annotations

from include.iam.policy_document import Place, Role, Statement

MODULES = ("ansible/roles/base/files/read_secrets.py",)


def app_role(place: Place) -> Role:
    """Return the role.

    :param place: the environment whose parameters may be read.
    """
    path = f"parameter/slipway/{place.project}/{place.environment}"
    read = Statement(
        sid="ReadOwnSettings",
        actions=("ssm:GetParametersByPath",),
        resources=tuple(f"arn:aws:ssm:{place.region}:*:{path}{more}" for more in ("", "/*")),
    )
    decrypt = Statement(
        sid="DecryptThem",
        actions=("kms:Decrypt",),
        resources=(f"arn:aws:kms:{place.region}:*:key/*",),
        conditions={
            "StringEquals": {"kms:ViaService": f"ssm.{place.region}.amazonaws.com"},
            "StringLike": {
                "kms:EncryptionContext:PARAMETER_ARN": f"arn:aws:ssm:{place.region}:*:{path}/*"
            },
        },
        reason="GetParametersByPath decrypts a SecureString in its caller's name",
    )
    return Role(name="app", modules=MODULES, statements=(read, decrypt))
