package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const apps = "../../python/testdata/apps"

// stage is where requests of stage.py, and the import of imports_forever.py, report and wait.
type stage struct {
	t  *testing.T
	ln *net.UnixListener
}

func newStage(t *testing.T) *stage {
	t.Helper()
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "stage"), Net: "unix"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() }) // what waits for it is over
	return &stage{t, ln}
}

func (s *stage) env() string { return "STAGE=" + s.ln.Addr().String() }

// enter waits for who reports next.
func (s *stage) enter() net.Conn {
	s.t.Helper()
	require.NoError(s.t, s.ln.SetDeadline(time.Now().Add(startDeadline)))
	conn, err := s.ln.Accept()
	require.NoError(s.t, err, "nobody reported")
	s.t.Cleanup(func() { _ = conn.Close() }) // what is left hanging may go on
	return conn
}

// request waits for a request to begin and returns the pid of its worker.
func (s *stage) request() (net.Conn, int) {
	s.t.Helper()
	conn := s.enter()
	line, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(s.t, err)
	pid, err := strconv.Atoi(strings.Fields(line)[0])
	require.NoError(s.t, err)
	return conn, pid
}

// launch runs forebay with exactly these arguments, and returns when its first worker is ready.
func launch(t *testing.T, prepare func(*exec.Cmd), args ...string) *server {
	t.Helper()
	s := start(t, prepare, args...)
	match := s.Stderr.Await(t, regexp.MustCompile(`(?m)^forebay \S+ listening on (.*)$`))
	s.URL = match[1]
	return s
}

// start runs forebay and does not wait for anything.
func start(t *testing.T, prepare func(*exec.Cmd), args ...string) *server {
	t.Helper()
	s := &server{t: t, Stdout: newOutput(), Stderr: newOutput(), done: make(chan struct{})}
	s.cmd = forebayCommand(t, args...)
	s.mark = fmt.Sprintf("%s=%d-%d", markKey, os.Getpid(), marks.Add(1))
	s.cmd.Env = append(os.Environ(), s.mark)
	s.cmd.Stdout, s.cmd.Stderr = s.Stdout, s.Stderr
	s.cmd.WaitDelay = 5 * time.Second
	if prepare != nil {
		prepare(s.cmd)
	}
	require.NoError(t, s.cmd.Start())
	s.PID = s.cmd.Process.Pid
	go func() { // ends when the process does
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	t.Cleanup(s.cleanup)
	return s
}

// gone waits until no process of the server is left.
func (s *server) gone() {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return len(s.Processes()) == 0 }, startDeadline, 10*time.Millisecond)
}

type reply struct {
	status int
	body   string
	err    error
}

// begin asks in a goroutine that ends with the answer.
func begin(url string) <-chan reply {
	replies := make(chan reply, 1)
	go func() {
		resp, err := http.Get(url) //nolint:gosec,noctx // of a server that the test started, and that answers or ends
		if err != nil {
			replies <- reply{err: err}
			return
		}
		defer func() { _ = resp.Body.Close() }() // read to its end
		body, err := io.ReadAll(resp.Body)
		replies <- reply{resp.StatusCode, string(body), err}
	}()
	return replies
}

func await(t *testing.T, replies <-chan reply) reply {
	t.Helper()
	select {
	case r := <-replies:
		return r
	case <-time.After(startDeadline):
		require.FailNow(t, "no answer in time")
		return reply{}
	}
}

func TestKilledWorkerIsStartedAgain(t *testing.T) {
	st := newStage(t)
	s := startForebay(t, "-w", "1", "--threads", "1", "--chdir", apps, "-e", st.env(), "stage")
	first := begin(s.URL + "/first")
	_, pid := st.request()
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	conn, next := st.request() // GET is run again
	assert.NotEqual(t, pid, next)
	_, err := fmt.Fprintln(conn, "answer again")
	require.NoError(t, err)
	assert.Equal(t, reply{http.StatusOK, "again", nil}, await(t, first))
	s.Stderr.Await(t, regexp.MustCompile(fmt.Sprintf(`worker exited worker=1 pid=%d exit="killed by SIGKILL" .*target=/first`, pid)))
	s.Stop()
}

func TestSignalDrains(t *testing.T) {
	for name, sig := range map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT} {
		t.Run(name, func(t *testing.T) {
			st := newStage(t)
			s := startForebay(t, "-w", "2", "--threads", "1", "--chdir", apps, "-e", st.env(), "stage")
			running := begin(s.URL + "/running")
			conn, _ := st.request()
			s.Signal(sig)
			s.Stderr.Await(t, regexp.MustCompile(`INFO  stopping signal=`))
			_, err := fmt.Fprintln(conn, "answer in the end")
			require.NoError(t, err)
			assert.Equal(t, reply{http.StatusOK, "in the end", nil}, await(t, running))
			assert.Equal(t, 0, s.Wait())
			assert.Empty(t, s.Processes())
		})
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	st := newStage(t)
	s := startForebay(t, "-w", "1", "--threads", "1", "--chdir", apps, "-e", st.env(), "stage")
	begin(s.URL + "/hangs")
	st.request()
	s.Signal(syscall.SIGTERM)
	s.Stderr.Await(t, regexp.MustCompile(`stopping signal=`))
	s.Signal(syscall.SIGTERM)
	assert.Equal(t, 1, s.Wait())
	s.gone()
}

// The deadline is one for the whole stop: connections and workers do not each take their own.
func TestGracefulTimeoutEndsWhatHangs(t *testing.T) {
	const grace = 2 * time.Second
	st := newStage(t)
	s := startForebay(t, "-w", "1", "--threads", "1", "--graceful-timeout", "2", "--chdir", apps, "-e", st.env(), "stage")
	begin(s.URL + "/hangs")
	st.request()
	since := time.Now()
	s.Signal(syscall.SIGTERM)
	assert.Equal(t, 0, s.Wait())
	assert.GreaterOrEqual(t, time.Since(since), grace)
	assert.Less(t, time.Since(since), 2*grace)
	assert.Empty(t, s.Processes())
	assert.Contains(t, s.Stderr.String(), "worker killed with requests running")
}

// TestWhatIsCutHasItsLine in the access log: the request that runs, the one that waits for its thread, and the one that
// has not come yet.
func TestWhatIsCutHasItsLine(t *testing.T) {
	st := newStage(t)
	s := startForebay(t, "-w", "1", "--threads", "1", "--graceful-timeout", "1", "--chdir", apps, "-e", st.env(), "stage")
	open := func() net.Conn { // and accepted, so that what is sent on it does not depend on the moment of the signal
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		_, err = conn.Write([]byte("GET /echo/ HTTP/1.1\r\nHost: a\r\n\r\n"))
		require.NoError(t, err)
		_, err = conn.Read(make([]byte, 1000))
		require.NoError(t, err)
		return conn
	}
	waits, comes := open(), open()
	running := begin(s.URL + "/runs")
	st.request()
	_, err := waits.Write([]byte("GET /waits HTTP/1.1\r\nHost: a\r\n\r\n"))
	require.NoError(t, err)
	_, err = comes.Write([]byte("POST /comes HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc"))
	require.NoError(t, err)
	s.Signal(syscall.SIGTERM)
	assert.Equal(t, 0, s.Wait())
	assert.Equal(t, http.StatusBadGateway, await(t, running).status)
	for _, conn := range []net.Conn{waits, comes} {
		answer, err := io.ReadAll(conn)
		require.NoError(t, err)
		assert.Contains(t, string(answer), "HTTP/1.1 503 ")
	}
	for path, status := range map[string]string{"/runs": "502", "/waits": "503", "/comes": "503"} {
		assert.Regexp(t, `"path":"`+path+`".*"status":`+status+`,`, s.Stdout.String())
	}
	assert.NotContains(t, s.Stderr.String(), "left behind")
}

func TestNoPythonOutlivesAMasterThatIsKilled(t *testing.T) {
	t.Run("with a request that hangs", func(t *testing.T) {
		st := newStage(t)
		s := startForebay(t, "-w", "2", "--threads", "1", "--chdir", apps, "-e", st.env(), "stage")
		begin(s.URL + "/hangs")
		st.request()
		s.Signal(syscall.SIGKILL)
		assert.Equal(t, -1, s.Wait())
		s.gone()
	})
	t.Run("within an import", func(t *testing.T) {
		st := newStage(t)
		s := start(t, nil, "-b", "127.0.0.1:0", "-w", "1", "--chdir", apps, "-e", st.env(), "imports_forever")
		st.enter()
		s.Signal(syscall.SIGKILL)
		assert.Equal(t, -1, s.Wait())
		s.gone()
	})
}

func TestStopWithinAnImport(t *testing.T) {
	st := newStage(t)
	s := start(t, nil, "-b", "127.0.0.1:0", "-w", "1", "--chdir", apps, "-e", st.env(), "imports_forever")
	st.enter()
	s.Signal(syscall.SIGTERM)
	assert.Equal(t, 0, s.Wait())
	assert.Empty(t, s.Processes())
}

func TestExitCodes(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() }) // nothing is accepted
	cases := map[string]struct {
		args   []string
		code   int
		stderr string
	}{
		"a taken port": {
			[]string{"-b", taken.Addr().String(), "--chdir", apps, "hello"},
			1, "^forebay: listen on " + regexp.QuoteMeta(taken.Addr().String()) + ": bind: address already in use\n$",
		},
		"no such Python": {[]string{"--python", "/no/python", "hello"}, 1, `^forebay: no usable Python: .*\(tried: /no/python\)\n$`},
		"no such user":   {[]string{"-b", "127.0.0.1:0", "-u", "nobody-of-that-name", "hello"}, 2, "^forebay: user .*nobody-of-that-name"},
		"a bad option":   {[]string{"--treads", "4", "hello"}, 2, "^forebay: unknown option --treads: did you mean --threads"},
		"a missing import": {
			[]string{"-b", "127.0.0.1:0", "--chdir", apps, "missing_import"}, 3,
			`(?s)^forebay: the application could not be loaded:\nTraceback .*missing_import.py", line 3.*ModuleNotFoundError: [^\n]*\n+$`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			pid := filepath.Join(t.TempDir(), "pid")
			cmd := forebayCommand(t, append([]string{"-p", pid}, c.args...)...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			require.Error(t, cmd.Run())
			assert.Equal(t, c.code, cmd.ProcessState.ExitCode())
			assert.Regexp(t, c.stderr, stderr.String())
			assert.NoFileExists(t, pid)
		})
	}
}

func TestPIDFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "forebay.pid")
	s := startForebay(t, "-p", path, "-w", "1", "--chdir", apps, "hello")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, strconv.Itoa(s.PID)+"\n", string(text))
	s.Stop()
	assert.NoFileExists(t, path)
}

func TestFailedStartLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	socket, pid := filepath.Join(dir, "sock"), filepath.Join(dir, "pid")
	run := func(args ...string) int {
		cmd := forebayCommand(t, append(args, "--chdir", apps)...)
		require.Error(t, cmd.Run())
		return cmd.ProcessState.ExitCode()
	}
	assert.Equal(t, 3, run("-b", "unix:"+socket, "-p", pid, "missing_import"))
	assert.NoFileExists(t, socket)
	assert.NoFileExists(t, pid)

	s := launch(t, nil, "-b", "unix:"+socket, "-p", pid, "-w", "1", "--chdir", apps, "hello")
	assert.Equal(t, 1, run("-b", "unix:"+socket, "-p", pid, "hello"))
	assert.FileExists(t, pid, "the running server's own")
	s.Stop()
}

func TestNameIsShownOfEveryProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux shows it in /proc")
	}
	s := startForebay(t, "-w", "2", "-n", "shop", "--chdir", apps, "hello")
	named := func() bool { // the second worker may still be booting
		for _, pid := range s.Processes() {
			if comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err != nil || string(comm) != "shop\n" {
				return false
			}
		}
		return len(s.Processes()) == 3
	}
	require.Eventually(t, named, startDeadline, 10*time.Millisecond)
	s.Stop()
}

func TestPythonThatIsTooOldIsToldApart(t *testing.T) {
	old := filepath.Join(t.TempDir(), "python")
	script := "#!/bin/sh\ncase \"$2\" in *version_info*print*|*print*version_info*) echo 3 8;; *) exit 1;; esac\n"
	require.NoError(t, os.WriteFile(old, []byte(script), 0o755))
	cmd := forebayCommand(t, "-b", "127.0.0.1:0", "--python", old, "--chdir", apps, "hello")
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	assert.Equal(t, 1, cmd.ProcessState.ExitCode())
	assert.Contains(t, string(out), "it is Python 3.8, and 3.9 is the oldest that works (tried: "+old+")")
}

// overUnix asks through a unix socket.
func overUnix(t *testing.T, path string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/x", nil)
	require.NoError(t, err)
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }() // read to its end
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sock")
	s := launch(t, nil, "-b", "unix:"+path, "-w", "1", "--chdir", apps, "hello")
	assert.Equal(t, "unix:"+path, s.URL)
	assert.Equal(t, "hello from /x", overUnix(t, path))

	second := forebayCommand(t, "-b", "unix:"+path, "--chdir", apps, "hello")
	out, err := second.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "address already in use")
	assert.Equal(t, "hello from /x", overUnix(t, path), "the first is not disturbed")

	s.Signal(syscall.SIGKILL)
	s.Wait()
	s.gone()
	require.FileExists(t, path, "left behind")
	s = launch(t, nil, "-b", "unix:"+path, "-w", "1", "--chdir", apps, "hello")
	assert.Equal(t, "hello from /x", overUnix(t, path))
	s.Stop()
	assert.NoFileExists(t, path)
}

func TestSeveralBindsAndAnInheritedOne(t *testing.T) {
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	file, err := ln.File()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "sock")
	binds := []string{"-b", "127.0.0.1:0", "-b", "fd://3", "-b", "unix:" + path}
	if probe, err := net.Listen("tcp", "[::1]:0"); err == nil {
		_ = probe.Close() // it was only to see
		binds = append(binds, "-b", "[::1]:0")
	}
	s := launch(t, func(cmd *exec.Cmd) { cmd.ExtraFiles = []*os.File{file} }, append(binds, "-w", "1", "--chdir", apps, "hello")...)
	require.NoError(t, file.Close())
	require.NoError(t, ln.Close())
	urls := strings.Split(s.URL, ", ")
	require.Len(t, urls, len(binds)/2)
	assert.Equal(t, "http://"+ln.Addr().String(), urls[1])
	for _, url := range urls {
		if strings.HasPrefix(url, "unix:") {
			assert.Equal(t, "hello from /x", overUnix(t, path))
			continue
		}
		assert.Equal(t, reply{http.StatusOK, "hello from /x", nil}, await(t, begin(url+"/x")))
	}
	s.Stop()
}

type facts struct {
	Cwd    string
	Umask  int
	UID    int
	Groups []int
	PID    int
	Word   string
	Path   []string
}

func tells(t *testing.T, s *server) facts {
	t.Helper()
	r := await(t, begin(s.URL))
	require.NoError(t, r.err)
	var f facts
	require.NoError(t, json.Unmarshal([]byte(r.body), &f), r.body)
	return f
}

func TestWhatReachesTheApplication(t *testing.T) {
	dir, err := filepath.Abs(apps)
	require.NoError(t, err)
	more := t.TempDir()
	s := startForebay(t, "-w", "3", "--threads", "2", "--chdir", apps, "--pythonpath", more, "-e", "WORD=of honour", "-m", "027", "tells")
	f := tells(t, s)
	assert.Equal(t, dir, f.Cwd)
	assert.Equal(t, 0o027, f.Umask)
	assert.Equal(t, "of honour", f.Word)
	assert.Equal(t, []string{dir, more}, f.Path[:2])
	assert.Regexp(t, `(?m)^forebay \S+ listening on http://127\.0\.0\.1:\d+\n  application  tells in `+regexp.QuoteMeta(dir)+
		`\n  python       CPython 3\.\d+\.\S+: /\S+\n  workers      3 × 2 threads$`, s.Stderr.String())
	s.Stop()
}

// forAnotherUser returns a Python that the user nobody may run, and a directory that it may read, with tells.py.
func forAnotherUser(t *testing.T) (python, dir string) {
	t.Helper()
	python = "/usr/bin/python3"
	if _, err := os.Stat(python); os.Getuid() != 0 || err != nil {
		t.Skip("needs root and " + python)
	}
	dir, err := os.MkdirTemp("", "forebay-user-") //nolint:usetesting // what lies above t.TempDir is not open to others
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	text, err := os.ReadFile(filepath.Join(apps, "tells.py"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tells.py"), text, 0o644))
	return python, dir
}

func TestOtherUser(t *testing.T) {
	python, dir := forAnotherUser(t)
	log := filepath.Join(dir, "access.log")
	s := startForebay(t, "-u", "nobody", "-w", "2", "--access-logfile", log, "--python", python, "--chdir", dir, "tells")
	f := tells(t, s)
	assert.NotZero(t, f.UID)
	assert.NotContains(t, f.Groups, 0)
	processes := s.Processes()
	assert.Len(t, processes, 3, "the master and two workers")
	for _, pid := range processes {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		require.NoError(t, err)
		assert.Regexp(t, fmt.Sprintf(`(?m)^Uid:\t%[1]d\t%[1]d\t%[1]d\t%[1]d$`, f.UID), string(status))
	}
	require.NoError(t, syscall.Kill(f.PID, syscall.SIGKILL)) // who follows is nobody, too
	s.Stderr.Await(t, regexp.MustCompile(`worker exited`))
	assert.Equal(t, f.UID, tells(t, s).UID)
	s.Signal(syscall.SIGUSR1) // the log was made by root, and is opened again
	s.Signal(syscall.SIGHUP)
	s.Stderr.Await(t, regexp.MustCompile(`INFO  reloaded`))
	assert.NotContains(t, s.Stderr.String(), "not reopened")
	assert.Equal(t, f.UID, tells(t, s).UID)
	s.Stop()
	assert.Equal(t, 3, strings.Count(contentOf(t, log), "\n"))
}

// TestAnotherUserIsGivenNoFileThatWasThere: its name may lead to any file, if the directory is that user's.
func TestAnotherUserIsGivenNoFileThatWasThere(t *testing.T) {
	python, dir := forAnotherUser(t)
	log := filepath.Join(dir, "access.log")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "other"), nil, 0o600))
	require.NoError(t, os.Symlink("other", log))
	s := startForebay(t, "-u", "nobody", "-w", "1", "--access-logfile", log, "--python", python, "--chdir", dir, "tells")
	info, err := os.Stat(log)
	require.NoError(t, err)
	assert.Zero(t, info.Sys().(*syscall.Stat_t).Uid)
	s.Stop()
}
