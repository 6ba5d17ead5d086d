package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/cmd/manual"
	"forebay/config"
)

// outcome is what a command leaves behind.
type outcome struct {
	code           int
	stdout, stderr string
}

// runIn runs a command that does not serve, in a directory that has this forebay.toml, if any.
func runIn(t *testing.T, toml string, environ []string, args ...string) outcome {
	t.Helper()
	t.Chdir(t.TempDir())
	if toml != "" {
		require.NoError(t, os.WriteFile("forebay.toml", []byte(toml), 0o600))
	}
	var stdout, stderr bytes.Buffer
	code := run(args, environ, &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

func TestCommands(t *testing.T) {
	cases := map[string]struct {
		toml    string
		environ []string
		args    []string
		want    outcome
	}{
		"check":             {args: []string{"check"}, want: outcome{0, "configuration is fine\n", ""}},
		"check of a file":   {toml: "workers = 2", args: []string{"check"}, want: outcome{0, "configuration is fine (forebay.toml)\n", ""}},
		"help":              {args: []string{"help"}, want: outcome{0, helpOf(plainWidth), ""}},
		"help in a bad dir": {toml: "= = =", args: []string{"--help"}, want: outcome{0, helpOf(plainWidth), ""}},
		"version":           {args: []string{"version"}, want: outcome{0, versionLine() + "\n", ""}},
		"the manual":        {toml: "= = =", args: []string{"man"}, want: outcome{0, manual.Man(buildVersion()), ""}},
		"the schema":        {toml: "= = =", args: []string{"schema"}, want: outcome{0, string(config.Schema()), ""}},
		"completion":        {args: []string{"completion", "fish"}, want: outcome{0, manual.Completion("fish"), ""}},
		"check of leases": {
			toml: "redis = 'redis://a'\n[[limit]]\nname = 'x'\nrate = '1000/s burst 80'\nshared = 'lease'\n" +
				"[[limit]]\nname = 'y'\nrate = '1000/s'\nshared = 'strict'\n",
			args: []string{"check"}, want: outcome{0, "limit x: each process takes up to 10 in advance for a key; so many for each process may pass beyond 1000/s burst 80\n" +
				"configuration is fine (forebay.toml)\n", ""},
		},
		"check of leases of several processes": {
			toml: "redis = 'redis://a'\nredis_nodes = 4\n[[limit]]\nname = 'x'\nrate = '1000/s burst 80'\nshared = 'lease'\n",
			args: []string{"check"}, want: outcome{0, "limit x: each of 4 processes takes up to 10 in advance for a key; at most 40 may pass beyond 1000/s burst 80\n" +
				"configuration is fine (forebay.toml)\n", ""},
		},
		"check of traces": {
			environ: []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://me:secret@localhost:4318/?key=secret", "OTEL_TRACES_SAMPLER=xray"},
			args:    []string{"check"}, want: outcome{0, "ignored: OTEL_TRACES_SAMPLER: want always_on, always_off, traceidratio, or one of them after parentbased_, not \"xray\"\n" +
				"spans are exported to http://me:xxxxx@localhost:4318/v1/traces\nconfiguration is fine\n", ""},
		},
		"wrong usage": {
			args: []string{"--wrokers", "2"},
			want: outcome{2, "", "forebay: unknown option --wrokers: did you mean --workers?\n"},
		},
		"faults of all layers": {
			toml: "\nthreads = 0\n", environ: []string{"FOREBAY_BIND=:99999"}, args: []string{"check", "--print", "-w", "x"},
			want: outcome{2, "", "forebay: forebay.toml:2: threads: want 1 or more, not 0\n" +
				"forebay: bind (FOREBAY_BIND): want a port from 0 to 65535, not \"99999\"\n" +
				"forebay: workers (--workers): want a whole number, not \"x\"\n"},
		},
		"faults end a start too": {
			args: []string{"shop.py"},
			want: outcome{2, "", "forebay: app (argument): want the name of a module, not of a file: did you mean shop?\n"},
		},
		"a file that is missing": {
			args: []string{"-c", "none.toml"},
			want: outcome{2, "", "forebay: none.toml: no such file or directory\n"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, runIn(t, c.toml, c.environ, c.args...)) })
	}
}

func TestWhatIsShownIsThereInWhole(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full here")
	}
	t.Cleanup(func() { _ = full.Close() }) // nothing is in it
	var stderr bytes.Buffer
	assert.Equal(t, exitStart, run([]string{"schema"}, nil, full, &stderr))
	assert.Contains(t, stderr.String(), "no space left on device")
}

func TestCheckPrintsEachValueAndItsOrigin(t *testing.T) {
	got := runIn(t, "# ours\nthreads = 8\n", []string{"FOREBAY_TIMEOUT=90"}, "check", "--print", "-b", ":80", "shop:app")
	require.Equal(t, exitOK, got.code, got.stderr)
	lines := strings.Split(strings.TrimSuffix(got.stdout, "\n"), "\n")
	require.Len(t, lines, len(config.Settings)+1)
	for i, setting := range config.Settings {
		assert.True(t, strings.HasPrefix(lines[i], setting.Key+" "), lines[i])
	}
	assert.Equal(t, "configuration is fine (forebay.toml)", lines[len(lines)-1])
	for _, row := range []string{
		`app\s+shop:app\s+argument`, `threads\s+8\s+forebay.toml:2`, `timeout\s+1m30s\s+FOREBAY_TIMEOUT`,
		`bind\s+:80\s+--bind`, `user\s+""\s+default`, `body_size\s+16MiB\s+default`,
	} {
		assert.Regexp(t, `(?m)^`+row+`$`, got.stdout)
	}
}

func TestCheckPrintsSwitchesAndPaths(t *testing.T) {
	got := runIn(t, "reload = true\n[[path]]\nprefix = '/report'\ntimeout = 300\nslots = 2\n", []string{"FOREBAY_PRELOAD=1"},
		"check", "--print", "--no-interrupt")
	require.Equal(t, exitOK, got.code, got.stderr)
	for _, row := range []string{
		`reload\s+true\s+forebay.toml:1`, `preload\s+true\s+FOREBAY_PRELOAD`, `interrupt\s+false\s+--no-interrupt`,
		`path "/report": prefix\s+/report\s+forebay.toml:3`, `path "/report": timeout\s+5m\s+forebay.toml:4`,
		`path "/report": slots\s+2\s+forebay.toml:5`,
	} {
		assert.Regexp(t, `(?m)^`+row+`$`, got.stdout)
	}
	assert.NotContains(t, got.stdout, `path "/report": reserve`)
}

func TestCheckPrintsLimitsAndNoPassword(t *testing.T) {
	got := runIn(t, "[[limit]]\nname = 'x'\nrate = '5/min burst 10'\nshared = 'strict'\npaths = ['/a', '/b']\n",
		[]string{"FOREBAY_REDIS=redis://:s3cret@cache"}, "check", "--print")
	require.Equal(t, exitOK, got.code, got.stderr)
	for _, row := range []string{
		`redis\s+redis://:xxxxx@cache\s+FOREBAY_REDIS`, `limit "x": rate\s+5/min burst 10\s+forebay.toml:3`,
		`limit "x": shared\s+strict\s+forebay.toml:4`, `limit "x": paths\s+/a,/b\s+forebay.toml:5`,
	} {
		assert.Regexp(t, `(?m)^`+row+`$`, got.stdout)
	}
	assert.NotContains(t, got.stdout, "s3cret")
}

func TestVersionThatIsStamped(t *testing.T) {
	before := version
	t.Cleanup(func() { version = before })
	version = "1.2.3"
	assert.Equal(t, "1.2.3", buildVersion())
	assert.True(t, strings.HasPrefix(versionLine(), "forebay 1.2.3 (go"), versionLine())
}
