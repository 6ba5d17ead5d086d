package shortage

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPausesGrowUntilTheShortageHasPassed(t *testing.T) {
	var p Pauses
	for _, want := range []time.Duration{5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000} {
		assert.Equal(t, want*time.Millisecond, p.Next())
	}
	p.Over()
	assert.Equal(t, firstPause, p.Next())
}

func TestRoomEndsWithADescriptor(t *testing.T) {
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	like := int(file.Fd())
	var r Room
	assert.True(t, r.Left(like), "there is no bound")
	assert.False(t, r.Full(1<<20))
	r.Limit(1000)
	assert.True(t, r.Left(like))
	assert.False(t, r.Full(998))
	assert.True(t, r.Full(999), "it is the last one")
	r.Limit(3)
	assert.False(t, r.Left(like), "the standard streams are open")
	assert.True(t, (*Room)(nil).Left(like))
	assert.False(t, (*Room)(nil).Full(1<<20))
}
