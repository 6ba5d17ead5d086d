package python

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What native/abi.h declares of Python is what Python's own header says, of each version that is here.
func TestNativeCodeAgainstPythonH(t *testing.T) {
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("there is no C compiler")
	}
	list, err := exec.CommandContext(t.Context(), "../.ci/pythons").Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(list)) {
		version, python, _ := strings.Cut(strings.TrimSpace(line), "\t")
		t.Run(version, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), python, "-c", "import sysconfig; print(sysconfig.get_path('include'))").Output()
			require.NoError(t, err)
			include := strings.TrimSpace(string(out))
			if _, err := os.Stat(filepath.Join(include, "Python.h")); err != nil {
				t.Skip("this Python has no headers")
			}
			said, err := exec.CommandContext(t.Context(), compiler, "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O2", "-fPIC", "-Wall", "-Wextra",
				"-Werror", "-Wno-missing-field-initializers", "-DWITH_PYTHON_H", "-I"+include, "-c", "-o", os.DevNull, "native/native.c").CombinedOutput()
			assert.NoError(t, err, string(said))
		})
	}
}
