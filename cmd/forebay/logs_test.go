package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/config"
	"forebay/workers"
)

// events logs one record of each kind.
func events(log *slog.Logger) {
	log = log.With("worker", 1)
	log.Debug("a step")
	log.Info("workers ready", "took", 1500*time.Millisecond)
	log.WithGroup("inner").Warn("attention", "error", errors.New(`no "room"`))
	log.Error("request failed", "traceback", "Traceback\n  line\x1b[2J\n")
	log.Log(context.Background(), workers.LevelOutput, "output", "pid", 4711, "stream", "stderr", "line", "said by\rthe application")
}

func TestLogForPeople(t *testing.T) {
	var out bytes.Buffer
	l := newLogs(config.Log{Level: "info", Format: config.LogAuto}, &out)
	events(l.logger())
	assert.Regexp(t, `^\S+ \S+ INFO  workers ready worker=1 took=1\.5s
\S+ \S+ WARN  attention worker=1 inner\.error="no \\"room\\""
\S+ \S+ ERROR request failed worker=1
    \| Traceback
    \|   line\x{FFFD}\[2J
\S+ \S+ \[4711\] said by\x{FFFD}the application
$`, out.String())
	out.Reset()
	l.color.Store(true) // as on a terminal
	events(l.logger())
	assert.Contains(t, out.String(), " INFO  workers ready")
	assert.Contains(t, out.String(), " \x1b[33mWARN \x1b[0m attention")
	assert.Contains(t, out.String(), " \x1b[31mERROR\x1b[0m request failed")
}

func TestLogForMachines(t *testing.T) {
	var out bytes.Buffer
	l := newLogs(config.Log{Level: "debug", Format: config.LogText}, &out)
	log := l.logger()
	l.use(config.Log{Level: "info", Format: config.LogJSON}) // also for those who have their logger already
	events(log)
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	require.Len(t, lines, 4)
	want := []string{
		`"level":"INFO","msg":"workers ready","worker":1,"took":1.5}`,
		`"level":"WARN","msg":"attention","worker":1,"inner":{"error":"no \"room\""}}`,
		`"level":"ERROR","msg":"request failed","worker":1,"traceback":"Traceback\n  line\u001b[2J\n"}`,
		`"level":"OUTPUT","msg":"output","worker":1,"pid":4711,"stream":"stderr","line":"said by\rthe application"}`,
	}
	for i, line := range lines {
		assert.True(t, json.Valid([]byte(line)), line)
		assert.Contains(t, line, want[i])
	}
}

// TestAnApplicationThatNeverStopsTalking: its lines are bounded, and keep none of forebay's out.
func TestAnApplicationThatNeverStopsTalking(t *testing.T) {
	var out bytes.Buffer
	l := newLogs(config.Log{Level: "info", Format: config.LogText, Rate: 5}, &out)
	log := l.logger()
	for range 100 {
		log.Log(context.Background(), workers.LevelOutput, "output", "pid", 1, "line", "talk")
	}
	log.Info("worker exited")
	l.close()
	text := out.String()
	assert.Equal(t, 5, strings.Count(text, "talk"))
	assert.Contains(t, text, "INFO  worker exited\n")
	assert.Contains(t, text, `WARN  log lines dropped: there were more in a second than log_rate of="the application" lines=95`)
}

func TestWhatALineMayNotSayToATerminal(t *testing.T) {
	cases := map[string]struct{ line, want string }{
		"plain":              {"a\tb é 👩‍💻", "a\tb é 👩‍💻"},
		"C0 controls":        {"a\x1b[2J\x00\x7f\r", "a\ufffd[2J\ufffd\ufffd\ufffd"},
		"C1 controls":        {"a\u009b2J\u0085", "a\ufffd2J\ufffd"},
		"from right to left": {"a\u202eb\u2066c\u200f", "a\ufffdb\ufffdc\ufffd"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, printable(c.line)) })
	}
}
