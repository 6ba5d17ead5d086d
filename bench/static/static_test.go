package static

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/bench/gauge"
	"forebay/bench/peer"
	"forebay/bench/report"
	"forebay/bench/report/reporttest"
	"forebay/bench/wrk"
)

func TestOptions(t *testing.T) {
	opts, err := parseOptions(nil)
	require.NoError(t, err)
	assert.Equal(t, kinds, opts.chosen())
	opts, err = parseOptions([]string{"-kinds", "many,1KiB 10KiB", "-rounds", "1"})
	require.NoError(t, err)
	assert.Equal(t, []kind{kinds[1], kinds[8]}, opts.chosen())
	for name, args := range map[string][]string{
		"no such kind":  {"-kinds", "2KiB"},
		"another peer":  {"-peers", "gunicorn"},
		"half a second": {"-duration", "1500ms"},
		"no rounds":     {"-rounds", "0"},
	} {
		_, err := parseOptions(args)
		assert.Error(t, err, name)
	}
}

func TestHowWrkLoads(t *testing.T) {
	opts, err := parseOptions(nil)
	require.NoError(t, err)
	for name, want := range map[string]wrk.Load{
		"1KiB":       {Threads: 2, Connections: 64, Duration: 3 * time.Second},
		"1KiB,close": {Threads: 2, Connections: 64, Duration: 3 * time.Second, More: []string{"-H", "Connection: close"}},
		"many,1KiB":  {Threads: 2, Connections: 64, Duration: 3 * time.Second, More: []string{"-s", "x.lua"}},
		"100MiB":     {Threads: 2, Connections: 8, Duration: 3 * time.Second},
	} {
		opts.Kinds = []string{name}
		assert.Equal(t, want, opts.chosen()[0].load(opts, "x.lua"), name)
	}
}

func TestFilesAreThere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	script, err := writeFiles(dir, []kind{{file: "large", size: 5000}})
	require.NoError(t, err)
	assert.FileExists(t, script)
	for name, size := range map[string]int64{"large": 5000, firstFile: firstSize} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, size, info.Size())
	}
}

func TestNginxServesTheFiles(t *testing.T) {
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed")
	}
	kit := peer.Kit{Root: t.TempDir(), Temp: t.TempDir(), Workers: 1, Tools: map[string]string{"nginx": nginx}}
	dir := filepath.Join(kit.Temp, "files")
	_, err = writeFiles(dir, nil)
	require.NoError(t, err)
	for _, cached := range []bool{false, true} {
		one := peer.NewNginxFiles(kit, dir, cached)
		t.Cleanup(one.Stop)
		require.NoError(t, peer.Start(t.Context(), one, scenarioOf(dir)))
		assert.Contains(t, one.Settings().Files["nginx.conf"], "alias TEMP/files/;")
	}
}

func TestReport(t *testing.T) {
	run := func(perSecond float64, cpu time.Duration) wrk.Run {
		return wrk.Run{Result: wrk.Result{Requests: 1000, PerSecond: perSecond}, Cost: gauge.Cost{CPU: cpu, Others: 0.5}}
	}
	opts, err := parseOptions(nil)
	require.NoError(t, err)
	found := &Report{
		Peers: []report.Peer{{Name: "forebay"}, {Name: "nginx"}},
		Rows: []Row{{Name: "1KiB", Runs: [][]wrk.Run{
			{run(1000, 10*time.Millisecond), run(2000, 10*time.Millisecond)},
			{run(500, 20*time.Millisecond), run(500, 20*time.Millisecond)},
		}}},
		options: opts,
	}
	reporttest.Page(t, found, "forebay / nginx", "| 1KiB | 1500 (1000–2000) | 500 | 3.00× (2.00–4.00) |", "| 1KiB | 10.0 | 20.0 | 0.50× |", "at most 50 %")
	assert.Equal(t, found.Rows, reporttest.Again(t, found).Rows)
}
