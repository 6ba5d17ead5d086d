package main_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var openFiles = regexp.MustCompile(`Max open files\s+(\d+)\s+(\d+)`)

// TestTheLimitOfDescriptorsIsRaised: the master takes as many as it may have, and its workers get the limit that it found,
// as select(2) in an application cannot go beyond.
func TestTheLimitOfDescriptorsIsRaised(t *testing.T) {
	var before syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before))
	t.Cleanup(func() { _ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before) })
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 512, Max: before.Max}))
	s := startForebay(t, "-w", "1")
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before))
	for _, pid := range s.Processes() {
		limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
		require.NoError(t, err)
		found := openFiles.FindSubmatch(limits)
		require.NotNil(t, found, "%s", limits)
		soft, err := strconv.ParseUint(string(found[1]), 10, 64)
		require.NoError(t, err)
		if pid == s.PID {
			assert.GreaterOrEqual(t, soft, before.Max-1, "the master; Go leaves one, to know its own setting again")
		} else {
			assert.Equal(t, uint64(512), soft, "a worker")
		}
	}
}
