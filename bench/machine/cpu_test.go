package machine

import (
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseSchedstat(t *testing.T) {
	got, err := parseSchedstat([]byte("227122584 18892158 461\n"))
	require.NoError(t, err)
	assert.EqualValues(t, 227122584, got)
	_, err = parseSchedstat([]byte("\n"))
	assert.Error(t, err)
}

func TestCPUBetween(t *testing.T) {
	before := map[int]Usage{
		1: {ticks: 10, threads: map[string]time.Duration{"a": 1000, "b": 500}},
		2: {ticks: 4, threads: map[string]time.Duration{"c": 70}},
	}
	cases := map[string]struct {
		after map[int]Usage
		want  time.Duration
		err   error
	}{
		"all threads are still there": {
			after: map[int]Usage{1: {ticks: 11, threads: map[string]time.Duration{"a": 1500, "b": 600}}, 2: before[2]},
			want:  600,
		},
		"a new thread counts from its beginning": {
			after: map[int]Usage{1: before[1], 2: {ticks: 4, threads: map[string]time.Duration{"c": 71, "d": 9}}},
			want:  10,
		},
		"an ended thread leaves the ticks": {
			after: map[int]Usage{1: {ticks: 13, threads: map[string]time.Duration{"a": 9999, "e": 1}}, 2: before[2]},
			want:  30 * time.Millisecond,
		},
		"a kernel without schedstat leaves the ticks": {
			after: map[int]Usage{1: {ticks: 12}, 2: {ticks: 5}},
			want:  30 * time.Millisecond,
		},
		"a replaced process is an error": {after: map[int]Usage{1: before[1], 3: before[2]}, err: ErrTreeChanged},
		"an ended process is an error":   {after: map[int]Usage{1: before[1]}, err: ErrTreeChanged},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := CPUBetween(before, c.after)
			require.ErrorIs(t, err, c.err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestOwnWorkIsCounted(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("CPU time is read from /proc, which Linux alone has")
	}
	before, err := readThreads(os.Getpid())
	require.NoError(t, err)
	stat, err := os.ReadFile("/proc/self/stat")
	require.NoError(t, err)
	early, err := parseStat(string(stat))
	require.NoError(t, err)
	assert.Equal(t, os.Getppid(), early.parent)
	spin(50 * time.Millisecond)
	after, err := readThreads(os.Getpid())
	require.NoError(t, err)
	worked := Usage{threads: after}.since(Usage{threads: before})
	assert.Greater(t, worked, 10*time.Millisecond)
	assert.Less(t, worked, time.Minute)
}

// spin works until the process has had a CPU for so long.
func spin(d time.Duration) {
	for begin := used(); used()-begin < d; {
	}
}

// used is the CPU time of the process in user mode.
func used() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano())
}
