# Sourced by the tests of what runs in containers, each of which says in $test what it is: a builder that asks no registry.
# The images that the Dockerfile and compose.yaml begin with are a Debian with Python, Redis and systemd, made here; Go, the
# modules and the example's packages are this machine's. All of it lies below .cache/container. It ends the test with
# "skipped: ..." and success where a tool is missing.
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=$checkout/.cache/container
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
suite=bookworm
python=3.11 # of that suite
packages=python3,python3-pip,redis-server,systemd,systemd-sysv,procps
stand_ins=(golang:1.26-bookworm python:3.13-slim-bookworm redis:7-alpine debian:bookworm)

skip() {
	echo "skipped: ${test:-container}: $1"
	exit 0
}

# needs TOOL...: the test ends where one is missing.
needs() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
}

[[ $(id -u) == 0 ]] || skip "needs root"
needs buildah runc python3 curl go
bootstrap=$(command -v mmdebstrap || command -v debootstrap) || skip "neither mmdebstrap nor debootstrap is installed"
runc list >/dev/null 2>&1 || skip "runc does not run here"
unshare --mount true 2>/dev/null || skip "nothing can be mounted here"

# What is built is not among the machine's own images.
storage=(--root "$cache/images" --runroot "$cache/run")
images() { buildah "${storage[@]}" "$@"; }

# What "docker build" is elsewhere; BuildKit gives the two arguments by itself.
build() {
	CONTAINERS_CONF=$cache/build.conf images build --quiet --format docker --isolation chroot --network host --build-arg TARGETOS=linux \
		--build-arg TARGETARCH="$(go env GOARCH)" "$@"
}

# What "docker" is elsewhere, for containers.
containers() { CONTAINERS_CONF=$cache/run.conf podman "${storage[@]}" "$@"; }

# The suite's packages, below the names that are asked for.
make_base() {
	local tree=$cache/tree container name
	rm -rf "$cache"/{tree,made}
	case $bootstrap in
	*/mmdebstrap)
		mmdebstrap --quiet --variant=essential --include="$packages" --dpkgopt='path-exclude=/usr/share/doc/*' \
			--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' "$suite" "$tree" "$mirror"
		;;
	*) debootstrap --variant=minbase --include="$packages" "$suite" "$tree" "$mirror" >"$cache/debootstrap.log" ;;
	esac
	container=$(images from scratch)
	images copy --quiet "$container" "$tree" / >/dev/null
	images config --env PATH=/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin --env GOPROXY=file:///modules --env GOFLAGS=-mod=mod \
		--env GOTOOLCHAIN=local --env GOSUMDB=off --env GOCACHE=/gocache --env PIP_NO_INDEX=1 --env PIP_FIND_LINKS=/wheels \
		--env PIP_BREAK_SYSTEM_PACKAGES=1 "$container"
	images commit --quiet --rm "$container" forebay-base >/dev/null
	for name in "${stand_ins[@]}"; do
		images tag forebay-base "docker.io/library/$name"
	done
	rm -rf "$tree"
	echo "$packages" >"$cache/made" # last: says that the rest was done
}

# The example's packages; all of them are pure Python.
fetch_wheels() {
	[[ -n $(compgen -G "$cache/wheels/*.whl") ]] || python3 -m pip download --quiet --disable-pip-version-check --only-binary=:all: \
		--python-version "$python" --dest "$cache/wheels" --requirement "$checkout/docker/example/requirements.txt"
}

# build_images makes "forebay" and "mysite" as they are, and forgets what had these names before. With IMAGES=built they are
# those of the test before.
build_images() {
	[[ ${IMAGES-} != built ]] || return 0
	build --build-arg VERSION=v0.0.0-test --ignorefile "$checkout/docker/Dockerfile.dockerignore" --tag forebay \
		--file "$checkout/docker/Dockerfile" "$checkout" >/dev/null
	build --tag mysite "$checkout/docker/example" >/dev/null 2>&1 # it warns of the arguments that the example does not use
	images rmi --prune >/dev/null
}

mkdir -p "$cache/wheels"
if [[ $(cat "$cache/made" 2>/dev/null) != "$packages" ]]; then
	curl -fsSI --max-time 60 --output /dev/null "$mirror/dists/$suite/Release" || skip "there is no Debian at $mirror"
	make_base
fi
fetch_wheels
(cd "$checkout" && go mod download)
cat >"$cache/build.conf" <<END
[containers]
volumes = ["$(go env GOROOT):/usr/local/go:ro", "$(go env GOMODCACHE)/cache/download:/modules:ro", "$(go env GOCACHE):/gocache",
	"$cache/wheels:/wheels:ro"]
END
cat >"$cache/run.conf" <<END
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
[network]
network_backend = "netavark" # whose names containers find each other by
END
