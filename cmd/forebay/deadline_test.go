package main_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Requests that end just before their deadline or just after it: whatever comes first, each has its own answer or a 504,
// no exception reaches another one, and each thread goes on.
func TestAtTheEdgeOfTheDeadline(t *testing.T) {
	const requests, clients, deadline = 600, 12, 100
	kinds := []string{"whole", "stream", "write", "closes"}
	s := startForebay(t, "-w", "2", "--threads", "4", "--timeout", fmt.Sprintf("%dms", deadline), "--chdir", apps, "edge")
	transport := &http.Transport{MaxConnsPerHost: clients, MaxIdleConnsPerHost: clients}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport, Timeout: startDeadline}
	var asking sync.WaitGroup
	var next atomic.Int64
	var outcomes sync.Map
	for range clients {
		asking.Go(func() {
			for n := next.Add(1); n <= requests; n = next.Add(1) {
				path := fmt.Sprintf("/%s/%d/%d", kinds[n%int64(len(kinds))], deadline-15+rand.IntN(30), n) //nolint:gosec // any will do
				key := "answered"
				if !edge(t, client, s.URL, path) {
					key = "late"
				}
				count, _ := outcomes.LoadOrStore(key, new(atomic.Int64))
				count.(*atomic.Int64).Add(1)
			}
		})
	}
	asking.Wait()
	for _, key := range []string{"answered", "late"} {
		count, ok := outcomes.Load(key)
		if assert.True(t, ok, "none was %s", key) {
			t.Logf("%s: %d", key, count.(*atomic.Int64).Load())
		}
	}
	s.Stop()
	stderr := s.Stderr.String()
	assert.Contains(t, stderr, "request timed out")
	assert.NotContains(t, stderr, "worker is being replaced")
	assert.NotContains(t, stderr, "request failed", "an exception in a request that was not late")
	assert.NotContains(t, stderr, "request lost")
	assert.Zero(t, strings.Count(stderr, "killed by"))
}

// edge asks for a path and reports whether it was answered in time.
func edge(t *testing.T, client *http.Client, base, path string) bool {
	t.Helper()
	resp, err := client.Get(base + path) //nolint:noctx // of a server that the test started, and that answers or ends
	if !assert.NoError(t, err) {
		return false
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode == http.StatusGatewayTimeout {
		return false
	}
	if err != nil { // cut after its head
		assert.True(t, strings.HasPrefix(path, string(body)), "%s: %s", path, body)
		return false
	}
	assert.Equal(t, http.StatusOK, resp.StatusCode, path)
	return assert.Equal(t, path, string(body))
}
