package reactor

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"forebay/proxy/shortage"
)

// patience bounds every wait of these tests: none comes near it unless something hangs.
const patience = 10 * time.Second

// guest is served by functions.
type guest struct {
	*Socket
	serve  func(*guest)
	silent func(*guest)
	inside *atomic.Int32 // how many are
}

func (g *guest) Close() error {
	err := g.Socket.Close()
	if err == nil {
		g.inside.Add(-1)
	}
	return err
}

func (g *guest) Serve()  { g.serve(g) }
func (g *guest) Silent() { g.silent(g) }

// echo answers what it reads with the same, and rests when nothing is there.
func echo(g *guest) {
	var b [64]byte
	for {
		n, err := g.ReadNow(b[:])
		switch {
		case errors.Is(err, unix.EAGAIN):
			if g.Rest(time.Now(), time.Hour) {
				return
			}
			continue
		case err != nil:
			_ = g.Close()
			return
		}
		if _, err := g.Write(b[:n]); err != nil {
			_ = g.Close()
			return
		}
	}
}

// house is a reactor with a door.
type house struct {
	*Reactor
	t    *testing.T
	ln   net.Listener
	door *Door
	ran  chan struct{}

	troubles chan error
	inside   atomic.Int32
}

// open runs a reactor with one loop until the end of the test, and asserts that it ends. Its guests are served by serve.
func open(t *testing.T, serve func(*guest), more ...func(*guest)) *house {
	t.Helper()
	l, err := newLoop() // one, so that whoever holds it up is seen
	require.NoError(t, err)
	h := &house{Reactor: &Reactor{Room: new(shortage.Room), loops: []*loop{l}}, t: t, ran: make(chan struct{}), troubles: make(chan error, 16)}
	h.ln, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	raw, err := h.ln.(*net.TCPListener).SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) { // or small answers would wait for each other
		assert.NoError(t, unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
		assert.NoError(t, unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<15)) // writes have to wait
	}))
	h.door, err = h.Listen(h.ln, func(s *Socket) {
		h.inside.Add(1)
		g := &guest{Socket: s, serve: serve, silent: func(g *guest) { _ = g.Close() }, inside: &h.inside}
		for _, change := range more {
			change(g)
		}
		s.Guest = g
	}, func(err error, _ time.Duration) { h.troubles <- err })
	require.NoError(t, err)
	go func() { // ends by Close
		defer close(h.ran)
		h.Run()
	}()
	t.Cleanup(func() {
		h.door.Close()
		require.NoError(t, h.ln.Close())
		h.Drain()
		require.Eventually(t, func() bool { return h.inside.Load() == 0 }, patience, 100*time.Microsecond, "somebody is left")
		require.NoError(t, h.Close())
		await(t, h.ran, "Run goes on after Close")
	})
	return h
}

func await[T any](t *testing.T, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		require.Fail(t, what)
	}
	return v
}

func (h *house) dial() net.Conn {
	h.t.Helper()
	c, err := net.Dial("tcp", h.ln.Addr().String())
	require.NoError(h.t, err)
	require.NoError(h.t, c.SetDeadline(time.Now().Add(patience)))
	require.NoError(h.t, c.(*net.TCPConn).SetReadBuffer(1<<15))
	h.t.Cleanup(func() { _ = c.Close() }) // some have closed it already
	return c
}

// says sends text and asserts that it comes back.
func says(t *testing.T, c net.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(t, err)
	back := make([]byte, len(text))
	_, err = io.ReadFull(c, back)
	require.NoError(t, err)
	require.Equal(t, text, string(back))
}

// rests waits until so many sockets rest.
func (h *house) rests(count int) {
	h.t.Helper()
	require.Eventually(h.t, func() bool { return h.Resting() == count }, patience, 100*time.Microsecond)
}

func TestClientsAreServedAgainAndAgain(t *testing.T) {
	h := open(t, echo)
	c, other := h.dial(), h.dial()
	for range 50 {
		says(t, c, "one")
		says(t, other, "another")
		h.rests(2)
	}
	require.NoError(t, c.Close())
	h.rests(1)
}

// TestWhoWaitsHoldsNobodyUp: whatever a guest waits for, if it says so or waits for its socket.
func TestWhoWaitsHoldsNobodyUp(t *testing.T) {
	waits := map[string]func(g *guest, until chan struct{}){
		"for something else": func(g *guest, until chan struct{}) {
			g.Leave()
			<-until
		},
		"for its client to send": func(g *guest, _ chan struct{}) { _, _ = g.Read(make([]byte, 1)) },
		"for its client to read": func(g *guest, _ chan struct{}) { _, _ = g.Write(make([]byte, 1<<20)) },
	}
	for name, wait := range waits {
		t.Run(name, func(t *testing.T) {
			until, ended := make(chan struct{}), make(chan struct{}, 200)
			var count atomic.Int32
			h := open(t, func(g *guest) {
				if count.Add(1)%2 == 1 {
					_, _ = g.Read(make([]byte, 1))
					wait(g, until)
					_ = g.Close()
					ended <- struct{}{}
					return
				}
				g.serve = echo
				echo(g)
			})
			const many = 80 // more than there are followers
			for range many {
				waiting := h.dial()
				_, err := io.WriteString(waiting, "x")
				require.NoError(t, err)
				served := h.dial()
				says(t, served, "and I?")
				defer func() { _ = waiting.Close() }()
				t.Cleanup(func() { _ = waiting.Close() })
			}
			close(until)
			if name == "for something else" {
				for range many {
					await(t, ended, "one waits for ever")
				}
			}
		})
	}
}

// TestAHalfCloseWithTheLastBytes comes as one event, or as two: both are seen.
func TestAHalfCloseWithTheLastBytes(t *testing.T) {
	rests, ended := make(chan struct{}, 2), make(chan string, 2)
	var said []byte
	h := open(t, func(g *guest) {
		for {
			b := make([]byte, 64)
			n, err := g.ReadNow(b)
			said = append(said, b[:n]...)
			if errors.Is(err, io.EOF) {
				_ = g.Close()
				ended <- string(said)
				return
			}
			if n == 0 {
				rests <- struct{}{}
			}
			if g.Rest(time.Now(), time.Hour) {
				return
			}
		}
	})
	c, other := h.dial(), h.dial()
	await(t, rests, "nobody rests")
	await(t, rests, "one does not rest")
	h.loops[0].mu.Lock() // the loop sees nothing until both are there
	_, err := io.WriteString(c, "last words")
	require.NoError(t, err)
	require.NoError(t, c.(*net.TCPConn).CloseWrite())
	h.loops[0].mu.Unlock()
	assert.Equal(t, "last words", await(t, ended, "the end was not seen"))
	_, err = c.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
	require.NoError(t, other.Close())
}

func TestSilence(t *testing.T) {
	told := make(chan time.Time, 1)
	const stay = 20 * time.Millisecond
	h := open(t, func(g *guest) {
		var b [8]byte
		if n, err := g.ReadNow(b[:]); n > 0 {
			_, _ = g.Write(b[:n])
		} else if !errors.Is(err, unix.EAGAIN) {
			_ = g.Close()
			return
		}
		_, _ = g.ReadNow(b[:])
		_ = g.Rest(time.Now(), stay)
	}, func(g *guest) {
		g.silent = func(g *guest) {
			told <- time.Now()
			_ = g.Close()
		}
	})
	begun := time.Now()
	c := h.dial()
	says(t, c, "hello")
	assert.GreaterOrEqual(t, await(t, told, "nobody was told").Sub(begun), stay)
	_, err := c.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
	h.rests(0)
}

func TestDrain(t *testing.T) {
	told := make(chan struct{}, 3)
	h := open(t, echo, func(g *guest) {
		g.silent = func(g *guest) {
			assert.False(t, g.Rest(time.Now(), time.Hour), "nothing rests any more")
			_ = g.Close()
			told <- struct{}{}
		}
	})
	for range 3 {
		says(t, h.dial(), "hello")
	}
	h.rests(3)
	h.Drain()
	for range 3 {
		await(t, told, "one was not told")
	}
	h.rests(0)
}

func TestDeadlines(t *testing.T) {
	errs := make(chan error, 1)
	full := make([]byte, 4<<20)
	cases := map[string]struct {
		set  func(g *guest, at time.Time) error
		wait func(g *guest) error
	}{
		"read":      {func(g *guest, at time.Time) error { return g.SetReadDeadline(at) }, func(g *guest) error { _, err := g.Read(full[:1]); return err }},
		"raw read":  {func(g *guest, at time.Time) error { return g.SetReadDeadline(at) }, func(g *guest) error { return g.Raw().Read(func(uintptr) bool { return false }) }},
		"write":     {func(g *guest, at time.Time) error { return g.SetWriteDeadline(at) }, func(g *guest) error { _, err := g.Write(full); return err }},
		"buffers":   {func(g *guest, at time.Time) error { return g.SetWriteDeadline(at) }, func(g *guest) error { _, err := g.WriteBuffers(&net.Buffers{full, full}); return err }},
		"raw write": {func(g *guest, at time.Time) error { return g.SetWriteDeadline(at) }, func(g *guest) error { return g.Raw().Write(func(uintptr) bool { return false }) }},
	}
	for name, c := range cases {
		for how, when := range map[string]time.Duration{"passed": -time.Second, "to come": 20 * time.Millisecond} {
			t.Run(name+", "+how, func(t *testing.T) {
				h := open(t, func(g *guest) {
					assert.NoError(t, c.set(g, time.Now().Add(when)))
					errs <- c.wait(g)
					_ = g.Close()
				})
				h.dial()
				assert.ErrorIs(t, await(t, errs, "it waits for ever"), os.ErrDeadlineExceeded)
			})
		}
		t.Run(name+", brought forward by another", func(t *testing.T) {
			sockets := make(chan *guest, 1)
			h := open(t, func(g *guest) {
				assert.NoError(t, c.set(g, time.Now().Add(time.Hour)))
				sockets <- g
				errs <- c.wait(g)
				_ = g.Close()
			})
			h.dial()
			g := await(t, sockets, "nobody is served")
			require.NoError(t, c.set(g, time.Now()))
			assert.ErrorIs(t, await(t, errs, "it waits for ever"), os.ErrDeadlineExceeded)
		})
	}
}

func TestAfterClose(t *testing.T) {
	errs := make(chan error, 4)
	h := open(t, func(g *guest) {
		assert.NoError(t, g.Close())
		errs <- g.Close()
		errs <- g.Raw().Control(func(uintptr) { assert.Fail(t, "the descriptor may be another's") })
		errs <- g.wait(&g.incoming)
		assert.False(t, g.Rest(time.Now(), time.Hour))
		assert.Error(t, g.SetDeadline(time.Now()))
		close(errs)
	})
	h.dial()
	for err := range errs {
		assert.ErrorIs(t, err, net.ErrClosed)
	}
}

// TestSlowReadersGetEverything, in the right order, however little they take at a time.
func TestSlowReadersGetEverything(t *testing.T) {
	parts := net.Buffers{}
	var all []byte
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test that can be repeated
	for i := range 120 {
		part := make([]byte, random.IntN(100_000>>(i/15*2)))
		for i := range part {
			part[i] = byte(random.Uint32())
		}
		parts = append(parts, part)
		all = append(all, part...)
	}
	writes := map[string]func(g *guest) (int64, error){
		"Write": func(g *guest) (int64, error) { n, err := g.Write(all); return int64(n), err },
		"WriteBuffers": func(g *guest) (int64, error) {
			rest := append(net.Buffers(nil), parts...)
			return g.WriteBuffers(&rest)
		},
	}
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			h := open(t, func(g *guest) {
				n, err := write(g)
				assert.NoError(t, err)
				assert.Equal(t, int64(len(all)), n)
				_ = g.Close()
			})
			c := h.dial()
			got, piece := make([]byte, 0, len(all)), make([]byte, 70_000)
			for {
				n, err := c.Read(piece[:1+random.IntN(len(piece)-1)])
				got = append(got, piece[:n]...)
				if err != nil {
					require.ErrorIs(t, err, io.EOF)
					break
				}
			}
			assert.Equal(t, all, got)
		})
	}
}

// TestAClosedDoorStaysClosed, also where another process has the same socket, as while a server is replaced.
func TestAClosedDoorStaysClosed(t *testing.T) {
	h := open(t, echo)
	says(t, h.dial(), "hello")
	file, err := h.ln.(*net.TCPListener).File() // what the other process has
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	h.door.Close()
	late, err := net.Dial("tcp", h.ln.Addr().String())
	require.NoError(t, err, "the kernel lets it in for the other process")
	defer func() { _ = late.Close() }()
	successor, err := net.FileListener(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, successor.Close()) }()
	accepted, err := successor.Accept()
	require.NoError(t, err)
	require.NoError(t, accepted.Close())
	_, err = late.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
}

// TestAShortageOfDescriptorsPasses: who stands at the door meanwhile is let in then.
func TestAShortageOfDescriptorsPasses(t *testing.T) {
	h := open(t, echo)
	before := h.dial()
	says(t, before, "hello")
	waiting, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	file := os.NewFile(uintptr(waiting), "client")
	defer func() { require.NoError(t, file.Close()) }()
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	none := unix.Rlimit{Cur: 3, Max: limit.Max}
	t.Cleanup(func() { _ = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit) }) // as a rule it is back already
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &none))
	to := h.ln.Addr().(*net.TCPAddr)
	err = unix.Connect(waiting, &unix.SockaddrInet4{Port: to.Port, Addr: [4]byte(to.IP.To4())})
	trouble := await(t, h.troubles, "nobody was told")
	says(t, before, "and I?")
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	require.NoError(t, err)
	require.ErrorIs(t, trouble, unix.EMFILE)
	_, err = file.WriteString("let in")
	require.NoError(t, err)
	back := make([]byte, 6)
	_, err = io.ReadFull(file, back)
	require.NoError(t, err)
	assert.Equal(t, "let in", string(back))
}

// TestClientsWaitForRoom: who stands at the door when those inside have all descriptors that are theirs is let in when there
// are more, and a door that is closed meanwhile stays closed.
func TestClientsWaitForRoom(t *testing.T) {
	h := open(t, echo)
	h.Room.Limit(1)
	last := h.dial()
	says(t, last, "hello")
	waiting := h.dial()
	_, err := io.WriteString(waiting, "let in")
	require.NoError(t, err)
	require.ErrorIs(t, await(t, h.troubles, "nobody was told"), shortage.ErrFull)
	for range 3 {
		says(t, last, "and I?")
	}
	assert.EqualValues(t, 1, h.inside.Load())
	h.Room.Limit(1 << 20)
	back := make([]byte, 6)
	_, err = io.ReadFull(waiting, back)
	require.NoError(t, err)
	assert.Equal(t, "let in", string(back))

	h.Room.Limit(1)
	says(t, h.dial(), "the last one")
	require.ErrorIs(t, await(t, h.troubles, "nobody was told"), shortage.ErrFull)
	h.door.Close()
	h.Room.Limit(0)
	assert.EqualValues(t, 3, h.inside.Load())
}

// TestCrowd: nothing is lost or mixed up between many who come, speak and leave as they like.
func TestCrowd(t *testing.T) {
	h := open(t, func(g *guest) {
		g.serve = func(g *guest) {
			var b [64]byte
			for {
				n, err := g.ReadNow(b[:])
				switch {
				case errors.Is(err, unix.EAGAIN):
					if g.Rest(time.Now(), time.Duration(1+g.FD()%3)*time.Millisecond) {
						return
					}
					continue
				case err != nil:
					_ = g.Close()
					return
				}
				if b[0]%3 == 0 {
					g.Leave()
				}
				if _, err := g.Write(b[:n]); err != nil {
					_ = g.Close()
					return
				}
			}
		}
		g.serve(g)
	}, func(g *guest) {
		g.silent = func(g *guest) {
			g.Stir()
			go g.serve(g)
		}
	})
	var clients sync.WaitGroup
	for seed := range uint64(20) {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // a test that can be repeated
			for range 20 {
				c, err := net.Dial("tcp", h.ln.Addr().String())
				if !assert.NoError(t, err) {
					return
				}
				_ = c.SetDeadline(time.Now().Add(patience))
				for range random.IntN(20) {
					text, back := make([]byte, 1+random.IntN(200)), make([]byte, 200)
					for i := range text {
						text[i] = byte(random.Uint32())
					}
					_, err := c.Write(text)
					assert.NoError(t, err)
					_, err = io.ReadFull(c, back[:len(text)])
					assert.NoError(t, err)
					assert.Equal(t, text, back[:len(text)])
					if random.IntN(4) == 0 {
						time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond) // sometimes it is silent, sometimes not
					}
				}
				if random.IntN(2) == 0 {
					_ = c.(*net.TCPConn).SetLinger(0)
				}
				_ = c.Close()
			}
		})
	}
	clients.Wait()
	h.rests(0)
}

// TestAlive: a leader that is stuck is noticed, and one that has left the lead is not stuck.
func TestAlive(t *testing.T) {
	hold, entered := make(chan struct{}), make(chan struct{}, 2)
	var leaves atomic.Bool
	h := open(t, func(g *guest) {
		if leaves.Load() {
			g.Leave()
		}
		entered <- struct{}{}
		<-hold
		_ = g.Close()
	})
	h.Alive()
	leaves.Store(true)
	h.dial()
	await(t, entered, "nobody is served")
	h.Alive()
	leaves.Store(false)
	h.dial()
	await(t, entered, "nobody is served")
	alive := make(chan struct{})
	go func() { // ends when the leader goes on
		defer close(alive)
		h.Alive()
	}()
	require.Eventually(t, func() bool {
		h.loops[0].mu.Lock()
		defer h.loops[0].mu.Unlock()
		return h.loops[0].pulse.felt != nil
	}, patience, 100*time.Microsecond)
	select {
	case <-alive:
		assert.Fail(t, "nobody leads")
	default:
	}
	close(hold)
	await(t, alive, "nobody leads again")
}
