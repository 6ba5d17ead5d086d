package workers

import (
	"bytes"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOutputIsLoggedLineByLine(t *testing.T) {
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "talks"))
	w := r.ready()
	killHard(t, w)
	r.await(1, "worker exited", "pid", pidText(w))
	// All that it wrote is logged before its exit is.
	lines, _ := r.find("output", "pid", pidText(w), "stream", "stdout")
	var texts []string
	for _, line := range lines {
		assert.Equal(t, LevelOutput, line.level)
		assert.Equal(t, "1", line.attrs["worker"])
		texts = append(texts, line.attrs["line"])
	}
	x := strings.Repeat("x", longestLine)
	assert.Equal(t, []string{"a line on stdout", x, x, x[:40_000-2*longestLine], "half a line"}, texts)
	lines, _ = r.find("output", "pid", pidText(w), "stream", "stderr")
	require.Len(t, lines, 1)
	assert.Equal(t, "a line on stderr", lines[0].attrs["line"])
}

func TestChildThatHoldsTheStreamsHoldsNobodyUp(t *testing.T) {
	r := startPool(t, oneWorker(), grace, pythonProgram(t, "leaves_child", "PATH=/usr/bin:/bin"))
	w := r.ready()
	var child int
	for _, line := range r.await(1, "output", "pid", pidText(w)) {
		_, number, found := strings.Cut(line.attrs["line"], "child ")
		require.True(t, found, line)
		var err error
		child, err = strconv.Atoi(number)
		require.NoError(t, err)
	}
	t.Cleanup(func() { assert.NoError(t, syscall.Kill(child, syscall.SIGKILL)) })
	start := time.Now()
	killHard(t, w)
	next := r.ready()
	assert.NoError(t, syscall.Kill(child, 0), "it lives, and has the pipe")
	assert.Less(t, time.Since(start), deadline)
	line := r.await(1, "output", "pid", pidText(next))[0]
	other, err := strconv.Atoi(strings.TrimPrefix(line.attrs["line"], "child "))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, syscall.Kill(other, syscall.SIGKILL)) })
}

func FuzzOutput(f *testing.F) {
	for _, text := range []string{"", "\n", "\n\n", "a\nb", "a\r\n", "\x00\xff\n", strings.Repeat("y", longestLine) + "\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		log := newLogbook(t)
		logLines(bytes.NewReader(text), log.logger(), "stdout")
		lines, _ := log.find("output")
		var joined strings.Builder
		for _, line := range lines {
			assert.NotEmpty(t, line.attrs["line"])
			assert.LessOrEqual(t, len(line.attrs["line"]), longestLine)
			joined.WriteString(line.attrs["line"])
		}
		assert.Equal(t, strings.ReplaceAll(string(text), "\n", ""), joined.String(), "nothing is lost, and only line ends are left out")
	})
}
