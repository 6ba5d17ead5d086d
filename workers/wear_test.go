package workers

import (
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

func TestLimitOfRequestsIsSpread(t *testing.T) {
	seen := map[uint64]bool{}
	for range 200 {
		w := newWear(config.Workers{MaxRequests: 100, MaxRequestsJitter: 3})
		assert.GreaterOrEqual(t, w.limit, uint64(100))
		assert.LessOrEqual(t, w.limit, uint64(103))
		seen[w.limit] = true
	}
	assert.Len(t, seen, 4)
	assert.Zero(t, newWear(config.Workers{MaxRequestsJitter: 3}).limit, "jitter alone is no limit")
}

func TestWearIsToldOnce(t *testing.T) {
	w := newWear(config.Workers{MaxRequests: 2})
	w.add()
	assert.Empty(t, w.out)
	for range 10 {
		w.add()
	}
	assert.Len(t, w.out, 1)
}

func TestInspector(t *testing.T) {
	begin := time.Now()
	const soft, hard = 100, 200
	type look struct {
		after time.Duration
		rss   int64
		busy  bool
		want  string
	}
	cases := map[string][]look{
		"small":             {{0, 100, false, ""}, {time.Hour - 1, 100, true, ""}},
		"old":               {{time.Hour, 1, true, "max_lifetime"}},
		"large and idle":    {{0, 101, false, "max_rss"}},
		"large and busy":    {{0, 101, true, ""}, {time.Second, 101, true, ""}, {2 * time.Second, 101, false, "max_rss"}},
		"never idle":        {{0, 101, true, ""}, {patience - 1, 101, true, ""}, {patience, 101, true, "max_rss"}},
		"large for a while": {{0, 101, true, ""}, {time.Second, 99, true, ""}, {patience, 101, true, ""}},
		"far too large":     {{0, 201, true, "max_rss_hard"}},
		"not known":         {{0, 0, false, ""}},
	}
	for name, looks := range cases {
		t.Run(name, func(t *testing.T) {
			w := &Worker{}
			s := &Slot{worker: w}
			w.slots = []*Slot{s}
			w.handle = &os.Process{Pid: 1}
			var rss int64
			i := inspector{
				cfg: config.Workers{MaxRSS: soft, MaxRSSHard: hard, MaxLifetime: time.Hour},
				rss: func(int) int64 { return rss },
			}
			for _, l := range looks {
				rss = l.rss
				s.serving = nil
				if l.busy {
					req := newRequest("GET", "/", "")
					defer req.Release()
					s.serving = req
				}
				assert.Equal(t, l.want, i.look(w, begin, begin.Add(l.after)), "after %v", l.after)
			}
		})
	}
}

func TestResidentSize(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("known on Linux only")
	}
	const mib = 1 << 20
	debug.FreeOSMemory() // not while it is counted
	before := residentSize(os.Getpid())
	assert.Greater(t, before, int64(mib))
	// Not from Go's heap, which may have that much to spare.
	b, err := syscall.Mmap(-1, 0, 64*mib, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	assert.Greater(t, residentSize(os.Getpid()), before+32*mib)
	require.NoError(t, syscall.Munmap(b))
	assert.Zero(t, residentSize(1<<30), "there is no such process")
}
