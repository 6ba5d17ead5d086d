#!/usr/bin/env bash
# Checks docker/k8s: kustomize builds it, what comes out fits the schemas of Kubernetes' releases, and its parts fit each
# other. The schemas come with a Python package, so that no cluster and no network is asked once it is there.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=.cache/manifests
validator=kubernetes-validate==1.37.0

if command -v kustomize >/dev/null; then
	kustomize=(kustomize build)
elif command -v kubectl >/dev/null; then
	kustomize=(kubectl kustomize)
else
	make --silent .cache/bin/kustomize
	kustomize=(.cache/bin/kustomize build)
fi

if [[ $(cat "$cache/made" 2>/dev/null) != "$validator" ]]; then
	rm -rf "$cache"
	python3 -m venv "$cache"
	"$cache/bin/pip" install --quiet --disable-pip-version-check "$validator"
	echo "$validator" >"$cache/made" # last: says that the rest was done
fi
"${kustomize[@]}" docker/k8s >"$cache/all.yaml"
for release in 1.28 1.32 1.37; do
	"$cache/bin/kubernetes-validate" --strict -k "$release" "$cache/all.yaml" >"$cache/said" || {
		cat "$cache/said"
		exit 1
	}
done
"$cache/bin/python" -B docker/test/manifests.py "$cache/all.yaml"
