package proxy

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"forebay/config"
	"forebay/python"
)

// unread returns how many bytes of a unix socket's client the server has not read.
func (c *client) unread() (n int) {
	c.t.Helper()
	raw, err := c.Conn.(*net.UnixConn).SyscallConn()
	require.NoError(c.t, err)
	require.NoError(c.t, raw.Control(func(fd uintptr) {
		if n, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); errors.Is(err, unix.EINVAL) { // it is closed
			n, err = 0, nil
		}
	}))
	require.NoError(c.t, err)
	return n
}

// rests waits until the server has read all that the client of a unix socket has sent, and so many connections are with
// the loop of quiet ones.
func (c *client) rests(f *front, count int) {
	c.t.Helper()
	for deadline := time.Now().Add(patience); c.unread() > 0 || f.proxy.quiet.Len() != count; {
		require.False(c.t, time.Now().After(deadline), "%d bytes unread, %d connections at rest", c.unread(), f.proxy.quiet.Len())
		time.Sleep(50 * time.Microsecond) // nothing tells of it
	}
}

// echo is an application that says all that it was called with, but what differs from one connection to another.
func echo() *application {
	return &application{answer: func(seen call) (*python.Response, error) {
		var b strings.Builder
		for _, key := range slices.Sorted(maps.Keys(seen.environ)) {
			if key != "REMOTE_PORT" && !strings.Contains(key, "request_id") && !strings.Contains(key, "REQUEST_ID") {
				fmt.Fprintf(&b, "%s=%v\n", key, seen.environ[key])
			}
		}
		fmt.Fprintf(&b, "file=%v\nbody=%q\n", seen.file, seen.body)
		return whole("200 OK", b.String()), nil
	}}
}

// streams are requests, each with another one behind it in the same stream of bytes.
var streams = map[string]string{
	"GET": "GET /a%20b?c=d&e HTTP/1.1\r\nHost: a.example:81\r\nUser-Agent: x y\r\nAccept: text/html;q=0.1\r\nCookie: a=b; c=d\r\n" +
		"X-Forwarded-For: 192.0.2.7, 10.0.0.1\r\nX-Forwarded-Proto: https\r\nReferer: http://b/\r\n\r\n",
	"empty lines before":   "\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n",
	"length":               "POST /length HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.8\r\nContent-Length: 10\r\n\r\n0123456789",
	"length, to a file":    "PUT /file HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\n\r\n" + strings.Repeat("0123456789", 6),
	"length 0":             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
	"chunks":               "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4;a=\"b\\\"\";c\r\nwxyz\r\n01\r\n\r\r\n0\r\nX-T: 1\r\n\r\n",
	"chunks, to a file":    "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1e\r\n" + strings.Repeat("y", 30) + "\r\n20\r\n" + strings.Repeat("z", 32) + "\r\n0\r\n\r\n",
	"chunks, none":         "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"expectation":          "POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n01234",
	"expectation, chunks":  "POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	"1.0, kept":            "POST /old HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc",
	"absolute, OPTIONS":    "OPTIONS http://b.example/o HTTP/1.1\r\nHost: a\r\n\r\n",
	"head, no body at all": "HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n",
}

const lastOfStream = "GET /last?q HTTP/1.1\r\nHost: last.example\r\nX-Last: 1\r\n\r\n"

// startEcho runs a front under which little is much, in front of an application that says what it sees.
func startEcho(t *testing.T) *front {
	return startFront(t, echo(), bySocket(t), func(cfg *config.Proxy) {
		cfg.BodyMemory, cfg.BodySize = 40, 4000
		cfg.ForwardedAllowIPs = []string{"unix", "10.0.0.1"}
	})
}

// said is what a stream of requests is answered.
func (c *client) said(methods ...string) string {
	c.t.Helper()
	var b strings.Builder
	for _, method := range methods {
		answer := c.next(method)
		for answer.StatusCode == http.StatusContinue {
			answer = c.next(method)
		}
		require.NoError(c.t, answer.err)
		answer.Header.Del("Date")
		answer.Header.Del("X-Request-ID") // another one each time
		fmt.Fprintf(&b, "%s %v %d\n%s\n", answer.Status, answer.Header, answer.ContentLength, answer.body)
	}
	return b.String()
}

// converse sends the pieces, each when the one before is read and so many connections rest, and returns the answers.
func converse(f *front, resting int, pieces []string, methods ...string) string {
	f.t.Helper()
	c := f.dial()
	for i, piece := range pieces {
		c.send(piece)
		if i < len(pieces)-1 {
			c.rests(f, resting)
		}
	}
	said := c.said(methods...)
	require.NoError(f.t, c.Conn.(*net.UnixConn).CloseWrite())
	c.closed()
	require.NoError(f.t, c.Close())
	f.emptied()
	return said
}

func methodOf(stream string) string {
	method, _, _ := strings.Cut(strings.TrimLeft(stream, "\r\n"), " ")
	return method
}

var volatile = regexp.MustCompile(`\[[^]]*\]|[0-9.]+ms [0-9a-f]{16}$`)

// TestRequestsInPieces: requests are what they are when they come in one piece, in the environ, in the answer and in the
// log, at whatever byte they are cut, and whether the connection rests there or not: its memory is others' if it does.
func TestRequestsInPieces(t *testing.T) {
	kinds := map[string]struct {
		stay    time.Duration
		resting int
	}{
		"at rest":    {time.Millisecond, 1},
		"in a hurry": {time.Hour, 0},
	}
	for name, stream := range streams {
		for how, kind := range kinds {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				f := startEcho(t).hasten(kind.stay)
				methods := []string{methodOf(stream), "GET"}
				all := stream + lastOfStream
				want := converse(f, 0, []string{all}, methods...)
				require.Contains(t, want, "HTTP_HOST=last.example")
				for i := 1; i < len(all); i++ {
					got := converse(f, kind.resting, []string{all[:i], all[i:]}, methods...)
					require.Equal(t, want, got, "cut at byte %d, in front of %q", i, all[i:])
				}
				require.Equal(t, want, converse(f, kind.resting, strings.Split(all, ""), methods...), "a byte at a time")
				lines := f.lines()
				require.Len(t, lines, 2*(len(all)+1))
				for i, line := range lines {
					assert.Equal(t, volatile.ReplaceAllString(lines[i%2], ""), volatile.ReplaceAllString(line, ""))
				}
				assert.NotContains(t, f.log.String(), "level=ERROR")
				assert.Zero(t, f.proxy.budget.Used())
			})
		}
	}
}

// TestManyConnectionsThatRestAndWakeAtOnce: what one of them keeps while it rests is never another's.
func TestManyConnectionsThatRestAndWakeAtOnce(t *testing.T) {
	f := startEcho(t).hasten(time.Millisecond)
	want := map[string]string{}
	for name, stream := range streams {
		want[name] = converse(f, 0, []string{stream + lastOfStream}, methodOf(stream), "GET")
	}
	names := slices.Sorted(maps.Keys(streams))
	var clients sync.WaitGroup
	for seed := range uint64(40) {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test that can be repeated
			for range 5 {
				name := names[random.IntN(len(names))]
				c := f.dial()
				all := streams[name] + lastOfStream
				for len(all) > 0 {
					n := min(len(all), 1+random.IntN(60))
					_, err := io.WriteString(c, all[:n])
					if !assert.NoError(t, err) {
						return
					}
					all = all[n:]
					time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond) // sometimes it rests, sometimes not
				}
				assert.Equal(t, want[name], c.said(methodOf(streams[name]), "GET"), name)
				_ = c.Close()
			}
		})
	}
	clients.Wait()
	f.emptied()
	assert.Zero(t, f.proxy.quiet.Len())
	assert.Zero(t, f.proxy.budget.Used())
	assert.NotContains(t, f.log.String(), "level=ERROR")
}

// spare is a descriptor that the loop may watch.
func (f *front) spare(t *testing.T) int {
	t.Helper()
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	return fd
}

// TestEmptyLinesBetweenRequests begin nothing: neither the time of a head, nor that of a request.
func TestEmptyLinesBetweenRequests(t *testing.T) {
	const headTimeout = 100 * time.Millisecond
	f := startFront(t, &application{}, bySocket(t), func(cfg *config.Proxy) { cfg.HeadTimeout = headTimeout }).hasten(time.Millisecond)
	c := f.dial()
	c.open()
	c.send("\r")
	c.rests(f, 1)
	c.send("\n")
	c.rests(f, 1)
	<-time.After(2 * headTimeout)
	c.send(get[:10])
	c.rests(f, 1)
	assert.Equal(t, 200, c.ask(get[10:]).StatusCode)
}
