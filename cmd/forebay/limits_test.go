package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/proxy/limit/redistest"
)

// limitsFile writes a configuration file and returns its name.
func limitsFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "forebay.toml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// ask sends a request with fields in pairs, and returns the answer; its body is read and closed.
func (s *server) ask(method, path string, fields ...string) *http.Response {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, nil)
	require.NoError(s.t, err)
	for i := 0; i < len(fields); i += 2 {
		req.Header.Add(fields[i], fields[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	require.NoError(s.t, resp.Body.Close())
	return resp
}

const oneByOne = `
[[limit]]
name = "login"
rate = "2/h"
paths = ["/login"]
methods = ["POST"]

[[limit]]
name = "units"
rate = "10/h"
key = "header:X-Api-Key"
cost = "X-Cost"

[[limit]]
name = "one"
concurrent = 1
paths = ["/one"]
`

func TestLimits(t *testing.T) {
	stage := newStage(t)
	file := limitsFile(t, oneByOne)
	s := startForebay(t, "--chdir", apps, "-c", file, "-e", stage.env(), "-w", "1", "--threads", "2", "costs")
	t.Run("of a path and a method", func(t *testing.T) {
		for _, want := range []int{200, 200, 429, 429} {
			assert.Equal(t, want, s.ask("POST", "/login/").StatusCode)
		}
		assert.Equal(t, 200, s.ask("GET", "/login").StatusCode)
		assert.Equal(t, 200, s.ask("POST", "/logins").StatusCode)
		out := curl(t, "--include", "--header", "Expect: 100-continue", "--data", strings.Repeat("x", 100_000), s.URL+"/login")
		assert.Regexp(t, `^HTTP/1.1 429 Too Many Requests\r\n(?s:.*)Retry-After: 1[0-9]{3}\r\n`, out)
		assert.NotContains(t, out, "100 Continue")
	})
	t.Run("in units of work", func(t *testing.T) {
		first := s.ask("GET", "/?cost=7", "X-Api-Key", "k")
		assert.Equal(t, `"units";r=3;t=2520`, first.Header.Get("RateLimit"))
		assert.Empty(t, first.Header.Get("X-Cost"))
		assert.Equal(t, 200, s.ask("GET", "/?cost=7", "X-Api-Key", "k").StatusCode)
		assert.Equal(t, 429, s.ask("GET", "/?cost=7", "X-Api-Key", "k").StatusCode)
		assert.Equal(t, 200, s.ask("GET", "/", "X-Api-Key", "l").StatusCode)
		assert.Equal(t, "7", s.ask("GET", "/?cost=7").Header.Get("X-Cost"), "under no limit the field is the application's")
	})
	t.Run("at the same time", func(t *testing.T) {
		answer := begin(s.URL + "/one?stage=1")
		conn, _ := stage.request()
		assert.Equal(t, 429, s.ask("GET", "/one").StatusCode)
		require.NoError(t, conn.Close())
		assert.Equal(t, 200, (<-answer).status)
		assert.Equal(t, 200, s.ask("GET", "/one").StatusCode)
	})
	t.Run("after a reload", func(t *testing.T) {
		require.NoError(t, os.WriteFile(file, []byte(oneByOne+"\n[[limit]]\nname = 'nobody'\ndeny = '127.0.0.0/8'\npaths = '/private'\n"), 0o600))
		s.reload(1)
		assert.Contains(t, s.Stderr.Await(t, regexp.MustCompile(`INFO  reloaded .*`))[0], "changed=limit")
		assert.Equal(t, 429, s.ask("POST", "/login/").StatusCode, "what was counted is kept")
		assert.Equal(t, 403, s.ask("GET", "/private").StatusCode)
		require.NoError(t, os.WriteFile(file, []byte("[[limit]]\nname = 'x'\nrate = 'fast'\n"), 0o600))
		assert.Contains(t, s.refusal(1), "want a rate such as")
		assert.Equal(t, 429, s.ask("POST", "/login/").StatusCode)
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		s.reload(2)
		assert.Equal(t, 200, s.ask("POST", "/login/").StatusCode)
	})
	s.Stop()
}

func TestADelayHoldsNoThread(t *testing.T) {
	file := limitsFile(t, "[[limit]]\nname = 'a'\nrate = '2/s burst 4'\ndelay = 1\npaths = '/slow'\n")
	s := startForebay(t, "--chdir", apps, "-c", file, "-w", "1", "--threads", "1", "costs")
	s.ask("GET", "/slow")
	began := time.Now()
	var waiting []<-chan reply
	for range 3 {
		waiting = append(waiting, begin(s.URL+"/slow"))
	}
	for range 20 {
		assert.Equal(t, 200, s.ask("GET", "/").StatusCode)
	}
	assert.Less(t, time.Since(began), 1450*time.Millisecond, "the only thread is free for others")
	for _, answer := range waiting {
		assert.Equal(t, 200, (<-answer).status)
	}
	assert.GreaterOrEqual(t, time.Since(began), 1450*time.Millisecond)
	s.Stop()
}

const sharedByTwo = `
redis = "%s"
redis_timeout = "2s"    # the machine is busy with other tests
redis_nodes = 2

[[limit]]
name = "exact"
rate = "5/h"
paths = ["/exact"]
shared = "strict"

[[limit]]
name = "lease"
rate = "100/h"
lease_size = 8
paths = ["/lease"]
shared = "lease"

[[limit]]
name = "one"
concurrent = 1
paths = ["/one"]
shared = "strict"

[[limit]]
name = "local"
rate = "8/h"
paths = ["/local"]
shared = "strict"

[[limit]]
name = "deny"
rate = "8/h"
paths = ["/deny"]
shared = "strict"
on_error = "deny"

[[limit]]
name = "allow"
rate = "1/h"
paths = ["/allow"]
shared = "strict"
on_error = "allow"
`

// TestProcessesShareLimits through Redis, and what becomes of them when it dies.
func TestProcessesShareLimits(t *testing.T) {
	redis, stage := redistest.Start(t), newStage(t)
	file := limitsFile(t, fmt.Sprintf(sharedByTwo, redis.URL()))
	var both []*server
	for range 2 {
		s := startForebay(t, "--chdir", apps, "-c", file, "-e", stage.env(), "-w", "1", "--threads", "2", "costs")
		s.Stderr.Await(t, regexp.MustCompile(`redis reached, limits are shared processes=2`))
		both = append(both, s)
	}
	admitted := func(path string, times int) int {
		passed := 0
		for i := range times {
			switch status := both[i%2].ask("GET", path).StatusCode; status {
			case http.StatusOK:
				passed++
			default:
				require.Equal(t, http.StatusTooManyRequests, status)
			}
		}
		return passed
	}
	t.Run("exactly", func(t *testing.T) { assert.Equal(t, 5, admitted("/exact", 12)) })
	t.Run("by leases", func(t *testing.T) { assert.InDelta(t, 100, admitted("/lease", 130), 2*8) })
	t.Run("of requests in flight", func(t *testing.T) {
		answer := begin(both[0].URL + "/one?stage=1")
		conn, _ := stage.request()
		assert.Equal(t, 429, both[1].ask("GET", "/one").StatusCode)
		require.NoError(t, conn.Close())
		assert.Equal(t, 200, (<-answer).status)
		require.Eventually(t, func() bool { return both[1].ask("GET", "/one").StatusCode == 200 }, startDeadline, time.Millisecond)
	})
	t.Run("without Redis", func(t *testing.T) {
		redis.Kill()
		assert.Equal(t, 8, admitted("/local", 20), "each has its half")
		assert.Zero(t, admitted("/deny", 4))
		assert.Equal(t, 4, admitted("/allow", 4))
		assert.Equal(t, 2, admitted("/one", 2))
	})
	for _, s := range both {
		s.Stderr.AwaitCount(t, 1, regexp.MustCompile(`WARN  redis lost, each process limits by itself`))
		s.Stop()
	}
}
