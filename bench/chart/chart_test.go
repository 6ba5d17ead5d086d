package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var bars = []Bars{
	{Title: "hello, 64 connections", Bars: []Bar{
		{Kind: Ours, Label: "forebay", Value: 20000, Low: 18000, High: 21000, Text: "20 000"},
		{Label: "nginx+gunicorn", Value: 2500, Low: 2500, High: 2500, Text: "2 500"},
		{Label: "<&>", Value: 0, Text: "none"},
		{Kind: Limit, Label: "bare", Value: 40000, Text: "40 000"},
	}},
	{Title: "nothing", Bars: []Bar{{Label: "zero", Text: "0"}}},
	{Title: "empty"},
}

var dots = []Dots{
	{Title: "hello at 50 %", Rows: []Row{
		{Kind: Ours, Label: "forebay", Values: []float64{0.12, 0.9, 3.4}, Text: "3.4 ms"},
		{Label: "nginx+gunicorn", Values: []float64{1.2, 40, 180}, Text: "180 ms"},
		{Label: "silent"},
	}},
	{Title: "hello at 80 %"},
}

// wellFormed reads all of the picture, and returns its text.
func wellFormed(t *testing.T, picture string) string {
	t.Helper()
	var text strings.Builder
	decoder := xml.NewDecoder(strings.NewReader(picture))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return text.String()
		}
		require.NoError(t, err)
		if data, ok := token.(xml.CharData); ok {
			text.Write(data)
		}
	}
}

func TestPicturesSayEverything(t *testing.T) {
	pictures := map[string]struct {
		picture string
		wants   []string
	}{
		"bars": {DrawBars("Requests", "more is better", bars),
			[]string{"Requests", "more is better", "hello, 64 connections", "forebay", "20 000", "<&>", "none", "empty"}},
		"dots": {DrawDots("Latency, ms", "p50, p99, p99.9", dots), []string{"Latency, ms", "hello at 50 %", "0.1", "100", "1k", "180 ms", "silent"}},
		"none": {DrawDots("Latency", "", nil), []string{"Latency"}},
	}
	for name, c := range pictures {
		t.Run(name, func(t *testing.T) {
			text := wellFormed(t, c.picture)
			for _, want := range c.wants {
				assert.Contains(t, text, want)
			}
			assert.NotContains(t, c.picture, "NaN")
			assert.NotContains(t, c.picture, "Inf")
			assert.Contains(t, c.picture, "prefers-color-scheme: dark")
		})
	}
}

func TestBarsAreAsLongAsTheirFigures(t *testing.T) {
	picture := DrawBars("", "", []Bars{{Bars: []Bar{{Kind: Ours, Value: 50}, {Value: 100}}}})
	assert.Contains(t, picture, `width="94.0" height="12" class="ours"`)
	assert.Contains(t, picture, `width="188.0" height="12" class="other"`)
}

// TestPicturesToLookAt has Chromium make pictures of the charts in both schemes, if somebody wants to look at them.
func TestPicturesToLookAt(t *testing.T) {
	dir := os.Getenv("CHROMIUM_SCREENSHOTS")
	if dir == "" {
		t.Skip("CHROMIUM_SCREENSHOTS names no directory")
	}
	for name, picture := range map[string]string{"bars": DrawBars("Requests", "more is better", bars), "dots": DrawDots("Latency, ms", "", dots)} {
		source := filepath.Join(t.TempDir(), name+".svg")
		require.NoError(t, os.WriteFile(source, []byte(picture), 0o600))
		for scheme, flag := range map[string]string{"light": "--blink-settings=preferredColorScheme=1", "dark": "--blink-settings=preferredColorScheme=0"} {
			cmd := exec.CommandContext(t.Context(), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=880,700", flag,
				"--screenshot="+filepath.Join(dir, "chart-"+name+"-"+scheme+".png"), "file://"+source)
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
		}
	}
}
