package scrape

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/dispatch"
	"forebay/proxy"
	"forebay/proxy/access"
	"forebay/proxy/limit"
	"forebay/proxy/measure"
	"forebay/proxy/status"
	"forebay/proxy/trace"
	"forebay/python"
	"forebay/python/spool"
	"forebay/workers"
)

// patience bounds every wait of these tests. The machine may be busy with others.
const patience = 30 * time.Second

// server is all parts of a forebay, with a real worker that runs outcomes.py.
type server struct {
	*status.Server
	t      *testing.T
	addr   string
	stage  *net.UnixListener // where /hold connects to
	access lockedBuffer
	log    lockedBuffer
	stop   func() // ends everything; may be called again
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// toml is a configuration under which requests of each kind can be provoked.
const toml = `
bind = "127.0.0.1:0"
workers = 1
threads = 4
static = [{prefix = "/static/", dir = "files"}]

[[path]]
prefix = "/status/small"
body_size = 10

[[path]]
prefix = "/late"
timeout = "200ms"

[[path]]
prefix = "/hold/short"
slots = 1
queue_timeout = "200ms"

[[path]]
prefix = "/hold/narrow"
slots = 1
queue_size = 1

[[limit]]
name = "few"
rate = "2/h"
paths = "/status/203"
`

// settings reads it.
func settings(t *testing.T) config.Config {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "files"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "files", "a.txt"), []byte("a file"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "forebay.toml"), []byte(toml), 0o600))
	reading, err := config.Read(config.Sources{Dir: dir})
	require.NoError(t, err)
	return reading.Config
}

func startServer(t *testing.T) *server {
	t.Helper()
	interpreter, err := exec.CommandContext(t.Context(), "python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		t.Skip("there is no python3")
	}
	cfg := settings(t)
	s := &server{t: t}
	s.stage, err = net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "stage"), Net: "unix"})
	require.NoError(t, err)
	apps, err := filepath.Abs("../../python/testdata/apps")
	require.NoError(t, err)
	program := workers.Program{
		Python: strings.TrimSpace(string(interpreter)),
		Env:    []string{"PYTHONDONTWRITEBYTECODE=1", "STAGE=" + s.stage.Addr().String()},
		Boot:   python.Boot{Spec: "outcomes", Path: []string{apps}, Environ: map[string]any{"SCRIPT_NAME": ""}},
	}
	log := slog.New(slog.NewTextHandler(&s.log, nil))
	lines, err := access.Open(config.Log{Access: "-", AccessFormat: config.FormatCombined, AccessBuffer: 1 << 20, AccessSample: 1}, access.Stdout{Writer: &s.access}, log)
	require.NoError(t, err)
	budget := spool.NewBudget(cfg.Proxy.SpoolMemory)
	dispatcher, err := dispatch.New(cfg.Dispatch, cfg.Paths, spool.Limits{Memory: 1 << 20, Budget: budget}, log)
	require.NoError(t, err)
	pool, err := workers.New(cfg.Workers, patience, program, dispatcher, log)
	require.NoError(t, err)
	limiter := limit.New(log)
	limits, err := limiter.Prepare(limit.Settings{Limiting: cfg.Limiting, Limits: cfg.Limits})
	require.NoError(t, err)
	limiter.Use(limits)
	mappings, err := proxy.OpenStatic(cfg.Proxy.Static)
	require.NoError(t, err)
	meter := measure.New()
	front, err := proxy.New(proxy.Settings{
		Proxy: cfg.Proxy, Paths: cfg.Paths, Static: mappings, Limits: limits, Meter: meter, Tracer: silentTracer(t, log),
	}, budget, dispatcher, lines, log)
	require.NoError(t, err)
	s.Server = &status.Server{
		App: func() string { return "outcomes" }, Reload: func() *status.Reload { return nil },
		Version: "test", Started: time.Now(),
		State: func() string { return status.Serving }, Python: func() string { return "3" },
		Listeners: func() []string { return []string{"http://" + s.addr} }, Dropped: lines.Dropped,
		Meter: meter, Proxy: front, Dispatcher: dispatcher, Pool: pool, Limiter: limiter, Budget: budget,
	}
	addrs, err := front.Listen(t.Context())
	require.NoError(t, err)
	s.addr = addrs[0].String()
	s.run(lines)
	return s
}

// silentTracer samples nothing.
func silentTracer(t *testing.T, log *slog.Logger) *trace.Tracer {
	t.Helper()
	settings, faults := trace.SettingsOf([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost", "OTEL_TRACES_SAMPLER=always_off"})
	require.Empty(t, faults)
	return trace.New(settings, "test", log)
}

// run starts the parts, from right to left, and waits for the worker. stop ends them from left to right.
func (s *server) run(lines *access.Log) {
	var running sync.WaitGroup
	begin := func(run func(context.Context) error) (end func()) {
		ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
		ended := make(chan struct{})
		running.Go(func() { defer close(ended); assert.NoError(s.t, run(ctx)) }) // ends by cancel
		return func() { cancel(); <-ended }
	}
	hurry, now := context.WithCancel(context.WithoutCancel(s.t.Context()))
	var ends []func()
	for _, run := range []func(context.Context) error{
		lines.Run,
		func(ctx context.Context) error {
			return s.Meter.Run(ctx, func() int { return s.Dispatcher.State().Busy })
		},
		func(ctx context.Context) error { s.Pool.WatchGIL(ctx); return nil },
		s.Limiter.Run, s.Dispatcher.Run,
		func(ctx context.Context) error { return s.Pool.Run(ctx, hurry) },
		func(ctx context.Context) error { return s.Proxy.Run(ctx, hurry) },
	} {
		ends = append([]func(){begin(run)}, ends...)
	}
	s.stop = sync.OnceFunc(func() {
		_ = s.stage.Close() // what still holds is let go
		timer := time.AfterFunc(patience, now)
		defer timer.Stop()
		for _, end := range ends {
			end()
		}
		running.Wait()
		now()
		if s.t.Failed() {
			s.t.Logf("log:\n%s\naccess log:\n%s", s.log.String(), s.access.String())
		}
	})
	s.t.Cleanup(s.stop)
	select {
	case <-s.Pool.Ready():
	case <-time.After(patience):
		require.FailNow(s.t, "no worker became ready", s.log.String())
	}
}

// held returns what a request to /hold waits for, which ends with it.
func (s *server) held() net.Conn {
	s.t.Helper()
	require.NoError(s.t, s.stage.SetDeadline(time.Now().Add(patience)))
	conn, err := s.stage.Accept()
	require.NoError(s.t, err, "no request holds")
	s.t.Cleanup(func() { _ = conn.Close() })
	return conn
}
