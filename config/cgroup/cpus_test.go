package cgroup

import (
	"math"
	"path"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCPUs(t *testing.T) {
	const v2, v1, none = "sys/fs/cgroup/", "sys/fs/cgroup/cpu/", math.MaxInt
	shareOfV1 := func(dir, quota, period string) map[string]string {
		return map[string]string{path.Join(v1, dir, "cpu.cfs_quota_us"): quota, path.Join(v1, dir, "cpu.cfs_period_us"): period}
	}
	cases := map[string]struct {
		mounts, cgroup string
		files          map[string]string
		want           int
	}{
		"version 2":                  {mountOfV2, "0::/app\n", map[string]string{v2 + "app/cpu.max": "300000 100000\n"}, 3},
		"version 2, none":            {mountOfV2, "0::/app\n", map[string]string{v2 + "app/cpu.max": "max 100000\n"}, none},
		"a part of one is one":       {mountOfV2, "0::/\n", map[string]string{v2 + "cpu.max": "1000 100000\n"}, 1},
		"one and a half are two":     {mountOfV2, "0::/\n", map[string]string{v2 + "cpu.max": "150000 100000\n"}, 2},
		"another period":             {mountOfV2, "0::/\n", map[string]string{v2 + "cpu.max": "40000 10000\n"}, 4},
		"the least of those above":   {mountOfV2, "0::/a/b\n", map[string]string{v2 + "a/b/cpu.max": "max 100000\n", v2 + "a/cpu.max": "200000 100000\n", v2 + "cpu.max": "500000 100000\n"}, 2},
		"version 1":                  {cpuOfV1, "2:cpu,cpuacct:/docker/1\n", shareOfV1("docker/1", "100000\n", "100000\n"), 1},
		"version 1, none":            {cpuOfV1, "2:cpu,cpuacct:/a\n", shareOfV1("a", "-1\n", "100000\n"), none},
		"version 1, not in sight":    {cpuOfV1, "2:cpu,cpuacct:/docker/1\n", shareOfV1(".", "250000\n", "100000\n"), 3},
		"both versions":              {others + cpuOfV1 + mountOfV2, "2:cpu,cpuacct:/a\n0::/a\n", shareOfV1("a", "200000\n", "100000\n"), 2},
		"the controller of memory":   {memoryOfV1, "4:memory:/a\n", shareOfV1("a", "200000\n", "100000\n"), none},
		"no period":                  {mountOfV2, "0::/\n", map[string]string{v2 + "cpu.max": "300000\n"}, none},
		"a period of nothing":        {mountOfV2, "0::/\n", map[string]string{v2 + "cpu.max": "300000 0\n"}, none},
		"what is no number":          {mountOfV2, "0::/\n", map[string]string{v2 + "cpu.max": "lots of\n"}, none},
		"there are no cgroups":       {others, "", nil, none},
		"nothing of it can be read":  {mountOfV2, "0::/a\n", nil, none},
		"version 1 without a period": {cpuOfV1, "2:cpu:/\n", map[string]string{v1 + "cpu.cfs_quota_us": "100000\n"}, none},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, cpus(machine(c.mounts, c.cgroup, c.files))) })
	}
	assert.Positive(t, CPUs())
}
