package workers

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
)

const (
	mountOfV1 = "36 31 0:33 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
	mountOfV2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
	others    = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\nshort\n33 31 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
)

func TestWhichCounterIsOurs(t *testing.T) {
	cases := map[string]struct {
		mounts, cgroup string
		file           string // has a counter
		want           string // is used
	}{
		"version 2":                        {others + mountOfV2, "0::/app.slice/forebay.service\n", "sys/fs/cgroup/app.slice/forebay.service/memory.events", "same"},
		"version 2, own namespace":         {mountOfV2, "0::/\n", "sys/fs/cgroup/memory.events", "same"},
		"version 1":                        {others + mountOfV1, "5:cpu:/x\n4:memory:/docker/1\n", "sys/fs/cgroup/memory/docker/1/memory.oom_control", "same"},
		"version 1, a part is mounted":     {"36 31 0:33 /docker/1 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n", "4:memory:/docker/1\n", "sys/fs/cgroup/memory/memory.oom_control", "same"},
		"version 1, not in sight":          {mountOfV1, "4:memory:/docker/1\n", "sys/fs/cgroup/memory/memory.oom_control", "same"},
		"version 1 beside 2":               {mountOfV1 + mountOfV2, "4:memory:/a\n0::/a\n", "sys/fs/cgroup/memory/a/memory.oom_control", "same"},
		"version 2 without the controller": {mountOfV2, "0::/a\n", "sys/fs/cgroup/a/cgroup.events", "proc/vmstat"},
		"no cgroups":                       {others, "", "x", "proc/vmstat"},
		"no mountinfo":                     {"", "0::/a\n", "x", "proc/vmstat"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.want == "same" {
				c.want = c.file
			}
			m := newMemoryKills(machine(c.mounts, c.cgroup, map[string]string{c.file: "oom 5\noom_kill 3\n"}))
			assert.Equal(t, c.want, m.file)
		})
	}
}

// machine is the root of a file system with what the kernel shows.
func machine(mounts, cgroup string, more map[string]string) fstest.MapFS {
	root := fstest.MapFS{
		"proc/self/mountinfo": {Data: []byte(mounts)},
		"proc/self/cgroup":    {Data: []byte(cgroup)},
		"proc/vmstat":         {Data: []byte("pgfault 12\noom_kill 7\n")},
	}
	for name, text := range more {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return root
}

func TestEachKillExplainsOneDeath(t *testing.T) {
	root := machine("", "", nil)
	m := newMemoryKills(root)
	assert.False(t, m.explains(), "what was before does not count")
	for _, step := range []struct {
		counter string
		want    int
	}{{"7", 0}, {"8", 1}, {"11", 3}, {"many", 0}, {"2", 0}, {"12", 1}} {
		root["proc/vmstat"] = &fstest.MapFile{Data: []byte("oom_kill " + step.counter + "\n")}
		explained := 0
		for range 5 {
			if m.explains() {
				explained++
			}
		}
		assert.Equal(t, step.want, explained, "at %s", step.counter)
	}
}

func TestWithoutACounterNothingIsSaid(t *testing.T) {
	assert.False(t, newMemoryKills(fstest.MapFS{}).explains())
}
