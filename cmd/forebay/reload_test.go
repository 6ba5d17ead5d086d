package main_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	reloaded = regexp.MustCompile(`INFO  reloaded .*\n`)
	refused  = regexp.MustCompile(`(?m)ERROR reload refused, everything goes on as before .*\n(    \| .*\n)*`)
)

// reload asks for one and waits until it has been done: the n-th of the server.
func (s *server) reload(n int) {
	s.t.Helper()
	s.Signal(syscall.SIGHUP)
	s.Stderr.AwaitCount(s.t, n, reloaded)
}

// refusal asks for a reload and returns what is said of it, the n-th that is refused.
func (s *server) refusal(n int) string {
	s.t.Helper()
	s.Signal(syscall.SIGHUP)
	s.Stderr.AwaitCount(s.t, n, refused)
	return refused.FindAllString(s.Stderr.String(), -1)[n-1]
}

func awaitClosed(t *testing.T, c <-chan struct{}, complaint string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(startDeadline):
		require.FailNow(t, complaint)
	}
}

func TestReloadsLoseNothing(t *testing.T) {
	app := newCounting(t)
	s := startForebay(t, app.quiet("-w", "2", "--threads", "2")...)
	c := gather(t, s, app.journal(), false)
	c.meets("1")
	for n := 1; n <= 4; n++ {
		release := fmt.Sprint(n + 1)
		app.release(release)
		s.reload(n)
		c.meets(release)
	}

	app.write("RELEASE = (\n")
	said := s.refusal(1)
	assert.Contains(t, said, "the application could not be loaded")
	assert.Contains(t, said, "release.py\", line 1")
	assert.Contains(t, said, "SyntaxError")
	c.meets("5")

	app.release("6")
	s.reload(5)
	c.meets("6")
	c.goHome()
	s.Tracebacks = 1
	s.Stop()
	assert.Equal(t, 12, strings.Count(s.Stderr.String(), "worker exited"), "each generation had two workers")
	assert.NotContains(t, s.Stderr.String(), "WARN")
}

// In a burst each is either done or one that is done begins after it.
func TestBurstOfReloads(t *testing.T) {
	app := newCounting(t)
	s := startForebay(t, app.quiet("-w", "1")...)
	c := gather(t, s, app.journal(), false)
	for range 20 {
		s.Signal(syscall.SIGHUP)
	}
	app.release("last")
	s.Signal(syscall.SIGHUP)
	c.meets("last")
	c.goHome()
	s.Stop()
}

func TestKillsWithinReloads(t *testing.T) {
	app := newCounting(t)
	s := startForebay(t, app.quiet("-w", "2", "--threads", "2")...)
	c := gather(t, s, app.journal(), true)
	for n := 1; n <= 3; n++ {
		c.meets(fmt.Sprint(n))
		app.release(fmt.Sprint(n + 1))
		s.Signal(syscall.SIGHUP)
		for _, pid := range s.Processes() { // of which some serve and some boot
			if pid != s.PID {
				_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
			}
		}
		s.Stderr.AwaitCount(t, n, reloaded)
	}
	c.meets("4")
	c.goHome()
	s.Stop()
}

func TestStopWithinAReload(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"drain": syscall.SIGTERM, "fast": syscall.SIGQUIT} {
		t.Run(name, func(t *testing.T) {
			st := newStage(t)
			app := newCounting(t)
			s := startForebay(t, app.args("-w", "2", "-e", st.env())...)
			app.write("import imports_forever\n")
			s.Signal(syscall.SIGHUP)
			st.enter()
			began := time.Now()
			s.Signal(sig)
			assert.Equal(t, 0, s.Wait())
			assert.Less(t, time.Since(began), 10*time.Second, "nothing runs: there is nothing to wait for")
			assert.Empty(t, s.Processes())
			assert.Contains(t, s.Stderr.String(), "INFO  reload given up")
		})
	}
}

func TestKilledMasterLeavesNothingOfAReload(t *testing.T) {
	st := newStage(t)
	app := newCounting(t)
	s := startForebay(t, app.args("-w", "2", "-e", st.env())...)
	app.write("import imports_forever\n")
	s.Signal(syscall.SIGHUP)
	st.enter()
	s.Signal(syscall.SIGKILL)
	assert.Equal(t, -1, s.Wait())
	s.gone()
}

// The application is broken on disk, and then the workers die that still have the good one.
func TestServerOutlivesAnApplicationThatDoesNotLoad(t *testing.T) {
	app := newCounting(t)
	s := startForebay(t, app.args("-w", "2", "--log-level", "debug")...)
	s.Stderr.AwaitCount(t, 2, regexp.MustCompile(`DEBUG worker ready`))
	app.write("RELEASE = (\n")
	for _, pid := range childrenOf(t, s.PID, "") {
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	}
	s.Stderr.AwaitCount(t, 5, regexp.MustCompile(`ERROR worker not started`))
	assert.Equal(t, 1, strings.Count(s.Stderr.String(), "SyntaxError"), "the traceback is written once")
	waits := begin(s.URL)
	app.release("2")
	assert.Equal(t, reply{200, "done ", nil}, await(t, waits), "it has waited for a worker")
	s.Tracebacks = 1
	s.Stop()
}

// configured runs forebay by a file that the test writes again.
type configured struct {
	*server
	file string
	app  *counting
}

func startConfigured(t *testing.T, lines ...string) *configured {
	t.Helper()
	app := newCounting(t)
	c := &configured{app: app, file: filepath.Join(app.dir, "forebay.toml")}
	c.configure(t, lines...)
	c.server = startForebay(t, app.args("-c", c.file)...)
	return c
}

func (c *configured) configure(t *testing.T, lines ...string) {
	t.Helper()
	require.NoError(t, os.WriteFile(c.file, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
}

func TestReloadFollowsTheConfiguration(t *testing.T) {
	c := startConfigured(t, `workers = 1`, `log_level = "warn"`)
	static := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(static, "a.txt"), []byte("a file"), 0o600))
	access := filepath.Join(c.app.dir, "access.log")
	c.configure(t, `workers = 3`, `threads = 2`, `log_level = "debug"`, `body_size = 10`, `access_logfile = "`+access+`"`,
		`timeout = "17s"`, `[[static]]`, `prefix = "/files/"`, `dir = "`+static+`"`, `[[path]]`, `prefix = "/slow"`, `body_size = 20`)
	c.reload(1)
	c.Stderr.Await(t, regexp.MustCompile(`reloaded changed="static workers threads timeout body_size log_level access_logfile path" workers=3`))
	assert.Equal(t, reply{200, "a file", nil}, await(t, begin(c.URL+"/files/a.txt")))
	post := func(path string, size int) int {
		resp, err := http.Post(c.URL+path, "text/plain", strings.NewReader(strings.Repeat("x", size))) //nolint:noctx // it answers or ends
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }() // of no interest
		return resp.StatusCode
	}
	assert.Equal(t, 413, post("/", 11))
	assert.Equal(t, 200, post("/slow", 11))
	assert.Equal(t, 413, post("/slow", 21))
	require.Eventually(t, func() bool { return len(c.Processes()) == 4 }, startDeadline, 10*time.Millisecond)
	c.Stop()
	lines, err := os.ReadFile(access)
	require.NoError(t, err)
	assert.Equal(t, 4, strings.Count(string(lines), "\n"))
	assert.Empty(t, c.Stdout.String())
	assert.Contains(t, c.Stderr.String(), "DEBUG worker state")
}

func TestReloadThatIsFaultyChangesNothing(t *testing.T) {
	c := startConfigured(t, `workers = 1`)
	bad := []struct{ line, want string }{
		{`threads = 0`, "forebay.toml:2: threads: want 1 or more, not 0"},
		{`thraeds = 2`, "did you mean threads"},
		{`threads =`, "forebay.toml:2"},
		{`access_logfile = "/no/such/dir/log"`, "access_logfile: /no/such/dir: there is no such directory"},
		{`python = "/no/python"`, "no usable Python"},
		{`x_sendfile = ["/no/such/dir"]`, "/no/such/dir"},
		{"boot_timeout = \"1ms\"", "the worker was not ready in time (boot_timeout)"},
	}
	pids := c.Processes()
	for i, b := range bad {
		c.configure(t, `body_size = 1`, b.line)
		assert.Contains(t, c.refusal(i+1), b.want)
	}
	require.Eventually(t, func() bool { return assert.ObjectsAreEqual(pids, c.Processes()) }, startDeadline, 10*time.Millisecond,
		"the same processes serve")
	resp, err := http.Post(c.URL, "text/plain", strings.NewReader("more than a byte")) //nolint:noctx // it answers or ends
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, 200, resp.StatusCode)
	c.Stop()
}

func TestReloadMovesTheListeners(t *testing.T) {
	dir := t.TempDir()
	one, two, three := filepath.Join(dir, "1"), filepath.Join(dir, "2"), filepath.Join(dir, "3")
	app := newCounting(t)
	c := &configured{app: app, file: filepath.Join(app.dir, "forebay.toml")}
	bind := func(addresses ...string) {
		c.configure(t, `workers = 1`, `bind = ["`+strings.Join(addresses, `", "`)+`"]`)
	}
	bind("unix:"+one, "unix:"+two)
	c.server = launch(t, nil, app.args("-c", c.file)...)
	stays := dialUnix(t, one)
	goes := dialUnix(t, two)
	assert.Equal(t, "1", goes.release())

	app.release("2")
	bind("unix:"+one, "unix:"+three)
	c.reload(1)
	// The old generation takes nothing more a moment after the new one has begun to.
	require.Eventually(t, func() bool { return stays.release() == "2" }, startDeadline, time.Millisecond, "a connection that was open")
	assert.Equal(t, "2", goes.release(), "also one to an address that is gone")
	assert.Equal(t, "2", dialUnix(t, three).release())
	assert.Equal(t, "2", dialUnix(t, one).release())
	assert.NoFileExists(t, two)

	taken, err := net.Listen("unix", two)
	require.NoError(t, err)
	app.release("3")
	bind("unix:"+two, "unix:"+filepath.Join(dir, "4"))
	assert.Contains(t, c.refusal(1), "listen on unix:"+two+": address already in use")
	assert.NoFileExists(t, filepath.Join(dir, "4"))
	assert.Equal(t, "2", dialUnix(t, three).release(), "as before")
	require.NoError(t, taken.Close())

	app.write("RELEASE = (\n")
	assert.Contains(t, c.refusal(2), "SyntaxError")
	assert.NoFileExists(t, two, "it was opened for nothing")
	c.Tracebacks = 1
	c.Stop()
	for _, path := range []string{one, two, three} {
		assert.NoFileExists(t, path)
	}
}

func TestSettingsThatNeedARestart(t *testing.T) {
	c := startConfigured(t, `workers = 1`)
	pid := filepath.Join(c.app.dir, "pid")
	c.configure(t, `workers = 1`, `pid = "`+pid+`"`, `umask = "077"`)
	c.reload(1)
	c.Stderr.AwaitCount(t, 2, regexp.MustCompile(`WARN  setting needs a restart key=(pid|umask)`))
	assert.NoFileExists(t, pid)
	c.Stop()
}

// Deployments turn a link to another directory. The new one is meant, though the old one is where we are.
func TestReloadFollowsALink(t *testing.T) {
	app := newCounting(t)
	counts, err := os.ReadFile(filepath.Join(apps, "counts.py"))
	require.NoError(t, err)
	current := filepath.Join(app.dir, "current")
	for _, release := range []string{"1", "2"} {
		dir := filepath.Join(app.dir, "releases", release)
		require.NoError(t, os.MkdirAll(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "counts.py"), counts, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "release.py"), fmt.Appendf(nil, "RELEASE = %q\n", release), 0o600))
	}
	turn := func(release string) {
		require.NoError(t, os.Symlink(filepath.Join(app.dir, "releases", release), current+".new"))
		require.NoError(t, os.Rename(current+".new", current))
	}
	turn("1")
	s := startForebay(t, "-w", "1", "--chdir", current, "-e", "JOURNAL="+app.journal(), "counts")
	assert.Equal(t, "1", releaseOf(t, s.URL))
	turn("2")
	s.reload(1)
	assert.Equal(t, "2", releaseOf(t, s.URL))
	s.Stop()
}

func releaseOf(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url) //nolint:gosec,noctx // of a server that the test started, and that answers or ends
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }() // of no interest
	return resp.Header.Get("X-Release")
}

// unixClient is one connection that is kept.
type unixClient struct {
	t    *testing.T
	conn net.Conn
}

func dialUnix(t *testing.T, path string) *unixClient {
	t.Helper()
	conn, err := net.Dial("unix", path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() }) // the test is over
	return &unixClient{t: t, conn: conn}
}

func (c *unixClient) release() string {
	c.t.Helper()
	_, err := io.WriteString(c.conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	require.NoError(c.t, err)
	b := make([]byte, 4096)
	n, err := c.conn.Read(b) // a small answer comes whole
	require.NoError(c.t, err)
	found := regexp.MustCompile(`X-Release: (.*)\r\n`).FindSubmatch(b[:n])
	require.NotNil(c.t, found, "%s", b[:n])
	return string(found[1])
}
