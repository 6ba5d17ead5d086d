package main_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Under such a load requests go to the workers in batches. Each is run, once, and answered with its own answer.
func TestEachOfManyRequestsIsRunOnce(t *testing.T) {
	const connections, requests = 64, 20_000
	st := newStage(t)
	s := startForebay(t, "-w", "2", "--threads", "2", "--chdir", apps, "-e", st.env(), "stage")
	transport := &http.Transport{MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	var asking sync.WaitGroup
	var next atomic.Int64
	for range connections {
		asking.Go(func() {
			for {
				n := next.Add(1)
				if n > requests || !echoes(t, client, s.URL, fmt.Sprintf("/echo/%d", n)) {
					return
				}
			}
		})
	}
	asking.Wait()
	all, err := os.ReadFile(st.ln.Addr().String() + ".runs")
	require.NoError(t, err)
	times := map[string]int{}
	for line := range strings.Lines(string(all)) {
		words := strings.Fields(line)
		times[words[len(words)-1]]++
	}
	assert.Len(t, times, requests)
	for path, n := range times {
		if n != 1 {
			assert.Equal(t, 1, n, path)
		}
	}
}

func echoes(t *testing.T, client *http.Client, base, path string) bool {
	resp, err := client.Get(base + path) //nolint:noctx // of a server that the test started, and that answers or ends
	if !assert.NoError(t, err) {
		return false
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	body, err := io.ReadAll(resp.Body)
	return assert.NoError(t, err) && assert.Equal(t, http.StatusOK, resp.StatusCode) && assert.Equal(t, path, string(body))
}
