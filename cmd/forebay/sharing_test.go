package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/proxy/limit/redistest"
)

// siege asks servers for a file, on several connections each, until it is ended.
type siege struct {
	t      *testing.T
	client *http.Client
	end    chan struct{}
	all    sync.WaitGroup

	mu          sync.Mutex
	statuses    map[int]int
	errs        []error
	first, last time.Time     // of those that were served
	longest     time.Duration // an answer
}

func newSiege(t *testing.T) *siege {
	t.Helper()
	s := &siege{t: t, end: make(chan struct{}), statuses: map[int]int{}}
	s.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

// join asks a server on so many connections, with a pause after each answer.
func (s *siege) join(url string, connections int, pause time.Duration) {
	for range connections {
		s.all.Go(func() { // ends by stop
			for {
				s.ask(url)
				select {
				case <-s.end:
					return
				case <-time.After(pause):
				}
			}
		})
	}
}

func (s *siege) ask(url string) {
	begun := time.Now()
	resp, err := s.client.Get(url) //nolint:noctx // of a server that the test started, and that answers or ends
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.errs = append(s.errs, err)
		return
	}
	_ = resp.Body.Close() // a refusal's page is of no interest
	s.statuses[resp.StatusCode]++
	s.longest = max(s.longest, now.Sub(begun))
	if resp.StatusCode == http.StatusOK {
		if s.first.IsZero() {
			s.first = begun
		}
		s.last = now
	}
}

// stop ends the siege. All answers were served or refused.
func (s *siege) stop() {
	s.t.Helper()
	close(s.end)
	s.all.Wait()
	assert.Empty(s.t, s.errs)
	for status := range s.statuses {
		assert.Contains(s.t, []int{http.StatusOK, http.StatusTooManyRequests}, status)
	}
	s.t.Logf("%v, the longest took %v", s.statuses, s.longest)
}

func (s *siege) served() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.statuses[http.StatusOK]
}

var redisReached = regexp.MustCompile(`INFO  redis reached, limits are shared processes=\d+`)

// startSharing runs a forebay that serves a file, with a limit that is shared through a Redis.
func startSharing(t *testing.T, url, limit string, args ...string) *server {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.txt"), []byte("file"), 0o600))
	file := limitsFile(t, "[[limit]]\nname = 'all'\nkey = 'all'\n"+limit)
	args = append([]string{"--chdir", apps, "-c", file, "--redis", url, "--static", "/static/=" + dir,
		"--access-logfile", "", "-w", "1", "--threads", "1"}, args...)
	s := startForebay(t, append(args, "costs")...)
	s.Stderr.Await(t, redisReached)
	return s
}

// TestFourProcessesShareARate exactly, or, with leases, within what they may take in advance.
func TestFourProcessesShareARate(t *testing.T) {
	const rate, burst, lease, duration = 100, 100, 5, 4 * time.Second
	cases := map[string]struct {
		sharing string
		bound   float64
	}{
		"strict": {"shared = 'strict'", 0},
		"leases": {fmt.Sprintf("shared = 'lease'\nlease_size = %d", lease), 4 * lease},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			redis := redistest.Start(t)
			limit := fmt.Sprintf("rate = '%d/s burst %d'\n%s\n", rate, burst, c.sharing)
			siege := newSiege(t)
			var servers []*server
			for range 4 {
				// What is decided alone is not to be seen here, and the machine may be busy.
				servers = append(servers, startSharing(t, redis.URL(), limit, "--redis-timeout", "1s"))
			}
			for _, s := range servers {
				siege.join(s.URL+"/static/a.txt", 3, 4*time.Millisecond)
			}
			time.Sleep(duration) // for that long it is measured
			siege.stop()
			exact := burst + rate*siege.last.Sub(siege.first).Seconds()
			t.Logf("%d of %.0f", siege.served(), exact)
			assert.LessOrEqual(t, float64(siege.served()), exact*1.01+c.bound)
			const late = rate / 5 // the clients of a busy machine come late to the first and the last of them
			assert.GreaterOrEqual(t, float64(siege.served()), exact*0.99-c.bound-late)
			for _, s := range servers {
				s.Stop()
			}
		})
	}
}

var redisLost = regexp.MustCompile(`WARN  redis lost, each process limits by itself error=`)

// awaitRedis waits until the server has said last that Redis was reached, or lost. It may have said so by itself before: the
// machine is busy, and 10 ms are soon over.
func (s *server) awaitRedis(reached bool) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		log := s.Stderr.String()
		more := len(redisReached.FindAllString(log, -1)) - len(redisLost.FindAllString(log, -1))
		return (more == 1) == reached
	}, startDeadline, time.Millisecond)
}

// TestRedisFails while requests come, in all ways: nobody sees anything of it.
func TestRedisFails(t *testing.T) {
	redis := redistest.Start(t)
	relay := redistest.NewRelay(t, redis.Socket)
	s := startSharing(t, relay.URL(), "rate = '200/s burst 20'\nshared = 'strict'\n", "--redis-retry", "200ms")
	siege := newSiege(t)
	siege.join(s.URL+"/static/a.txt", 6, 5*time.Millisecond)
	faults := []struct {
		name       string
		fail, heal func()
		unseen     bool
	}{
		{"SCRIPT FLUSH", func() { redis.Do("SCRIPT", "FLUSH") }, func() {}, true},
		{"kill -STOP", redis.Freeze, redis.Thaw, false},
		{"kill -9 and a restart", redis.Kill, redis.Restart, false},
		{"CLIENT PAUSE", func() { redis.Do("CLIENT", "PAUSE", "700", "ALL") }, func() {}, false},
		{"maxmemory", func() { redis.Do("CONFIG", "SET", "maxmemory", "1") }, func() { redis.Do("CONFIG", "SET", "maxmemory", "0") }, false},
		{"a read-only replica", func() { redis.Do("REPLICAOF", "127.0.0.1", "1") }, func() { redis.Do("REPLICAOF", "NO", "ONE") }, false},
		{"another password", func() { redis.Do("CONFIG", "SET", "requirepass", "x"); relay.Cut() }, func() { redis.Auth("x", "CONFIG", "SET", "requirepass", "") }, false},
		{"50 ms more", func() { relay.Delay(50 * time.Millisecond) }, func() { relay.Delay(0) }, false},
		{"silence", func() { relay.Drop(true) }, func() { relay.Drop(false); relay.Cut() }, false},
	}
	for _, fault := range faults {
		t.Log(fault.name)
		fault.fail()
		if !fault.unseen {
			s.awaitRedis(false)
		}
		served := siege.served()
		require.Eventually(t, func() bool { return siege.served() > served+20 }, startDeadline, time.Millisecond, "it goes on without Redis")
		fault.heal()
		s.awaitRedis(true)
	}
	siege.stop()
	s.Signal(syscall.SIGTERM)
	assert.Equal(t, 0, s.Wait())
}

// TestAStartWithoutRedis: it is not waited for, and found when it comes.
func TestAStartWithoutRedis(t *testing.T) {
	redis := redistest.Start(t)
	redis.Kill()
	file := limitsFile(t, "[[limit]]\nname = 'a'\nrate = '3/h'\nshared = 'strict'\n")
	s := startForebay(t, "--chdir", apps, "-c", file, "--redis", redis.URL(), "-w", "1", "--threads", "1", "costs")
	s.Stderr.Await(t, regexp.MustCompile(`WARN  redis not reached, each process limits by itself error=`))
	for _, want := range []int{200, 200, 200, 429} {
		assert.Equal(t, want, s.ask("GET", "/").StatusCode)
	}
	redis.Restart()
	s.Stderr.Await(t, redisReached)
	assert.Equal(t, 200, s.ask("GET", "/").StatusCode)
	s.Stop()
}
