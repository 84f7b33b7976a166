"""The role that keeps packages and artifacts in S3: aptly, and Airflow's object storage."""

from __future__ import annotations

from include.iam.policy_document import Role, Statement, literal


def publish_role(buckets: tuple[str, ...]) -> Role:
    """Return the role.

    :param buckets: names of the apt repository's bucket, and of the artifacts'.
    :raises ValueError: for a name that would mean more than itself.
    """
    literal(*buckets)
    why = "aptly and ObjectStoragePath call it, each with a client of its own"
    look = Statement(
        sid="ListBuckets",
        actions=("s3:GetBucketLocation", "s3:ListBucket"),
        resources=tuple(f"arn:aws:s3:::{name}" for name in buckets),
        reason=why,
    )
    change = Statement(
        sid="KeepObjects",
        # What is large goes up in parts, which are taken back where it breaks off.
        actions=(
            "s3:AbortMultipartUpload",
            "s3:DeleteObject",
            "s3:GetObject",
            "s3:PutObject",
            "s3:PutObjectAcl",
        ),
        resources=tuple(f"arn:aws:s3:::{name}/*" for name in buckets),
        reason=why,
    )
    return Role(name="publish", modules=(), statements=(look, change))
