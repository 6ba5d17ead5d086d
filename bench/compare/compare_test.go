package compare

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/bench/peer"
	"forebay/bench/report"
	"forebay/bench/report/reporttest"
)

// TestTheQuickFormMeasuresWhatIsThere runs the real servers: forebay, and those of the others that somebody has installed.
// All must give the right answers, and all figures must be numbers; how large they are is no matter of a test.
func TestTheQuickFormMeasuresWhatIsThere(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes are measured by /proc, which Linux alone has")
	}
	out := t.TempDir()
	opts, err := parseOptions([]string{"-quick", "-peers", "forebay,nginx+gunicorn,granian", "-python", python(t), "-out", out})
	require.NoError(t, err)
	kit, err := peer.Prepare(t.Context(), opts.Choice)
	t.Cleanup(kit.Clean)
	require.NoError(t, err)
	found, err := compare(t.Context(), opts, kit)
	require.NoError(t, err)

	assert.Len(t, found.Outcomes, len(opts.Scenarios)-missing(found, opts.Scenarios))
	for _, outcome := range found.Outcomes {
		for _, one := range outcome.Peers {
			checkPeer(t, outcome.Name, one)
		}
	}
	reporttest.Page(t, found, "# forebay beside other servers", "## hello@64", "## static-1k@8", "| forebay |", "| bare |")
	for _, file := range []string{figuresFile, pageFile, "connections.svg", "latency.svg"} {
		assert.FileExists(t, filepath.Join(out, file))
	}
	for name, why := range found.Missing {
		t.Log("without", name+":", why)
	}
	goOn(t, opts, kit, found)
}

// checkPeer looks at what was found of one peer.
func checkPeer(t *testing.T, where string, one PeerOutcome) {
	t.Helper()
	assert.Empty(t, one.Fault, "%s of %s", one.Name, where)
	require.Len(t, one.Runs, 1, "%s of %s", one.Name, where)
	assert.Empty(t, one.Runs[0].Failed, "%s of %s", one.Name, where)
	for _, figures := range []map[string]report.Spread{one.Summary, one.Ratios} {
		for name, spread := range figures {
			for _, value := range []float64{spread.Min, spread.Median, spread.Max} {
				assert.False(t, math.IsNaN(value) || math.IsInf(value, 0) || value <= 0, "%s: %s of %s: %v", where, name, one.Name, value)
			}
		}
	}
	wants := figureNames()
	if one.Name == bareName {
		wants = []string{perSecond, cpuTime, memory}
	}
	for _, want := range wants {
		if want != "switches/request" { // there may have been none in so short a time
			assert.Contains(t, one.Summary, want, "%s of %s", one.Name, where)
		}
	}
	for _, rated := range one.Rated {
		assert.Empty(t, rated.Runs[0].Failed, "%s of %s at a steady rate", one.Name, where)
		assert.Positive(t, rated.Rate)
	}
}

// missing is how many of the scenarios cannot be asked, as something is not installed.
func missing(found *Report, scenarios []scenario) int {
	return len(slices.DeleteFunc(slices.Clone(scenarios), func(s scenario) bool { return found.Missing[s.Name()] == "" }))
}

// goOn takes one scenario out of what was saved, and has it measured once more, but nothing else.
func goOn(t *testing.T, opts options, kit peer.Kit, found *Report) {
	t.Helper()
	opts.Resume, opts.Bare = true, false
	all := found.Outcomes
	found.Outcomes = all[1:]
	require.NoError(t, found.save(opts.Out))
	again, err := compare(t.Context(), opts, kit.Beside())
	require.NoError(t, err)
	require.Len(t, again.Outcomes, len(all))
	assert.Equal(t, all[0].Name, again.Outcomes[len(all)-1].Name)
	assert.Equal(t, reporttest.Again(t, found).Outcomes, again.Outcomes[:len(all)-1])
}

// python is one that has Django, if there is one.
func python(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join("..", "..", ".cache", "venvs", "*", "bin", "python"))
	require.NoError(t, err)
	if len(found) == 0 {
		return "python3"
	}
	path, err := filepath.Abs(found[len(found)-1])
	require.NoError(t, err)
	return path
}

func TestAPeerThatDoesNotStartIsReported(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes are measured by /proc, which Linux alone has")
	}
	opts, err := parseOptions([]string{"-quick", "-scenarios", "hello", "-peers", "forebay", "-calls", "0"})
	require.NoError(t, err)
	kit := peer.Kit{
		Root: moduleRoot(t), Temp: t.TempDir(), Python: "python3", Forebay: filepath.Join(t.TempDir(), "missing"), Workers: 1, Threads: 1,
	}
	found, err := compare(t.Context(), opts, kit)
	require.NoError(t, err)
	require.Len(t, found.Outcomes, 1)
	assert.Contains(t, found.Outcomes[0].Peers[0].Fault, "start forebay")
	reporttest.Page(t, found, "forebay: start forebay")
}

// TestTheWorkerAlone runs the program that measures it. It says itself when not all requests were served.
func TestTheWorkerAlone(t *testing.T) {
	program := filepath.Join(moduleRoot(t), "bench", "apps", "worker.py")
	out, err := exec.CommandContext(t.Context(), python(t), "-B", program, "plain:rows", "/", "50").CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Regexp(t, `^with(out)? native code\n(worker [\d.]+  bare [\d.]+  [\d.]+\n){5}[\d.]+\n$`, string(out))
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	here, err := os.Getwd()
	require.NoError(t, err)
	return filepath.Dir(filepath.Dir(here))
}
