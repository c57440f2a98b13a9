# shellcheck shell=bash
# To be sourced: chooses the engine that builds and runs images.
#
# ENGINE   docker, where its daemon answers; else podman
# STORE    folder of images and containers where podman runs as root (default: container-test)
#
# A root user's podman gets a storage and a configuration of its own below STORE, so that machines
# without a daemon, systemd or further user ids (continuous integration, sandboxes) can build, and
# nothing of the machine's own images is touched.

STORE=$(realpath -m "${STORE:-container-test}")

choose_engine() {
    if [ -n "${ENGINE:-}" ]; then
        :
    elif is_docker; then
        ENGINE=docker
    elif command -v podman >/dev/null; then
        ENGINE=podman
    else
        echo "error: neither a Docker daemon nor podman is here. Debian and Ubuntu:" \
            "apt-get install --no-install-recommends podman buildah runc debootstrap" >&2
        return 69
    fi
    if [ "$ENGINE" = podman ] && [ "$(id -u)" = 0 ]; then
        configure_podman
    fi
}

# Some systems call podman by Docker's name; it takes podman's options all the same.
is_docker() {
    command -v docker >/dev/null && [[ $(docker --version 2>/dev/null) != *podman* ]] \
        && docker info >/dev/null 2>&1
}

configure_podman() {
    local runtime files
    runtime=$(command -v runc || command -v crun || true)
    files=$(ulimit -Hn)
    mkdir -p "$STORE/engine"
    cat > "$STORE/engine/storage.conf" <<CONF
[storage]
driver = "overlay"
graphroot = "$STORE/engine/images"
runroot = "$STORE/engine/run"
CONF
    echo 'unqualified-search-registries = ["docker.io"]' > "$STORE/engine/registries.conf"
    # Without these two limits the runtime asks for more than a sandbox may give.
    cat > "$STORE/engine/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=$files:$files", "nproc=4096:4096"]
[engine]
runtime = "$(basename "${runtime:-runc}")"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
    export CONTAINERS_STORAGE_CONF="$STORE/engine/storage.conf"
    export CONTAINERS_REGISTRIES_CONF="$STORE/engine/registries.conf"
    export CONTAINERS_CONF="$STORE/engine/containers.conf"
    export BUILDAH_ISOLATION=chroot
}
