package machine

import (
	"os"
	"os/exec"
	"testing"

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

func TestChildrenAreFound(t *testing.T) {
	sleeper := exec.CommandContext(t.Context(), "tail", "-f", os.DevNull)
	require.NoError(t, sleeper.Start())
	t.Cleanup(func() {
		_ = sleeper.Process.Kill() // it has no other end
		_ = sleeper.Wait()
	})
	children, err := Children(os.Getpid())
	require.NoError(t, err)
	assert.Contains(t, children, sleeper.Process.Pid)
	children, err = Children(sleeper.Process.Pid)
	require.NoError(t, err)
	assert.Empty(t, children)
}
