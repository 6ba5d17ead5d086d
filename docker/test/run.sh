#!/usr/bin/env bash
# Builds docker/Dockerfile and the example on it as they are, with buildah, and runs the image with runc, as Docker and
# Kubernetes do: as the first process, without rights, on a read-only root, in a cgroup. The base image is a Debian with
# its Python, made here, as no registry is asked; the modules come from this machine. Needs root. It ends with "skipped:
# ..." and success where a tool is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=$PWD/.cache/container
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
suite=bookworm

skip() {
	echo "skipped: container: $1"
	exit 0
}

[[ $(id -u) == 0 ]] || skip "needs root"
for tool in buildah runc python3 curl go; do
	command -v "$tool" >/dev/null || skip "$tool is not installed"
done
bootstrap=$(command -v mmdebstrap || command -v debootstrap) || skip "neither mmdebstrap nor debootstrap is installed"
runc list >/dev/null 2>&1 || skip "runc does not run here"

# What is built lies below .cache, and not among the machine's own images.
images() { buildah --root "$cache/images" --runroot "$cache/run" "$@"; }

make_base() {
	local tree=$cache/tree
	rm -rf "$tree"
	mkdir -p "$cache"
	case $bootstrap in
	*/mmdebstrap)
		mmdebstrap --quiet --variant=essential --include=python3,python3-pip --dpkgopt='path-exclude=/usr/share/doc/*' \
			--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' "$suite" "$tree" "$mirror"
		;;
	*) debootstrap --variant=minbase --include=python3,python3-pip "$suite" "$tree" "$mirror" >"$cache/debootstrap.log" ;;
	esac
	local container
	container=$(images from scratch)
	images copy --quiet "$container" "$tree" / >/dev/null
	# In the place of the images that the Dockerfile names: modules and Python packages come from directories.
	images config --env PATH=/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin --env GOPROXY=file:///modules --env GOFLAGS=-mod=mod \
		--env GOTOOLCHAIN=local --env GOSUMDB=off --env GOCACHE=/gocache --env PIP_NO_INDEX=1 --env PIP_FIND_LINKS=/wheels \
		--env PIP_BREAK_SYSTEM_PACKAGES=1 "$container"
	images commit --quiet --rm "$container" forebay-base >/dev/null
	rm -rf "$tree"
}

# The example's packages, for the base's Python: pure Python, all of them.
fetch_wheels() {
	[[ -n $(compgen -G "$cache/wheels/*.whl") ]] || python3 -m pip download --quiet --disable-pip-version-check --only-binary=:all: \
		--python-version 3.11 --dest "$cache/wheels" --requirement docker/example/requirements.txt
}

build() {
	images build --quiet --isolation chroot --network host "$@" >/dev/null
}

mkdir -p "$cache/wheels"
images inspect --type image forebay-base >/dev/null 2>&1 || make_base
fetch_wheels
go mod download
build --build-arg GO_IMAGE=localhost/forebay-base --build-arg PYTHON_IMAGE=localhost/forebay-base --build-arg VERSION=v0.0.0-test \
	--build-arg TARGETOS=linux --build-arg TARGETARCH="$(go env GOARCH)" \
	--volume "$(go env GOROOT):/usr/local/go:ro" --volume "$(go env GOMODCACHE)/cache/download:/modules:ro" \
	--volume "$(go env GOCACHE):/gocache" --ignorefile docker/Dockerfile.dockerignore --tag forebay --file docker/Dockerfile .
build --build-arg FOREBAY=localhost/forebay --volume "$cache/wheels:/wheels:ro" --tag mysite docker/example

container=$(images from mysite)
root=$(images mount "$container")
end() {
	images umount "$container" >/dev/null
	images rm "$container" >/dev/null
}
trap end EXIT
images inspect --type image mysite >"$cache/image.json"
python3 -B docker/test/container.py "$cache/image.json" "$root"
