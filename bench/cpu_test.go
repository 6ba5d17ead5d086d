package main

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseStat(t *testing.T) {
	const rest = " S 7 100 100 0 -1 4194304 10 20 30 40 250 50 9000 9000 20 0 4 0 1234 5678 90"
	cases := map[string]string{
		"an ordinary name":              "42 (nginx)" + rest,
		"a name with a space":           "42 (Web Content)" + rest,
		"a name that looks like fields": "42 (a) R 1 2 (b)" + rest,
	}
	for name, line := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat(line)
			require.NoError(t, err)
			assert.Equal(t, procStat{parent: 7, ticks: 300}, got)
		})
	}
}

func TestParseStatRefuses(t *testing.T) {
	cases := map[string]string{
		"nothing":               "",
		"no name":               "42 nginx S 7",
		"too few fields":        "42 (nginx) S 7 100 100",
		"a time that is a word": "42 (nginx) S 7 100 100 0 -1 4194304 10 20 30 40 many 50",
	}
	for name, line := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := parseStat(line)
			assert.ErrorContains(t, err, "read process state")
		})
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add("42 (a) R 1 2 (b) S 7 100 100 0 -1 4194304 10 20 30 40 250 50 9000 9000")
	f.Add(") ) )")
	f.Fuzz(func(_ *testing.T, line string) {
		_, _ = parseStat(line) // it may refuse, not panic
	})
}

func TestDescendantsLeaveOutStrangers(t *testing.T) {
	all := map[int]procStat{1: {parent: 0}, 10: {parent: 1}, 11: {parent: 10}, 12: {parent: 11}, 20: {parent: 1}, 30: {parent: 1}}
	assert.ElementsMatch(t, []int{10, 11, 12, 20}, descendants(all, []int{10, 20}))
}

func TestParseSchedstat(t *testing.T) {
	got, err := parseSchedstat([]byte("227122584 18892158 461\n"))
	require.NoError(t, err)
	assert.EqualValues(t, 227122584, got)
	_, err = parseSchedstat([]byte("\n"))
	assert.Error(t, err)
}

func TestCPUBetween(t *testing.T) {
	before := map[int]usage{
		1: {ticks: 10, threads: map[string]time.Duration{"a": 1000, "b": 500}},
		2: {ticks: 4, threads: map[string]time.Duration{"c": 70}},
	}
	cases := map[string]struct {
		after map[int]usage
		want  time.Duration
		err   error
	}{
		"all threads are still there": {
			after: map[int]usage{1: {ticks: 11, threads: map[string]time.Duration{"a": 1500, "b": 600}}, 2: before[2]},
			want:  600,
		},
		"a new thread counts from its beginning": {
			after: map[int]usage{1: before[1], 2: {ticks: 4, threads: map[string]time.Duration{"c": 71, "d": 9}}},
			want:  10,
		},
		"an ended thread leaves the ticks": {
			after: map[int]usage{1: {ticks: 13, threads: map[string]time.Duration{"a": 9999, "e": 1}}, 2: before[2]},
			want:  30 * time.Millisecond,
		},
		"a kernel without schedstat leaves the ticks": {
			after: map[int]usage{1: {ticks: 12}, 2: {ticks: 5}},
			want:  30 * time.Millisecond,
		},
		"a replaced process is an error": {after: map[int]usage{1: before[1], 3: before[2]}, err: errTreeChanged},
		"an ended process is an error":   {after: map[int]usage{1: before[1]}, err: errTreeChanged},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := cpuBetween(before, c.after)
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
	worked := usage{threads: after}.since(usage{threads: before})
	assert.Greater(t, worked, 10*time.Millisecond)
	assert.Less(t, worked, time.Minute)
}

// spin keeps a CPU busy until the clock has gone on by that much.
func spin(d time.Duration) {
	for begin := time.Now(); time.Since(begin) < d; {
	}
}
