package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// build makes the static binary of the checkout in dir. The bytes depend on the sources, the Go release, the platform and
// the version alone, and on the C compiler for what the workers have of native code: -trimpath takes the directories out, -buildvcs=false the state of the checkout, and of the
// environment nothing counts that changes the code.
func build(ctx context.Context, dir string, p platform, version, out string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return fmt.Errorf("build in %s: %w", dir, err)
	}
	if p.os == "linux" {
		native := exec.CommandContext(ctx, "python/native/build", p.arch)
		native.Dir, native.Stderr = dir, os.Stderr // it says so if it is left out
		if err := native.Run(); err != nil {
			return fmt.Errorf("compile the worker's native code: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -X main.version="+version, "-o", out, "./cmd/forebay")
	cmd.Dir = dir
	cmd.Env = append(neutral(os.Environ()), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, text)
	}
	return nil
}

// neutral is an environment without the variables that choose other code.
func neutral(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains([]string{"GOFLAGS", "GOAMD64", "GOARM64", "GOEXPERIMENT", "GODEBUG", "GOFIPS140", "GOWORK"}, name)
	})
}
