package main

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAreasOfAProgram(t *testing.T) {
	maps := `00400000-00a00000 r-xp 00000000 fe:00 131 /usr/bin/a b
00a00000-01000000 r--p 00600000 fe:00 131                        /usr/bin/a b
01000000-01100000 rw-p 00c00000 fe:00 131                        /usr/bin/a b
01100000-01200000 r--s 00c00000 fe:00 131                        /usr/bin/a b
7f0000000000-7f0000001000 r-xp 00000000 fe:00 99                 /usr/lib/b
7f0000002000-7f0000003000 ---p 00000000 fe:00 131                /usr/bin/a b
7f0000004000-7f0000005000 rw-p 00000000 00:00 0
half a line
xyz-7f0000005000 r--p 00000000 fe:00 131 /usr/bin/a b
`
	assert.Equal(t, []area{{0x400000, 0xa00000}, {0xa00000, 0x1000000}}, areasOf(strings.NewReader(maps), "/usr/bin/a b"))
}

// TestPagesOfTheStartAreForgotten, and those that are used again come back.
func TestPagesOfTheStartAreForgotten(t *testing.T) {
	before := fileKiB(t)
	forgetStart()
	assert.Less(t, fileKiB(t), before-(1<<10))
}

// fileKiB is how much of this process's memory is pages of files.
func fileKiB(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(status), "RssFile:")
	require.True(t, found)
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return kib
}
