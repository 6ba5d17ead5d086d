package proxy

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

// turnedAway asserts that a connection is answered 503 before it has asked for anything, and ends.
func turnedAway(t *testing.T, f *front) {
	t.Helper()
	c := f.dial()
	answer := c.next("GET")
	require.NoError(t, answer.err)
	assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	assert.True(t, answer.Close)
	c.closed()
}

func TestConnectionsBeyondTheLimitAreAnsweredAndLogged(t *testing.T) {
	limits := map[string]func(*config.Proxy){
		"in all":         func(cfg *config.Proxy) { cfg.MaxConnections = 2 },
		"of one address": func(cfg *config.Proxy) { cfg.MaxConnectionsPerAddress = 2 },
	}
	for name, limit := range limits {
		t.Run(name, func(t *testing.T) {
			f := startFront(t, &application{}, limit)
			first, second := f.dial(), f.dial()
			first.open()
			second.open()
			turnedAway(t, f)
			f.linesNow(t, " 503 ")
			require.NoError(t, first.Close())
			require.Eventually(t, func() bool { // the server learns of the end a little later
				c := f.dial()
				defer func() { _ = c.Close() }()
				return c.ask(get).StatusCode == http.StatusOK
			}, patience, time.Millisecond)
			second.open()
		})
	}
}

// TestAnAddressDoesNotCrowdOutOthers: a limit for each address is for that address alone.
func TestAnAddressDoesNotCrowdOutOthers(t *testing.T) {
	var d door
	one, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	first, second, third := new(conn), new(conn), new(conn)
	require.NoError(t, d.enter(first, 0))
	require.NoError(t, d.claim(one, 1))
	require.NoError(t, d.enter(second, 0))
	require.ErrorIs(t, d.claim(one, 1), errTooManyFrom)
	d.leave(second, netip.Addr{})
	require.NoError(t, d.enter(third, 0))
	require.NoError(t, d.claim(other, 1))
	d.leave(first, one)
	require.NoError(t, d.enter(second, 0))
	require.NoError(t, d.claim(one, 1), "those that were turned away do not count")
	d.leave(second, one)
	d.leave(third, other)
	assert.Empty(t, d.from)
	assert.Empty(t, d.open)
}

func TestHousehold(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1":            "192.0.2.1",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::",
		"2001:db8:1:2:ffff::":  "2001:db8:1:2::",
		"fe80::1%eth0":         "fe80::",
	} {
		assert.Equal(t, want, household(netip.MustParseAddr(addr)).String())
	}
}

func TestRequestsOfAConnectionAreBounded(t *testing.T) {
	f := startFront(t, &application{}, func(cfg *config.Proxy) { cfg.KeepAliveRequests = 2 })
	c := f.dial()
	assert.False(t, c.ask(get).Close)
	assert.True(t, c.ask(get).Close)
	c.closed()
}

// TestAPipelineEndsAtTheBound: what was sent behind the last request that is served gets no answer.
func TestAPipelineEndsAtTheBound(t *testing.T) {
	app := &application{}
	f := startFront(t, app, func(cfg *config.Proxy) { cfg.KeepAliveRequests = 2 })
	c := f.dial().send(strings.Repeat(get, 4))
	assert.Equal(t, http.StatusOK, c.next("GET").StatusCode)
	assert.True(t, c.next("GET").Close)
	_, err := c.r.ReadByte()
	assert.Error(t, err)
	assert.Len(t, app.seen(), 2)
}
