package scrape

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	boards  = "../../docker/grafana/forebay.json"
	rules   = "../../docker/prometheus"
	cluster = "../../docker/k8s"
)

// promtool runs it.
func promtool(t *testing.T, stdin io.Reader, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("there is no promtool (Debian's package prometheus)")
	}
	command := exec.CommandContext(t.Context(), path, args...)
	command.Stdin = stdin
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// dashboard is what matters here of Grafana's format.
type dashboard struct {
	Panels []struct {
		ID      int    `json:"id"`
		Type    string `json:"type"`
		Title   string `json:"title"`
		GridPos struct{ H, W, X, Y int }
		Targets []struct {
			Expr string `json:"expr"`
		} `json:"targets"`
	} `json:"panels"`
}

func readDashboard(t *testing.T) (board dashboard, text string) {
	t.Helper()
	source, err := os.ReadFile(boards)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(source, &board))
	return board, string(source)
}

// TestMetricsThatOthersNameExist: what a dashboard or an alert asks for and nobody measures is silent for ever.
func TestMetricsThatOthersNameExist(t *testing.T) {
	known := map[string]bool{}
	for _, name := range names {
		known[name] = true
		histogram, summary := strings.HasSuffix(name, "_duration_seconds"), strings.HasSuffix(name, "_wait_seconds")
		known[name+"_bucket"] = histogram
		known[name+"_count"], known[name+"_sum"] = histogram || summary, histogram || summary
	}
	for _, name := range []string{"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "process_max_fds"} {
		known[name] = true
	}
	known["forebay_busy_ratio"] = true // what docker/k8s has prometheus-adapter make of forebay_slots
	named := regexp.MustCompile(`\b(?:forebay|process|go)_[a-z_]+\b`)
	_, board := readDashboard(t)
	for _, file := range []string{rules + "/alerts.yml", rules + "/alerts_test.yml", cluster + "/autoscaler.yaml", cluster + "/README.md"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		board += string(text)
	}
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	for _, name := range names {
		assert.Contains(t, string(readme), "`"+name+"`")
	}
	for _, match := range regexp.MustCompile("`(forebay_[a-z_]+)`").FindAllStringSubmatch(string(readme), -1) {
		board += " " + match[1]
	}
	found := named.FindAllString(board, -1)
	assert.Greater(t, len(found), 50, "the test looks for the wrong thing")
	for _, name := range found {
		assert.True(t, known[name], "%s is no metric", name)
	}
}

func TestAlertsAreWhatPrometheusReads(t *testing.T) {
	promtool(t, nil, "check", "config", rules+"/prometheus.yml")
	assert.Contains(t, promtool(t, nil, "test", "rules", rules+"/alerts_test.yml"), "SUCCESS")
}

// TestQueriesOfTheAutoscalerAreWhatPrometheusReads: prometheus-adapter fills in for which pods, and asks Prometheus.
func TestQueriesOfTheAutoscalerAreWhatPrometheusReads(t *testing.T) {
	page, err := os.ReadFile(cluster + "/README.md")
	require.NoError(t, err)
	queries := regexp.MustCompile(`metricsQuery: (.+)`).FindAllStringSubmatch(string(page), -1)
	require.Len(t, queries, 2)
	fill := strings.NewReplacer("<<.GroupBy>>", "pod", "<<.LabelMatchers>>", `namespace="a",pod=~"b|c"`)
	groups := "groups:\n  - name: autoscaler\n    rules:\n"
	for i, query := range queries {
		groups += fmt.Sprintf("      - record: query:%d\n        expr: %q\n", i, fill.Replace(query[1]))
	}
	file := filepath.Join(t.TempDir(), "queries.yml")
	require.NoError(t, os.WriteFile(file, []byte(groups), 0o600))
	promtool(t, nil, "check", "rules", file)
}

func TestDashboardIsWhole(t *testing.T) {
	board, _ := readDashboard(t)
	ids, taken := map[int]bool{}, map[[2]int]string{}
	var groups strings.Builder
	groups.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	fill := strings.NewReplacer("$__rate_interval", "5m", "$instance", "a", "$job", "b")
	for _, panel := range board.Panels {
		assert.False(t, ids[panel.ID], "two panels have the number %d", panel.ID)
		ids[panel.ID] = true
		at := panel.GridPos
		assert.LessOrEqual(t, at.X+at.W, 24, panel.Title)
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				assert.Empty(t, taken[[2]int{x, y}], "%s lies on it", panel.Title)
				taken[[2]int{x, y}] = panel.Title
			}
		}
		assert.Equal(t, panel.Type == "row", len(panel.Targets) == 0, panel.Title)
		for i, target := range panel.Targets {
			fmt.Fprintf(&groups, "      - record: panel:%d_%d\n        expr: %q\n", panel.ID, i, fill.Replace(target.Expr))
		}
	}
	file := filepath.Join(t.TempDir(), "queries.yml")
	require.NoError(t, os.WriteFile(file, []byte(groups.String()), 0o600))
	assert.Contains(t, promtool(t, nil, "check", "rules", file), "SUCCESS")
}
