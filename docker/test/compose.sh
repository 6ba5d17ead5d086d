#!/usr/bin/env bash
# Reads docker/compose.yaml as the Compose Specification's own reader does, and runs what it says of the example and of
# Redis: compose.sh READER. The images are made here, and the containers are podman's, in a network of their own.
set -euo pipefail
reader=$(realpath "$1")
cd "$(dirname "$0")/../.."
test=compose
source docker/test/base.sh
needs podman

(cd docker && env -u ADMIN_TOKEN -u SECRET_KEY "$reader" -format json compose.yaml) >"$cache/compose.json"
# A network is made to see whether that works here, and whether it has names.
containers network rm --force forebay-probe >/dev/null 2>&1 || true
containers network create forebay-probe >/dev/null 2>&1 || skip "podman makes no networks here"
names=$(containers network inspect --format '{{.DNSEnabled}}' forebay-probe)
containers network rm forebay-probe >/dev/null
[[ $names == true ]] || skip "networks have no names here: aardvark-dns is not installed"
build_images
CONTAINERS_CONF=$cache/run.conf python3 -B docker/test/compose.py "$cache/compose.json" podman "${storage[@]}"
