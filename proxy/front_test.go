package proxy

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/dispatch"
	"forebay/proxy/access"
	"forebay/python"
	"forebay/python/spool"
)

// patience bounds every wait of these tests: none comes near it unless something hangs.
const patience = 10 * time.Second

// application is an Application made of a function. It counts what it saw.
type application struct {
	answer func(seen call) (*python.Response, error)
	trace  python.Trace // how it says that requests fared
	waits  bool         // no request is queued

	turns atomic.Uint32

	mu    sync.Mutex
	calls []call
}

// call is one request as a worker would have it.
type call struct {
	environ map[string]any
	body    []byte
	file    bool // the body came in a file
	path    int
	gone    func() bool
}

// Do queues every other request, as if all threads were busy.
func (a *application) Do(req *python.Request) (*python.Response, error) {
	caller := req.Caller
	if caller == nil {
		return a.run(req)
	}
	if a.waits || a.turns.Add(1)%2 == 0 {
		caller.Leave()
		return a.run(req)
	}
	go func() { // ends when the caller has gone on
		var resp *python.Response
		err := errPanic
		func() {
			defer func() { _ = recover() }() // a caller is told of it as an error
			resp, err = a.run(req)
		}()
		caller.Answered(resp, err, &lead{})
	}()
	return nil, dispatch.ErrQueued
}

// lead is that of a goroutine that comes with an answer.
type lead struct{ left atomic.Bool }

func (l *lead) Leave() {
	if l.left.Swap(true) {
		panic("left twice")
	}
}

func (a *application) run(req *python.Request) (*python.Response, error) {
	seen, err := readCall(req)
	if err != nil {
		return nil, err
	}
	req.Trace = a.trace
	a.mu.Lock()
	a.calls = append(a.calls, seen)
	a.mu.Unlock()
	if a.answer == nil {
		return whole("200 OK", "fine"), nil
	}
	return a.answer(seen)
}

// seen returns what the application was called with.
func (a *application) seen() []call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]call(nil), a.calls...)
}

func readCall(req *python.Request) (call, error) {
	head, err := python.ParseHead(req.Frame())
	if err != nil {
		return call{}, err
	}
	payload := req.Frame()[len(req.Frame())-head.Length:]
	value, err := python.ReadValue(payload)
	if err != nil {
		return call{}, err
	}
	pair := value.(python.Tuple)
	seen := call{environ: pair[0].(map[string]any), gone: req.Client.Gone, path: req.Path}
	if req.File != nil {
		seen.file = true
		seen.body, err = io.ReadAll(io.NewSectionReader(req.File, 0, 1<<40))
		return seen, err
	}
	seen.body = append([]byte(nil), pair[1].([]byte)...)
	return seen, nil
}

// whole is a response with a body in memory. fields are pairs of name and value.
func whole(status, body string, fields ...string) *python.Response {
	resp := &python.Response{Status: statusNumber(status), Reason: []byte(strings.TrimPrefix(status[3:], " ")), Body: []byte(body)}
	for i := 0; i < len(fields); i += 2 {
		resp.Fields = append(resp.Fields, python.Field{Name: []byte(fields[i]), Value: []byte(fields[i+1])})
	}
	return resp
}

func statusNumber(status string) int {
	return int(status[0]-'0')*100 + int(status[1]-'0')*10 + int(status[2]-'0')
}

// front is a running proxy in front of an application.
type front struct {
	t      *testing.T
	addr   net.Addr
	app    *application
	proxy  *Proxy
	access safeBuffer
	log    safeBuffer
	stop   context.CancelFunc // what SIGTERM does
	drain  context.CancelFunc // what the end of graceful_timeout does
	ended  chan error         // Run's result
	finish func()
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// startFront runs a proxy on the loopback until the end of the test. change may alter its settings.
func startFront(t *testing.T, app *application, change ...func(*config.Proxy)) *front {
	t.Helper()
	cfg := config.Default().Proxy
	cfg.Bind = []string{"127.0.0.1:0"}
	cfg.TempDir = t.TempDir()
	for _, c := range change {
		c(&cfg)
	}
	return startMounted(t, app, cfg, "")
}

func startMounted(t *testing.T, app *application, cfg config.Proxy, mount string) *front {
	t.Helper()
	mappings, err := OpenStatic(cfg.Static)
	require.NoError(t, err)
	return startSettings(t, app, Settings{Proxy: cfg, Mount: mount, Static: mappings})
}

// accessConfig is that of the access log in tests.
var accessConfig = config.Log{Access: "-", AccessFormat: config.FormatCombined, AccessBuffer: 1 << 20, AccessSample: 1}

func startSettings(t *testing.T, app *application, settings Settings) *front {
	t.Helper()
	f := &front{t: t, app: app, ended: make(chan error, 1)}
	log := slog.New(slog.NewTextHandler(&f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	accessLog, err := access.Open(accessConfig, access.Stdout{Writer: &f.access}, log)
	require.NoError(t, err)
	p, err := New(settings, spool.NewBudget(settings.Proxy.SpoolMemory), app, accessLog, log)
	require.NoError(t, err)
	addrs, err := p.Listen(t.Context())
	require.NoError(t, err)
	f.addr, f.proxy = addrs[0], p

	logging, endLog := context.WithCancel(context.Background())
	logged := make(chan error, 1)
	go func() { logged <- accessLog.Run(logging) }() // ends by endLog
	ctx, stop := context.WithCancel(context.Background())
	drain, endDrain := context.WithCancel(context.Background())
	f.stop, f.drain = stop, endDrain
	go func() { f.ended <- p.Run(ctx, drain) }() // ends by stop
	f.finish = sync.OnceFunc(func() {
		stop()
		select {
		case err := <-f.ended:
			assert.NoError(t, err)
		case <-time.After(patience):
			endDrain()
			assert.Fail(t, "the proxy did not end", "%s", &f.log)
		}
		endDrain()
		endLog()
		assert.NoError(t, <-logged)
	})
	t.Cleanup(f.finish)
	return f
}

// lines ends the proxy and returns the lines of its access log.
func (f *front) lines() []string {
	f.t.Helper()
	f.finish()
	text := f.access.String()
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}
