#!/usr/bin/env bash
# base_image.sh IMAGE: sees to it that the base image is here; pulled, or else made of Debian's packages.
#
# The stand-in is Debian 12 with its Python 3.11: what python:3.11-slim-bookworm is, built elsewhere. It is
# made where no registry of images can be reached, and is called a stand-in in what is printed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=container/engine.sh
. "$here/engine.sh"
choose_engine
image=${1:?name of the base image}

if "$ENGINE" image inspect "$image" >/dev/null 2>&1; then
    exit 0
fi
if timeout "${PULL_SECONDS:-120}" "$ENGINE" pull --quiet "$image" >/dev/null 2>&1; then
    echo "base image: $image (pulled)"
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
    echo "error: $image cannot be pulled, and a stand-in needs root and debootstrap" >&2
    exit 69
fi

mirror=$(awk '/^URIs:/ {print $2; exit} /^deb / {for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) {print $i; exit}}' \
    /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null || true)
work=$(mktemp -d "$STORE/base.XXXXXX")
trap 'rm -rf "$work"' EXIT
debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv bookworm "$work/root" \
    "${mirror:-http://deb.debian.org/debian}" > "$work/debootstrap.log" 2>&1 \
    || { tail -n 20 "$work/debootstrap.log" >&2; exit 74; }
ln -s python3 "$work/root/usr/bin/python"
rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/*
tar -C "$work/root" -c --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' . \
    | "$ENGINE" import --change 'ENV LANG=C.UTF-8' --change 'CMD ["python3"]' - "$image" >/dev/null
echo "base image: stand-in for $image, made of Debian's packages (no registry of images was reached)"
