# Airflow with Slipway as an installed package, for docker-compose.yaml. It holds no DAG and no
# project: those come by a DAG bundle. Debian's Python, so that any Debian 12 does as its base.
ARG BASE=debian:bookworm-slim
FROM ${BASE} AS built
# What a builder behind a proxy with a certificate authority of its own needs is in its base.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/uv && python3 -m venv /opt/slipway
COPY requirements-uv.txt requirements.txt requirements-stack.txt constraints.txt /tmp/
RUN /opt/uv/bin/pip install --no-cache-dir --quiet --require-hashes -r /tmp/requirements-uv.txt
# Each package is compared with its published hash; bytecode is compiled once, not by every task.
RUN /opt/uv/bin/uv pip install --quiet --no-cache --compile-bytecode --require-hashes \
    --python /opt/slipway/bin/python -r /tmp/requirements-stack.txt -c /tmp/constraints.txt
COPY pyproject.toml hatch_build.py README.md LICENSE /tmp/slipway/
COPY plugins /tmp/slipway/plugins
# The shell, which the wheel has as slipway_cli.
COPY include/cli /tmp/slipway/include/cli
COPY include/project /tmp/slipway/include/project
# The wheel's builder is pinned as well, and stays behind.
RUN awk '/^[^ ]/ { mine = /^hatchling==/ } mine' /tmp/constraints.txt > /tmp/builder.txt \
 && /opt/uv/bin/uv pip install --quiet --no-cache --python /opt/uv/bin/python \
      -r /tmp/builder.txt -c /tmp/constraints.txt \
 && /opt/uv/bin/uv build --quiet --wheel --no-build-isolation --python /opt/uv/bin/python \
      --out-dir /tmp/wheel /tmp/slipway \
 && /opt/uv/bin/uv pip install --quiet --no-cache --compile-bytecode --no-deps \
      --python /opt/slipway/bin/python /tmp/wheel/*.whl


FROM ${BASE}
LABEL slipway.kind=image
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates git openssh-client python3 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin \
 && useradd --uid 50000 --gid 0 --home-dir /var/lib/airflow --shell /usr/sbin/nologin airflow \
 && install -d -o airflow -g root -m 0700 /var/lib/airflow
COPY --from=built /opt/slipway /opt/slipway
COPY ansible /usr/share/slipway/ansible
COPY packer /usr/share/slipway/packer
COPY include/stack/image/*.py include/cli/maintenance.py /usr/lib/slipway/

ENV PATH=/opt/slipway/bin:$PATH \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/var/lib/airflow \
    AIRFLOW_HOME=/var/lib/airflow
USER 50000:0
WORKDIR /var/lib/airflow
ENTRYPOINT ["airflow"]
