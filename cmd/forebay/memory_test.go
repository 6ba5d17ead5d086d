package main_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// enoughMemory is for a master and two workers with the race detector, and not for what the application takes.
const enoughMemory = "400M"

// memoryCgroup makes a cgroup with a limit that the test's processes can be put into: version 2 where it controls memory,
// else version 1.
func memoryCgroup(t *testing.T) string {
	t.Helper()
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Skip("there are no cgroups")
	}
	for line := range strings.Lines(string(own)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		mount, limit := "/sys/fs/cgroup", "memory.max"
		switch {
		case len(parts) != 3, parts[1] != "" && parts[1] != "memory":
			continue
		case parts[1] == "memory":
			mount, limit = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
		}
		dir := filepath.Join(mount, parts[2], "forebay-test")
		if os.Mkdir(dir, 0o755) != nil {
			continue
		}
		t.Cleanup(func() {
			assert.Eventually(t, func() bool { return os.Remove(dir) == nil }, startDeadline, 10*time.Millisecond)
		})
		if os.WriteFile(filepath.Join(dir, limit), []byte(enoughMemory), 0o600) == nil {
			return dir
		}
	}
	t.Skip("no cgroup with a memory limit can be made here")
	return ""
}

func TestWorkerThatTakesAllMemory(t *testing.T) {
	dir := memoryCgroup(t)
	into := func(cmd *exec.Cmd) { // the shell goes into the cgroup and becomes forebay
		cmd.Args = append([]string{"sh", "-c", `echo $$ >"$0" && exec "$@"`, filepath.Join(dir, "cgroup.procs"), cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
	}
	s := launch(t, into, "-b", "127.0.0.1:0", "-w", "2", "--threads", "1", "--chdir", apps, "crashes")
	s.Stderr.Await(t, regexp.MustCompile(`INFO  memory is limited by the cgroup limit=419430400 own=104857600\n`))
	assert.Equal(t, http.StatusBadGateway, send(t, "POST", s.URL+"/memory").status)
	line := s.Stderr.Await(t, regexp.MustCompile(`WARN  worker exited worker=\d pid=(\d+) exit="killed by SIGKILL, perhaps out of memory" .* thread0.target=/memory `))
	s.Stderr.Await(t, regexp.MustCompile(`ERROR request lost with its worker method=POST target=/memory .* pid=`+line[1]+` `))
	s.serves("/ok")

	assert.Equal(t, http.StatusBadGateway, send(t, "POST", s.URL+"/kill").status)
	s.Stderr.Await(t, regexp.MustCompile(`worker exited .* exit="killed by SIGKILL" .* thread0.target=/kill `))
	require.Equal(t, 1, strings.Count(s.Stderr.String(), "out of memory"), "somebody else can kill, too")
	s.Stop()
}
