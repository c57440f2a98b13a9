#!/usr/bin/env bash
# build.sh [TAG]: builds the image of this source tree, bids/bids_ketamine:dev unless said otherwise.
#
# BASE, TEMPLATES, VERSION: build arguments of the Dockerfile. TEMPLATES is `none` unless said otherwise:
# releases are built with TEMPLATES=fetch, which needs a network that reaches TemplateFlow.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(dirname "$here")
# shellcheck source=container/engine.sh
. "$here/engine.sh"
choose_engine
tag=${1:-bids/bids_ketamine:dev}
base=${BASE:-docker.io/library/python:3.11-slim-bookworm}
version=${VERSION:-$("${PYTHON:-python3}" -m setuptools_scm --root "$source" 2>/dev/null || echo 0.0.0)}

mkdir -p "$STORE"
ENGINE=$ENGINE STORE=$STORE bash "$here/base_image.sh" "$base"
options=(--build-arg "BASE=$base" --build-arg "TEMPLATES=${TEMPLATES:-none}" --build-arg "VERSION=$version")
if [ "$ENGINE" = podman ]; then
    # Where the network is reached through a proxy with a certificate of its own, pip is told.
    certificates=${PIP_CERT:-${SSL_CERT_FILE:-}}
    if [ -n "$certificates" ]; then
        cp "$certificates" "$STORE/certificates.crt"
        printf '[global]\ncert = /run/certificates/ca.crt\n' > "$STORE/pip.conf"
        options+=(-v "$STORE/certificates.crt:/run/certificates/ca.crt:ro" -v "$STORE/pip.conf:/etc/pip.conf:ro")
    fi
    # Docker's format: that of OCI has no place for what some platforms read.
    options+=(--pull=never --layers --format docker)
fi
"$ENGINE" build "${options[@]}" -t "$tag" "$source"
