package gauge

import (
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/bench/peer"
)

// newPeer starts a real peer, of Python alone.
func newPeer(t *testing.T) peer.Peer {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("processes are measured by /proc, which Linux alone has")
	}
	kit, err := peer.Prepare(t.Context(), peer.Choice{Peers: []string{"forebay"}, Workers: 1, Threads: 1, Python: "python3"})
	t.Cleanup(kit.Clean)
	require.NoError(t, err)
	one := peer.New("forebay", kit)
	t.Cleanup(one.Stop)
	require.NoError(t, peer.Start(t.Context(), one, peer.Hello))
	return one
}

func TestWhatAPeerTakesIsMeasured(t *testing.T) {
	one := newPeer(t)
	cost, err := Around(one, func() (time.Duration, error) {
		for range 20 {
			if err := peer.Ask(t.Context(), one.URL(), peer.Hello); err != nil {
				return 0, err
			}
		}
		return time.Hour, nil
	})
	require.NoError(t, err)
	assert.Positive(t, cost.CPU)
	assert.Positive(t, cost.Switches)
	assert.Greater(t, cost.PSS, int64(1<<20))
	assert.Zero(t, cost.Others, "all that was done is ours")

	_, err = Around(one, func() (time.Duration, error) { return 0, io.ErrNoProgress })
	assert.ErrorIs(t, err, io.ErrNoProgress)
}
