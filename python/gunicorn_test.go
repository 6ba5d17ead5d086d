package python

import (
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
)

func TestGunicornProgramIsTheModule(t *testing.T) {
	text, err := os.ReadFile(gunicornSource)
	require.NoError(t, err)
	assert.Equal(t, string(text), GunicornProgram())
	assert.NotContains(t, GunicornProgram(), "\x00", "it is an argument of a process")
}

func TestParseGunicorn(t *testing.T) {
	got, err := ParseGunicorn([]byte(`{"settings": {"workers": {"value": 5, "line": 2}, "timeout": {"value": 1.5, "line": 0},
		"bind": {"value": ["a:1", 2, null], "line": 3}, "preload_app": {"value": true, "line": 4}, "pidfile": {"value": null, "line": 5},
		"logger_class": {"value": {"class": "a.B"}, "line": 6}, "umask": {"value": {"type": "dict"}, "line": 7}, "backlog": {"value": 1e999, "line": 8}},
		"functions": {"post_fork": 9}, "others": {"cores": 1}}`))
	require.NoError(t, err)
	assert.Equal(t, config.GunicornFile{
		Settings: map[string]config.GunicornValue{
			"workers": {Value: int64(5), Line: 2}, "timeout": {Value: 1.5}, "bind": {Value: []any{"a:1", int64(2), nil}, Line: 3},
			"preload_app": {Value: true, Line: 4}, "pidfile": {Line: 5}, "logger_class": {Value: config.GunicornObject{Class: "a.B"}, Line: 6},
			"umask": {Value: config.GunicornObject{Type: "dict"}, Line: 7}, "backlog": {Value: math.Inf(1), Line: 8},
		},
		Functions: map[string]int{"post_fork": 9}, Others: map[string]int{"cores": 1},
	}, got)

	got, err = ParseGunicorn([]byte(`{"error": "ValueError: no", "line": 3}`))
	require.NoError(t, err)
	assert.Equal(t, "ValueError: no", got.Fault)
	assert.Equal(t, 3, got.FaultLine)

	for _, report := range []string{"", "{", "[]", `{"settings": 3}`, `{"line": "x"}`} {
		_, err := ParseGunicorn([]byte(report))
		assert.ErrorIs(t, err, ErrGunicorn, report)
	}
}
