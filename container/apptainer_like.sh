#!/usr/bin/env bash
# apptainer_like.sh [--cleanenv] [--no-home] [-B SOURCE[:TARGET[:ro]]]... ROOT COMMAND...
#
# Approximates what Apptainer does on a cluster, with bubblewrap: the caller's user, the image read-only, the
# host's environment (the image's variables only where the host has none, PATH aside), /tmp, /var/tmp and the current
# folder of the host, and its home unless --no-home. ROOT is a folder that holds the image's files. It is not
# Apptainer: SIF files, its own start-up scripts, set-uid modes and configurations of clusters are not there.
set -euo pipefail
clean=no home=yes binds=()
while [ $# -gt 0 ]; do
    case $1 in
        --cleanenv) clean=yes; shift ;;
        --no-home) home=no; shift ;;
        -B)
            IFS=: read -r source target mode <<< "$2::"
            if [ "${mode%%:*}" = ro ]; then kind=--ro-bind; else kind=--bind; fi
            binds+=("$kind" "$source" "${target:-$source}")
            shift 2 ;;
        *) break ;;
    esac
done
root=$1
shift

sandbox=(--tmpfs /)
for path in "$root"/*; do
    name=/${path##*/}
    case $name in /proc | /sys | /dev | /tmp | /home | /root | /var) continue ;; esac
    if [ -L "$path" ]; then
        sandbox+=(--symlink "$(readlink "$path")" "$name")
    else
        sandbox+=(--ro-bind "$path" "$name")
    fi
done
sandbox+=(--proc /proc --dev /dev --ro-bind /sys /sys --bind /tmp /tmp --bind /var/tmp /var/tmp)
if [ "$home" = yes ]; then
    sandbox+=(--bind "$HOME" "$HOME")
fi
sandbox+=(--bind "$PWD" "$PWD" --chdir "$PWD")
variables=(--setenv PATH "/opt/bids_ketamine/bin:/usr/local/bin:/usr/bin:/bin")
if [ "$clean" = yes ]; then
    variables=(--clearenv --setenv HOME "$HOME" --setenv LANG C.UTF-8 "${variables[@]}")
fi
if [ "$clean" = yes ] || [ -z "${BIDS_KETAMINE_TEMPLATES:-}" ]; then
    variables+=(--setenv BIDS_KETAMINE_TEMPLATES /opt/templateflow)
fi
exec bwrap "${sandbox[@]}" "${binds[@]}" --remount-ro / "${variables[@]}" --die-with-parent "$@"
