package peer

import (
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func startShell(t *testing.T, script string) *process {
	t.Helper()
	p, err := startProcess("shell", t.TempDir(), []string{"/bin/sh", "-c", script}, false)
	require.NoError(t, err)
	t.Cleanup(p.stop)
	return p
}

func awaitEnd(t *testing.T, p *process) {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(time.Minute):
		require.FailNow(t, "the process did not end")
	}
}

func TestAnEndedProcessSaysWhatItSaidLast(t *testing.T) {
	p := startShell(t, "echo no such option >&2; exit 3")
	awaitEnd(t, p)
	err := p.alive()
	require.ErrorContains(t, err, "exit status 3")
	assert.ErrorContains(t, err, "no such option")
}

func TestAProcessMayLeadASession(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("which session it has is read from /proc, which Linux alone has")
	}
	for _, session := range []bool{true, false} {
		p, err := startProcess("shell", t.TempDir(), []string{"/bin/sh", "-c", "cut -d ' ' -f 5,6 /proc/$$/stat"}, session)
		require.NoError(t, err)
		awaitEnd(t, p)
		group, its, _ := strings.Cut(strings.TrimSpace(p.tail()), " ")
		assert.Equal(t, strconv.Itoa(p.pid()), group)
		assert.Equal(t, session, its == group, "session %s", its)
	}
}

func TestAStoppedProcessIsReaped(t *testing.T) {
	p := startShell(t, "exec tail -f /dev/null")
	require.NoError(t, p.alive())
	p.stop()
	require.ErrorIs(t, syscall.Kill(p.pid(), 0), syscall.ESRCH)
	assert.ErrorContains(t, p.alive(), "terminated")
}

func TestAProcessInheritsNothingThatTheReportDoesNotShow(t *testing.T) {
	t.Setenv("GOMAXPROCS", "1")
	t.Setenv("GUNICORN_CMD_ARGS", "--workers 9")
	p := startShell(t, "env")
	awaitEnd(t, p)
	assert.Contains(t, p.tail(), "LANG=C.UTF-8")
	assert.NotContains(t, p.tail(), "GOMAXPROCS")
	assert.NotContains(t, p.tail(), "GUNICORN")
}
