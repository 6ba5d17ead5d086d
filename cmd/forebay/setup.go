package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"forebay/config"
	"forebay/config/cgroup"
	"forebay/proxy"
	"forebay/proxy/limit"
	"forebay/proxy/static"
	"forebay/python"
	"forebay/python/spool"
	"forebay/workers"
)

// setup is a configuration taken apart for the parts of the server. A start makes one, and each reload another one.
type setup struct {
	cfg     config.Config
	program workers.Program
	limits  spool.Limits   // of each response; without the budget of all
	front   proxy.Settings // without the limits of rates
	quota   limit.Settings
}

// setupOf looks for what a configuration names. dir is the current directory as it was called at the start: where it is
// a link that is turned to another release, as deployments do, the new one is meant.
func setupOf(cfg config.Config, dir string) (setup, error) {
	if cfg.Workers.Reload {
		cfg = forDevelopment(cfg)
	}
	if cfg.Workers.Processes == 0 {
		cfg.Workers.Processes = cgroup.CPUs()
	}
	cfg = fitted(cfg, cgroup.Memory())
	program, err := programOf(cfg, dir)
	if err != nil {
		return setup{}, err
	}
	mappings, err := mappingsOf(cfg)
	if err != nil {
		return setup{}, err
	}
	return setup{
		cfg: cfg, program: program,
		limits: spool.Limits{Memory: cfg.Proxy.ResponseMemory, File: cfg.Proxy.ResponseSpool, Dir: cfg.Proxy.TempDir},
		quota:  limit.Settings{Limiting: cfg.Limiting, Redis: cfg.Redis, Limits: cfg.Limits},
		front: proxy.Settings{
			Proxy: cfg.Proxy, Paths: cfg.Paths, Mount: cfg.App.ScriptName, Static: mappings,
			Descriptors: forClients(descriptorLimit(), cfg),
		},
	}, nil
}

// programOf says what the workers run.
func programOf(cfg config.Config, dir string) (workers.Program, error) {
	if filepath.IsAbs(cfg.App.Chdir) {
		dir = cfg.App.Chdir
	} else {
		dir = filepath.Join(dir, cfg.App.Chdir)
	}
	interpreter, err := findPython(cfg.App.Python, dir)
	if err != nil {
		return workers.Program{}, err
	}
	return workers.Program{
		Python: interpreter,
		Dir:    dir,
		Env:    append(withoutToken(os.Environ()), cfg.App.Env...),
		Boot: python.Boot{
			Spec:  specOf(cfg),
			Name:  cfg.Process.Name,
			Path:  append([]string{dir}, cfg.App.PythonPath...),
			Hooks: cfg.Workers.Hooks, Django: cfg.App.Django,
			Environ: map[string]any{
				"SERVER_SOFTWARE":   "forebay/" + buildVersion(),
				"SCRIPT_NAME":       cfg.App.ScriptName,
				"wsgi.multiprocess": cfg.Workers.Processes > 1,
				"forebay.version":   buildVersion(),
				"forebay.workers":   cfg.Workers.Processes,
				"forebay.threads":   cfg.Workers.Threads,
			},
		},
	}, nil
}

// findPython returns the interpreter for an application in dir.
func findPython(asked, dir string) (string, error) {
	return workers.FindPython(asked, []string{workers.InstalledIn(os.Args[0]), os.Getenv("VIRTUAL_ENV")}, dir)
}

// withoutToken is the environment for an application, which need not know how to give us orders.
func withoutToken(environ []string) []string {
	return slices.DeleteFunc(environ, func(pair string) bool { return strings.HasPrefix(pair, "FOREBAY_ADMIN_TOKEN=") })
}

func specOf(cfg config.Config) string {
	if cfg.App.Spec == "" {
		return python.DemoSpec
	}
	return cfg.App.Spec
}

// mappingsOf opens the static directories; the demo application's own are in the binary.
func mappingsOf(cfg config.Config) ([]static.Mapping, error) {
	mappings, err := proxy.OpenStatic(cfg.Proxy.Static)
	if err == nil && cfg.App.Spec == "" {
		mappings = append(mappings, static.Mapping{Static: config.NewStatic("/static/", ""), FS: python.DemoStatic()})
	}
	return mappings, err
}
