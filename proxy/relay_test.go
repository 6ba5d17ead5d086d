package proxy

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

const relayed = "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n"

func fromRelay(cfg *config.Proxy) { cfg.ProxyProtocolFrom = []string{"127.0.0.0/8"} }

// TestARelaySaysWhoItsClientIs: environ and access log have the client's address, for every request of the connection.
func TestARelaySaysWhoItsClientIs(t *testing.T) {
	app := &application{}
	f := startFront(t, app, fromRelay)
	c := f.dial().send(relayed)
	for range 2 {
		require.Equal(t, http.StatusOK, c.ask(get).StatusCode)
	}
	_ = c.Close()
	for _, seen := range app.seen() {
		assert.Equal(t, "192.0.2.7", seen.environ["REMOTE_ADDR"])
		assert.Equal(t, "4711", seen.environ["REMOTE_PORT"])
		assert.Equal(t, "443", seen.environ["SERVER_PORT"])
		assert.Equal(t, "198.51.100.1", seen.environ["SERVER_NAME"])
	}
	for _, line := range f.lines() {
		assert.Contains(t, line, "192.0.2.7 - - ")
	}
}

// TestARelaysClientIsAStrangerAgain: what it says in forwarded fields counts only if it is trusted itself.
func TestARelaysClientIsAStrangerAgain(t *testing.T) {
	for trusted, want := range map[string]string{"127.0.0.1": "192.0.2.7", "192.0.2.7": "203.0.113.9"} {
		app := &application{}
		f := startFront(t, app, fromRelay, func(cfg *config.Proxy) { cfg.ForwardedAllowIPs = []string{trusted} })
		f.dial().ask(relayed + "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n")
		assert.Equal(t, want, app.seen()[0].environ["REMOTE_ADDR"])
	}
}

func TestARelayWithoutAHeaderIsDropped(t *testing.T) {
	app := &application{}
	f := startFront(t, app, fromRelay)
	c := f.dial().send(get)
	_, err := c.r.ReadByte()
	require.Error(t, err)
	assert.Empty(t, app.seen())
	assert.Empty(t, f.lines())
	assert.Contains(t, f.log.String(), "connection dropped")
}

// TestAStrangersHeaderIsNoRequest: who is not named cannot give himself another address.
func TestAStrangersHeaderIsNoRequest(t *testing.T) {
	app := &application{}
	f := startFront(t, app, func(cfg *config.Proxy) { cfg.ProxyProtocolFrom = []string{"192.0.2.0/24"} })
	assert.Equal(t, http.StatusBadRequest, f.dial().ask(relayed+get).StatusCode)
	assert.Empty(t, app.seen())
}

func TestARelaysClientsAreBoundedEach(t *testing.T) {
	f := startFront(t, &application{}, fromRelay, func(cfg *config.Proxy) { cfg.MaxConnectionsPerAddress = 1 })
	first := f.dial().send(relayed)
	first.open()
	other := f.dial().send("PROXY TCP4 192.0.2.8 198.51.100.1 4711 443\r\n")
	other.open()
	second := f.dial().send(relayed)
	assert.Equal(t, http.StatusServiceUnavailable, second.next("GET").StatusCode)
	own := f.dial().send("PROXY UNKNOWN\r\n") // a health check of the relay's own
	own.open()
}
