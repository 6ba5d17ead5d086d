package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What native/abi.h declares of Python is what Python's own header says, of each version that is here.
func TestNativeCodeAgainstPythonH(t *testing.T) {
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("there is no C compiler")
	}
	for version, python := range pythons(t) {
		t.Run(version, func(t *testing.T) {
			include := strings.TrimSpace(run(t, exec.CommandContext(t.Context(), python, "-c", "import sysconfig; print(sysconfig.get_path('include'))")))
			if _, err := os.Stat(filepath.Join(include, "Python.h")); err != nil {
				t.Skip("this Python has no headers")
			}
			said, err := exec.CommandContext(t.Context(), compiler, "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O2", "-fPIC", "-Wall", "-Wextra",
				"-Werror", "-Wno-missing-field-initializers", "-DWITH_PYTHON_H", "-I"+include, "-c", "-o", os.DevNull,
				"../../python/native/native.c").CombinedOutput()
			assert.NoError(t, err, string(said))
		})
	}
}
