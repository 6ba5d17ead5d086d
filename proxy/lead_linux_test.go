package proxy

import (
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

// TestNobodyWaitsForALogInTheLead: while a line of the log has to be waited for, all others are served.
func TestNobodyWaitsForALogInTheLead(t *testing.T) {
	cases := map[string]struct {
		request string
		status  int
	}{
		"a body that is not stored": {withLength(strings.Repeat("x", 900)), http.StatusInsufficientStorage},
		"a refusal":                 {"\x16\r\n", http.StatusBadRequest},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			missing := filepath.Join(t.TempDir(), "missing")
			f := startFront(t, &application{}, small, func(cfg *config.Proxy) { cfg.TempDir = missing })
			f.log.mu.Lock()
			client := f.dial().send(c.request)
			held := assert.Eventually(t, waitsForLog, patience, time.Millisecond)
			alive := make(chan struct{})
			go func() { // ends when the log is free at the latest
				defer close(alive)
				f.proxy.reactor.Alive()
			}()
			select {
			case <-alive:
			case <-time.After(patience):
				assert.Fail(t, "the leader waits")
			}
			f.log.mu.Unlock()
			require.True(t, held)
			<-alive
			assert.Equal(t, c.status, client.next("POST").StatusCode)
		})
	}
}

// waitsForLog reports whether a goroutine waits to write a line.
func waitsForLog() bool {
	stacks := make([]byte, 1<<20)
	return strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "proxy.(*safeBuffer).Write")
}

// TestWithoutALoopForQuietConnections, as where the kernel has no memory for it: a silent client has a goroutine of its own,
// and nobody is busy with it.
func TestWithoutALoopForQuietConnections(t *testing.T) {
	f := startFront(t, &application{}).hasten(10 * time.Millisecond)
	f.proxy.quiet.End()
	c := f.dial()
	for range 3 {
		c.open()
		require.Eventually(t, waitsForClient, patience, time.Millisecond)
	}
}

// waitsForClient reports whether a connection has a goroutine that waits for its client.
func waitsForClient() bool {
	stacks := make([]byte, 1<<20)
	return strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "reactor.(*gate).block")
}
