package proxy

import (
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/python"
	"forebay/python/spool"
)

// lender writes a body as the driver of a thread does: of each piece it lends the first byte, and the rest as its source.
type lender struct {
	out   *spool.Spool
	end   error
	knows bool          // the source knows when the body ends
	done  chan struct{} // closed when it has

	rest string
	last bool // rest is the last of the body
	lent int  // bytes that the source has sent
}

func (l *lender) Unread() int { return len(l.rest) }

// SendTo sends as a pipe would, in small pieces.
func (l *lender) SendTo(socket int, most int64) (sent int64, next spool.Next, err error) {
	for l.rest != "" && sent < most {
		n, err := syscall.Write(socket, []byte(l.rest[:min(len(l.rest), int(most-sent), 10_000)]))
		switch err {
		case nil:
		case syscall.EAGAIN:
			return sent, spool.Store, nil
		default:
			return sent, spool.Store, os.NewSyscallError("write", err)
		}
		l.rest, sent, l.lent = l.rest[n:], sent+int64(n), l.lent+n
	}
	if l.rest == "" && l.last && l.knows {
		return sent, spool.Done, nil
	}
	return sent, spool.Await, nil
}

// run writes the pieces.
func (l *lender) run(pieces []string) {
	defer close(l.done)
	var err error
	for i, piece := range pieces {
		l.rest, l.last = piece[1:], i == len(pieces)-1
		var n int
		if n, err = l.out.Lend([]byte(piece[:1]), l); err != nil {
			break
		}
		if _, err = l.out.Write([]byte(piece[n:1] + l.rest)); err != nil {
			break
		}
	}
	l.out.End(l.end)
}

// lending is an application whose thread lends what it answers, and what lends for it.
func lending(t *testing.T, l *lender, pieces []string, fields ...string) *application {
	l.out = spool.New(spool.Limits{Memory: 1 << 16, File: 1 << 30, Dir: t.TempDir()})
	l.done = make(chan struct{})
	t.Cleanup(func() { l.finished(t) })
	return answering(func() *python.Response {
		resp := whole("200 OK", "", fields...)
		resp.Stream = l.out
		go l.run(pieces)
		return resp
	})
}

// finished waits until the thread is free.
func (l *lender) finished(t *testing.T) {
	t.Helper()
	select {
	case <-l.done:
	case <-time.After(patience):
		require.Fail(t, "the thread waits")
	}
}

func TestWhatTheThreadLendsIsTheBody(t *testing.T) {
	const size = 300_000
	body := strings.Repeat("0123456789", size/10)
	cases := map[string]struct {
		l       lender
		pieces  []string
		length  string
		request string
		want    string
		lent    int
	}{
		"in one piece":                {pieces: []string{body}, length: "300000", want: body, lent: size - 1},
		"its end is known":            {l: lender{knows: true}, pieces: []string{body}, length: "300000", want: body, lent: size - 1},
		"in several":                  {pieces: []string{body[:1000], body[1000:]}, length: "300000", want: body, lent: size - 2},
		"more than Content-Length":    {pieces: []string{body, "more"}, length: "250000", want: body[:250_000], lent: 249_999},
		"until the end, to 1.0":       {pieces: []string{body}, request: "GET / HTTP/1.0\r\n\r\n", want: body, lent: size - 1},
		"without a length, in chunks": {pieces: []string{body}, want: body, lent: size - 1},
		"in several chunks":           {pieces: []string{body[:1000], "x", body[1000:]}, want: body[:1000] + "x" + body[1000:], lent: size - 2},
		"in chunks, its end is known": {l: lender{knows: true}, pieces: []string{"x", body}, want: "x" + body, lent: size - 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			l := &c.l
			var fields []string
			if c.length != "" {
				fields = []string{"Content-Length", c.length}
			}
			f := startFront(t, lending(t, l, c.pieces, fields...))
			request := get
			if c.request != "" {
				request = c.request
			}
			answer := f.dial().send(request).next("GET")
			require.NoError(t, answer.err)
			assert.Equal(t, c.want, answer.body)
			assert.Contains(t, f.linesNow(t, "\n"), `" 200 `+strconv.Itoa(len(c.want))+` "`)
			l.finished(t)
			assert.Equal(t, c.lent, l.lent)
		})
	}
}

// A thread does not wait for a client that takes nothing: what it had lent goes into the spool.
func TestASlowClientIsLentNothing(t *testing.T) {
	const size = 32 << 20 // more than sockets hold
	body := strings.Repeat("0123456789abcdef", size/16)
	for name, fields := range map[string][]string{"by length": {"Content-Length", "33554432"}, "in chunks": nil} {
		t.Run(name, func(t *testing.T) {
			l := &lender{}
			f := startFront(t, lending(t, l, []string{body[:20<<20], body[20<<20 : 20<<20+1], body[20<<20+1:]}, fields...))
			c := f.dial().send(get)
			l.finished(t)
			assert.Less(t, l.lent, size)
			answer := c.next("GET")
			require.NoError(t, answer.err)
			assert.True(t, answer.body == body)
			assert.Contains(t, f.linesNow(t, "\n"), `" 200 33554432 "`)
		})
	}
}

// A chunk that the client has taken only a part of goes on with what comes, whether that is lent or not, and what comes
// behind it begins another one.
func TestAChunkThatIsBegunGoesOn(t *testing.T) {
	const begun = 8 << 20 // more than sockets hold
	first := strings.Repeat("a", begun)
	for name, write := range map[string]func(t *testing.T, l *lender){
		"from the spool": func(t *testing.T, l *lender) { l.write(t, l.rest+"more") },
		"in pieces":      func(t *testing.T, l *lender) { l.write(t, l.rest[:1000]); l.write(t, l.rest[1000:]+"more") },
		"by another loan": func(t *testing.T, l *lender) {
			early, late := l.rest[:len(l.rest)-2000], l.rest[len(l.rest)-2000:]
			l.write(t, early)
			l.taken(t)
			l.rest = late[1:]
			n, err := l.out.Lend([]byte(late[:1]), l)
			assert.NoError(t, err)
			l.write(t, late[n:1]+l.rest+"more")
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := &lender{out: spool.New(spool.Limits{Memory: 1 << 16, File: 1 << 30, Dir: t.TempDir()}), done: make(chan struct{})}
			f := startFront(t, answering(func() *python.Response {
				resp := whole("200 OK", "")
				resp.Stream = l.out
				return resp
			}))
			c := f.dial().send(get)
			l.rest = first[1:]
			n, err := l.out.Lend([]byte(first[:1]), l)
			require.NoError(t, err)
			l.rest = first[n:1] + l.rest
			require.NotEmpty(t, l.rest)
			go func() { // ends with the body
				defer close(l.done)
				write(t, l)
				l.out.End(nil)
			}()
			answer := c.next("GET")
			require.NoError(t, answer.err)
			assert.True(t, answer.body == first+"more")
			l.finished(t)
		})
	}
}

func (l *lender) write(t *testing.T, text string) {
	_, err := l.out.Write([]byte(text))
	assert.NoError(t, err)
}

// taken waits until the client has had what was written.
func (l *lender) taken(t *testing.T) {
	assert.Eventually(t, l.out.Waited, patience, time.Millisecond)
}

// The body may end too early in the midst of a loan, and behind it.
func TestLentBodyThatIsCut(t *testing.T) {
	for name, l := range map[string]*lender{
		"it was aborted":  {end: io.ErrUnexpectedEOF},
		"it is too short": {},
		"known at once":   {knows: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, lending(t, l, []string{strings.Repeat("x", 1000)}, "Content-Length", "1001"))
			answer := f.dial().send(get).next("GET")
			require.Error(t, answer.err, "nobody takes it for the whole")
			assert.Contains(t, f.linesNow(t, "\n"), `" 200 1000 "`)
		})
	}
}

// A thread that has something to lend waits for nobody who will not take it.
func TestNothingIsLentForAnAnswerWithoutABody(t *testing.T) {
	for _, status := range []string{"200 OK", "204 No Content", "304 Not Modified"} {
		t.Run(status, func(t *testing.T) {
			l := &lender{}
			app := lending(t, l, []string{strings.Repeat("x", 1000)})
			made := app.answer
			app.answer = func(c call) (*python.Response, error) {
				resp, err := made(c)
				resp.Status = statusNumber(status)
				return resp, err
			}
			f := startFront(t, app)
			c := f.dial().send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
			c.next("HEAD")
			l.finished(t)
			assert.Zero(t, l.lent)
		})
	}
}
