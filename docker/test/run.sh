#!/usr/bin/env bash
# Builds docker/Dockerfile and the example on it as they are, with buildah, and runs the image with runc, as Docker and
# Kubernetes do: as the first process, without rights, on a read-only root, in a cgroup.
set -euo pipefail
cd "$(dirname "$0")/../.."
source docker/test/base.sh

build --build-arg VERSION=v0.0.0-test --ignorefile docker/Dockerfile.dockerignore --tag forebay --file docker/Dockerfile . >/dev/null
build --tag mysite docker/example >/dev/null 2>&1 # it warns of the arguments that the example does not use

container=$(images from mysite)
root=$(images mount "$container")
end() {
	images umount "$container" >/dev/null
	images rm "$container" >/dev/null
}
trap end EXIT
images inspect --type image mysite >"$cache/image.json"
python3 -B docker/test/container.py "$cache/image.json" "$root"
