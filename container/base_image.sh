#!/usr/bin/env bash
# base_image.sh IMAGE: prints the name of an image to build from: IMAGE if it is here or can be pulled, else a
# stand-in of Debian's packages.
#
# The stand-in is Debian 12 with its Python 3.11: what python:3.11-slim-bookworm is, built elsewhere. It is made where
# podman runs as root and no registry of images can be reached; it has a name of its own, and is called a stand-in in
# what is printed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=container/engine.sh
. "$here/engine.sh"
choose_engine
image=${1:?name of the base image}
stand_in=localhost/bids_ketamine-base:stand-in

if "$ENGINE" image inspect "$image" >/dev/null 2>&1; then
    echo "$image"
    exit 0
fi
mkdir -p "$STORE"
if timeout "${PULL_SECONDS:-120}" "$ENGINE" pull --quiet "$image" >/dev/null 2>"$STORE/pull.log"; then
    echo "$image"
    exit 0
fi
echo "base image: $image cannot be pulled: $(tail -n 1 "$STORE/pull.log")" >&2
if [ "$ENGINE" != podman ] || [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
    echo "error: a stand-in needs podman, root and debootstrap" >&2
    exit 69
fi
echo "base image: a stand-in made of Debian's packages is taken for it" >&2
if "$ENGINE" image inspect "$stand_in" >/dev/null 2>&1; then
    echo "$stand_in"
    exit 0
fi

mirror=$(awk '/^URIs:/ {print $2; exit} /^deb / {for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) {print $i; exit}}' \
    /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null || true)
work=$(mktemp -d "$STORE/base.XXXXXX")
trap 'rm -rf "$work"' EXIT
debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv bookworm "$work/root" \
    ${mirror:+"$mirror"} > "$work/debootstrap.log" 2>&1 \
    || { tail -n 20 "$work/debootstrap.log" >&2; exit 74; }
ln -s python3 "$work/root/usr/bin/python"
rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
tar -C "$work/root" -c --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' . \
    | "$ENGINE" import --change 'ENV LANG=C.UTF-8' --change 'CMD ["python3"]' - "$stand_in" >/dev/null
echo "$stand_in"
