package main_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// crowd are clients that ask without a pause, each in its own way, until they are sent home. The application is counts.py.
type crowd struct {
	t       *testing.T
	url     string
	journal string
	mayDie  bool // workers are killed: a POST that one was running, or a GET that two were, may be answered 502

	leave  chan struct{}
	asking sync.WaitGroup
	next   atomic.Int64 // numbers of requests

	mu       sync.Mutex
	answered int
	posts    map[string]bool // ids, and whether it was answered 200
	releases map[string]int  // answers from each
	pids     map[string]int
	faults   []string
	waiting  []waitFor
}

type waitFor struct {
	release string
	seen    chan struct{}
}

// counting is a directory with the module that counts.py imports, and the arguments that run it.
type counting struct {
	t   *testing.T
	dir string
}

func newCounting(t *testing.T) *counting {
	t.Helper()
	c := &counting{t, t.TempDir()}
	c.release("1")
	return c
}

func (c *counting) journal() string { return filepath.Join(c.dir, "journal") }

// release writes the module anew. Python's cache of compiled modules goes by times in seconds, so there is none.
func (c *counting) release(name string) { c.write(fmt.Sprintf("RELEASE = %q\n", name)) }

func (c *counting) write(source string) {
	c.t.Helper()
	path := filepath.Join(c.dir, "release.py")
	require.NoError(c.t, os.WriteFile(path+".new", []byte(source), 0o600))
	require.NoError(c.t, os.Rename(path+".new", path))
}

func (c *counting) args(more ...string) []string {
	return append(more, "--chdir", apps, "--pythonpath", c.dir, "-e", "JOURNAL="+c.journal(), "-e", "PYTHONDONTWRITEBYTECODE=1", "counts")
}

// quiet are the arguments for a server without an access log.
func (c *counting) quiet(more ...string) []string {
	return c.args(append(more, "--access-logfile", "")...)
}

// gather has clients ask s until the crowd is sent home.
func gather(t *testing.T, s *server, journal string, mayDie bool) *crowd {
	t.Helper()
	c := &crowd{
		t: t, url: s.URL, journal: journal, mayDie: mayDie, leave: make(chan struct{}),
		posts: map[string]bool{}, releases: map[string]int{}, pids: map[string]int{},
	}
	for _, fresh := range []bool{false, false, true} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			for _, path := range []string{"/", "/slow"} {
				c.asking.Go(func() { c.ask(fresh, method, path) })
			}
		}
	}
	t.Cleanup(func() { c.goHome() })
	return c
}

// ask is one client.
func (c *crowd) ask(fresh bool, method, path string) {
	transport := &http.Transport{DisableKeepAlives: fresh}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for {
		select {
		case <-c.leave:
			return
		default:
		}
		id := fmt.Sprint(c.next.Add(1))
		c.note(c.one(client, method, path, id), method, path, id)
	}
}

type answer struct {
	status       int
	release, pid string
	err          error
}

func (c *crowd) one(client *http.Client, method, path, id string) answer {
	var body io.Reader
	want := "done "
	if method == http.MethodPost {
		body, want = strings.NewReader(id), want+id
	}
	req, err := http.NewRequest(method, c.url+path, body) //nolint:noctx // of a server that the test started, and that answers or ends
	if err != nil {
		return answer{err: err}
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	got, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode == http.StatusOK && string(got) != want {
		err = fmt.Errorf("the answer is %q", got)
	}
	return answer{resp.StatusCode, resp.Header.Get("X-Release"), resp.Header.Get("X-Pid"), err}
}

func (c *crowd) note(a answer, method, path, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered++
	ok := a.err == nil && a.status == http.StatusOK
	if method == http.MethodPost {
		c.posts[id] = ok
	}
	slow := method == http.MethodPost || path == "/slow" // which may meet a second kill when it is run again
	died := c.mayDie && slow && a.err == nil && a.status == http.StatusBadGateway
	if !ok && !died {
		c.faults = append(c.faults, fmt.Sprintf("%s %s (%s): %d %v", method, path, id, a.status, a.err))
		return
	}
	if ok {
		c.releases[a.release]++
		c.pids[a.pid]++
	}
	kept := c.waiting[:0]
	for _, w := range c.waiting {
		if w.release == a.release {
			close(w.seen)
			continue
		}
		kept = append(kept, w)
	}
	c.waiting = kept
}

// meets returns when somebody has been answered by a release.
func (c *crowd) meets(release string) {
	c.t.Helper()
	w := waitFor{release, make(chan struct{})}
	c.mu.Lock()
	c.waiting = append(c.waiting, w)
	c.mu.Unlock()
	awaitClosed(c.t, w.seen, "nobody was answered by release "+release)
}

// goHome ends the clients and reports what went wrong for them: requests that failed, and POSTs that were not run once.
func (c *crowd) goHome() {
	c.t.Helper()
	select {
	case <-c.leave:
		return
	default:
	}
	close(c.leave)
	c.asking.Wait()
	assert.Empty(c.t, c.faults, "of %d requests", c.answered)
	text, err := os.ReadFile(c.journal)
	require.NoError(c.t, err)
	runs := map[string]int{}
	for line := range strings.Lines(string(text)) {
		runs[strings.TrimSpace(line)]++
	}
	for id, ok := range c.posts {
		switch n := runs[id]; {
		case ok && n != 1:
			assert.Fail(c.t, "a POST was not run once", "%s: %d times", id, n)
		case !ok && n > 1:
			assert.Fail(c.t, "a POST that failed was run more than once", "%s: %d times", id, n)
		}
	}
	assert.NotEmpty(c.t, c.posts)
	c.t.Logf("%d requests, %d POSTs, of releases %v, by %d processes", c.answered, len(c.posts), c.releases, len(c.pids))
}
