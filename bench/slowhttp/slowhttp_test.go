package slowhttp

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/bench/report/reporttest"
)

const figures = "Seconds,Closed,Pending,Connected,Service Available\n0,0,1,0,300\n1,2,1,192,0\n2,5,0,300,300\n"

var attack = Attack{Duration: 2 * time.Second, Connections: 300, Rate: 200, Probe: time.Second}

func TestParseCSV(t *testing.T) {
	got, err := parseCSV(figures)
	require.NoError(t, err)
	assert.Equal(t, []Second{{0, 0, 1, 0, true}, {1, 2, 1, 192, false}, {2, 5, 0, 300, true}}, got)
	for name, text := range map[string]string{
		"nothing":         "",
		"a head alone":    "Seconds,Closed,Pending,Connected,Service Available\n",
		"other columns":   "Seconds,Error,Closed\n1,2,3\n",
		"words":           strings.Replace(figures, "192", "many", 1),
		"a line too long": figures + "1,2,3,4,5,6\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseCSV(text)
			assert.ErrorContains(t, err, "read slowhttptest's figures")
		})
	}
}

func FuzzParseCSV(f *testing.F) {
	f.Add(figures)
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = parseCSV(text) // it may refuse, not panic
	})
}

func TestOutcome(t *testing.T) {
	seconds, err := parseCSV(figures)
	require.NoError(t, err)
	outcome := Outcome{Peer: "forebay", Mode: "-H", Command: "slowhttptest -H", Seconds: seconds}
	assert.Equal(t, 2, outcome.available())
	page := reporttest.Page(t, &Report{Attack: attack, Outcomes: []Outcome{outcome, outcome}},
		"| forebay | -H slow heads (slowloris) | 2 of 3 | 300 | 5 | `+-+` |")
	assert.Equal(t, 1, strings.Count(page, "slowhttptest -H\n"))
}

// fakeTool is a program that does as a script says, in the place of slowhttptest.
func fakeTool(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "slowhttptest")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700))
	return path
}

func TestAnAttackIsReadFromItsFile(t *testing.T) {
	for _, mode := range Modes {
		t.Run(mode.Name, func(t *testing.T) {
			script := "while [ $# -gt 1 ]; do shift; done; printf '" + strings.ReplaceAll(figures, "\n", `\n`) + "' >\"$1.csv\"\n"
			got, err := attack.Run(t.Context(), fakeTool(t, script), "http://127.0.0.1:1", t.TempDir(), mode)
			require.NoError(t, err)
			assert.Len(t, got, 3)
		})
	}
}

func TestAnAttackThatFailsIsAnError(t *testing.T) {
	_, err := attack.Run(t.Context(), fakeTool(t, "echo no such option; exit 1"), "http://127.0.0.1:1", t.TempDir(), Modes[0])
	require.ErrorContains(t, err, "no such option")
	_, err = attack.Run(t.Context(), fakeTool(t, "exit 0"), "http://127.0.0.1:1", t.TempDir(), Modes[0])
	require.ErrorIs(t, err, os.ErrNotExist)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = attack.Run(ctx, fakeTool(t, "exit 0"), "http://127.0.0.1:1", t.TempDir(), Modes[0])
	require.ErrorIs(t, err, context.Canceled)
}

func TestOptionsAreBounded(t *testing.T) {
	cases := map[string]struct {
		args []string
		want string
	}{
		"half a second":   {[]string{"-duration", "2500ms"}, "whole seconds"},
		"an hour":         {[]string{"-duration", "1h"}, "-duration: 1h0m0s"},
		"no connections":  {[]string{"-connections", "0"}, "-connections: 0"},
		"an unknown peer": {[]string{"-peers", "apache"}, `named "apache"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := parseOptions(c.args)
			assert.ErrorContains(t, err, c.want)
		})
	}
	got, err := parseOptions(nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"forebay"}, got.Peers)
	assert.Equal(t, 20*time.Second, got.Attack.Duration)
}
