# Sourced by the tests of the images: a builder that asks no registry. The images that the Dockerfile begins with are a
# Debian with its Python, made here; Go, the modules and the example's packages are this machine's. All of it lies below
# .cache/container. It ends the test with "skipped: container: ..." and success where a tool is missing.
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=$checkout/.cache/container
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
suite=bookworm
python=3.11 # of that suite

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

# What is built is not among the machine's own images.
storage=(--root "$cache/images" --runroot "$cache/run")
images() { buildah "${storage[@]}" "$@"; }

# What "docker build" is elsewhere; BuildKit gives the two arguments by itself.
build() {
	CONTAINERS_CONF=$cache/build.conf images build --quiet --format docker --isolation chroot --network host --build-arg TARGETOS=linux \
		--build-arg TARGETARCH="$(go env GOARCH)" "$@"
}

# The suite's Python, below the names that the Dockerfile asks for.
make_base() {
	local tree=$cache/tree packages=python3,python3-pip container
	rm -rf "$tree"
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
	images commit --quiet --rm "$container" docker.io/library/golang:1.26-bookworm >/dev/null
	images tag docker.io/library/golang:1.26-bookworm docker.io/library/python:3.13-slim-bookworm
	rm -rf "$tree"
}

# The example's packages; all of them are pure Python.
fetch_wheels() {
	[[ -n $(compgen -G "$cache/wheels/*.whl") ]] || python3 -m pip download --quiet --disable-pip-version-check --only-binary=:all: \
		--python-version "$python" --dest "$cache/wheels" --requirement "$checkout/docker/example/requirements.txt"
}

mkdir -p "$cache/wheels"
images inspect --type image docker.io/library/python:3.13-slim-bookworm >/dev/null 2>&1 || make_base
fetch_wheels
(cd "$checkout" && go mod download)
cat >"$cache/build.conf" <<END
[containers]
volumes = ["$(go env GOROOT):/usr/local/go:ro", "$(go env GOMODCACHE)/cache/download:/modules:ro", "$(go env GOCACHE):/gocache",
	"$cache/wheels:/wheels:ro"]
END
