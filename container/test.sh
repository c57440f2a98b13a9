#!/usr/bin/env bash
# test.sh [clean]: builds the image and runs the demo trial in it as the strictest platforms would:
# an unprivileged user without an entry in passwd, no network, read-only root file system and input, 2 GB of memory
# without swap. `clean` removes what an earlier run left, which belongs to that user.
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
mounts=("$STORE/run/trial" "$STORE/run/results" "$STORE/run/scratch")

fail() { echo "FAILED: $*" >&2; exit 1; }
timed() { # timed WHAT COMMAND...: run, and print how long it took
    local what=$1 begun=$SECONDS
    shift
    "$@" || fail "$what (exit code $?)"
    echo "== $what: $((SECONDS - begun)) s"
}
empty() { # remove what an earlier run left, as the user whom it belongs to
    local mount
    for mount in "${mounts[@]}"; do
        [ ! -d "$mount" ] || "$ENGINE" run --rm --network=none --security-opt label=disable --user "$uid:$uid" \
            -v "$mount:/left" --entrypoint /usr/bin/find "$tag" /left -mindepth 1 -delete
    done
    rm -rf "$STORE/run"
}

if [ "${1:-}" = clean ]; then
    [ ! -d "$STORE/run" ] || [ "$(id -u)" = 0 ] || empty
    rm -rf "$STORE"
    exit 0
fi
mkdir -p "$STORE"
timed "build" env ENGINE="$ENGINE" STORE="$STORE" bash "$here/build.sh" "$tag"
bytes=$("$ENGINE" image inspect --format '{{.Size}}' "$tag")
echo "== image: $((bytes / 1000000)) MB"
[ $((bytes / 1000000)) -lt "$largest" ] || fail "the image is larger than $largest MB"

empty
mkdir -p "${mounts[@]}"
chmod 777 "${mounts[@]}"

# No HOME is given: what a user without an entry in passwd gets is part of the test.
strict=(run --rm --network=none --read-only --tmpfs "/tmp:rw,mode=1777,size=64m" --user "$uid:$uid"
    --memory "${memory}000000" --memory-swap "${memory}000000" --cap-drop ALL
    --security-opt no-new-privileges --security-opt label=disable
    -v "$STORE/run/results:/results" -v "$STORE/run/scratch:/scratch")
# Left alone, podman gives the user a name, and puts writable folders into a read-only root.
[ "$ENGINE" = docker ] || strict+=(--pull=never --passwd=false --read-only-tmpfs=false)

timed "demo trial" "$ENGINE" "${strict[@]}" -v "$STORE/run/trial:/trial" \
    --entrypoint /opt/bids_ketamine/bin/bids_ketamine-demo "$tag" /trial/demo "${demo[@]}"
input=(-v "$STORE/run/trial/demo:/data:ro")
listing() { (cd "$STORE/run/trial" && find . -printf '%p %s %T@ %m\n' | sort | sha256sum); }
before=$(listing)

"$ENGINE" "${strict[@]}" "${input[@]}" -v "$here/conditions.py:/conditions.py:ro" \
    --entrypoint /opt/bids_ketamine/bin/python "$tag" /conditions.py "$uid" "${memory}000000" \
    || fail "the container is not as strict as this test says"

run=("$ENGINE" "${strict[@]}" "${input[@]}" "$tag" /data /results)
timed "dry run" "${run[@]}" participant --study norbury2021 --dry-run > "$STORE/run/dry_run.txt"
tail -n 3 "$STORE/run/dry_run.txt"
timed "participant level" "${run[@]}" participant --study norbury2021 -w /scratch
timed "group level" "${run[@]}" group --study norbury2021

[ -s "$STORE/run/results/group.html" ] || fail "there is no group report"
[ -z "$(find "$STORE/run/results" -name 'crash-*')" ] || fail "a step crashed"
records=("$STORE"/run/results/logs/sub-*_errors.json)
[ -f "${records[0]}" ] || fail "there is no record of a participant"
if grep -L '"Errors": \[\]' "${records[@]}" | grep -q .; then fail "errors were recorded"; fi
if [ "$(id -u)" = 0 ]; then
    [ -z "$(find "$STORE/run/results" -mindepth 1 ! -uid "$uid")" ] || fail "results belong to somebody else"
fi
[ "$before" = "$(listing)" ] || fail "the input was changed"
echo "== passed: $((bytes / 1000000)) MB, ${#records[@]} participants, $SECONDS s in all"
