package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"forebay/config"
	"forebay/dispatch"
	"forebay/proxy"
	"forebay/proxy/access"
	"forebay/proxy/static"
	"forebay/python"
	"forebay/python/spool"
	"forebay/workers"
)

// server is all parts of a running forebay, built from right to left of "proxy dispatch workers" and stopped from left
// to right.
type server struct {
	cfg        config.Config
	program    workers.Program
	log        *slog.Logger
	access     *access.Log
	proxy      *proxy.Proxy
	dispatcher *dispatch.Dispatcher
	pool       *workers.Pool
	addrs      []net.Addr
	hasPIDFile bool // it is ours: another server's is not touched
}

func build(cfg config.Config, stdout io.Writer, log *slog.Logger) (*server, error) {
	if cfg.Process.Umask >= 0 {
		setUmask(cfg.Process.Umask)
	}
	setProcessName(cfg.Process.Name)
	if cfg.Workers.Processes == 0 {
		cfg.Workers.Processes = runtime.GOMAXPROCS(0) // the Go runtime asks the cgroup
	}
	s := &server{cfg: cfg, log: log}
	var err error
	if s.program, err = programOf(cfg); err != nil {
		return nil, err
	}
	if s.access, err = access.Open(cfg.Log.Access, stdout); err != nil {
		return nil, err
	}
	budget := spool.NewBudget(cfg.Proxy.SpoolMemory)
	limits := spool.Limits{
		Memory: cfg.Proxy.ResponseMemory, File: cfg.Proxy.ResponseSpool, Dir: cfg.Proxy.TempDir, Budget: budget,
	}
	if s.dispatcher, err = dispatch.New(cfg.Dispatch, cfg.Paths, limits, log); err != nil {
		return nil, err
	}
	s.pool, err = workers.New(cfg.Workers, cfg.Dispatch.GracefulTimeout, s.program, s.dispatcher, log)
	if err != nil {
		return nil, err
	}
	mappings, err := mappingsOf(cfg)
	if err != nil {
		return nil, err
	}
	settings := proxy.Settings{Proxy: cfg.Proxy, Paths: cfg.Paths, Mount: cfg.App.ScriptName, Static: mappings}
	s.proxy, err = proxy.New(settings, budget, s.dispatcher, s.access, log)
	return s, err
}

// programOf says what the workers run.
func programOf(cfg config.Config) (workers.Program, error) {
	dir, err := filepath.Abs(cfg.App.Chdir)
	if err != nil {
		return workers.Program{}, fmt.Errorf("find the application's directory: %w", err)
	}
	interpreter, err := workers.FindPython(cfg.App.Python, os.Getenv("VIRTUAL_ENV"), dir)
	if err != nil {
		return workers.Program{}, err
	}
	return workers.Program{
		Python: interpreter,
		Dir:    dir,
		Env:    append(os.Environ(), cfg.App.Env...),
		Boot: python.Boot{
			Spec: specOf(cfg),
			Name: cfg.Process.Name,
			Path: append([]string{dir}, cfg.App.PythonPath...),
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

// listen opens the sockets, writes the PID file, and gives up the rights that were needed for it.
func (s *server) listen() error {
	var err error
	if s.addrs, err = s.proxy.Listen(context.Background()); err != nil {
		return err
	}
	if path := s.cfg.Process.PIDFile; path != "" {
		if err := writePIDFile(path); err != nil {
			return err
		}
		s.hasPIDFile = true
	}
	return dropPrivileges(s.cfg.Process)
}

// run serves until ctx ends and everything that was begun has ended, or something fails.
func (s *server) run(ctx context.Context, stderr io.Writer) error {
	var running sync.WaitGroup
	logging, endLog := context.WithCancel(context.Background())
	running.Go(func() { s.logError("access log", s.access.Run(logging)) })
	dispatching, endDispatch := context.WithCancel(context.Background())
	running.Go(func() { s.logError("dispatcher", s.dispatcher.Run(dispatching)) })
	drain, endDrain := context.WithCancel(context.Background())
	defer endDrain()
	stop := context.AfterFunc(ctx, func() { cancelAfter(s.cfg.Dispatch.GracefulTimeout, drain, endDrain) })
	defer stop()
	working, endWork := context.WithCancel(context.Background())
	worked := make(chan error, 1)
	running.Go(func() { worked <- s.pool.Run(working, drain) })

	err := s.serveRequests(ctx, drain, worked, stderr)
	endWork()
	if workErr := <-worked; err == nil {
		err = workErr
	}
	endDispatch()
	endLog()
	running.Wait()
	return err
}

// serveRequests waits for the first worker and then serves until ctx ends. If the workers end by themselves, worked is
// filled again for the caller.
func (s *server) serveRequests(ctx, drain context.Context, worked chan error, stderr io.Writer) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-worked:
		worked <- nil
		return err
	case ready := <-s.pool.Ready():
		s.announce(stderr, ready)
	}
	return s.proxy.Run(ctx, drain)
}

func (s *server) logError(part string, err error) {
	if err != nil {
		s.log.Error("part failed", "part", part, "error", err)
	}
}

// announce prints what is served, where and with what.
func (s *server) announce(w io.Writer, ready python.Ready) {
	var urls []string
	for _, addr := range s.addrs {
		urls = append(urls, proxy.URL(addr))
	}
	app := s.cfg.App.Spec
	if app == "" {
		app = "the demo application"
	}
	gil := ""
	if !ready.GIL {
		gil = ", without the GIL"
	}
	fmt.Fprintf(w, "forebay %s listening on %s\n", buildVersion(), strings.Join(urls, ", "))
	fmt.Fprintf(w, "  application  %s in %s\n", app, s.program.Dir)
	fmt.Fprintf(w, "  python       %s %s%s: %s\n", ready.Implementation, ready.Version, gil, s.program.Python)
	fmt.Fprintf(w, "  workers      %d × %d threads\n", s.cfg.Workers.Processes, s.cfg.Workers.Threads)
	for _, m := range s.cfg.Proxy.Static {
		fmt.Fprintf(w, "  static       %s from %s\n", m.Prefix, m.Dir)
	}
}

// close removes what the server would leave on disk: sockets of a start that failed, and the PID file.
func (s *server) close() {
	s.proxy.Close()
	if s.hasPIDFile {
		if err := os.Remove(s.cfg.Process.PIDFile); err != nil {
			s.log.Warn("PID file not removed", "error", err)
		}
	}
	if err := s.access.Close(); err != nil {
		s.log.Warn("access log not closed", "error", err)
	}
}
