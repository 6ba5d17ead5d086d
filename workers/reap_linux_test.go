package workers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// adopting makes the test binary a process that gets the children of others, and has it reap them until the test is over.
func adopting(t *testing.T) *logbook {
	t.Helper()
	require.NoError(t, adoptOrphans())
	t.Cleanup(func() { assert.NoError(t, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)) })
	book := newLogbook(t)
	news := make(chan os.Signal, 1)
	signal.Notify(news, syscall.SIGCHLD)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var reaping sync.WaitGroup
	reaping.Go(func() { Reap(ctx, news, book.logger()) })
	t.Cleanup(func() {
		signal.Stop(news)
		stop()
		reaping.Wait()
	})
	return book
}

func TestAdoptedChildrenAreReapedAndOursAreNot(t *testing.T) {
	book := adopting(t)
	r := startPool(t, several(2), grace, scriptProgram(t, "exit 7", "ready"))
	workers := []*Worker{r.ready(), r.ready()}
	r.await(1, "worker not started") // its end was not taken from who waits for it

	path := filepath.Join(t.TempDir(), "gate")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	fifo, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, fifo.Close()) })
	const orphans = 20
	for range orphans { // a shell that leaves a child behind, which ends with a status that nobody asks for
		command := exec.Command("/bin/sh", "-c", `(read x; exit 9) <"$0" >/dev/null 2>&1 & echo $!`, path)
		var out strings.Builder
		command.Stdout = &out
		require.NoError(t, children.start(command))
		require.NoError(t, command.Wait())
		children.forget(command.Process.Pid)
		pid := strings.TrimSpace(out.String())
		_, err := fifo.WriteString("\n")
		require.NoError(t, err)
		book.await(1, "adopted process reaped", "pid", pid)
		_, err = os.Stat("/proc/" + pid)
		assert.ErrorIs(t, err, os.ErrNotExist)
	}
	for _, w := range workers {
		killHard(t, w)
		assert.Equal(t, "killed by SIGKILL", r.await(1, "worker exited", "pid", pidText(w))[0].attrs["exit"])
	}
	lines, _ := book.find("adopted process reaped")
	for _, w := range workers {
		for _, line := range lines {
			assert.NotEqual(t, fmt.Sprint(w.PID()), line.attrs["pid"])
		}
	}
}
