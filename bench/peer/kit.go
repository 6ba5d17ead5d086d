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
	// Sessions has each process of a peer lead a session of its own, as where a service manager, a container or another
	// terminal has started it: the kernel shares the processors between those and the client, and then among their threads
	// (sched(7), autogroup), not among all threads alike.
	Sessions bool
	// Tools are where the programs are that make the load.
	Tools map[string]string
	// Versions are those of all programs that take part.
	Versions map[string]string
	// Missing says why a peer, a tool or a package could not be had, by its name, where the choice is lenient.
	Missing map[string]string
}

// Time limits of the steps of the set-up: they may load from the network, but not for ever.
const (
	buildTimeout   = 10 * time.Minute
	installTimeout = 5 * time.Minute
	versionTimeout = time.Minute // on a machine that is busy with other things an import may take long
)

// Prepare builds and installs what is missing for the chosen peers and tools. The caller cleans the kit, also when this
// fails.
func Prepare(ctx context.Context, choice Choice, tools ...string) (Kit, error) {
	kit := Kit{
		Workers: choice.Workers, Threads: choice.Threads, Tools: map[string]string{}, Versions: map[string]string{}, Missing: map[string]string{},
	}
	var err error
	if kit.Temp, err = os.MkdirTemp("", "forebay-bench-"); err != nil {
		return kit, fmt.Errorf("make a directory for the peers: %w", err)
	}
	if kit.Root, err = moduleRoot(ctx); err != nil {
		return kit, err
	}
	for _, step := range []func(context.Context, Choice) error{
		func(ctx context.Context, choice Choice) error { return kit.findTools(ctx, choice, tools) },
		kit.findNginx,
		kit.makePython,
		kit.makeForebay,
		kit.askVersions,
	} {
		if err := step(ctx, choice); err != nil {
			return kit, err
		}
	}
	return kit, nil
}

// miss notes that something cannot be had, for this reason, and says whether that is the end.
func (k Kit) miss(choice Choice, name string, err error) error {
	if !choice.Lenient {
		return err
	}
	k.Missing[name] = k.Hide(firstLine(err.Error()))
	Progress(name + " is left out: " + k.Missing[name])
	return nil
}

// Present are those of the names that were not left out.
func (k Kit) Present(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return k.Missing[name] != "" })
}

func (k Kit) findTools(ctx context.Context, choice Choice, tools []string) error {
	for _, tool := range tools {
		path, err := findTool(ctx, tool, choice.Offline)
		if err != nil {
			if err := k.miss(choice, tool, err); err != nil {
				return err
			}
			continue
		}
		k.Tools[tool] = path
	}
	return nil
}

func (k *Kit) findNginx(ctx context.Context, choice Choice) (err error) {
	for _, name := range choice.Peers {
		if !kindOf(name).nginx {
			continue
		}
		if k.Nginx == "" {
			k.Nginx, err = findTool(ctx, "nginx", choice.Offline)
		}
		if err != nil {
			if err := k.miss(choice, name, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// makePython finds the Python of all peers and applications, with their packages: that of a virtual environment, if there
// are any.
func (k *Kit) makePython(ctx context.Context, choice Choice) (err error) {
	packages := choice.packages()
	if len(packages) == 0 {
		k.Python, err = output(ctx, versionTimeout, choice.Python, "-c", "import sys; print(sys.executable)")
		return err
	}
	if k.Python, err = venv(ctx, choice, filepath.Join(k.Root, ".cache", "bench-venv")); err != nil {
		return err
	}
	for _, p := range packages {
		if err := p.provide(ctx, k.Python, choice.Offline); err != nil {
			for _, name := range choice.needing(p) {
				if err := k.miss(choice, name, err); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (k *Kit) makeForebay(ctx context.Context, choice Choice) (err error) {
	if choice.has("forebay") {
		k.Forebay, err = buildForebay(ctx, k.Root, k.Temp)
	}
	return err
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
	return k.Hide(strings.Join(words, " "))
}

// Hide takes this machine's directories out of a text.
func (k Kit) Hide(text string) string {
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
func findTool(ctx context.Context, name string, offline bool) (string, error) {
	// Debian keeps nginx where the PATH of ordinary users does not lead.
	for _, place := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(place); err == nil {
			return path, nil
		}
	}
	if offline {
		return "", fmt.Errorf("%s is not installed", name)
	}
	if err := aptGet(ctx, name); err != nil {
		return "", err
	}
	return exec.LookPath(name)
}

// aptGet installs a package of Debian, as root.
func aptGet(ctx context.Context, name string) error {
	_, notDebian := os.Stat("/etc/debian_version")
	if notDebian != nil || os.Geteuid() != 0 {
		return fmt.Errorf("%s is not installed; install it with your system's package manager", name)
	}
	Progress("installing " + name + " with apt-get")
	const script = "export DEBIAN_FRONTEND=noninteractive; apt-get update -q && apt-get install -qy --no-install-recommends "
	_, err := output(ctx, installTimeout, "sh", "-c", script+name)
	return err
}

// identity prints what has to be the same for a virtual environment to be used again.
const identity = "import platform, sys; print(platform.python_implementation() + platform.python_version() + sys.abiflags)"

// venv returns the interpreter of a virtual environment in dir for the chosen Python. Where nothing is to be installed and
// there is none, it is the chosen Python itself.
func venv(ctx context.Context, choice Choice, dir string) (string, error) {
	id, err := output(ctx, versionTimeout, choice.Python, "-c", identity)
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, id)
	interpreter := filepath.Join(dir, "bin", "python")
	if _, err := os.Stat(interpreter); err == nil {
		return interpreter, nil
	}
	if choice.Offline {
		return output(ctx, versionTimeout, choice.Python, "-c", "import sys; print(sys.executable)")
	}
	Progress("making a virtual environment")
	_, err = output(ctx, installTimeout, choice.Python, "-m", "venv", dir)
	return interpreter, err
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

// forebayVersion prints the commit in $1, and whether what is built differs from it; results may have been written meanwhile.
const forebayVersion = `cd "$1" && v=$(git describe --always) && git diff --quiet HEAD -- . ':!bench/results' || v=$v-dirty; echo "$v"`

// askVersions asks every program for its version. forebay's is the commit, as that says more.
func (k *Kit) askVersions(ctx context.Context, choice Choice) error {
	questions := map[string][]string{
		"Python": {k.Python, "-c", "import platform; print(platform.python_version(), platform.python_compiler())"},
		"Go":     {"go", "env", "GOVERSION"},
	}
	for name, path := range k.Tools {
		questions[name] = []string{"sh", "-c", path + toolVersions[name]}
	}
	if k.Nginx != "" {
		questions["nginx"] = []string{"sh", "-c", k.Nginx + toolVersions["nginx"]}
	}
	if k.Forebay != "" {
		questions["forebay"] = []string{"sh", "-c", forebayVersion, "sh", k.Root}
	}
	for _, p := range choice.packages() {
		if len(k.Present(choice.needing(p))) > 0 {
			questions[p.Name] = p.version(k.Python)
		}
	}
	if apache, err := findTool(ctx, "apache2", true); err == nil && questions[modWSGI.Name] != nil {
		questions["Apache"] = []string{"sh", "-c", apache + " -v | sed -n 's#.*Apache/\\([0-9.]*\\).*#\\1#p'"}
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
	if err != nil && ctx.Err() != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(argv, " "), ctx.Err())
	}
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
