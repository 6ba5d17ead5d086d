package proxy

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/proxy/access"
	"forebay/python"
	"forebay/python/spool"
)

func itoa(n int) string { return strconv.Itoa(n) }

func hash(s string) [32]byte { return sha256.Sum256([]byte(s)) }

// refused waits until nothing is accepted any more.
func (f *front) refused(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		c, err := net.Dial(f.addr.Network(), f.addr.String())
		if err == nil {
			_ = c.Close() // the listener is still open
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	}, patience, time.Millisecond)
}

func TestDrain(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	app := &application{answer: func(seen call) (*python.Response, error) {
		if seen.environ["PATH_INFO"] == "/slow" {
			entered <- struct{}{}
			<-leave
		}
		return whole("200 OK", "done"), nil
	}}
	f := startFront(t, app)
	idle := f.dial()
	idle.open()
	running := f.dial().send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
	<-entered
	f.stop()
	f.refused(t)
	idle.closed()
	select {
	case err := <-f.ended:
		require.Fail(t, "it ended before its last request", "%v", err)
	default:
	}
	close(leave)
	answer := running.next("GET")
	require.NoError(t, answer.err)
	assert.Equal(t, "done", answer.body)
	assert.True(t, answer.Close, "Connection: close while draining")
	running.closed()
	assert.Len(t, f.lines(), 2)
}

// TestDrainWaitsForStreams: of both kinds, those of HTTP/1.0 too, which is what nginx speaks by default.
func TestDrainWaitsForStreams(t *testing.T) {
	for _, request := range []string{get, "GET / HTTP/1.0\r\n\r\n"} {
		t.Run(request[6:14], func(t *testing.T) {
			out := spool.New(spool.Limits{Memory: 100})
			f := startFront(t, answering(func() *python.Response {
				resp := whole("200 OK", "")
				resp.Stream = out
				return resp
			}))
			c := f.dial().send(request)
			_, err := out.Write([]byte("first "))
			require.NoError(t, err)
			resp := c.head("GET")
			f.stop()
			f.refused(t)
			select {
			case err := <-f.ended:
				require.Fail(t, "it ended before its last answer", "%v", err)
			case <-time.After(300 * time.Millisecond): // the server looks ten times a second
			}
			_, err = out.Write([]byte("last"))
			require.NoError(t, err)
			out.End(nil)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, "first last", string(body))
			assert.Len(t, f.lines(), 1)
		})
	}
}

// TestTheEndOfDrainEndsRun whatever still runs.
func TestTheEndOfDrainEndsRun(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	f := startFront(t, &application{answer: func(call) (*python.Response, error) {
		entered <- struct{}{}
		<-leave
		return whole("200 OK", ""), nil
	}})
	c := f.dial().send(get)
	<-entered
	f.stop()
	f.drain()
	select {
	case err := <-f.ended:
		require.NoError(t, err)
		f.ended <- nil
	case <-time.After(patience):
		require.Fail(t, "Run goes on")
	}
	close(leave)
	c.next("GET")
}

// TestAStopBeforeTheStart: a signal may come at any moment.
func TestAStopBeforeTheStart(t *testing.T) {
	for range 20 {
		cfg := config.Default().Proxy
		cfg.Bind = []string{"127.0.0.1:0", "127.0.0.1:0"}
		accessLog, err := access.Open(config.Log{AccessFormat: config.FormatAuto}, access.Stdout{}, nil)
		require.NoError(t, err)
		p, err := New(Settings{Proxy: cfg}, nil, &application{}, accessLog, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		_, err = p.Listen(t.Context())
		require.NoError(t, err)
		ctx, stop := context.WithCancel(context.Background())
		stop()
		ended := make(chan error, 1)
		go func() { ended <- p.Run(ctx, context.Background()) }() // ends at once
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-time.After(patience):
			p.Close()
			require.Fail(t, "Run does not end")
		}
	}
}

// shortListener fails a few times as accept(2) does when the process has no descriptor left.
type shortListener struct {
	net.Listener
	failures []error
}

func (l *shortListener) Accept() (net.Conn, error) {
	if len(l.failures) > 0 {
		err := l.failures[0]
		l.failures = l.failures[1:]
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: err}
	}
	return l.Listener.Accept()
}

func TestAcceptGoesOn(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var log safeBuffer
	l := &listener{
		Listener: &shortListener{inner, []error{syscall.EMFILE, syscall.ECONNABORTED, syscall.ENFILE}},
		log:      slog.New(slog.NewTextHandler(&log, nil)),
	}
	c, err := net.Dial("tcp", inner.Addr().String())
	require.NoError(t, err)
	defer func() { _ = c.Close() }() // the test is over
	accepted, err := l.Accept()
	require.NoError(t, err)
	require.NoError(t, accepted.Close())
	assert.Contains(t, log.String(), "too many open files")
	assert.NotContains(t, log.String(), "abort")
	require.NoError(t, l.Close())
	_, err = l.Accept()
	assert.ErrorIs(t, err, net.ErrClosed)
}

func TestForwardedFields(t *testing.T) {
	said := "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nForwarded: for=192.0.2.8\r\n" +
		"X-Real-IP: 192.0.2.9\r\nX-Forwarded-Prefix: /x\r\nX-Client-IP: 192.0.2.9\r\n"
	cases := map[string]struct {
		trust  string
		fields string
		remote string
		scheme string
		kept   bool
		unix   bool
	}{
		"a stranger":              {"", said, "127.0.0.1", "http", false, false},
		"another one is trusted":  {"192.0.2.0/24", said, "127.0.0.1", "http", false, false},
		"trusted":                 {"127.0.0.1", "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n", "192.0.2.7", "https", true, false},
		"trusted, says nothing":   {"127.0.0.1", "", "127.0.0.1", "http", false, false},
		"trusted, spoofed before": {"127.0.0.1", "X-Forwarded-For: 10.0.0.1, 192.0.2.7\r\n", "192.0.2.7", "http", true, false},
		"a stranger's socket":     {"", said, "", "http", false, true},
		"a trusted socket":        {"unix", "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n", "192.0.2.7", "https", true, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			app := &application{}
			f := startFront(t, app, func(cfg *config.Proxy) {
				if c.trust != "" {
					cfg.ForwardedAllowIPs = []string{c.trust}
				}
				if c.unix {
					cfg.Bind = []string{"unix:" + filepath.Join(t.TempDir(), "s")}
				}
			})
			require.Equal(t, http.StatusOK, f.dial().ask("GET / HTTP/1.1\r\nHost: a.example:81\r\n"+c.fields+"\r\n").StatusCode)
			environ := app.seen()[0].environ
			assert.Equal(t, c.remote, environ["REMOTE_ADDR"])
			assert.Equal(t, c.scheme, environ["wsgi.url_scheme"])
			for _, key := range []string{"HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO"} {
				if !c.kept {
					assert.NotContains(t, environ, key)
				}
			}
			if c.trust == "" {
				for _, key := range []string{"HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PREFIX", "HTTP_X_CLIENT_IP"} {
					assert.NotContains(t, environ, key)
				}
			}
			if c.unix {
				assert.Equal(t, "a.example", environ["SERVER_NAME"])
				assert.Equal(t, "81", environ["SERVER_PORT"])
			}
		})
	}
}

// TestWhatTheClientAskedFor: SERVER_NAME and SERVER_PORT are what a trusted proxy says that its client has asked for. Many a
// proxy passes X-Forwarded-Host on as clients write it, so HTTP_HOST stays as it is, and the field as well: whether it
// is to be believed is a setting of frameworks.
func TestWhatTheClientAskedFor(t *testing.T) {
	cases := map[string]struct {
		trust, fields    string
		name, port, said string
	}{
		"a stranger":        {"192.0.2.1", "X-Forwarded-Host: b.example\r\nX-Forwarded-Port: 444\r\nForwarded: host=c.example\r\n", "127.0.0.1", "", ""},
		"nothing":           {"127.0.0.1", "X-Forwarded-For: 192.0.2.7\r\n", "127.0.0.1", "", ""},
		"a host":            {"127.0.0.1", "X-Forwarded-Host: b.example\r\n", "b.example", "80", "b.example"},
		"a host, by TLS":    {"127.0.0.1", "X-Forwarded-Host: b.example\r\nX-Forwarded-Proto: https\r\n", "b.example", "443", "b.example"},
		"a host with port":  {"127.0.0.1", "X-Forwarded-Host: b.example:82\r\n", "b.example", "82", "b.example:82"},
		"a port":            {"127.0.0.1", "X-Forwarded-Port: 444\r\n", "127.0.0.1", "444", ""},
		"both":              {"127.0.0.1", "X-Forwarded-Host: b.example:82\r\nX-Forwarded-Port: 444\r\n", "b.example", "444", "b.example:82"},
		"the last one":      {"127.0.0.1", "X-Forwarded-Host: evil, b.example\r\nX-Forwarded-Port: 1, 444\r\n", "b.example", "444", "evil, b.example"},
		"not a host":        {"127.0.0.1", "X-Forwarded-Host: b.example/x\r\nX-Forwarded-Port: 99999\r\n", "127.0.0.1", "", "b.example/x"},
		"in Forwarded":      {"127.0.0.1", "Forwarded: for=192.0.2.7;host=\"b.example:82\";proto=https\r\n", "b.example", "82", ""},
		"left of a client":  {"127.0.0.1", "Forwarded: host=evil, for=192.0.2.7;host=b.example\r\n", "b.example", "80", ""},
		"no word of a host": {"127.0.0.1", "Forwarded: for=192.0.2.7;proto=https\r\n", "127.0.0.1", "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			app := &application{}
			f := startFront(t, app, func(cfg *config.Proxy) { cfg.ForwardedAllowIPs = []string{c.trust} })
			f.dial().ask("GET / HTTP/1.1\r\nHost: a.example:81\r\n" + c.fields + "\r\n")
			environ := app.seen()[0].environ
			if c.port == "" {
				_, c.port, _ = net.SplitHostPort(f.addr.String())
			}
			assert.Equal(t, c.name, environ["SERVER_NAME"])
			assert.Equal(t, c.port, environ["SERVER_PORT"])
			assert.Equal(t, "a.example:81", environ["HTTP_HOST"])
			said, _ := environ["HTTP_X_FORWARDED_HOST"].(string)
			assert.Equal(t, c.said, said)
		})
	}
}

func TestScriptName(t *testing.T) {
	cases := map[string]struct {
		target, path string
		status       int
	}{
		"below":            {"/shop/a%20b", "/a b", 200},
		"the mount itself": {"/shop", "", 200},
		"the root of it":   {"/shop/", "/", 200},
		"a longer name":    {"/shopping", "", 404},
		"beside":           {"/", "", 404},
		"escaped":          {"/%73hop/a", "/a", 200},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			app := &application{}
			cfg := config.Default().Proxy
			cfg.Bind = []string{"127.0.0.1:0"}
			f := startMounted(t, app, cfg, "/shop")
			answer := f.dial().ask("GET " + c.target + " HTTP/1.1\r\nHost: a\r\nScript-Name: /evil\r\nSCRIPT_NAME: /evil\r\n\r\n")
			require.Equal(t, c.status, answer.StatusCode)
			if c.status == 200 {
				assert.Equal(t, c.path, app.seen()[0].environ["PATH_INFO"])
				assert.Equal(t, c.target, app.seen()[0].environ["RAW_URI"])
				assert.NotContains(t, app.seen()[0].environ, "SCRIPT_NAME") // the worker's own, from the configuration
			}
		})
	}
}
