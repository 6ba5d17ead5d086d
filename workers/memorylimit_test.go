package workers

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMemoryLimit(t *testing.T) {
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
		"version 1": {mountOfV1, "4:memory:/docker/1\n", map[string]string{v1 + "docker/1/memory.limit_in_bytes": "4096\n"}, 4096},
		"version 1, not in sight": {
			mountOfV1, "4:memory:/docker/1\n", map[string]string{v1 + "memory.limit_in_bytes": "4096\n"}, 4096,
		},
		"version 1, none": {
			mountOfV1, "4:memory:/a\n", map[string]string{v1 + "a/memory.limit_in_bytes": "9223372036854771712\n"}, none,
		},
		"both versions": {
			others + mountOfV1 + mountOfV2, "4:memory:/a\n0::/a\n", map[string]string{v1 + "a/memory.limit_in_bytes": "8192\n"}, 8192,
		},
		"what is no number":    {mountOfV2, "0::/\n", map[string]string{v2 + "memory.max": "lots\n"}, none},
		"what is no limit":     {mountOfV2, "0::/\n", map[string]string{v2 + "memory.max": "-1\n"}, none},
		"a path that goes up":  {mountOfV2, "0::/../../a\n", map[string]string{v2 + "memory.max": "4096\n"}, none},
		"no cgroups":           {others, "", nil, none},
		"nothing can be read":  {mountOfV2, "0::/app\n", nil, none},
		"two lines of nothing": {mountOfV2, "\n\n", map[string]string{v2 + "memory.max": ""}, none},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, memoryLimit(machine(c.mounts, c.cgroup, c.files))) })
	}
}
