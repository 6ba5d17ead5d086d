package main_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// send asks without the client's own second tries, and returns the answer.
func send(t *testing.T, method, url string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: startDeadline}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }() // read to its end
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, string(body), err}
}

// serves holds that requests are answered.
func (s *server) serves(url string) {
	s.t.Helper()
	for range 3 {
		assert.Equal(s.t, http.StatusOK, send(s.t, "GET", s.URL+url).status)
	}
}

// What an application does to its worker costs the request that did it, which is in the log by its name, and no other.
func TestCrashes(t *testing.T) {
	cases := map[string]struct{ exit, stderr string }{
		"exit":       {`exit="exit status 7"`, ""},
		"kill":       {`exit="killed by SIGKILL"`, ""},
		"segfault":   {`exit="killed by SIGSEGV`, "Fatal Python error: Segmentation fault"},
		"overflow":   {`exit="killed by SIGSEGV`, ""}, // no stack is left to say anything on
		"abort":      {`exit="killed by SIGABRT`, "Fatal Python error: Aborted"},
		"closerange": {`exit="exit status 0"`, "the application has closed a descriptor that is not its own"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := startForebay(t, "-w", "2", "--threads", "2", "--chdir", apps, "crashes")
			lost := send(t, "POST", s.URL+"/"+name)
			assert.Equal(t, http.StatusBadGateway, lost.status)
			line := s.Stderr.Await(t, regexp.MustCompile(
				`ERROR request lost with its worker method=POST target=/`+name+` request_id=(\w+) pid=(\d+) error="the worker died: `))
			s.Stderr.Await(t, regexp.MustCompile(`worker exited worker=\d pid=`+line[2]+` `+c.exit+
				`.* thread\d.method=POST thread\d.target=/`+name+` thread\d.request_id=`+line[1]+` thread\d.age=`))
			if c.stderr != "" {
				s.Stderr.Await(t, regexp.MustCompile(`\[`+line[2]+`\] `+c.stderr))
			}
			if strings.HasPrefix(c.stderr, "Fatal") {
				s.Stderr.Await(t, regexp.MustCompile(`\[`+line[2]+`\]   File ".*crashes.py", line \d+ in `))
			}
			s.serves("/ok")
			assert.NotContains(t, s.Stderr.String(), "request is run again", "nobody knows what a POST has done")
			assert.NotContains(t, s.Stderr.String(), "out of memory")
			s.Stop()
		})
	}
}

func TestRequestThatKillsTwoWorkers(t *testing.T) {
	s := startForebay(t, "-w", "3", "--threads", "1", "--chdir", apps, "crashes")
	assert.Equal(t, http.StatusBadGateway, send(t, "GET", s.URL+"/exit").status)
	again := s.Stderr.Await(t, regexp.MustCompile(`WARN  request is run again method=GET target=/exit request_id=(\w+) `))
	s.Stderr.Await(t, regexp.MustCompile(`ERROR request lost with its worker method=GET target=/exit request_id=`+again[1]+
		` .*error="each worker that ran it died, so it is not run again \(2 of them\): `))
	assert.Equal(t, 1, strings.Count(s.Stderr.String(), "request is run again"))
	s.serves("/ok")
	s.Stop()
}

func TestRetrySaysWhatIsRunAgain(t *testing.T) {
	for retry, times := range map[string]map[string]int{"never": {"GET": 0, "POST": 0}, "always": {"GET": 1, "POST": 1}} {
		t.Run(retry, func(t *testing.T) {
			s := startForebay(t, "-w", "2", "--threads", "1", "--retry", retry, "--chdir", apps, "crashes")
			for method, n := range times {
				assert.Equal(t, http.StatusBadGateway, send(t, method, s.URL+"/exit").status)
				assert.Equal(t, n, strings.Count(s.Stderr.String(), "request is run again method="+method))
			}
			s.Stop()
		})
	}
}

func TestSysExitIsAnErrorOfOneRequest(t *testing.T) {
	s := startForebay(t, "-w", "1", "--threads", "1", "--chdir", apps, "crashes")
	s.Tracebacks = 1
	assert.Equal(t, http.StatusInternalServerError, send(t, "POST", s.URL+"/sysexit").status)
	s.Stderr.Await(t, regexp.MustCompile(`error="the application failed: SystemExit: no more"`))
	s.serves("/ok")
	assert.NotContains(t, s.Stderr.String(), "worker exited")
	s.Stop()
}

func TestAbortShowsAllStacks(t *testing.T) {
	s := startForebay(t, "-w", "1", "--threads", "2", "--retry", "never", "--chdir", apps, "stuck")
	stuck := begin(s.URL + "/lock")
	pid := s.Stderr.Await(t, regexp.MustCompile(`\[(\d+)\] stuck in lock`))[1]
	n, err := strconv.Atoi(pid)
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(n, syscall.SIGABRT))
	s.Stderr.Await(t, regexp.MustCompile(`worker exited worker=1 pid=`+pid+` exit="killed by SIGABRT.* thread\d.target=/lock `))
	assert.Regexp(t, `\[`+pid+`\]   File ".*stuck.py", line \d+ in get_stuck`, s.Stderr.String(), "it may not have come to lock() yet")
	assert.GreaterOrEqual(t, strings.Count(s.Stderr.String(), "hread 0x"), 4, "the main thread, its watch, and both that serve")
	assert.Equal(t, http.StatusBadGateway, await(t, stuck).status)
	s.Stop()
}

// Each way of being stuck: the client has its 504 at the deadline, the log says where the thread was, and the others of the
// process never notice. Where no exception reaches the thread the process is replaced.
func TestStuckThreads(t *testing.T) {
	const limit = time.Second
	const back, replaced = true, false
	cases := map[string]struct {
		comesBack bool
		interrupt string
		keepsGIL  bool
	}{
		"loop":  {back, "raised", false},
		"naps":  {back, "raised", false},
		"sleep": {replaced, "raised", false},
		"lock":  {replaced, "raised", false},
		"free":  {replaced, "raised", false},
		"gil":   {replaced, `"raised when the GIL is free"`, true},
	}
	for kind, c := range cases {
		t.Run(kind, func(t *testing.T) {
			t.Parallel() // they wait for deadlines most of the time
			s := startForebay(t, "-w", "1", "--threads", "3", "--timeout", "1", "--graceful-timeout", "2", "--chdir", apps, "stuck")
			since := time.Now()
			stuck := begin(s.URL + "/" + kind)
			pid := s.Stderr.Await(t, regexp.MustCompile(`\[(\d+)\] stuck in `+kind))[1]
			if !c.keepsGIL {
				s.serves("/ok/meanwhile")
			}
			assert.Equal(t, http.StatusGatewayTimeout, await(t, stuck).status)
			late := time.Since(since) - limit
			t.Logf("%s: 504 came %v after the deadline", kind, late)
			assert.GreaterOrEqual(t, late, time.Duration(0))
			assert.Less(t, late, 5*time.Second, "generous: the machine is busy with other tests")

			line := s.Stderr.Await(t, regexp.MustCompile(
				`ERROR request timed out method=GET target=/`+kind+` request_id=(\w+) pid=`+pid+` thread=\d limit=1s age=\S+ interrupt=(.*)\n((?:    \| .*\n)+)`))
			assert.Equal(t, c.interrupt, line[2])
			assert.Regexp(t, `File ".*stuck.py", line \d+,? in `+kind+`\n`, line[3])
			assert.Contains(t, line[3], "in get_stuck\n")
			if c.comesBack {
				s.Stderr.Await(t, regexp.MustCompile(`INFO  thread is back from a request that timed out request_id=`+line[1]+` pid=`+pid))
				s.serves("/ok/next")
				assert.NotContains(t, s.Stderr.String(), "worker is being replaced")
			} else {
				reason := `thread \d did not come back from GET /` + kind + ` within 2s of its deadline`
				if c.keepsGIL {
					reason = `the GIL is kept past the deadline of thread \d`
				}
				s.Stderr.Await(t, regexp.MustCompile(`WARN  worker is being replaced worker=1 pid=`+pid+` reason="`+reason+`"`))
				s.serves("/ok/next")
				s.Stderr.Await(t, regexp.MustCompile(`worker exited worker=1 pid=`+pid+` .* thread\d.target=/`+kind+` thread\d.request_id=`+line[1]+` `))
			}
			s.Stop()
			assert.Regexp(t, `"request_id":"`+line[1]+`".*"path":"/`+kind+`".*"status":504,`, s.Stdout.String(), "it has its line in the access log")
		})
	}
}

// While one thread keeps the GIL no other one of its process runs, so requests go elsewhere before graceful_timeout is over.
func TestNothingIsGivenToAProcessWhoseGILIsKept(t *testing.T) {
	s := startForebay(t, "-w", "1", "--threads", "3", "--timeout", "1", "--graceful-timeout", "30", "--chdir", apps, "stuck")
	stuck := begin(s.URL + "/gil")
	pid := s.Stderr.Await(t, regexp.MustCompile(`\[(\d+)\] stuck in gil`))[1]
	assert.Equal(t, http.StatusGatewayTimeout, await(t, stuck).status)
	s.Stderr.Await(t, regexp.MustCompile(`worker is being replaced worker=1 pid=`+pid+` reason="the GIL is kept past the deadline of thread \d"`))
	s.serves("/ok/next")
	assert.NotContains(t, s.Stderr.String(), "worker exited", "its requests may still end")
	s.Signal(syscall.SIGQUIT) // nobody waits for that
	s.Wait()
}

func TestPythonWithoutCtypes(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sitecustomize.py"), []byte("import sys\nsys.modules['_ctypes'] = None\n"), 0o600))
	s := startForebay(t, "-w", "1", "--threads", "2", "--timeout", "1", "--graceful-timeout", "1", "-e", "PYTHONPATH="+dir,
		"--chdir", apps, "stuck")
	s.Stderr.Await(t, regexp.MustCompile(`WARN  threads past their deadline are not interrupted: this Python has no ctypes`))
	assert.Equal(t, http.StatusGatewayTimeout, send(t, "GET", s.URL+"/naps").status)
	s.Stderr.Await(t, regexp.MustCompile(`request timed out .* interrupt="not raised: ModuleNotFoundError: .*"\n    \| Stack`))
	s.Stderr.Await(t, regexp.MustCompile(`worker is being replaced .*did not come back from GET /naps`))
	s.serves("/ok/next")
	s.Stop()
}

func TestStreamThatIsStuckBetweenTwoChunks(t *testing.T) {
	s := startForebay(t, "-w", "1", "--threads", "2", "--timeout", "1", "--chdir", apps, "stuck")
	got := await(t, begin(s.URL+"/stream/naps"))
	assert.Equal(t, "one", got.body)
	assert.Error(t, got.err, "cut, and not ended as if it were whole")
	line := s.Stderr.Await(t, regexp.MustCompile(`ERROR request timed out method=GET target=/stream/naps request_id=(\w+) .* interrupt=raised`))
	s.Stderr.Await(t, regexp.MustCompile(`\] closed`))
	s.Stderr.Await(t, regexp.MustCompile(`thread is back from a request that timed out request_id=`+line[1]))
	s.serves("/ok/next")
	s.Stop()
}

func TestTimeoutOfAPathPrefix(t *testing.T) {
	file := filepath.Join(t.TempDir(), "forebay.toml")
	require.NoError(t, os.WriteFile(file, []byte("[[path]]\nprefix = \"/naps\"\ntimeout = \"1s\"\n"), 0o600))
	s := startForebay(t, "-c", file, "-w", "1", "--threads", "2", "--chdir", apps, "stuck")
	assert.Equal(t, http.StatusGatewayTimeout, send(t, "GET", s.URL+"/naps").status)
	s.Stderr.Await(t, regexp.MustCompile(`request timed out method=GET target=/naps .* limit=1s`))
	s.serves("/ok/next")
	s.Stop()
}

// A generator that has nothing to say is closed when its client leaves, and not only when it says something again.
func TestClientThatLeavesAQuietStream(t *testing.T) {
	s := startForebay(t, "-w", "1", "--threads", "1", "--chdir", apps, "stuck")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/empty/", http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	first := make([]byte, 3)
	_, err = io.ReadFull(resp.Body, first)
	require.NoError(t, err)
	require.Equal(t, "one", string(first))
	since := time.Now()
	require.NoError(t, resp.Body.Close())
	s.Stderr.Await(t, regexp.MustCompile(`\] closed`))
	t.Logf("closed %v after its client had left", time.Since(since))
	s.serves("/ok/next")
	s.Stop()
}

// A stop kills what does not end by itself. That is no death of a worker's, and what it ran is not run again.
func TestNothingIsRunAgainWhileStopping(t *testing.T) {
	s := startForebay(t, "-w", "2", "--threads", "1", "--graceful-timeout", "1", "--chdir", apps, "stuck")
	stuck := begin(s.URL + "/sleep")
	s.Stderr.Await(t, regexp.MustCompile(`stuck in sleep`))
	s.Signal(syscall.SIGTERM)
	assert.Equal(t, 0, s.Wait())
	<-stuck
	assert.NotContains(t, s.Stderr.String(), "request is run again")
	assert.Regexp(t, `worker exited worker=\d pid=\d+ exit="killed by SIGKILL" .*target=/sleep`, s.Stderr.String())
}

func TestModuleThatClosesDescriptorsAtItsImport(t *testing.T) {
	for _, preload := range []string{"--no-preload", "--preload"} {
		t.Run(preload, func(t *testing.T) {
			s := start(t, nil, "-b", "127.0.0.1:0", "-w", "1", preload, "--chdir", apps, "closes_at_import")
			assert.Equal(t, 3, s.Wait())
			assert.Regexp(t, `the import of closes_at_import has closed descriptors that are forebay's: .*Bad file descriptor`, s.Stderr.String())
			assert.Contains(t, s.Stderr.String(), "forebay: the application could not be loaded:\n")
		})
	}
}
