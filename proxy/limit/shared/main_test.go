package shared

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/limit/gcra"
	"forebay/proxy/limit/redistest"
)

// patience bounds every wait of these tests: none comes near it unless something hangs.
const patience = 20 * time.Second

func TestMain(m *testing.M) {
	quiet(slog.New(slog.DiscardHandler)) // before the library logs anything
	os.Exit(m.Run())
}

// logbook is what a server logs. Safe for concurrent use.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

// running is a server that runs until the end of the test.
type running struct {
	*Server
	t    *testing.T
	log  logbook
	stop func()
}

// start runs a server. The machine is busy with other tests: what is not about time has more of it.
func start(t *testing.T, url string, change ...func(*config.Redis)) *running {
	t.Helper()
	cfg := config.Default().Redis
	cfg.URL, cfg.Timeout, cfg.Retry = url, time.Second, 100*time.Millisecond
	for _, c := range change {
		c(&cfg)
	}
	r := &running{t: t}
	server, err := New(cfg, slog.New(slog.NewTextHandler(&r.log, nil)))
	require.NoError(t, err)
	r.Server = server
	server.renewal = 10 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }() // ends by cancel
	r.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			assert.NoError(t, err)
		case <-time.After(patience):
			assert.Fail(t, "the server did not end")
		}
	})
	t.Cleanup(r.stop)
	return r
}

// brief is as long as requests wait by default.
func brief(c *config.Redis) { c.Timeout = 10 * time.Millisecond }

func (r *running) await(up bool) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return r.Up() == up }, patience, time.Millisecond, "up: %v", up)
}

var hourly = gcra.New(config.Rate{Count: 1, Period: time.Hour, Burst: 3}, 0)

// take is a call that takes a unit of a key's rate.
func (r *running) take(key string) *Call {
	return &Call{Steps: []Step{{Kind: KindRate, Key: r.Key(KindRate, "test", key), Rate: hourly, Most: 1}}}
}

// left takes from a key until nothing is left, and returns how often that went well.
func (r *running) left(key string) int {
	r.t.Helper()
	for n := 0; ; n++ {
		c := r.take(key)
		require.NoError(r.t, r.Do(c))
		if c.Steps[0].Granted == 0 {
			return n
		}
	}
}

func server(t *testing.T, args ...string) *redistest.Redis {
	t.Helper()
	return redistest.Start(t, args...)
}
