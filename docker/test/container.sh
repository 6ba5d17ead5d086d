#!/usr/bin/env bash
# Builds docker/Dockerfile and the example on it as they are, with buildah, and runs the image with runc, as Docker and
# Kubernetes do: as the first process, without rights, on a read-only root, in a cgroup.
set -euo pipefail
cd "$(dirname "$0")/../.."
test=container
source docker/test/base.sh

build_images
container=$(images from mysite)
root=$(images mount "$container")
end() {
	images umount "$container" >/dev/null
	images rm "$container" >/dev/null
}
trap end EXIT
images inspect --type image mysite >"$cache/image.json"
python3 -B docker/test/container.py "$cache/image.json" "$root"
