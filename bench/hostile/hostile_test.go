package hostile

import (
	"context"
	"io"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/bench/crowd"
	"forebay/bench/peer"
)

// asCrowd makes the test binary a crowd in a process of its own.
const asCrowd = "BENCH_TEST_CROWD"

func TestMain(m *testing.M) {
	if os.Getenv(asCrowd) == "" {
		os.Exit(m.Run())
	}
	if err := crowd.Main(context.Background(), os.Args[1:]); err != nil {
		_, _ = io.WriteString(os.Stderr, err.Error()) // who started us reads it
		os.Exit(1)
	}
}

// TestForebayBearsAFew measures the real server with a few clients of each kind, which shows that all parts fit together:
// the clients come and stay, nobody fails, and the figures are there.
func TestForebayBearsAFew(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes are measured by /proc, which Linux alone has")
	}
	t.Setenv(asCrowd, "1")
	self, err := os.Executable()
	require.NoError(t, err)
	opts, err := parseOptions([]string{
		"-peers", "forebay", "-half-open", "forebay", "-clients", "20", "-fast-duration", "1s", "-fast-rate", "50", "-tries", "1",
		"-kinds", "slow-body", "-wait-duration", "1s",
	})
	require.NoError(t, err)
	kit, err := peer.Prepare(t.Context(), opts.choice())
	t.Cleanup(kit.Clean)
	require.NoError(t, err)
	b := &bench{opts: opts, kit: kit, crowd: []string{self}}
	found, err := b.run(t.Context())
	require.NoError(t, err)
	require.Len(t, found.Trials, 1)
	for _, trial := range found.Trials {
		assert.Equal(t, 50, trial.Alone.Answered, trial)
		assert.Equal(t, 50, trial.With.Answered, trial)
		assert.Equal(t, 50, trial.Control.Answered, trial)
		assert.Positive(t, trial.ratio(), trial)
		assert.Positive(t, trial.paired(), trial)
		assert.Equal(t, 20, trial.Clients.Settled, trial)
		assert.Equal(t, 20, trial.Open.Accepted, trial)
		assert.Zero(t, trial.Clients.Cuts(), trial)
	}
	require.Len(t, found.Waits, 2)
	for _, wait := range found.Waits {
		assert.Equal(t, wait.Sent, wait.Got.Answered, wait)
	}
	found.WriteMarkdown(io.Discard)
}
