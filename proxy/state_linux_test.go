package proxy

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

func TestConnectionsAreCounted(t *testing.T) {
	f := startFront(t, &application{}, bySocket(t), func(cfg *config.Proxy) { cfg.MaxConnections = 7 }).hasten(time.Millisecond)
	assert.Equal(t, State{Limit: 7}, f.proxy.State())
	c := f.dial()
	assert.Equal(t, 200, c.ask(get).StatusCode)
	c.rests(f, 1)
	assert.Equal(t, State{Limit: 7, Open: 1, Idle: 1}, f.proxy.State())
	half := f.dial()
	half.send(get[:10])
	half.rests(f, 2)
	assert.Equal(t, State{Limit: 7, Open: 2, Idle: 1}, f.proxy.State(), "the other one has begun a request")
	require.NoError(t, c.Close())
	require.Eventually(t, func() bool { return f.proxy.State() == State{Limit: 7, Open: 1} }, patience, time.Millisecond)
}
