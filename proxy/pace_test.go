package proxy

import (
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/python"
	"forebay/python/spool"
)

// pacedConn is a connection whose client takes so many bytes a second.
type pacedConn struct {
	net.Conn
	rate     float64
	deadline time.Time
	taken    int
}

func (p *pacedConn) SetWriteDeadline(t time.Time) error {
	p.deadline = t
	return nil
}

func (p *pacedConn) Write(b []byte) (int, error) {
	left := time.Until(p.deadline)
	if left <= 0 {
		return 0, os.ErrDeadlineExceeded
	}
	if can := p.rate * left.Seconds(); can < float64(len(b)) {
		time.Sleep(left)
		p.taken += int(can)
		return int(can), os.ErrDeadlineExceeded
	}
	time.Sleep(time.Duration(float64(len(b)) / p.rate * float64(time.Second)))
	p.taken += len(b)
	return len(b), nil
}

// TestPaceOfClients: how long a client may take for its answers, in the time that synctest makes.
func TestPaceOfClients(t *testing.T) {
	sizes := func(n ...int) []int { return n }
	cases := map[string]struct {
		client  float64 // bytes a second
		timeout time.Duration
		rate    int64
		after   time.Duration
		pieces  []int         // bytes of each write
		pause   time.Duration // before each
		answers int
		err     error
		within  time.Duration // from the beginning to the error
	}{
		"nothing at all":                    {0, 60 * time.Second, 0, 0, sizes(1), 0, 1, errSendTimeout, 60 * time.Second},
		"a little now and then":             {1, 60 * time.Second, 0, 0, sizes(1000), 0, 1, nil, 0},
		"nothing at all, and a least rate":  {0, 60 * time.Second, 500, 300 * time.Second, sizes(1), 0, 1, errSendTimeout, 60 * time.Second},
		"nothing, and an impatient rate":    {0, 60 * time.Second, 500, time.Second, sizes(1), 0, 1, errSendSlow, time.Second},
		"slower than the least rate":        {400, 60 * time.Second, 500, 60 * time.Second, sizes(1 << 20), 0, 1, errSendSlow, 300 * time.Second},
		"slower, in pieces":                 {400, 60 * time.Second, 500, 60 * time.Second, sizes(1<<16, 1<<16, 1<<16), 0, 1, errSendSlow, 300 * time.Second},
		"as fast as the least rate":         {500, 60 * time.Second, 500, 60 * time.Second, sizes(1 << 20), 0, 1, nil, 0},
		"slow, but done in time":            {100, 60 * time.Second, 500, 60 * time.Second, sizes(6000), 0, 1, nil, 0},
		"each answer has its own time":      {100, 60 * time.Second, 500, 60 * time.Second, sizes(6000), 0, 9, nil, 0},
		"pauses of the application":         {1e9, 50 * time.Millisecond, 0, 0, sizes(9, 9, 9, 9), 70 * time.Millisecond, 1, nil, 0},
		"long ones":                         {1e9, 60 * time.Second, 0, 0, sizes(9, 9, 9, 9), time.Hour, 2, nil, 0},
		"pauses are not the client's":       {1e9, 60 * time.Second, 1 << 20, 30 * time.Millisecond, sizes(9, 9, 9, 9), time.Second, 1, nil, 0},
		"a short patience before a pause":   {1000, 60 * time.Second, 1000, time.Second, sizes(500, 500, 500), 900 * time.Millisecond, 2, nil, 0},
		"one that was fast is not let wait": {1e6, 60 * time.Second, 1, time.Second, sizes(100), time.Second, 5, nil, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := config.Default().Proxy
				cfg.SendTimeout, cfg.SendMinRate, cfg.SendMinRateAfter = c.timeout, c.rate, c.after
				client := &pacedConn{rate: c.client}
				p := &Proxy{ids: newIDs()}
				p.rules.Store(&rules{cfg: cfg})
				conn := &conn{Conn: client, p: p, rules: p.rules.Load()}
				begun, want := time.Now(), 0
				var err error
				for range c.answers {
					p.begin(conn, nil)
					for _, size := range c.pieces {
						time.Sleep(c.pause)
						if err == nil {
							err = conn.write(make([]byte, size))
						}
						want += size
					}
				}
				if c.err == nil {
					require.NoError(t, err)
					assert.Equal(t, want, client.taken)
					return
				}
				require.ErrorIs(t, err, c.err)
				assert.InEpsilon(t, c.within, time.Since(begun), 1.0/32)
			})
		})
	}
}

// TestAClientThatTakesNothing is cut after send_timeout, and has its line in the log.
func TestAClientThatTakesNothing(t *testing.T) {
	const size = 16 << 20 // more than sockets hold
	cases := map[string]func(t *testing.T) *python.Response{
		"memory": func(*testing.T) *python.Response { return whole("200 OK", strings.Repeat("x", size)) },
		"file":   func(t *testing.T) *python.Response { return filed(t, strings.Repeat("x", size), 0, size) },
		"spool": func(*testing.T) *python.Response {
			resp, out := whole("200 OK", ""), spool.New(spool.Limits{Memory: 64 << 10})
			resp.Stream = out
			go func() { // ends when the spool is closed
				var err error
				for err == nil {
					_, err = out.Write(make([]byte, 32<<10))
				}
				out.End(nil)
			}()
			return resp
		},
	}
	for name, answer := range cases {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, answering(func() *python.Response { return answer(t) }), func(cfg *config.Proxy) {
				cfg.SendTimeout = 50 * time.Millisecond
			})
			c := f.dial().send(get)
			f.linesNow(t, `" 200 `)
			f.emptied()
			_, err := io.Copy(io.Discard, c)
			require.Error(t, err, "nobody takes it for the whole")
			assert.Len(t, f.lines(), 1)
			assert.Contains(t, f.log.String(), "send_timeout")
			assert.NotContains(t, f.log.String(), "level=ERROR")
		})
	}
}

// TestAnApplicationThatPauses longer than a client may does the client no harm.
func TestAnApplicationThatPauses(t *testing.T) {
	app, spools := streaming(spool.Limits{Memory: 1 << 10})
	f := startFront(t, app, func(cfg *config.Proxy) { cfg.SendTimeout = 10 * time.Millisecond })
	c := f.dial().send(getStream)
	out := <-spools
	for range 5 {
		<-time.After(30 * time.Millisecond)
		_, err := out.Write([]byte(" more"))
		require.NoError(t, err)
	}
	out.End(nil)
	answer := c.next("GET")
	require.NoError(t, answer.err)
	assert.Equal(t, "first"+strings.Repeat(" more", 5), answer.body)
	c.open()
}
