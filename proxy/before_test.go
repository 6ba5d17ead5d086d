package proxy

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBefore(t *testing.T) {
	start := time.UnixMicro(1_700_000_000_500_000)
	cases := map[string]struct {
		value string
		want  time.Duration
	}{
		"seconds, as nginx":       {"t=1700000000.250", 250 * time.Millisecond},
		"whole seconds":           {"1700000000", 500 * time.Millisecond},
		"milliseconds, as Heroku": {"1700000000450", 50 * time.Millisecond},
		"milliseconds, with t":    {"t=1700000000450", 50 * time.Millisecond},
		"and a fraction":          {"t=1700000000450.5", 49500 * time.Microsecond},
		"microseconds, as Apache": {"t=1700000000499900", 100 * time.Microsecond},
		"the same moment":         {"t=1700000000.5", 0},
		"the future":              {"t=1700000001", 0},
		"the longest":             {"t=1699999400.5", 10 * time.Minute},
		"too long ago":            {"t=1699999400.4", 0},
		"nanoseconds":             {"1700000000450000000", 0},
		"zero":                    {"0", 0},
		"negative":                {"-1700000000", 0},
		"nothing":                 {"", 0},
		"no number":               {"t=", 0},
		"a word":                  {"t=now", 0},
		"an exponent":             {"t=1.7e9", 0},
		"a hexadecimal number":    {"0x6553f100", 0},
		"two points":              {"1700000000.2.5", 0},
		"two times":               {"t=1700000000.25, t=1700000000.3", 0},
		"endless":                 {"t=1700000000.250000000000000000000", 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, before(start, []byte(c.value))) })
	}
}

func FuzzBefore(f *testing.F) {
	f.Add("t=1700000000.250")
	f.Add("99999999999999999")
	f.Fuzz(func(t *testing.T, value string) {
		got := before(time.UnixMicro(1_700_000_000_500_000), []byte(value))
		require.GreaterOrEqual(t, got, time.Duration(0))
		require.LessOrEqual(t, got, maxBefore)
	})
}

// TestOnlyATrustedProxySaysSinceWhen: a stranger's field reaches nobody.
func TestOnlyATrustedProxySaysSinceWhen(t *testing.T) {
	since := "t=" + strconv.FormatInt(time.Now().Add(-time.Minute).UnixMilli(), 10)
	raw := "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Start: " + since + "\r\n\r\n"
	app := &application{}
	f := startFront(t, app, trustLoopback, timed)
	metrics := timingOf(t, f.dial().ask(raw))
	assert.Equal(t, since, app.seen()[0].environ["HTTP_X_REQUEST_START"])
	assert.InDelta(t, 60_000, metrics["before"], 10_000)
	assert.Less(t, metrics["total"], 60_000.0, "what was before us is no part of it")

	app = &application{}
	f = startFront(t, app, timed)
	assert.NotContains(t, timingOf(t, f.dial().ask(raw)), "before")
	assert.NotContains(t, app.seen()[0].environ, "HTTP_X_REQUEST_START")
}
