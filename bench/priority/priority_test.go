package priority

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThePriorityIsGivenBack(t *testing.T) {
	before, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	require.NoError(t, err)
	restore, err := Raise()
	if err != nil {
		t.Skip("it takes root:", err)
	}
	during, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	require.NoError(t, err)
	assert.Equal(t, 20-first, during)
	restore()
	after, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	require.NoError(t, err)
	assert.Equal(t, before, after)
}
