package dispatch

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
	"forebay/python/spool"
	"forebay/workers"
)

// deadline is for whatever another process is to do. The machine may be busy with other tests.
const deadline = 30 * time.Second

// realPython is the interpreter behind python3, without the wrappers that version managers put in front of it.
var realPython = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	return strings.TrimSpace(string(out)), err
})

// patient is a configuration in which nothing is refused or given up.
func patient() config.Dispatch {
	return config.Dispatch{QueueSize: 1000, QueueTimeout: deadline, Timeout: deadline, GracefulTimeout: deadline}
}

// theatre is a dispatcher with real workers that run stage.py: what their requests do, the test says on a stage.
type theatre struct {
	*Dispatcher
	t      *testing.T
	stages net.Listener
	log    *logged
	turns  atomic.Uint32
	stop   func() // ends the workers, with what they run
}

func newTheatre(t *testing.T, cfg config.Dispatch, processes, threads int) *theatre {
	t.Helper()
	return newTheatreWith(t, "stage", cfg, processes, threads)
}

func newTheatreWith(t *testing.T, app string, cfg config.Dispatch, processes, threads int) *theatre {
	t.Helper()
	path, err := realPython()
	if err != nil {
		t.Skip("there is no python3")
	}
	apps, err := filepath.Abs("../python/testdata/apps")
	require.NoError(t, err)
	ln, err := net.Listen("unix", filepath.Join(t.TempDir(), "stage"))
	require.NoError(t, err)
	lines := newLogged()
	log := slog.New(slog.NewTextHandler(lines, nil))
	d, err := New(cfg, nil, spool.Limits{Memory: 1 << 20}, log)
	require.NoError(t, err)
	house := &counter{Host: d, ready: make(chan struct{}, 100)}
	pool, err := workers.New(config.Workers{Processes: processes, Threads: threads, BootTimeout: deadline}, deadline,
		workers.Program{
			Python: path, Env: []string{"PYTHONDONTWRITEBYTECODE=1", "STAGE=" + ln.Addr().String()},
			Boot: python.Boot{Spec: app, Path: []string{apps}, Environ: map[string]any{"SCRIPT_NAME": ""}},
		}, house, log)
	require.NoError(t, err)

	var running sync.WaitGroup
	dispatching, endDispatch := context.WithCancel(context.WithoutCancel(t.Context()))
	working, endWork := context.WithCancel(context.WithoutCancel(t.Context()))
	running.Go(func() { assert.NoError(t, d.Run(dispatching)) })
	worked := make(chan struct{})
	running.Go(func() { defer close(worked); assert.NoError(t, pool.Run(working, working)) })
	t.Cleanup(func() { // from left to right, as cmd does
		_ = ln.Close() // what still waits for its cue gets none
		endWork()
		<-worked
		endDispatch()
		running.Wait()
	})
	for range processes {
		receive(t, house.ready, "no worker became ready")
	}
	return &theatre{Dispatcher: d, t: t, stages: ln, log: lines, stop: func() { endWork(); <-worked }}
}

// logged keeps what is logged.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{} // closed and replaced with each line
}

func newLogged() *logged { return &logged{more: make(chan struct{})} }

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.more)
	l.more = make(chan struct{})
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// logs waits until a line matches, and returns it and its groups.
func (th *theatre) logs(pattern string) []string {
	th.t.Helper()
	re := regexp.MustCompile("(?m)^.*" + pattern + ".*$")
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	for {
		th.log.mu.Lock()
		found, more := re.FindStringSubmatch(th.log.text.String()), th.log.more
		th.log.mu.Unlock()
		if found != nil {
			return found
		}
		select {
		case <-more:
		case <-timer.C:
			require.FailNow(th.t, "not logged in time", "%s in:\n%s", pattern, th.log)
		}
	}
}

// counter tells when a worker was offered.
type counter struct {
	workers.Host
	ready chan struct{}
}

func (c *counter) Offer(w *workers.Worker) {
	c.Host.Offer(w)
	c.ready <- struct{}{}
}

func receive[T any](t *testing.T, from <-chan T, complaint string) T {
	t.Helper()
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	select {
	case v := <-from:
		return v
	case <-timer.C:
		require.FailNow(t, complaint)
		panic("not reached")
	}
}

// client is what a request comes from.
type client struct{ gone atomic.Bool }

func (c *client) Gone() bool { return c.gone.Load() }

// result is what became of a request.
type result struct {
	body  string
	err   error
	trace python.Trace
}

func newRequest(method, path string, c python.Client) *python.Request {
	return python.NewRequest(&python.Meta{
		Method: []byte(method), Target: []byte(path), Path: []byte(path), Protocol: []byte("HTTP/1.1"), Scheme: "http",
		RequestID: []byte("id"),
	}, python.Body{}, c)
}

// ask makes a request and runs it.
func (th *theatre) ask(method, path string, c python.Client) result {
	req := newRequest(method, path, c)
	defer req.Release()
	req.Path = config.MatchPath(th.cfg().paths, []byte(path))
	return th.run(req)
}

// run runs a request and reads its whole response.
func (th *theatre) run(req *python.Request) result {
	resp, err := th.do(req)
	if err != nil {
		return result{err: err, trace: req.Trace}
	}
	defer resp.Close()
	if resp.Stream == nil {
		return result{body: string(resp.Body), trace: req.Trace}
	}
	body, err := io.ReadAll(resp.Stream)
	return result{string(body), err, req.Trace}
}

// begin asks in a goroutine that ends with the answer.
func (th *theatre) begin(method, path string) <-chan result {
	results := make(chan result, 1)
	go func() { results <- th.ask(method, path, &client{}) }()
	return results
}

// open asks for a stream, and returns its response when the first chunk, "one", has been made.
func (th *theatre) open() (*python.Response, *actor) {
	th.t.Helper()
	req := newRequest("GET", "/stream/x", &client{})
	defer req.Release()
	type opened struct {
		resp *python.Response
		err  error
	}
	responses := make(chan opened, 1)
	go func() { // ends with the head of the response
		resp, err := th.do(req)
		responses <- opened{resp, err}
	}()
	a := th.enter()
	a.say("chunk one")
	got := receive(th.t, responses, "no response")
	require.NoError(th.t, got.err)
	return got.resp, a
}

// queued asks, and returns when the request is the n-th that waits, for so long that its client is looked at.
func (th *theatre) queued(n int, method, path string, c python.Client) <-chan result {
	th.t.Helper()
	results := make(chan result, 1)
	go func() { results <- th.ask(method, path, c) }()
	require.Eventually(th.t, func() bool { return th.waitingNow() == n }, deadline, time.Millisecond)
	waits := now() + momentary
	require.Eventually(th.t, func() bool { return now() > waits }, deadline, momentary/4)
	return results
}

func (d *Dispatcher) waitingNow() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, s := range d.shares {
		n += s.queue.len()
	}
	return n
}

// actor is a request that runs, seen from the stage.
type actor struct {
	t            *testing.T
	conn         net.Conn
	lines        *bufio.Reader
	pid          int
	method, path string
}

// enter returns the next request that begins to run.
func (th *theatre) enter() *actor {
	th.t.Helper()
	require.NoError(th.t, th.stages.(*net.UnixListener).SetDeadline(time.Now().Add(deadline)))
	conn, err := th.stages.Accept()
	require.NoError(th.t, err, "no request began to run")
	th.t.Cleanup(func() { _ = conn.Close() }) // for a request that a test leaves running
	a := &actor{t: th.t, conn: conn, lines: bufio.NewReader(conn)}
	words := strings.Fields(a.hear())
	require.Len(th.t, words, 3)
	a.pid, err = strconv.Atoi(words[0])
	require.NoError(th.t, err)
	a.method, a.path = words[1], words[2]
	return a
}

func (a *actor) hear() string {
	a.t.Helper()
	require.NoError(a.t, a.conn.SetReadDeadline(time.Now().Add(deadline)))
	line, err := a.lines.ReadString('\n')
	require.NoError(a.t, err)
	return strings.TrimSuffix(line, "\n")
}

func (a *actor) say(format string, args ...any) {
	a.t.Helper()
	_, err := fmt.Fprintf(a.conn, format+"\n", args...)
	require.NoError(a.t, err)
}

// die ends the worker as the kernel does when memory runs out.
func (a *actor) die() {
	a.t.Helper()
	require.NoError(a.t, syscall.Kill(a.pid, syscall.SIGKILL))
}
