package cgroup

import (
	"math"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
)

const (
	memoryOfV1 = "36 31 0:33 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
	cpuOfV1    = "33 31 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
	mountOfV2  = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
	others     = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\nshort\n"
)

// machine is the root of a file system with what the kernel shows.
func machine(mounts, cgroup string, files map[string]string) fstest.MapFS {
	root := fstest.MapFS{"proc/self/mountinfo": {Data: []byte(mounts)}, "proc/self/cgroup": {Data: []byte(cgroup)}}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return root
}

func TestMemory(t *testing.T) {
	const v2, v1, none = "sys/fs/cgroup/", "sys/fs/cgroup/memory/", int64(math.MaxInt64)
	cases := map[string]struct {
		mounts, cgroup string
		files          map[string]string
		want           int64
	}{
		"version 2":                {mountOfV2, "0::/app\n", map[string]string{v2 + "app/memory.max": "536870912\n"}, 512 << 20},
		"version 2, none":          {mountOfV2, "0::/app\n", map[string]string{v2 + "app/memory.max": "max\n"}, none},
		"version 2, own namespace": {mountOfV2, "0::/\n", map[string]string{v2 + "memory.max": "1048576\n"}, 1 << 20},
		"version 2, the least of those above": {
			mountOfV2, "0::/pod/app\n",
			map[string]string{v2 + "pod/app/memory.max": "max\n", v2 + "pod/memory.max": "1000\n", v2 + "memory.max": "2000\n"}, 1000,
		},
		"version 1": {memoryOfV1, "4:memory:/docker/1\n", map[string]string{v1 + "docker/1/memory.limit_in_bytes": "4096\n"}, 4096},
		"version 1, not in sight": {
			memoryOfV1, "4:memory:/docker/1\n", map[string]string{v1 + "memory.limit_in_bytes": "4096\n"}, 4096,
		},
		"version 1, none": {
			memoryOfV1, "4:memory:/a\n", map[string]string{v1 + "a/memory.limit_in_bytes": "9223372036854771712\n"}, none,
		},
		"both versions": {
			others + memoryOfV1 + mountOfV2, "4:memory:/a\n0::/a\n", map[string]string{v1 + "a/memory.limit_in_bytes": "8192\n"}, 8192,
		},
		"what is no number":    {mountOfV2, "0::/\n", map[string]string{v2 + "memory.max": "lots\n"}, none},
		"what is no limit":     {mountOfV2, "0::/\n", map[string]string{v2 + "memory.max": "-1\n"}, none},
		"a path that goes up":  {mountOfV2, "0::/../../a\n", map[string]string{v2 + "memory.max": "4096\n"}, none},
		"no cgroups":           {others, "", nil, none},
		"nothing can be read":  {mountOfV2, "0::/app\n", nil, none},
		"two lines of nothing": {mountOfV2, "\n\n", map[string]string{v2 + "memory.max": ""}, none},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, memory(machine(c.mounts, c.cgroup, c.files))) })
	}
}
