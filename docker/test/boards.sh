#!/usr/bin/env bash
# Has Prometheus' own tool read what docker/prometheus, docker/grafana and docker/k8s ask of Prometheus. Where it is not
# installed it is taken out of Debian's package, as the rest of that is a server.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=$PWD/.cache/prometheus

if ! command -v promtool >/dev/null; then
	if [[ ! -x $cache/usr/bin/promtool ]]; then
		command -v apt-get >/dev/null || { echo "skipped: boards: promtool is not installed"; exit 0; }
		rm -rf "$cache"
		mkdir -p "$cache"
		chmod 777 "$cache" # apt downloads as a user of its own
		(cd "$cache" && apt-get download -qq prometheus && dpkg -x prometheus_*.deb . && rm prometheus_*.deb usr/bin/prometheus)
	fi
	export PATH=$cache/usr/bin:$PATH
fi
go test -count=1 ./proxy/scrape -run 'Prometheus|Dashboard'
