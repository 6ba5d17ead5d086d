package syscalls

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCallsAreCounted has a process copy a hundred lines, which are a read and a write each.
func TestCallsAreCounted(t *testing.T) {
	ways := map[string]func(*testing.T) func(context.Context, []int, func() error) (int64, error){
		"by tracepoint": func(t *testing.T) func(context.Context, []int, func() error) (int64, error) {
			id, err := tracepoint()
			if err != nil {
				t.Skip("events may not be counted here: ", err)
			}
			return func(_ context.Context, pids []int, work func() error) (int64, error) {
				return countEvents(id, pids, work)
			}
		},
		"by strace": func(t *testing.T) func(context.Context, []int, func() error) (int64, error) {
			path, err := findStrace()
			if err != nil {
				t.Skip("strace is not installed")
			}
			return func(ctx context.Context, pids []int, work func() error) (int64, error) {
				return strace(ctx, path, pids, work)
			}
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			counter := Counter{count: way(t)}
			ask, pid := copier(t)
			n, err := counter.Around(t.Context(), []int{pid}, func() error {
				for range 100 {
					ask()
				}
				return nil
			})
			require.NoError(t, err)
			assert.InDelta(t, 200, n, 20)
		})
	}
}

// copier starts cat and returns what sends it a line and waits for it to come back.
func copier(t *testing.T) (ask func(), pid int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "cat", "-u")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close() // it ends with its input
		_ = cmd.Wait()
	})
	lines := bufio.NewReader(out)
	ask = func() {
		_, err := io.WriteString(in, "line\n")
		require.NoError(t, err)
		_, err = lines.ReadString('\n')
		require.NoError(t, err)
	}
	ask()
	return ask, cmd.Process.Pid
}

func TestParseTotal(t *testing.T) {
	const table = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 62.50    0.000010           0       100           read
 37.50    0.000006           0       100         3 write
------ ----------- ----------- --------- --------- ----------------
100.00    0.000016           0       %s total
`
	for calls, want := range map[string]int64{"200": 200, "7654321         3": 7654321} {
		got, err := parseTotal("strace: Process 1 detached\n" + table[:len(table)-9] + calls + " total\n")
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	_, err := parseTotal("strace: attach: Operation not permitted\n")
	assert.Error(t, err)
}

func TestAFaultOfTheWorkIsTold(t *testing.T) {
	counter, err := New()
	if err != nil {
		t.Skip("nothing counts here: ", err)
	}
	_, pid := copier(t)
	_, err = counter.Around(t.Context(), []int{pid}, func() error { return io.ErrNoProgress })
	require.ErrorIs(t, err, io.ErrNoProgress)
	_, err = counter.Around(t.Context(), []int{1 << 30}, func() error { return nil })
	assert.Error(t, err)
}
