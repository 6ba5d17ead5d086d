package proxy

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/python"
)

// TestARefusalIsNobodysFault: what a client does wrong is in the access log alone, once.
func TestARefusalIsNobodysFault(t *testing.T) {
	for name, raw := range map[string]string{
		"no HTTP at all":      "\x16\x03\x01",
		"a line feed":         "GET / HTTP/1.1\nHost: a\r\n",
		"no Host":             "GET / HTTP/1.1\r\n\r\n",
		"a chunk of no size":  post("Transfer-Encoding: chunked\r\n", "x\r\n"),
		"an unknown protocol": "GET / HTTP/9.9\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, &application{})
			c := f.dial().send(raw)
			assert.GreaterOrEqual(t, c.next("GET").StatusCode, 400)
			c.closed()
			require.NoError(t, c.Close())
			assert.Len(t, f.lines(), 1)
			assert.NotContains(t, f.log.String(), "level=ERROR")
		})
	}
}

// TestAPanicRunsNothingTwice: the request may have done its work.
func TestAPanicRunsNothingTwice(t *testing.T) {
	app := &application{waits: true, answer: func(call) (*python.Response, error) { panic("hidden") }}
	f := startFront(t, app)
	c := f.dial().send(get + get)
	assert.Equal(t, http.StatusInternalServerError, c.next("GET").StatusCode)
	c.closed()
	require.NoError(t, c.Close())
	assert.Len(t, app.seen(), 1)
	assert.Len(t, f.lines(), 1)
	assert.NotContains(t, f.log.String(), "response cut")
}
