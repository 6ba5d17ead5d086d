package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// intoCgroup makes a cgroup with limits and returns what starts a program in it: version 2 where that has the controller,
// else version 1. Both are given as the files of the cgroup and what is written into them.
func intoCgroup(t *testing.T, controller string, v2, v1 map[string]string) func(*exec.Cmd) {
	t.Helper()
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Skip("there are no cgroups")
	}
	for line := range strings.Lines(string(own)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		mount, limits := "/sys/fs/cgroup", v2
		switch {
		case len(parts) != 3, parts[1] != "" && !strings.Contains(","+parts[1]+",", ","+controller+","):
			continue
		case parts[1] != "":
			mount, limits = filepath.Join(mount, controller), v1
		}
		dir := filepath.Join(mount, parts[2], "forebay-test-"+controller)
		if os.Mkdir(dir, 0o755) != nil {
			continue
		}
		t.Cleanup(func() {
			assert.Eventually(t, func() bool { return os.Remove(dir) == nil }, startDeadline, 10*time.Millisecond)
		})
		if setLimits(dir, limits) {
			return func(cmd *exec.Cmd) { // the shell goes into the cgroup and becomes the program
				cmd.Args = append([]string{"sh", "-c", `echo $$ >"$0" && exec "$@"`, filepath.Join(dir, "cgroup.procs"), cmd.Path}, cmd.Args[1:]...)
				cmd.Path = "/bin/sh"
			}
		}
	}
	t.Skipf("no cgroup with limits of %s can be made here", controller)
	return nil
}

// setLimits reports whether the kernel takes them. It makes no files, as a directory that is no cgroup would let us.
func setLimits(dir string, limits map[string]string) bool {
	for name, value := range limits {
		file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY, 0)
		if err != nil {
			return false
		}
		_, err = file.WriteString(value)
		_ = file.Close() // what counts is whether it was taken
		if err != nil {
			return false
		}
	}
	return true
}

// TestWorkersAreAsManyAsTheCgroupsCPUs holds for one, too, which Go's own GOMAXPROCS makes two of.
func TestWorkersAreAsManyAsTheCgroupsCPUs(t *testing.T) {
	into := intoCgroup(t, "cpu", map[string]string{"cpu.max": "100000 100000"},
		map[string]string{"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "100000"})
	s := launch(t, into, "-b", "127.0.0.1:0", "--threads", "2", "--chdir", apps, "crashes")
	s.Stderr.Await(t, regexp.MustCompile(`(?m)^  workers      1 × 2 threads$`))
	s.serves("/ok")
	s.Stop()
}
