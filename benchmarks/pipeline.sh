#!/usr/bin/env bash
# The yardstick of pipeline.py: one commit to serving machines, as a team would script it by hand,
# one step after the other. It stands on the running demo (`make demo`), beside Slipway's own
# environments, and prints a line per step: name, seconds.
#
#   benchmarks/pipeline.sh REPOSITORY SHA VERSION DATABASE_URL BASE_AMI LISTENER_PORT
set -euo pipefail
repository=$1 sha=$2 version=$3 database=$4 base=$5 listener=$6
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
work=$(mktemp -d)
run="slipway-bench-$$"
label=(--label "slipway.installation=$SLIPWAY_INSTALLATION" --label slipway.kind=bench)
export AWS_ACCESS_KEY_ID=embedded AWS_SECRET_ACCESS_KEY=embedded AWS_REGION=eu-west-1

cleanup() {
  docker ps -aq --filter "name=$run" | xargs -r docker rm -fv > /dev/null
  docker network rm "$run" > /dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

step() {
  local name=$1 began ended
  shift
  began=$(date +%s.%N)
  if ! "$@" > "$work/log" 2>&1; then
    echo "$name failed:" >&2
    tail -20 "$work/log" >&2
    exit 1
  fi
  ended=$(date +%s.%N)
  awk -v n="$name" -v b="$began" -v e="$ended" 'BEGIN { printf "%s %.1f\n", n, e - b }'
}

toolbox() { docker run --rm "${label[@]}" --name "$run-tool" --network "${net:-host}" \
  -v "$work:/work" -w /work "$@"; }

postgres() {
  docker run -d "${label[@]}" --name "$run-$1" --network "$run" --network-alias database \
    -e POSTGRES_USER=guestbook -e POSTGRES_PASSWORD=guestbook slipway/postgres:15 > /dev/null
  until docker exec "$run-$1" pg_isready -q -h 127.0.0.1; do sleep 0.2; done
}

checkout() {
  git clone --quiet "$repository" "$work/source"
  git -C "$work/source" checkout --quiet "$sha"
}

tests() {
  docker network create "${label[@]}" "$run" > /dev/null
  postgres tests
  local python=(docker run --rm "${label[@]}" --network "$run" -v "$work/source:/source" -w /source
    -e DATABASE_URL=postgresql://guestbook:guestbook@database/guestbook slipway/python:3.11)
  "${python[@]}" python -W error -m compileall -q guestbook tests
  "${python[@]}" python -m pytest -p no:cacheprovider
  docker rm -fv "$run-tests" > /dev/null
}

rehearse() {
  postgres rehearsal
  for direction in up "down-to 0" up; do
    # shellcheck disable=SC2086 # two words
    net=$run toolbox -e GOOSE_DRIVER=postgres \
      -e GOOSE_DBSTRING="postgres://guestbook:guestbook@database/guestbook?sslmode=disable" \
      slipway/toolbox:1 goose -dir source/migrations $direction
  done
  docker rm -fv "$run-rehearsal" > /dev/null
}

deb() {
  toolbox -e VERSION="$version" -e SOURCE_DATE_EPOCH=1700000000 -w /work/source \
    slipway/toolbox:1 nfpm package -f packaging/nfpm.yaml -p deb -t /work/
  toolbox slipway/toolbox:1 sh -c "lintian --allow-root --fail-on error *.deb"
}

publish() {
  cat > "$work/aptly.json" << CONFIG
{"rootDir": "/work/aptly", "gpgProvider": "gpg", "skipContentsPublishing": true,
 "S3PublishEndpoints": {"bench": {"region": "eu-west-1", "bucket": "slipway-apt",
  "prefix": "bench", "endpoint": "http://127.0.0.1:4566", "acl": "public-read",
  "plusWorkaround": true}}}
CONFIG
  # shellcheck disable=SC2016  # the variables are the container's
  toolbox -e AWS_ACCESS_KEY_ID -e AWS_SECRET_ACCESS_KEY slipway/toolbox:1 sh -ec '
    export GNUPGHOME=/work/gnupg; mkdir -m 700 $GNUPGHOME
    gpg --batch --quiet --passphrase "" --quick-generate-key bench ed25519 sign never
    gpg --batch --armor --export > /work/key.asc
    aptly -config=aptly.json repo create -distribution=stable -component=main bench
    aptly -config=aptly.json repo add bench *.deb
    aptly -config=aptly.json publish repo -batch -architectures=amd64 bench s3:bench:'
}

bake() {
  cp -r "$root/packer" "$root/ansible" "$work/"
  "$root/.venv/bin/python" "$here/pipeline_cloud.py" bake-files "$work" "$version" "$base"
  toolbox -e AWS_ACCESS_KEY_ID -e AWS_SECRET_ACCESS_KEY -e AWS_POLL_DELAY_SECONDS=1 \
    slipway/toolbox:1 packer build -color=false -var-file=/work/bake.pkrvars.json /work/packer
}

migrate() {
  toolbox -e GOOSE_DRIVER=postgres -e GOOSE_DBSTRING="$database" \
    slipway/toolbox:1 goose -dir source/migrations up
}

cloud() { "$root/.venv/bin/python" "$here/pipeline_cloud.py" "$@"; }

step checkout checkout
step test tests
step rehearse_migrations rehearse
step build_deb deb
step publish_apt publish
step bake_image bake
step swap.migrate migrate
step swap.launch cloud launch "$work" "$version"
step swap.fleet_healthy cloud healthy "$version"
step swap.shift_traffic cloud attach "$version"
step swap.fleet_in_service cloud in-service "$version"
step swap.soak sleep 5
curl -sf "http://127.0.0.1:$listener/version" > /dev/null
cloud remove "$version"
