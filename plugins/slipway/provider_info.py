"""What Airflow is told of Slipway as a provider: its settings, for ``airflow config list``.

``docs/configuration.md`` is written from it (``make docs``).
"""

from __future__ import annotations

from typing import Any

_VERSION = "0.1.0"


def get_provider_info() -> dict[str, Any]:
    """Return what the entry point ``apache_airflow_provider`` asks for."""
    options = {name: _option(*row) for name, row in _OPTIONS.items()}
    return {
        "package-name": "slipway",
        "name": "Slipway",
        "description": "From a pushed commit to a swapped fleet.",
        "config": {
            "slipway": {"description": "What Slipway does on this Airflow.", "options": options}
        },
    }


def _option(kind: str, default: str | None, example: str | None, text: str) -> dict[str, Any]:
    return {
        "description": text,
        "version_added": _VERSION,
        "type": kind,
        "example": example,
        "default": default,
    }


# Type, default, example, meaning.
_OPTIONS: dict[str, tuple[str, str | None, str | None, str]] = {
    "artifacts": (
        "string",
        None,
        "s3://aws_default@bucket/slipway",
        "Where releases, records and reports are kept; a URL of Airflow's object storage.",
    ),
    "allowed_hosts": (
        "string",
        "",
        "ci.example.com",
        "The names that Airflow's server answers to, with commas in between; any, where empty.",
    ),
    "poll_seconds": (
        "float",
        "30.0",
        None,
        "Seconds between two looks at each project's repository.",
    ),
    "sensor_mode": (
        "string",
        "reschedule",
        "poke",
        "How the poller of commits waits: `reschedule`; `poke`, which keeps a worker's slot; or"
        " `deferrable`, in the triggerer, which then needs the project files as well.",
    ),
    "git_mirrors": (
        "string",
        None,
        "/var/lib/slipway/mirrors",
        "A folder for each worker's copies of repositories, its user's own: inside a volume, not"
        " the volume itself. A folder among the temporary ones, where it is not given.",
    ),
    "installation": (
        "string",
        "default",
        "ci",
        "The label of everything that Slipway makes in Docker; the same on all workers.",
    ),
    "metadata_guard": (
        "boolean",
        "True",
        None,
        "Keep containers of untrusted pipelines from the cloud's metadata service.",
    ),
    "image_registry": (
        "string",
        "",
        "registry.example.com/slipway",
        "Where Slipway's own images come from, if they are not built on the workers; never a public"
        " registry's `slipway`.",
    ),
    "image_digests": (
        "string",
        "",
        "toolbox:1@sha256:...",
        "Which ones, by digest, with commas in between.",
    ),
    "privileged_plugins": (
        "string",
        "",
        "plugins/docker, plugins/ecr",
        "Plugins that build images, and may have every right for it.",
    ),
    "pools": (
        "string",
        "",
        "build=slipway_builds, bake=slipway_bakes",
        "Airflow's pool for the tasks of each kind (`build`, `publish`, `bake`, `swap`), which has"
        " to be there; the default pool for others. A project file may name its own.",
    ),
    "queues": (
        "string",
        "",
        "build=builds, swap=swaps",
        "The queue of the workers that take the tasks of each kind; the default queue for others.",
    ),
    "recipes": ("string", None, "/opt/slipway", "The folder that holds `packer/` and `ansible/`."),
    "source_ami": (
        "string",
        "debian-12-amd64-*",
        None,
        "The image that machines of Debian 12 on amd64 start from, by name; `*` is any text.",
    ),
    "source_owner": (
        "string",
        "136693071363",
        None,
        "The account that publishes it; Debian's own where it is not given.",
    ),
    "bake_instance_type": ("string", "t3.small", None, "The machine that an image is baked on."),
    "bake_instance_type_arm64": (
        "string",
        "t4g.small",
        None,
        "The same, for images of machines on arm64.",
    ),
    "bake_ssh_interface": (
        "string",
        "private_ip",
        "public_ip",
        "How Packer reaches it; `private_ip` is for workers inside the network.",
    ),
    "aws_console": (
        "string",
        "https://console.aws.amazon.com",
        "https://console.amazonaws.cn",
        "Where tasks link machine images, balancers and server groups to; nowhere, where empty.",
    ),
    "bake_encrypt": ("boolean", "True", None, "Encrypt the volumes of images."),
}
