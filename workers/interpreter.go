package workers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The oldest Python that the worker program runs on.
const (
	oldestMajor = 3
	oldestMinor = 9
)

// PythonError says that no usable Python was found, and what was tried.
type PythonError struct {
	Tried  []string // the paths or names that were looked at, in order
	Reason string
}

func (e *PythonError) Error() string {
	return fmt.Sprintf("no usable Python: %s (tried: %s)", e.Reason, strings.Join(e.Tried, ", "))
}

// FindPython returns the interpreter to use: the one asked for, else that of the first of the virtual environments (an empty
// name is none), else that of .venv or venv in dir, the application's directory, else python3 of the PATH. asked may be a
// path or a name. It does not run it.
func FindPython(asked string, environments []string, dir string) (string, error) {
	if asked != "" {
		path, err := lookUp(asked)
		if err != nil {
			return "", &PythonError{Tried: []string{asked}, Reason: "it is not there or may not be run"}
		}
		return path, nil
	}
	var candidates []string
	for _, environment := range append(slices.Clone(environments), filepath.Join(dir, ".venv"), filepath.Join(dir, "venv")) {
		if environment != "" {
			candidates = append(candidates, filepath.Join(environment, "bin", "python3"))
		}
	}
	candidates = append(candidates, "python3")
	for _, candidate := range candidates {
		if path, err := lookUp(candidate); err == nil {
			return path, nil
		}
	}
	return "", &PythonError{Tried: candidates, Reason: "none of them is there"}
}

// InstalledIn returns the virtual environment whose bin directory program was run from, as pip puts it there, or nothing.
// program is as it was called: a link from elsewhere, as pipx makes it, belongs to nobody's environment.
func InstalledIn(program string) string {
	path, err := lookUp(program)
	if err != nil {
		return ""
	}
	environment := filepath.Dir(filepath.Dir(path))
	if _, err := os.Stat(filepath.Join(environment, "pyvenv.cfg")); err != nil { // PEP 405
		return ""
	}
	return environment
}

// lookUp returns the absolute path of an executable. Links are not followed: a virtual environment is known by them.
func lookUp(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return "", err
	}
	return filepath.Abs(path)
}

// probeTimeout is how long an interpreter may take to tell its version.
const probeTimeout = 10 * time.Second

// Probe runs the interpreter to say why no worker starts: nil means that Python itself is fine. It blocks until that has
// ended, or ctx.
func Probe(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	var out, stderr strings.Builder
	cmd := exec.CommandContext(ctx, path, "-c", "import sys; print('%d %d' % sys.version_info[:2])")
	cmd.Stdout, cmd.Stderr = &out, &stderr
	cmd.WaitDelay = time.Second // for what it may have started
	err := children.start(cmd)
	if err == nil {
		err = cmd.Wait()
		children.forget(cmd.Process.Pid)
	}
	if err != nil {
		return &PythonError{Tried: []string{path}, Reason: fmt.Sprintf("running it: %v: %s", err, lastLine(stderr.String()))}
	}
	var major, minor int
	if _, err := fmt.Sscan(out.String(), &major, &minor); err != nil {
		return &PythonError{Tried: []string{path}, Reason: fmt.Sprintf("it does not answer like Python: %q", out.String())}
	}
	if major < oldestMajor || (major == oldestMajor && minor < oldestMinor) {
		return &PythonError{Tried: []string{path}, Reason: fmt.Sprintf("it is Python %d.%d, and %d.%d is the oldest that works",
			major, minor, oldestMajor, oldestMinor)}
	}
	return nil
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
