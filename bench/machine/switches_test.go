package machine

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseSwitches(t *testing.T) {
	got, err := parseSwitches("Name:\tpython3\nvoluntary_ctxt_switches:\t150\nnonvoluntary_ctxt_switches:\t7\n")
	require.NoError(t, err)
	assert.EqualValues(t, 157, got)
	for name, text := range map[string]string{
		"neither": "Name:\tx\n", "one": "voluntary_ctxt_switches:\t150\n", "words": "voluntary_ctxt_switches:\tmany\n",
	} {
		_, err := parseSwitches(text)
		assert.Error(t, err, name)
	}
}

func TestSwitchesBetween(t *testing.T) {
	before := map[int]Usage{1: {switches: map[string]int64{"a": 10, "b": 5}}}
	after := map[int]Usage{1: {switches: map[string]int64{"a": 13, "c": 2}}, 2: {switches: map[string]int64{"d": 1}}}
	assert.EqualValues(t, 6, SwitchesBetween(before, after), "what is new counts from its beginning, and what has ended not at all")
}

func TestOwnSwitchesAreCounted(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("switches are read from /proc, which Linux alone has")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	sum := func() (total int64) {
		threads, err := readSwitches(os.Getpid())
		require.NoError(t, err)
		for _, n := range threads {
			total += n
		}
		return total
	}
	before := sum()
	<-time.After(time.Millisecond)
	assert.Greater(t, sum(), before)
}
