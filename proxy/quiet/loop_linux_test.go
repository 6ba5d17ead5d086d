package quiet

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// patience bounds every wait of these tests: none comes near it unless something hangs.
const patience = 10 * time.Second

// guest is a connection that notes why it was woken.
type guest struct {
	entry Entry
	peer  int // the client's end
	woken chan Reason
}

func (g *guest) Wake(why Reason) { g.woken <- why }

// newGuest makes a guest on one end of a pair of sockets. Both are closed at the end of the test.
func newGuest(t *testing.T) *guest {
	t.Helper()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	require.NoError(t, err)
	g := &guest{peer: ends[1], woken: make(chan Reason, 16)}
	g.entry.Guest, g.entry.FD = g, ends[0]
	t.Cleanup(func() {
		_ = unix.Close(ends[0]) // a test may have closed either
		_ = unix.Close(ends[1])
	})
	return g
}

// says sends a byte from the client's end.
func (g *guest) says(t *testing.T) {
	t.Helper()
	_, err := unix.Write(g.peer, []byte("x"))
	require.NoError(t, err)
}

// hears takes what the client has sent.
func (g *guest) hears(t *testing.T) {
	t.Helper()
	_, err := unix.Read(g.entry.FD, make([]byte, 16))
	require.NoError(t, err)
}

// wakes waits until the guest is woken, and returns why.
func (g *guest) wakes(t *testing.T) Reason {
	t.Helper()
	select {
	case why := <-g.woken:
		return why
	case <-time.After(patience):
		require.Fail(t, "nobody was woken")
		return 0
	}
}

// sleeps asserts that the guest has not been woken, by all that the loop had to do until another guest was.
func (g *guest) sleeps(t *testing.T, l *Loop) {
	t.Helper()
	other := newGuest(t)
	for range 2 { // the second round begins when all events of the first have been looked at
		require.True(t, l.Watch(&other.entry, time.Time{}, false))
		other.says(t)
		require.Equal(t, Readable, other.wakes(t))
		other.hears(t)
	}
	select {
	case why := <-g.woken:
		assert.Fail(t, "it was woken", "%d", why)
	default:
	}
}

// runLoop runs a loop until the end of the test, and asserts that nothing is left in it.
func runLoop(t *testing.T) *Loop {
	t.Helper()
	l, err := New()
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() { // ends by Close
		defer close(ended)
		l.Run()
	}()
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		select {
		case <-ended:
		case <-time.After(patience):
			assert.Fail(t, "Run goes on after Close")
		}
	})
	return l
}

func TestWatch(t *testing.T) {
	events := map[string]struct {
		happens func(t *testing.T, g *guest)
		why     Reason
	}{
		"bytes":      {func(t *testing.T, g *guest) { g.says(t) }, Readable},
		"half-close": {func(t *testing.T, g *guest) { require.NoError(t, unix.Shutdown(g.peer, unix.SHUT_WR)) }, Readable},
		"close":      {func(t *testing.T, g *guest) { require.NoError(t, unix.Close(g.peer)) }, Readable},
	}
	for name, c := range events {
		for order, early := range map[string]bool{"before": true, "after": false} {
			t.Run(name+" "+order, func(t *testing.T) {
				l, g := runLoop(t), newGuest(t)
				if early {
					c.happens(t, g)
				}
				require.True(t, l.Watch(&g.entry, time.Now().Add(time.Hour), false))
				if !early {
					c.happens(t, g)
				}
				assert.Equal(t, c.why, g.wakes(t))
				g.sleeps(t, l)
				assert.Empty(t, l.entries)
			})
		}
	}
}

func TestWatchAgainAndAgain(t *testing.T) {
	l, g := runLoop(t), newGuest(t)
	for range 100 {
		require.True(t, l.Watch(&g.entry, time.Now().Add(time.Hour), false))
		g.says(t)
		require.Equal(t, Readable, g.wakes(t))
		g.hears(t)
	}
	require.True(t, l.Watch(&g.entry, time.Now(), false))
	assert.Equal(t, Late, g.wakes(t))
}

// TestHangupIsAllThatCounts: what a client sends meanwhile is for later.
func TestHangupIsAllThatCounts(t *testing.T) {
	for name, leave := range map[string]func(g *guest) error{
		"half-close": func(g *guest) error { return unix.Shutdown(g.peer, unix.SHUT_WR) },
		"close":      func(g *guest) error { return unix.Close(g.peer) },
	} {
		t.Run(name, func(t *testing.T) {
			l, g := runLoop(t), newGuest(t)
			g.says(t)
			require.True(t, l.WatchHangup(&g.entry))
			g.says(t)
			g.sleeps(t, l)
			require.NoError(t, leave(g))
			assert.Equal(t, Readable, g.wakes(t))
			g.sleeps(t, l)
		})
	}
}

// TestOneConnectionWithTwoEntries: while an answer is on its way the connection is watched for another reason, by an entry
// of its own, and what epoll knows of the descriptor belongs to both.
func TestOneConnectionWithTwoEntries(t *testing.T) {
	l, g := runLoop(t), newGuest(t)
	watch := func() {
		require.True(t, l.Watch(&g.entry, time.Time{}, false))
		g.says(t)
		require.Equal(t, Readable, g.wakes(t))
		g.hears(t)
	}
	answer := func() *guest {
		other := &guest{peer: g.peer, woken: make(chan Reason, 16)}
		other.entry.Guest, other.entry.FD = other, g.entry.FD
		require.True(t, l.WatchHangup(&other.entry))
		return other
	}
	for range 3 {
		first := answer()
		require.True(t, l.Drop(&first.entry))
		watch()
		watch()
	}
	last := answer()
	require.NoError(t, unix.Shutdown(g.peer, unix.SHUT_WR))
	assert.Equal(t, Readable, last.wakes(t))
	assert.False(t, l.Drop(&last.entry))
	require.True(t, l.Watch(&g.entry, time.Time{}, false))
	assert.Equal(t, Readable, g.wakes(t))
}

func TestDrop(t *testing.T) {
	l, g := runLoop(t), newGuest(t)
	assert.False(t, l.Drop(&g.entry), "it is not watched")
	require.True(t, l.WatchHangup(&g.entry))
	assert.True(t, l.Drop(&g.entry))
	assert.False(t, l.Drop(&g.entry))
	require.NoError(t, unix.Close(g.peer))
	g.sleeps(t, l)
	require.True(t, l.Watch(&g.entry, time.Time{}, false))
	assert.Equal(t, Readable, g.wakes(t))
	assert.False(t, l.Drop(&g.entry), "it was woken")
}

func TestTimesComeInTheirOrder(t *testing.T) {
	l, err := New()
	require.NoError(t, err)
	const count = 200
	begun := time.Now()
	var order []int
	forever := newGuest(t)
	require.True(t, l.Watch(&forever.entry, time.Time{}, false))
	for _, i := range rand.Perm(count) { //nolint:gosec // any order will do
		until := begun.Add(time.Duration(i) * time.Millisecond / 4)
		e := &Entry{FD: newGuest(t).entry.FD, Guest: wake(func(why Reason) {
			assert.Equal(t, Late, why)
			assert.False(t, time.Now().Before(until), "too early")
			if order = append(order, i); len(order) == count {
				assert.NoError(t, l.Close())
			}
		})}
		require.True(t, l.Watch(e, until, false))
	}
	l.Run() // until all are woken
	assert.Len(t, order, count)
	assert.IsIncreasing(t, order)
	assert.Empty(t, forever.woken)
}

type wake func(Reason)

func (w wake) Wake(why Reason) { w(why) }

// TestAnEarlierTimeThanAllOthers: who comes last may be late first.
func TestAnEarlierTimeThanAllOthers(t *testing.T) {
	l, late, early := runLoop(t), newGuest(t), newGuest(t)
	require.True(t, l.Watch(&late.entry, time.Now().Add(time.Hour), false))
	require.True(t, l.Watch(&early.entry, time.Now().Add(time.Millisecond), false))
	assert.Equal(t, Late, early.wakes(t))
	late.says(t)
	assert.Equal(t, Readable, late.wakes(t))
}

// TestWhatComesIsSeenWhileTimesPass: neither keeps the loop from the other.
func TestWhatComesIsSeenWhileTimesPass(t *testing.T) {
	l, g := runLoop(t), newGuest(t)
	busy := newGuest(t)
	busy.entry.Guest = wake(func(Reason) { l.Watch(&busy.entry, time.Now(), false) }) // late at once, without end
	require.True(t, l.Watch(&busy.entry, time.Now(), false))
	for range 20 {
		require.True(t, l.Watch(&g.entry, time.Time{}, false))
		g.says(t)
		require.Equal(t, Readable, g.wakes(t))
		g.hears(t)
	}
}

func TestDrain(t *testing.T) {
	l := runLoop(t)
	idle, busy, hangup := newGuest(t), newGuest(t), newGuest(t)
	require.True(t, l.Watch(&idle.entry, time.Now().Add(time.Hour), true))
	require.True(t, l.Watch(&busy.entry, time.Now().Add(time.Hour), false))
	require.True(t, l.WatchHangup(&hangup.entry))
	l.Drain()
	assert.Equal(t, Draining, idle.wakes(t))
	idle.sleeps(t, l)
	assert.False(t, l.Watch(&idle.entry, time.Time{}, true), "none that is idle")
	require.True(t, l.Watch(&idle.entry, time.Time{}, false))
	for _, g := range []*guest{idle, busy, hangup} {
		require.NoError(t, unix.Close(g.peer))
		assert.Equal(t, Readable, g.wakes(t))
	}
}

func TestEnd(t *testing.T) {
	l := runLoop(t)
	idle, busy, hangup := newGuest(t), newGuest(t), newGuest(t)
	require.True(t, l.Watch(&idle.entry, time.Now().Add(time.Hour), true))
	require.True(t, l.Watch(&busy.entry, time.Now().Add(time.Hour), false))
	require.True(t, l.WatchHangup(&hangup.entry))
	l.End()
	for _, g := range []*guest{idle, busy, hangup} {
		assert.Equal(t, Ending, g.wakes(t))
		assert.False(t, l.Watch(&g.entry, time.Time{}, false))
		assert.False(t, l.WatchHangup(&g.entry))
	}
	assert.Zero(t, l.Len())
}

func TestAfterClose(t *testing.T) {
	l, err := New()
	require.NoError(t, err)
	g := newGuest(t)
	require.True(t, l.Watch(&g.entry, time.Now(), false))
	require.NoError(t, l.Close())
	l.Run() // returns
	assert.Empty(t, g.woken)
	assert.False(t, l.Watch(&newGuest(t).entry, time.Time{}, false))
	assert.False(t, l.WatchHangup(&newGuest(t).entry))
	// The number of the loop's own descriptor may be another file's by now.
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	assert.True(t, l.Drop(&g.entry))
}

// TestADescriptorThatIsUsedAgain: events of the connection that had it before are still on their way, as they are when
// another process holds the old socket for a moment between fork and exec.
func TestADescriptorThatIsUsedAgain(t *testing.T) {
	for name, watch := range map[string]func(*Loop, *Entry) bool{
		"for bytes":    func(l *Loop, e *Entry) bool { return l.Watch(e, time.Time{}, false) },
		"for a hangup": func(l *Loop, e *Entry) bool { return l.WatchHangup(e) },
	} {
		t.Run(name, func(t *testing.T) {
			l, first, second := runLoop(t), newGuest(t), newGuest(t)
			held, err := unix.Dup(first.entry.FD)
			require.NoError(t, err)
			t.Cleanup(func() { _ = unix.Close(held) }) // to the end
			require.True(t, l.Watch(&first.entry, time.Now(), false))
			assert.Equal(t, Late, first.wakes(t)) // and epoll still looks
			require.NoError(t, unix.Dup3(second.entry.FD, first.entry.FD, unix.O_CLOEXEC))
			second.entry.FD = first.entry.FD
			require.True(t, watch(l, &second.entry))
			require.NoError(t, unix.Close(first.peer))
			second.sleeps(t, l)
			require.NoError(t, unix.Close(second.peer))
			assert.Equal(t, Readable, second.wakes(t))
			assert.Empty(t, first.woken)
		})
	}
}

// TestThousandsAtOnce: each is woken once for each time that it was watched, whatever wakes it.
func TestThousandsAtOnce(t *testing.T) {
	const guests, rounds = 5000, 3
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	count := min(guests, int(min(limit.Cur, 1<<20))/2-100)
	l := runLoop(t)
	all := make([]*guest, count)
	for i := range all {
		all[i] = newGuest(t)
	}
	for range rounds {
		for i, g := range all {
			until := time.Now().Add(time.Hour)
			if i%3 == 0 {
				until = time.Now().Add(time.Duration(i%50) * time.Millisecond)
			}
			require.True(t, l.Watch(&g.entry, until, false))
			if i%2 == 0 {
				g.says(t)
			}
		}
		for i, g := range all {
			if i%2 != 0 && i%3 != 0 {
				g.says(t)
			}
			why := g.wakes(t)
			if i%3 != 0 {
				require.Equal(t, Readable, why)
			}
			if i%2 == 0 || i%3 != 0 {
				g.hears(t)
			}
		}
	}
	for _, g := range all {
		require.Empty(t, g.woken, "woken once")
	}
	assert.Empty(t, l.entries)
	assert.Empty(t, l.schedule)
}
