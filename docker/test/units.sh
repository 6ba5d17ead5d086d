#!/usr/bin/env bash
# Installs forebay's wheel and the units of docker/systemd as they are on a machine of its own, a container whose first
# process is systemd, and runs them there.
set -euo pipefail
cd "$(dirname "$0")/../.."
test=units
source docker/test/base.sh
needs podman

go run ./docker/release -version v0.0.0-test -wheels -platform "linux/$(go env GOARCH)" -out "$cache/dist" >/dev/null
machine=forebay-units-$$
trap 'containers rm --force --time 0 "$machine" >/dev/null 2>&1' EXIT
containers run --detach --name "$machine" --systemd always --cap-add ALL --network none --volume "$PWD/docker:/docker:ro" \
	--volume "$cache/dist:/dist:ro" --volume "$cache/wheels:/wheels:ro" docker.io/library/debian:bookworm /lib/systemd/systemd >/dev/null ||
	skip "podman does not run here"
state=
for ((i = 0; i < 300; i++)); do
	state=$(containers exec "$machine" systemctl is-system-running 2>/dev/null) || true
	[[ $state != running && $state != degraded ]] || break
	sleep 0.2
done
[[ $state == running || $state == degraded ]] || skip "no systemd runs in a container here"
containers exec --interactive "$machine" bash -euo pipefail -s <<'END'
echo 'u mysite - - /srv/mysite' | systemd-sysusers - 2>/dev/null
cp -r /docker/example /srv/mysite
cp /docker/systemd/forebay.* /etc/systemd/system
cd /srv/mysite
python3 -m venv --without-pip venv
python3 -m pip --quiet --python venv/bin/python install --find-links /dist forebay -r requirements.txt
venv/bin/python manage.py collectstatic --noinput >/dev/null
END
CONTAINERS_CONF=$cache/run.conf python3 -B docker/test/units.py podman "${storage[@]}" exec --interactive "$machine"
