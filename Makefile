# What can be done with the sources. Everything that a target needs and that is not part of them goes below .cache.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LINT_VERSION := 2.15.0
LINT := .cache/bin/golangci-lint-$(LINT_VERSION)
VULNCHECK_VERSION := 1.9.0
VULNCHECK := .cache/bin/govulncheck-$(VULNCHECK_VERSION)
KUSTOMIZE_VERSION := 5.8.0
COMPOSE_VERSION := 2.16.2
COMPOSE := .cache/bin/compose-spec-$(COMPOSE_VERSION)

# More for "go test": make test TESTFLAGS="-run Django -v".
TESTFLAGS ?=
PACKAGES ?= ./...

# What the binary carries besides Go and Python, where there is a C compiler; see python/native/build.
NATIVE := python/native/lib/linux_$(shell go env GOARCH)/native.so

.PHONY: run build native test test-go test-python test-container test-compose test-units test-boards test-manifests test-release vetted venvs axe lint bench release wheels vulns clean

# Serves the embedded demo application; "make run ARGS='-w 2 shop:app'" serves another one.
run: build
	./bin/forebay $(ARGS)

build: native
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/forebay ./cmd/forebay

native: $(NATIVE)

$(NATIVE): python/native/build python/native/native.c python/native/abi.h
	@python/native/build

# At once what can be: one compiles while others wait. What fails does not keep the others from running.
test:
	$(MAKE) --no-print-directory -k -j4 test-python test-go

# The race detector needs a C compiler; the program does not. Everything is compiled with it, so that nothing is compiled
# twice: also for vet, and the program that the tests and the short forms of benchmarks start. Vet's part of "go test" is
# left out, as vet itself has run. The detector's reports are written at once: without the second that it waits whenever a
# program or a test binary ends. One package more than there are processors, since most tests wait for processes.
test-go vetted: export CGO_ENABLED := 1
test-go: export TEST_FOREBAY_BIN := $(CURDIR)/.cache/test/forebay
test-go: export GORACE ?= atexit_sleep_ms=0
test-go: venvs axe native vetted
	go build -race -o $(TEST_FOREBAY_BIN) ./cmd/forebay
	go test -race -vet=off -shuffle=on -timeout 20m -p $$(($$(nproc) + 1)) $(TESTFLAGS) $(PACKAGES)

vetted:
	go vet -race ./...

# The worker's and the demo's own tests, on every Python from 3.9 up that the machine has; the worker's with native code,
# too, where there is some.
test-python: native
	@.ci/pythons | { failed=0; while IFS='	' read -r version python; do \
		echo "Python $$version ($$python)" && \
		"$$python" -B -m unittest discover -s python/worker/tests -t python/worker && \
		{ [ ! -f $(NATIVE) ] || FOREBAY_NATIVE=$(NATIVE) "$$python" -B -m unittest discover -s python/worker/tests -t python/worker; } && \
		"$$python" -B -m unittest discover -s python/demo || failed=1; \
	done; exit $$failed; }

# The image, built and run as the first process of a container without rights; the containers of compose.yaml; the units,
# run by a systemd in a container; what Kubernetes is told. Each says what is missing where it cannot run.
test-container:
	docker/test/container.sh

test-compose: $(COMPOSE)
	docker/test/compose.sh $(COMPOSE)

test-units:
	docker/test/units.sh

# The Compose Specification's reader.
$(COMPOSE):
	mkdir -p $(@D)
	GOBIN=$(CURDIR)/$(@D) CGO_ENABLED=0 go install github.com/compose-spec/compose-go/v2/cmd@v$(COMPOSE_VERSION)
	mv $(@D)/cmd $@

# That a release is the same from two checkouts, static and small.
test-release:
	TEST_RELEASE=1 go test ./docker/release

test-manifests:
	docker/test/manifests.sh

# What is asked of Prometheus, by its own tool.
test-boards:
	docker/test/boards.sh

# For machines without kubectl.
.cache/bin/kustomize:
	mkdir -p $(@D)
	GOBIN=$(CURDIR)/$(@D) CGO_ENABLED=0 go install sigs.k8s.io/kustomize/kustomize/v5@v$(KUSTOMIZE_VERSION)

venvs:
	.ci/venvs

axe:
	.ci/axe

lint: $(LINT)
	GOLANGCI_LINT_CACHE=$(CURDIR)/.cache/golangci-lint $(LINT) run ./...

# Built from its source by the Go toolchain in use, as a linter must know the language's version.
$(LINT):
	mkdir -p $(@D)
	GOBIN=$(CURDIR)/$(@D) CGO_ENABLED=0 go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(LINT_VERSION)
	mv $(@D)/golangci-lint $@

# Compares forebay with all the others that can be had, set-up included; the results lie below .cache/bench. What was
# interrupted is gone on with by BENCHFLAGS=-resume. BENCHFLAGS="-out bench/results" makes those that are committed.
BENCHFLAGS ?=

bench: native
	go run ./bench -out .cache/bench $(BENCHFLAGS)

# Binaries, bills of materials, wheels and checksums for all platforms, below dist. "make wheels" makes the wheels alone,
# and RELEASEFLAGS="-platform linux/amd64" those of one platform.
RELEASEFLAGS ?=

# What a release is made with, whatever Go is there: holes are mended in Go's own library, too, and the same sources make
# the same bytes with the same Go alone. The go command fetches it as it does modules; "local" is the one that is there.
RELEASE_TOOLCHAIN ?= go1.26.11

release:
	GOTOOLCHAIN=$(RELEASE_TOOLCHAIN) go run ./docker/release -version $(VERSION) $(RELEASEFLAGS)

wheels:
	go run ./docker/release -version $(VERSION) -wheels $(RELEASEFLAGS)

# Known holes in what a release is made of, Go's own library included.
vulns: $(VULNCHECK)
	GOTOOLCHAIN=$(RELEASE_TOOLCHAIN) $(VULNCHECK) -db "$$(.ci/vulndb)" ./cmd/forebay

$(VULNCHECK):
	mkdir -p $(@D)
	GOBIN=$(CURDIR)/$(@D) CGO_ENABLED=0 go install golang.org/x/vuln/cmd/govulncheck@v$(VULNCHECK_VERSION)
	mv $(@D)/govulncheck $@

clean:
	rm -rf bin dist .cache
