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
version=${VERSION:-$("${PYTHON:-python3}" -m setuptools_scm --root "$source" 2>/dev/null || echo 0.0.0)}
revision=$(git -C "$source" rev-parse HEAD 2>/dev/null || true)
base=$(ENGINE=$ENGINE STORE=$STORE bash "$here/base_image.sh" "${BASE:-docker.io/library/python:3.11-slim-bookworm}")

options=(--build-arg "BASE=$base" --build-arg "TEMPLATES=${TEMPLATES:-none}" --build-arg "VERSION=$version"
    --build-arg "REVISION=$revision")
certificates=${PIP_CERT:-${SSL_CERT_FILE:-}}
if [ "$ENGINE" = podman ]; then
    # Docker's format: that of OCI has no place for what some platforms read.
    options+=(--pull=never --layers --format docker)
    # Where the network is reached through a proxy with a certificate of its own, pip and requests are told.
    if [ -n "$certificates" ]; then
        mkdir -p "$STORE"
        cp "$certificates" "$STORE/certificates.crt"
        options+=(-v "$STORE/certificates.crt:/run/certificates.crt:ro"
            --build-arg PIP_CERT=/run/certificates.crt --build-arg REQUESTS_CA_BUNDLE=/run/certificates.crt)
    fi
elif [ -n "${PIP_CERT:-}" ]; then
    echo "note: PIP_CERT is not handed on: a Docker daemon has certificates of its own" >&2
fi
"$ENGINE" build "${options[@]}" -t "$tag" "$source"
