package proxy

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

// headOf is a request whose head has exactly size bytes.
func headOf(t *testing.T, size int) string {
	t.Helper()
	const begin, end = "GET /sized HTTP/1.1\r\nHost: a\r\n", "\r\n"
	var b strings.Builder
	b.WriteString(begin)
	for left := size - len(begin) - len(end); left > 0; left = size - b.Len() - len(end) {
		const least = len("X: \r\n")
		n := min(left, 3000)
		if left-n < least && left != n {
			n -= least
		}
		b.WriteString("X: " + strings.Repeat("x", n-least) + "\r\n")
	}
	b.WriteString(end)
	require.Equal(t, size, b.Len())
	return b.String()
}

// TestHeadsOfTheSizesOfBuffers: on both sides of each size that a buffer has, and of the largest that is accepted, with a
// request and its body behind them.
func TestHeadsOfTheSizesOfBuffers(t *testing.T) {
	const headSize = 20_000
	f := startFront(t, echo(), bySocket(t), func(cfg *config.Proxy) {
		cfg.HeadSize, cfg.LimitRequestFieldSize = headSize, headSize
	}).hasten(time.Millisecond)
	behind := inChunks("0123456789", 7) + lastOfStream
	for _, edge := range []int{inputSize, 2 * inputSize, 4 * inputSize, headSize} {
		for size := edge - 5; size <= edge+5; size++ {
			head := headOf(t, size)
			for name, pieces := range map[string][]string{
				"at once":           {head + behind},
				"apart":             {head, behind},
				"a byte too few":    {head[:size-1], head[size-1:] + behind},
				"cut at the buffer": {head[:min(inputSize, size)], head[min(inputSize, size):] + behind},
				"cut in half":       {head[:size/2], head[size/2:] + behind[:30], behind[30:]},
			} {
				c := f.dial()
				refused := size > headSize
				for i, piece := range pieces {
					_, err := io.WriteString(c, piece)
					require.True(t, err == nil || refused, "%v", err)
					if i < len(pieces)-1 && !refused {
						c.rests(f, 1)
					}
				}
				answer := c.next("GET")
				require.NoError(t, answer.err)
				if refused {
					require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, answer.StatusCode, "%d, %s", size, name)
					_ = c.Close()
					f.emptied()
					continue
				}
				require.Equal(t, http.StatusOK, answer.StatusCode, "%d, %s", size, name)
				require.Contains(t, answer.body, "RAW_URI=/sized\n")
				require.Contains(t, c.next("POST").body, `body="0123456789"`)
				require.Contains(t, c.next("GET").body, "HTTP_HOST=last.example\n")
				_ = c.Close()
				f.emptied()
			}
		}
	}
}

// TestALineThatDoesNotEnd is refused when it is longer than a head may be, and not kept until then in larger and larger
// buffers.
func TestALineThatDoesNotEnd(t *testing.T) {
	f := startFront(t, &application{})
	c := f.dial()
	_, _ = io.WriteString(c, "GET /"+strings.Repeat("a", 200_000)) // cut where the server has heard enough
	assert.Equal(t, http.StatusRequestURITooLong, c.next("GET").StatusCode)
}

// TestTheRelaysHeaderInPieces: it may be cut anywhere, and the client's bytes may come with it.
func TestTheRelaysHeaderInPieces(t *testing.T) {
	v2 := "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\x12\x67\x01\xbb"
	for name, header := range map[string]string{"version 1": relayed, "version 2": v2} {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, echo(), bySocket(t), func(cfg *config.Proxy) { cfg.ProxyProtocolFrom = []string{"unix"} }).hasten(time.Millisecond)
			all := header + get
			want := converse(f, 0, []string{all}, "GET")
			require.Contains(t, want, "REMOTE_ADDR=192.0.2.7\n")
			for i := 1; i < len(all); i++ {
				require.Equal(t, want, converse(f, 1, []string{all[:i], all[i:]}, "GET"), "cut at byte %d", i)
			}
			require.Equal(t, want, converse(f, 1, strings.Split(all, ""), "GET"), "a byte at a time")
			for _, line := range f.lines() {
				assert.Contains(t, line, "192.0.2.7 ")
			}
		})
	}
}

// TestTheRelaysHeaderThatDoesNotCome: the connection ends in time, and nobody has asked for anything.
func TestTheRelaysHeaderThatDoesNotCome(t *testing.T) {
	for name, begin := range map[string]string{"nothing": "", "half": relayed[:20]} {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, &application{}, fromRelay, func(cfg *config.Proxy) { cfg.HeadTimeout = 50 * time.Millisecond }).hasten(time.Millisecond)
			c := f.dial().send(begin)
			_, _ = io.ReadAll(c.r) // to its end, or a reset
			f.emptied()
			assert.Empty(t, f.lines())
		})
	}
}

// TestTimesOfSlowClients: a time that begins with a request is not begun anew by each byte, whether the connection rests
// in between or not.
func TestTimesOfSlowClients(t *testing.T) {
	const limit = 150 * time.Millisecond
	long := "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 3000)
	cases := map[string]struct {
		first, drip string
		change      func(*config.Proxy)
	}{
		"a head":        {"", long, func(cfg *config.Proxy) { cfg.HeadTimeout = limit }},
		"a second head": {get, long, func(cfg *config.Proxy) { cfg.HeadTimeout = limit }},
		"empty lines":   {"", strings.Repeat("\r\n", 3000), func(cfg *config.Proxy) { cfg.HeadTimeout = limit }},
		"a body's rate": {"", "", func(cfg *config.Proxy) { cfg.BodyMinRate, cfg.BodyMinRateAfter = 1<<20, limit }},
	}
	for name, c := range cases {
		for how, stay := range map[string]time.Duration{"at rest": time.Millisecond, "in a hurry": time.Minute} {
			t.Run(name+", "+how, func(t *testing.T) {
				f := startFront(t, &application{}, c.change).hasten(stay)
				begun, said := time.Now(), make(chan answered, 1)
				client := f.dial()
				if c.first != "" {
					assert.Equal(t, http.StatusOK, client.ask(c.first).StatusCode)
				}
				drip := c.drip
				if drip == "" {
					client.send(post("Content-Length: 3000\r\n", ""))
					drip = strings.Repeat("x", 3000)
				}
				go func() { // ends with the answer
					resp, err := http.ReadResponse(client.r, nil)
					if err == nil {
						_ = resp.Body.Close()
					}
					said <- answered{Response: resp, err: err}
				}()
				for i := 0; i < len(drip); i++ {
					select {
					case answer := <-said:
						require.NoError(t, answer.err)
						assert.Equal(t, http.StatusRequestTimeout, answer.StatusCode)
						assert.GreaterOrEqual(t, time.Since(begun), limit)
						return
					case <-time.After(2 * time.Millisecond):
						_, _ = client.Write([]byte{drip[i]}) // the answer says when it is enough
					}
				}
				assert.Fail(t, "no limit")
			})
		}
	}
}

// TestAnIdleConnectionEndsInTime, and says nothing, whether it rests or not.
func TestAnIdleConnectionEndsInTime(t *testing.T) {
	for how, stay := range map[string]time.Duration{"at rest": time.Millisecond, "in a hurry": time.Minute} {
		t.Run(how, func(t *testing.T) {
			f := startFront(t, &application{}, func(cfg *config.Proxy) { cfg.KeepAlive = 50 * time.Millisecond }).hasten(stay)
			c := f.dial()
			var begun time.Time
			for range 3 { // each answer begins the time anew
				begun = time.Now()
				c.open()
			}
			c.closed()
			assert.GreaterOrEqual(t, time.Since(begun), 50*time.Millisecond)
			assert.Len(t, f.lines(), 3)
		})
	}
}
