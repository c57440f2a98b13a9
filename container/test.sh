#!/usr/bin/env bash
# test.sh: builds the image and runs the demo trial in it as the strictest platforms would:
# an unprivileged user without an entry in passwd, no network, read-only root file system and input, 2 GB of memory.
#
# DEMO     arguments of bids_ketamine-demo (default: none, the whole demo)
# LARGEST  largest size of the image allowed, MB (default: 1200)
# MEMORY   limit of memory, MB (default: 2000)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=container/engine.sh
. "$here/engine.sh"
choose_engine
tag=${TAG:-bids/bids_ketamine:dev}
largest=${LARGEST:-1200}
memory=${MEMORY:-2000}
uid=65533
read -r -a demo <<< "${DEMO:-}"

fail() { echo "FAILED: $*" >&2; exit 1; }
timed() { # timed WHAT COMMAND...: run, and print how long it took
    local what=$1 begun=$SECONDS
    shift
    "$@" || fail "$what (exit code $?)"
    echo "== $what: $((SECONDS - begun)) s"
}

mkdir -p "$STORE"
timed "build" env ENGINE="$ENGINE" STORE="$STORE" bash "$here/build.sh" "$tag"
bytes=$("$ENGINE" image inspect --format '{{.Size}}' "$tag")
echo "== image: $((bytes / 1000000)) MB"
[ $((bytes / 1000000)) -lt "$largest" ] || fail "the image is larger than $largest MB"

rm -rf "$STORE/run"
mkdir -p "$STORE/run/trial" "$STORE/run/results" "$STORE/run/scratch"
chmod 777 "$STORE/run/trial" "$STORE/run/results" "$STORE/run/scratch"

# No HOME is given: what a user without an entry in passwd gets is part of the test.
strict=(run --rm --network=none --read-only --tmpfs "/tmp:rw,mode=1777,size=64m" --user "$uid:$uid"
    --memory "${memory}000000" --cap-drop ALL --security-opt no-new-privileges
    -v "$STORE/run/results:/results" -v "$STORE/run/scratch:/scratch")
# Left alone, podman gives the user a name, and puts writable folders into a read-only root.
[ "$ENGINE" = docker ] || strict+=(--pull=never --passwd=false --read-only-tmpfs=false)

timed "demo trial" "$ENGINE" "${strict[@]}" -v "$STORE/run/trial:/trial" \
    --entrypoint /opt/bids_ketamine/bin/bids_ketamine-demo "$tag" /trial/demo "${demo[@]}"
input=(-v "$STORE/run/trial/demo:/data:ro")
before=$(cd "$STORE/run/trial" && find . -printf '%p %s %T@ %m\n' | sort | sha256sum)

"$ENGINE" "${strict[@]}" "${input[@]}" -v "$here/conditions.py:/conditions.py:ro" \
    --entrypoint /opt/bids_ketamine/bin/python "$tag" /conditions.py "$uid" "${memory}000000" \
    || fail "the container is not as strict as this test says"

run=("$ENGINE" "${strict[@]}" "${input[@]}" "$tag" /data /results)
timed "dry run" "${run[@]}" participant --study norbury2021 --dry-run > "$STORE/run/dry_run.txt"
tail -n 12 "$STORE/run/dry_run.txt"
timed "participant level" "${run[@]}" participant --study norbury2021 -w /scratch
timed "group level" "${run[@]}" group --study norbury2021

[ -s "$STORE/run/results/group.html" ] || fail "there is no group report"
[ -z "$(find "$STORE/run/results" -name 'crash-*')" ] || fail "a step crashed"
if grep -L '"Errors": \[\]' "$STORE"/run/results/logs/*_errors.json | grep -q .; then fail "errors were recorded"; fi
if [ "$(id -u)" = 0 ]; then
    [ -z "$(find "$STORE/run/results" -mindepth 1 ! -uid "$uid")" ] || fail "results belong to somebody else"
fi
after=$(cd "$STORE/run/trial" && find . -printf '%p %s %T@ %m\n' | sort | sha256sum)
[ "$before" = "$after" ] || fail "the input was changed"
echo "== passed: $((bytes / 1000000)) MB, $SECONDS s in all"
