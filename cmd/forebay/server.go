package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"forebay/config"
	"forebay/config/cgroup"
	"forebay/dispatch"
	"forebay/proxy"
	"forebay/proxy/access"
	"forebay/proxy/limit"
	"forebay/proxy/measure"
	"forebay/proxy/trace"
	"forebay/python"
	"forebay/python/spool"
	"forebay/workers"
	"forebay/workers/watch"
)

// server is all parts of a running forebay, built from right to left of "proxy dispatch workers" and stopped from left
// to right.
type server struct {
	sources    config.Sources
	started    setup // what was in force at the start
	log        *slog.Logger
	logs       *logs
	access     *access.Log
	meter      *measure.Meter // nil without an admin listener: nobody could look
	tracer     *trace.Tracer  // nil: nothing is traced
	proxy      *proxy.Proxy
	limiter    *limit.Limiter
	dispatcher *dispatch.Dispatcher
	budget     *spool.Budget
	pool       *workers.Pool
	stopping   *stopping
	reloads    chan struct{}  // holds an entry when a reload was asked for
	upgrades   chan struct{}  // holds an entry when an upgrade was asked for
	edits      chan []string  // holds an entry when files have changed
	watcher    *watch.Watcher // nil without reload
	manager    *manager
	activated  int        // sockets that a service manager has passed
	heritage   *heritage  // what our predecessor has left to us; nil without one
	admin      *operating // the admin listener; nil without one
	outcome    history    // of reloads
	born       time.Time
	spec       atomic.Pointer[string]       // the application that is in force
	first      atomic.Pointer[python.Ready] // what the first worker has said; nil before
	addrs      []net.Addr
	mapped     []config.Static // as it was at the start
	hasPIDFile atomic.Bool     // it is ours: another server's is not touched
}

func build(sources config.Sources, cfg config.Config, stdout, stderr io.Writer) (*server, error) {
	if cfg.Process.Umask >= 0 {
		setUmask(cfg.Process.Umask)
	}
	setProcessName(cfg.Process.Name)
	s := &server{
		sources: sources, logs: newLogs(cfg.Log, stderr), born: time.Now(),
		reloads: make(chan struct{}, 1), upgrades: make(chan struct{}, 1), edits: make(chan []string, 1),
	}
	s.log = s.logs.logger()
	s.manager = newManager(s.log)
	var err error
	if s.started, err = setupOf(cfg, sources.Dir); err != nil {
		return nil, err
	}
	if s.watcher, err = s.newWatcher(cfg); err != nil {
		return nil, err
	}
	cfg = s.started.cfg
	s.mapped = cfg.Proxy.Static
	limitOwnMemory(cgroup.Memory(), s.log)
	checkDescriptors(cfg, s.log)
	s.stopping = newStopping(cfg.Dispatch.GracefulTimeout)
	if s.access, err = access.Open(cfg.Log, accessStdout(stdout), s.log); err != nil {
		return nil, err
	}
	s.budget = spool.NewBudget(cfg.Proxy.SpoolMemory)
	if s.dispatcher, err = dispatch.New(cfg.Dispatch, cfg.Paths, s.limits(s.started), s.log); err != nil {
		return nil, err
	}
	s.pool, err = workers.New(cfg.Workers, cfg.Dispatch.GracefulTimeout, s.watched(s.started.program), s.dispatcher, s.log)
	if err != nil {
		return nil, err
	}
	s.limiter = limit.New(s.log)
	if s.started.front.Limits, err = s.limiter.Prepare(s.started.quota); err != nil {
		return nil, err
	}
	s.limiter.Use(s.started.front.Limits)
	if cfg.Admin.Listen != "" {
		s.meter = measure.New()
		s.started.front.Meter = s.meter
	}
	s.tracer = newTracer(sources.Environ, s.log)
	s.started.front.Tracer = s.tracer
	if s.proxy, err = proxy.New(s.started.front, s.budget, s.dispatcher, s.access, s.log); err != nil {
		return nil, err
	}
	s.spec.Store(new(specOf(cfg)))
	s.admin, err = s.newOperating(cfg.Admin)
	return s, err
}

// accessStdout is where an access log goes that goes to stdout.
func accessStdout(stdout io.Writer) access.Stdout {
	return access.Stdout{Writer: stdout, Terminal: isTerminal(stdout), Color: wantsColor(stdout)}
}

// limits are those of each response's spool, within the budget of all.
func (s *server) limits(of setup) spool.Limits {
	of.limits.Budget = s.budget
	return of.limits
}

// listen opens the sockets, writes the PID file, and gives up the rights that were needed for it.
func (s *server) listen() error {
	var err error
	if s.heritage != nil {
		s.proxy.Inherit(s.heritage.sockets)
	}
	if s.addrs, err = s.proxy.Listen(context.Background()); err != nil {
		return err
	}
	if err = s.admin.listen(s.heritage, s.log); err != nil {
		return err
	}
	path := s.started.cfg.Process.PIDFile
	if path != "" && (s.heritage == nil || s.heritage.PIDFile != path) { // else it is the predecessor's until we serve
		if err := writePIDFile(path); err != nil {
			return err
		}
		s.hasPIDFile.Store(true)
	}
	return dropPrivileges(s.started.cfg.Process, s.access.Give)
}

// succeed takes the predecessor's place, if we have one.
func (s *server) succeed() error {
	if s.heritage == nil {
		return nil
	}
	if path := s.started.cfg.Process.PIDFile; path != "" {
		if err := writePIDFile(path); err != nil {
			return err
		}
		s.hasPIDFile.Store(true)
	}
	if err := s.heritage.announce(); err != nil {
		return err
	}
	s.proxy.Keep()
	return nil
}

// run serves until a signal asks for a stop and everything that was begun has ended, or something fails.
func (s *server) run(signals <-chan os.Signal, stderr io.Writer) error {
	var running sync.WaitGroup
	logging, endLog := context.WithCancel(context.Background())
	running.Go(func() { s.logError("access log", s.access.Run(logging)) })
	measuring, endMeasuring := context.WithCancel(context.Background())
	if s.meter != nil {
		running.Go(func() { s.logError("meter", s.meter.Run(measuring, s.busy)) })
		running.Go(func() { s.pool.WatchGIL(measuring) })
	}
	limiting, endLimits := context.WithCancel(context.Background())
	running.Go(func() { s.logError("limits", s.limiter.Run(limiting)) })
	dispatching, endDispatch := context.WithCancel(context.Background())
	running.Go(func() { s.logError("dispatcher", s.dispatcher.Run(dispatching)) })
	if s.watcher != nil {
		s.watcher.Open() // before the application is imported: what changes meanwhile has changed
		running.Go(s.watchFiles)
	}
	tracing, endTracing := context.WithCancel(context.Background())
	running.Go(func() { s.tracer.Run(tracing) })
	if s.heritage == nil { // else our predecessor says how things are until we serve
		s.admin.begin(&running, s.logError)
	}
	working, endWork := context.WithCancel(context.Background())
	worked := make(chan error, 1)
	running.Go(func() { worked <- s.pool.Run(working, s.stopping.over) })
	obeying, endObey := context.WithCancel(context.Background())
	running.Go(func() { s.obey(obeying, signals) })
	running.Go(func() { s.reap(obeying) })
	running.Go(func() { spareProcessors(obeying) })

	err := s.serveRequests(worked, &running, stderr)
	endWork()
	if workErr := <-worked; err == nil {
		err = workErr
	}
	endDispatch()
	s.proxy.Settle()
	endLimits()
	endMeasuring()
	endTracing()
	endLog()
	endObey()
	s.admin.end()
	s.stopping.release()
	running.Wait()
	return err
}

// serveRequests waits for the first worker and then serves until a stop. If the workers end by themselves, worked is
// filled again for the caller.
func (s *server) serveRequests(worked chan error, running *sync.WaitGroup, stderr io.Writer) error {
	if first, err := s.awaitFirst(worked, running); first == nil {
		return err
	} else if err := s.welcome(*first, stderr); err != nil {
		return err
	}
	if s.heritage != nil {
		s.admin.begin(running, s.logError)
	}
	defer time.AfterFunc(startLasts, forgetStart).Stop()
	running.Go(s.changeWhenAsked) // ends with the stop
	running.Go(func() { s.manager.guard(s.stopping.over, s.alive) })
	return s.proxy.Run(s.stopping.begun, s.stopping.over)
}

// awaitFirst waits for the first worker and returns what it says of itself; nothing if there is none until a stop or an
// error.
func (s *server) awaitFirst(worked chan error, running *sync.WaitGroup) (*python.Ready, error) {
	for {
		select {
		case <-s.stopping.begun.Done():
			return nil, nil
		case err := <-worked:
			worked <- nil
			return nil, err
		case ready := <-s.pool.Ready():
			return &ready, nil
		case files := <-s.edits:
			running.Go(func() { s.loadEdited(files) }) // ends with the start of workers, or with them
		}
	}
}

// welcome tells everybody that the first worker is ready.
func (s *server) welcome(ready python.Ready, stderr io.Writer) error {
	if err := s.serveDjango(ready); err != nil {
		return err
	}
	if err := s.succeed(); err != nil {
		return err
	}
	s.first.Store(&ready)
	s.announce(stderr, ready)
	s.manager.ready(fmt.Sprintf("serving with %d workers", s.started.cfg.Workers.Processes))
	if s.started.cfg.Dispatch.Interrupt && !ready.Interrupts {
		s.log.Warn("threads past their deadline are not interrupted: this Python has no ctypes")
	}
	return nil
}

// busy is how many threads are busy.
func (s *server) busy() int { return s.dispatcher.State().Busy }

// alive returns when all parts respond.
func (s *server) alive() {
	s.dispatcher.Alive()
	s.proxy.Alive()
}

func (s *server) logError(part string, err error) {
	if err != nil {
		s.log.Error("part failed", "part", part, "error", err)
	}
}

// announce tells what is served, where and with what.
func (s *server) announce(w io.Writer, ready python.Ready) {
	var urls []string
	for _, addr := range s.addrs {
		urls = append(urls, proxy.URL(addr))
	}
	cfg, program := s.started.cfg, s.started.program
	app := cfg.App.Spec
	if app == "" {
		app = "the demo application"
	}
	if s.logs.json.Load() {
		s.log.Info("listening", "version", buildVersion(), "addresses", urls, "application", app, "directory", program.Dir,
			"python", ready.Version, "interpreter", program.Python, "workers", cfg.Workers.Processes, "threads", cfg.Workers.Threads)
		return
	}
	gil := ""
	if !ready.GIL {
		gil = ", without the GIL"
	}
	fmt.Fprintf(w, "forebay %s listening on %s\n", buildVersion(), strings.Join(urls, ", "))
	fmt.Fprintf(w, "  application  %s in %s\n", app, program.Dir)
	fmt.Fprintf(w, "  python       %s %s%s: %s\n", ready.Implementation, ready.Version, gil, program.Python)
	fmt.Fprintf(w, "  workers      %d × %d threads\n", cfg.Workers.Processes, cfg.Workers.Threads)
	if s.admin != nil {
		fmt.Fprintf(w, "  admin        %s\n", s.admin.url())
	}
	for _, m := range s.mapped {
		fmt.Fprintf(w, "  static       %s from %s\n", m.Prefix, m.Dir)
	}
}

// close removes what the server would leave on disk: sockets of a start that failed, and the PID file.
func (s *server) close() {
	s.clearDisk()
	if err := s.access.Close(); err != nil {
		s.log.Warn("access log not closed", "error", err)
	}
	s.logs.close()
}

func (s *server) clearDisk() {
	s.proxy.Close()
	s.admin.close()
	if s.hasPIDFile.Load() {
		if err := os.Remove(s.started.cfg.Process.PIDFile); err != nil {
			s.log.Warn("PID file not removed", "error", err)
		}
	}
}
