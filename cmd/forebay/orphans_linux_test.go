package main_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestFirstProcessReapsOrphans(t *testing.T) {
	t.Run("of a container", func(t *testing.T) {
		if os.Getuid() != 0 {
			t.Skip("needs root, for a namespace of processes")
		}
		orphanKeeper(t, func(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID} })
	})
	t.Run("a subreaper", func(t *testing.T) {
		orphanKeeper(t, func(cmd *exec.Cmd) {
			become := fmt.Sprintf("import ctypes, os, sys; ctypes.CDLL(None).prctl(%d, 1); os.execv(sys.argv[1], sys.argv[1:])",
				unix.PR_SET_CHILD_SUBREAPER)
			cmd.Args = append([]string{"python3", "-c", become, cmd.Path}, cmd.Args[1:]...)
			path, err := exec.LookPath("python3")
			require.NoError(t, err)
			cmd.Path = path
		})
	})
}

// orphanKeeper runs a server that adopts the orphans of orphans.py, and lets them end.
func orphanKeeper(t *testing.T, prepare func(*exec.Cmd)) {
	gate := filepath.Join(t.TempDir(), "gate")
	require.NoError(t, syscall.Mkfifo(gate, 0o600))
	s := launch(t, prepare, "-b", "127.0.0.1:0", "-w", "2", "--chdir", apps, "-e", "GATE="+gate, "--log-level", "debug", "orphans")
	s.Stderr.AwaitCount(t, 2, regexp.MustCompile(`DEBUG worker ready`))
	for range 10 {
		require.Equal(t, 200, await(t, begin(s.URL)).status)
	}
	orphans := childrenOf(t, s.PID, "sh")
	require.Len(t, orphans, 10, "adopted by forebay")
	opened, err := os.OpenFile(gate, os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = io.WriteString(opened, strings.Repeat("\n", 10))
	require.NoError(t, err)
	s.Stderr.AwaitCount(t, 10, regexp.MustCompile(`DEBUG adopted process reaped pid=`))
	assert.Empty(t, childrenOf(t, s.PID, "sh"))
	require.NoError(t, opened.Close())

	for _, pid := range childrenOf(t, s.PID, "python") { // our own are still waited for by who started them
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	}
	s.Stderr.AwaitCount(t, 2, regexp.MustCompile(`worker exited worker=\d pid=\d+ exit="killed by SIGKILL"`))
	require.Equal(t, 200, await(t, begin(s.URL)).status)
	opened, err = os.OpenFile(gate, os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = io.WriteString(opened, "\n")
	require.NoError(t, err)
	s.Stderr.AwaitCount(t, 11, regexp.MustCompile(`DEBUG adopted process reaped pid=`))
	require.NoError(t, opened.Close())
	s.Stop()
}
