#!/usr/bin/env bash
# apptainer_test.sh: runs the image as Apptainer would, approximated with bubblewrap (apptainer_like.sh).
#
# Needs the image that `make container` builds, and bubblewrap. Five ways in which clusters are set up: home mounted;
# a clean environment; no home; a home that cannot be written to; variables that name folders that are not there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=container/engine.sh
. "$here/engine.sh"
choose_engine
tag=${TAG:-bids/bids_ketamine:dev}
uid=65533
app=/opt/bids_ketamine/bin
fail() { echo "FAILED: $*" >&2; exit 1; }
command -v bwrap >/dev/null || { echo "error: bubblewrap (bwrap) is not here" >&2; exit 69; }
"$ENGINE" image inspect "$tag" >/dev/null 2>&1 || { echo "error: there is no image $tag: make container" >&2; exit 66; }

mkdir -p "$STORE"
work=$(mktemp -d "$STORE/apptainer.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work/root" "$work/home" "$work/shut" "$work/files"
container=$("$ENGINE" create "$tag")
"$ENGINE" export "$container" | tar -x -C "$work/root" --exclude='dev/*'
"$ENGINE" rm "$container" > /dev/null
# The caller is never root on a cluster.
caller=()
if [ "$(id -u)" = 0 ]; then
    chown "$uid:$uid" "$work/home" "$work/files"
    caller=(setpriv --reuid "$uid" --regid "$uid" --clear-groups)
fi
chmod 555 "$work/shut"

as_on_a_cluster() { # as_on_a_cluster HOME OPTIONS... -- COMMAND...
    local home=$1 options=()
    shift
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    (cd "$work/files" && HOME=$home "${caller[@]}" bash "$here/apptainer_like.sh" "${options[@]}" "$work/root" "$@")
}

as_on_a_cluster "$work/home" -- "$app/bids_ketamine-demo" "$work/files/trial" --participants 4 --resolution 6
one=(participant --study norbury2021 --participant-label 01)
number=0
for case in "home mounted|$work/home||" "clean environment|$work/home|--cleanenv|" "no home|$work/home|--no-home|" \
    "home that cannot be written to|$work/shut||" \
    "folders that are not there|$work/home||TEMPLATEFLOW_HOME XDG_CACHE_HOME MPLCONFIGDIR TMPDIR"; do
    IFS='|' read -r name home option variables <<< "$case"
    number=$((number + 1))
    output=$work/files/output-$number
    mkdir -p "$output" "$work/files/scratch-$number"
    if [ "$(id -u)" = 0 ]; then chown "$uid:$uid" "$output" "$work/files/scratch-$number"; fi
    read -r -a options <<< "$option"
    (
        for variable in $variables; do export "$variable=/not-here"; done
        as_on_a_cluster "$home" "${options[@]}" -B "$work/files/trial:/data:ro" -B "$output:/out" \
            -B "$work/files/scratch-$number:/scratch" -- \
            "$app/bids_ketamine" /data /out "${one[@]}" -w /scratch
    ) || fail "$name (exit code $?)"
    [ -s "$output/sub-01.html" ] || fail "$name: there is no report"
    echo "== $name: passed (approximated)"
done
as_on_a_cluster "$work/home" -B "$here/same_measures.py:/same_measures.py:ro" -- \
    "$app/python" /same_measures.py "$work"/files/output-* || fail "the ways gave different measures"
echo "== all $number ways gave the same measures"
