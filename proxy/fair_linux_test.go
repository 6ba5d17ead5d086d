package proxy

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/static"
)

// TestAClientThatPipelinesForEver keeps nobody else of its loop from being served, also where there is one loop, for one
// processor.
func TestAClientThatPipelinesForEver(t *testing.T) {
	before := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	f := startFront(t, &application{})
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a"), []byte("a"), 0o600))
	root, err := OpenStatic([]config.Static{config.NewStatic("/static/", dir)})
	require.NoError(t, err)
	f.tune(func(r *rules) { r.files = static.New(root, 1<<20, 8) })
	busy := f.dial()
	asking := make(chan struct{})
	go func() { // ends with the connection
		defer close(asking)
		many := strings.Repeat("GET /static/a HTTP/1.1\r\nHost: a\r\n\r\n", 1000)
		for {
			if _, err := io.WriteString(busy, many); err != nil {
				return
			}
		}
	}()
	reading := make(chan int64, 1)
	go func() { // ends with the connection
		n, _ := io.Copy(io.Discard, busy.Conn)
		reading <- n
	}()
	for range 20 {
		c := f.dial()
		c.open()
		require.NoError(t, c.Close())
	}
	alive := make(chan struct{})
	go func() { // ends when each loop is led
		defer close(alive)
		f.proxy.reactor.Alive()
	}()
	select {
	case <-alive:
	case <-time.After(patience):
		assert.Fail(t, "nobody leads")
	}
	require.NoError(t, busy.Close())
	<-asking
	assert.Positive(t, <-reading)
	<-alive
}
