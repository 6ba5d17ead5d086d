package peer

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

// Kit is what the peers are made of: programs, directories, and how many workers and threads each of them gets.
type Kit struct {
	Root    string // of this module
	Temp    string
	Forebay string
	Nginx   string
	Python  string // of the virtual environment
	Workers int
	Threads int
	// Tools are where the programs are that make the load.
	Tools map[string]string
	// Versions are those of all programs that take part.
	Versions map[string]string
}

// Time limits of the steps of the set-up: they may load from the network, but not for ever.
const (
	buildTimeout   = 10 * time.Minute
	installTimeout = 5 * time.Minute
	versionTimeout = 10 * time.Second
)

// Prepare builds and installs what is missing for the chosen peers and tools. The caller cleans the kit, also when this
// fails.
func Prepare(ctx context.Context, choice Choice, tools ...string) (Kit, error) {
	kit := Kit{Workers: choice.Workers, Threads: choice.Threads, Tools: map[string]string{}, Versions: map[string]string{}}
	var err error
	if kit.Temp, err = os.MkdirTemp("", "forebay-bench-"); err != nil {
		return kit, fmt.Errorf("make a directory for the peers: %w", err)
	}
	if kit.Root, err = moduleRoot(ctx); err != nil {
		return kit, err
	}
	for _, tool := range tools {
		if kit.Tools[tool], err = findTool(ctx, tool); err != nil {
			return kit, err
		}
	}
	if choice.has("nginx") {
		if kit.Nginx, err = findTool(ctx, "nginx"); err != nil {
			return kit, err
		}
	}
	if kit.Python, err = interpreter(ctx, choice, filepath.Join(kit.Root, ".cache", "bench-venv")); err != nil {
		return kit, err
	}
	if choice.has("forebay") {
		if kit.Forebay, err = buildForebay(ctx, kit.Root, kit.Temp); err != nil {
			return kit, err
		}
	}
	return kit, kit.askVersions(ctx, choice)
}

// Clean removes what was made for this run.
func (k Kit) Clean() {
	_ = os.RemoveAll(k.Temp) // a temporary directory; the system clears what is left
}

// Beside is a kit for further peers that run beside the others: they have directories of their own.
func (k Kit) Beside() Kit {
	k.Temp = filepath.Join(k.Temp, "beside")
	return k
}

// dir is the directory of the peer of that name, which is made when its first process is started.
func (k Kit) dir(peer string) string { return filepath.Join(k.Temp, peer) }

// apps is where the application is.
func (k Kit) apps(scenario Scenario) string {
	if scenario.Dir != "" {
		return scenario.Dir
	}
	return filepath.Join(k.Root, "bench", "apps")
}

// command is a command as one would type it in the module's root.
func (k Kit) command(argv []string) string {
	words := slices.Clone(argv)
	for i, word := range words {
		if word == "" || strings.ContainsAny(word, " ;()'\"$") {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return k.hidePaths(strings.Join(words, " "))
}

// hidePaths takes this machine's directories out of a text.
func (k Kit) hidePaths(text string) string {
	text = strings.ReplaceAll(text, k.Temp, "TEMP")
	return strings.ReplaceAll(text, k.Root+string(filepath.Separator), "")
}

func moduleRoot(ctx context.Context) (string, error) {
	out, err := output(ctx, versionTimeout, "go", "env", "GOMOD")
	if err != nil {
		return "", err
	}
	if out == "" || out == os.DevNull {
		return "", errors.New("run it inside forebay's source tree")
	}
	return filepath.Dir(out), nil
}

// findTool returns where the program is, after installing it if we may.
func findTool(ctx context.Context, name string) (string, error) {
	// Debian keeps nginx where the PATH of ordinary users does not lead.
	for _, place := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(place); err == nil {
			return path, nil
		}
	}
	_, notDebian := os.Stat("/etc/debian_version")
	if notDebian != nil || os.Geteuid() != 0 {
		return "", fmt.Errorf("%s is not installed; install it with your system's package manager", name)
	}
	Progress("installing " + name + " with apt-get")
	const script = "export DEBIAN_FRONTEND=noninteractive; apt-get update -q && apt-get install -qy --no-install-recommends "
	if _, err := output(ctx, installTimeout, "sh", "-c", script+name); err != nil {
		return "", err
	}
	return exec.LookPath(name)
}

// interpreter is the Python of all peers: that of a virtual environment in dir, if one of them is gunicorn.
func interpreter(ctx context.Context, choice Choice, dir string) (string, error) {
	if choice.has("gunicorn") || choice.has("nginx") {
		return makeVenv(ctx, choice.Python, dir)
	}
	return output(ctx, versionTimeout, choice.Python, "-c", "import sys; print(sys.executable)")
}

// identity prints what has to be the same for a virtual environment to be used again.
const identity = "import platform, sys; print(platform.python_implementation() + platform.python_version() + sys.abiflags)"

// makeVenv returns the interpreter of a virtual environment for that Python, with the newest gunicorn in it. Without a
// network it makes do with the gunicorn that is there already; the report names its version.
func makeVenv(ctx context.Context, python, dir string) (string, error) {
	id, err := output(ctx, versionTimeout, python, "-c", identity)
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, id)
	interpreter := filepath.Join(dir, "bin", "python")
	if _, err := os.Stat(interpreter); err != nil {
		Progress("making a virtual environment")
		if _, err := output(ctx, installTimeout, python, "-m", "venv", dir); err != nil {
			return "", err
		}
	}
	_, err = output(ctx, installTimeout, interpreter, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-U", "gunicorn")
	if err == nil {
		return interpreter, nil
	}
	if _, missing := output(ctx, versionTimeout, interpreter, "-c", "import gunicorn"); missing != nil {
		return "", err
	}
	Progress("gunicorn was not updated: " + err.Error())
	return interpreter, nil
}

// buildForebay builds the program that is measured, unless TEST_FOREBAY_BIN names one.
func buildForebay(ctx context.Context, root, temp string) (string, error) {
	if path := os.Getenv("TEST_FOREBAY_BIN"); path != "" {
		return filepath.Abs(path)
	}
	Progress("building forebay")
	binary := filepath.Join(temp, "forebay.bin")
	ctx, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/forebay")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build forebay: %w\n%s", err, out)
	}
	return binary, nil
}

// toolVersions print the version of a tool, behind its path.
var toolVersions = map[string]string{
	"nginx":        " -v 2>&1 | cut -d/ -f2",
	"wrk":          " -v | awk 'NR == 1 { print $2 }'",
	"redis-server": " --version | sed 's/.* v=\\([0-9.]*\\).*/\\1/'",
	"slowhttptest": " -h | sed -n 's/.*version //p'",
}

// askVersions asks every program for its version. forebay's is the commit, as that says more.
func (k Kit) askVersions(ctx context.Context, choice Choice) error {
	questions := map[string][]string{
		"Python": {k.Python, "-c", "import platform; print(platform.python_version(), platform.python_compiler())"},
		"Go":     {"go", "env", "GOVERSION"},
	}
	if choice.has("gunicorn") || choice.has("nginx") {
		questions["gunicorn"] = []string{k.Python, "-c", "import gunicorn; print(gunicorn.__version__)"}
	}
	for name, path := range k.Tools {
		questions[name] = []string{"sh", "-c", path + toolVersions[name]}
	}
	if k.Nginx != "" {
		questions["nginx"] = []string{"sh", "-c", k.Nginx + " -v 2>&1 | cut -d/ -f2"}
	}
	if k.Forebay != "" {
		questions["forebay"] = []string{"git", "-C", k.Root, "describe", "--always", "--dirty"}
	}
	for name, argv := range questions {
		answer, err := output(ctx, versionTimeout, argv...)
		if err != nil {
			return err
		}
		k.Versions[name] = answer
	}
	return nil
}

// output runs a command and returns its standard output without the space around it.
func output(ctx context.Context, limit time.Duration, argv ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, exit.Stderr)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(argv, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Progress says on stderr what takes time; stdout is for the report.
func Progress(text string) {
	fmt.Fprintln(os.Stderr, "bench:", text)
}
