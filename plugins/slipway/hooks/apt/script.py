"""What is run around aptly, and how it says which way it ended.

Every command may be repeated: a killed try is finished by the next.
"""

from __future__ import annotations

from slipway.hooks.apt import front, state
from slipway.hooks.apt.index import ANY, ARCHITECTURES
from slipway.hooks.tools.toolbox import SECRETS, WORK

ROOT, OUT, CONFIG = "/aptly", "/out", "aptly.json"
# Candidates have an aptly of their own, whose pool may be cleaned up: the other one's is what a
# repository is made of anew in another bucket.
CANDIDATES = f"{ROOT}/candidates"
# Files for it: the wrapper around gpg, the packages that machines find so far, the program that
# keeps aptly's state in the bucket, the key, the rights to lock and state.
GPG, PUBLISHED, STATE = "gpg", "published", "state.py"
KEY, RIGHTS = "signing-key", "rights.json"
# Seconds that it waits for those who are before it.
QUEUE = 300
# How it ended. What it means by that stands in files of these names.
LOCKED, CONFLICT, CANNOT_SIGN, NOT_HERE = 20, 21, 22, 23
NOT_SERVED, OTHER_COMPONENT, STRANGERS, DIFFERENT = 24, 25, 26, 27
LOST, UNSIGNED = state.LOST, state.UNSIGNED
PUBLICATION, PACKAGE, COMPONENT, FOREIGN, MOVED, LOG = (
    "publication",
    "package",
    "component",
    "foreign",
    "moved",
    "publish.log",
)
PUBLIC_KEY, SECRET_KEYS, ALL_KEYS, AGENT = "key.asc", "keys", "public-keys", "agent"
_BIN = "/opt/signing"

# The bucket's lock is held; this one keeps apart those of one engine that outlive their workers.
PREPARE = f"""
set -e -o pipefail
export LC_ALL=C
root=$6
mkdir -p "$root"
exec 9> "$root"/slipway.lock
flock --wait {QUEUE} 9 || exit {LOCKED}
export GNUPGHOME=/dev/shm/gnupg
mkdir -p {OUT} && mkdir -m 700 "$GNUPGHOME"
# Of what is no key it says so, and nothing can be signed below.
gpg --batch --quiet --import < {SECRETS}/{KEY} || true
rm {SECRETS}/{KEY}
gpg --batch --armor --export > {OUT}/{PUBLIC_KEY}
gpg --batch --with-colons --list-secret-keys > {OUT}/{SECRET_KEYS}
gpg --batch --with-colons --list-keys > {OUT}/{ALL_KEYS}
gpg-connect-agent 'keyinfo --list' /bye > {OUT}/{AGENT}
echo | gpg --batch --quiet --detach-sign > /dev/null || exit {CANNOT_SIGN}
mkdir -p {_BIN} && cp {WORK}/{GPG} {_BIN}/gpg && chmod 755 {_BIN}/gpg
export SIGNED={OUT}/Release VALID_UNTIL="$3" PATH={_BIN}:$PATH
export STATE={WORK}/{STATE} RIGHTS={SECRETS}/{RIGHTS}
known=$(cat "$root"/slipway.state 2> /dev/null || true)
if [ -n "$5" ] && [ "$known" != "$4 $5" ]; then
  python3 -S "$STATE" fetch "$RIGHTS" "$root" /tmp || exit $?
fi
aptly() {{ command aptly -config={WORK}/{CONFIG} "$@"; }}
aptly publish show "$1" s3:slipway: > {OUT}/{PUBLICATION} 2> /dev/null || : > {OUT}/{PUBLICATION}
"""
# What aptly would do in silence: leave a package of another architecture out of every index, keep
# to the component of the first publication, and take away what another aptly has published.
CHECK = f"""
dpkg-deb --showformat='${{Package}}_${{Version}}_${{Architecture}}' --show {WORK}/*.deb \\
  > {OUT}/{PACKAGE} || exit 1
package=$(cat {OUT}/{PACKAGE})
served=$(sed -n 's/^Architectures: //p' {OUT}/{PUBLICATION})
case " {ANY} ${{served:-{" ".join(ARCHITECTURES)}}} " in
*" ${{package##*_}} "*) ;;
*) exit {NOT_SERVED} ;;
esac
component=$(sed -n 's/^  \\(.*\\): .* \\[local\\]$/\\1/p' {OUT}/{PUBLICATION})
if [ "${{component:-$2}}" != "$2" ]; then
  echo "$component" > {OUT}/{COMPONENT}
  exit {OTHER_COMPONENT}
fi
(aptly repo show -with-packages "$1" 2> /dev/null || true) | sed -n 's/^  //p' | sort > /tmp/known
sort {WORK}/{PUBLISHED} | comm -23 - /tmp/known > {OUT}/{FOREIGN}
[ ! -s {OUT}/{FOREIGN} ] || exit {STRANGERS}
"""
# What aptly says when a version is there with other content: 1.5, and 1.6. Names have no blanks,
# so none of them is such a sentence.
SAYS_CONFLICT = (
    r"^\[!\] Unable to add package to repo [^ ]*: "
    r"(conflict in package|package already exists and is different:) [^ ]*$"
)
_SAYS_ADDED = r"^\[+\] [^ ]* added$"
ADD = f"""
rm -f "$root"/slipway.state
# What a killed worker added has its bytes there alone, and nothing can be published with it. No
# machine has found it yet, and its next try adds it again. In a new bucket machines find nothing.
if [ -s {WORK}/{PUBLISHED} ]; then
  sort {WORK}/{PUBLISHED} | comm -13 - /tmp/known | while read -r unseen; do
    bytes=$(aptly package show -with-files "$unseen" | sed -n "s|^ *\\($root/pool/.*\\)|\\1|p")
    [ -e "$bytes" ] || aptly repo remove "$1" "$unseen"
  done
fi
aptly repo show "$1" > /dev/null 2>&1 || aptly repo create -distribution="$1" -component="$2" "$1"
added=0
aptly repo add "$1" {WORK}/*.deb > {OUT}/add.log 2>&1 || added=$?
cat {OUT}/add.log
if grep -qE '{SAYS_CONFLICT}' {OUT}/add.log; then exit {CONFLICT}; fi
[ $added = 0 ] || exit $added
# Before anything is published, so that whoever comes after a killed try knows of the package.
python3 -S "$STATE" store "$RIGHTS" "$root" /tmp || exit $?
"""
# Of two packages with one file name: in the bucket, or with and without an epoch.
_SAYS_DIFFERENT = r"^ERROR: .*: file already exists and is different"
# A candidate is no promise: another one of its version takes its place. It is needed for as long as
# one bake, and dated by a file, since aptly dates nothing; the file lies with what aptly knows, and
# goes with that from one engine to the next. Minutes.
_NEEDED = 120
SWEEP = f"""
candidates="$root/db/slipway-candidates/$1"
if [ -d "$candidates" ]; then
  rm -f "$root"/slipway.state
  overwrite=-force-overwrite
  find "$candidates" -type f -mmin +{_NEEDED} -printf '%f\\n' | while read -r old; do
    aptly repo remove "$1" "$old"
    rm "$candidates/$old"
  done
fi
"""
OFFER = f"""
rm -f "$root"/slipway.state
aptly repo show "$1" > /dev/null 2>&1 || aptly repo create -distribution="$1" -component="$2" "$1"
mkdir -p "$candidates" && touch "$candidates/$package"
aptly repo add -force-replace "$1" {WORK}/*.deb
overwrite=-force-overwrite
"""
# What nothing refers to any more goes from this engine's pool of candidates: each day where one is
# offered, since the signature may be renewed elsewhere. Minutes.
_A_DAY = 1440
_CLEAN_UP = '{ aptly db cleanup; touch "$root"/slipway.cleaned; }'
CLEAN_UP_DAILY = f"""
[ -n "$(find "$root"/slipway.cleaned -mmin -{_A_DAY} 2> /dev/null)" ] || {_CLEAN_UP}
"""
CLEAN_UP = f"""
[ ! -d "$candidates" ] || {_CLEAN_UP}
"""
# And from the bucket, where a candidate that another engine publishes this moment may go as well if
# this one's turn was over: no more than a bake is lost. What machines find is never cleaned up.
CLEAN_BUCKET = """
[ ! -d "$candidates" ] || keep=
"""
# Not before it is published, unlike what machines find: one that is known and not there would be in
# the way of all others, and of a killed try's nobody need know.
KEEP_CANDIDATES = """
[ ! -d "$candidates" ] || python3 -S "$STATE" store "$RIGHTS" "$root" /tmp || exit $?
"""
# Nothing of the index is in the bucket before it is signed, and then only if it is still our turn.
PUBLISH = f"""
failed=0
front() {{ python3 -S -m {front.__name__} "$RIGHTS" {WORK}/{CONFIG} "$SIGNED" "$@"; }}
if [ -s {OUT}/{PUBLICATION} ]; then
  front publish update -batch ${{keep--skip-cleanup}} ${{overwrite:-}} "$1" s3:slipway: 2>&1 \\
    | tee {OUT}/{LOG} || failed=$?
else
  front publish repo -batch ${{overwrite:-}} -acquire-by-hash \\
    -architectures={",".join(ARCHITECTURES)} -distribution="$1" -component="$2" \\
    "$1" s3:slipway: 2>&1 | tee {OUT}/{LOG} || failed=$?
fi
if grep -q '{_SAYS_DIFFERENT}' {OUT}/{LOG}; then
  # What was added just now would be in the way of every other package.
  if grep -q '{_SAYS_ADDED}' {OUT}/add.log 2> /dev/null; then
    rm -f "$root"/slipway.state
    aptly repo remove "$1" "$package"
    python3 -S "$STATE" store "$RIGHTS" "$root" /tmp || exit $?
  fi
  exit {DIFFERENT}
fi
[ $failed = 0 ] || exit $failed
# The first publication is known to aptly from here on.
[ -s {OUT}/{PUBLICATION} ] || python3 -S "$STATE" store "$RIGHTS" "$root" /tmp || exit $?
before=$(cat "$root"/slipway.bucket 2> /dev/null || true)
if [ -s {OUT}/{PUBLICATION} ] && [ "${{before:-$4}}" != "$4" ]; then
  echo "$before" > {OUT}/{MOVED}
fi
echo "$4" > "$root"/slipway.bucket
"""
ONLY_IF_PUBLISHED = f"""
[ -s {OUT}/{PUBLICATION} ] || exit {NOT_HERE}
"""
