package workers

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestStopInTheMomentInWhichAProcessIsLoaded is no fault of the process: its end is no warning. What it has said, and that
// it is loaded, is read after the stop.
func TestStopInTheMomentInWhichAProcessIsLoaded(t *testing.T) {
	for name, preload := range map[string]bool{"a worker": false, "a template": true} {
		t.Run(name, func(t *testing.T) {
			cfg := oneWorker()
			if preload {
				cfg = preloading(t, 1)
			}
			program := newImporting(t, "def application(environ, start_response): pass\n").Program
			said, stopped := make(chan struct{}), make(chan struct{})
			program.Imported = func([]string) {
				close(said)
				<-stopped
			}
			r := startPool(t, cfg, grace, program)
			receive(t, said, "no modules are told")
			require.Eventually(t, childrenRest, deadline, time.Millisecond, "it has not said that it is loaded")
			r.stop()
			close(stopped)
			require.NoError(t, r.wait())
			assert.Empty(t, r.offered)
			r.logbook.mu.Lock()
			defer r.logbook.mu.Unlock()
			for _, line := range *r.logbook.lines {
				assert.Less(t, line.level, slog.LevelWarn, "%v", line)
			}
		})
	}
}

// childrenRest reports whether all processes that we have started wait for something.
func childrenRest() bool {
	files, _ := filepath.Glob("/proc/self/task/*/children")
	found := false
	for _, file := range files {
		pids, _ := os.ReadFile(file) // the thread may have ended
		for pid := range strings.FieldsSeq(string(pids)) {
			stat, err := os.ReadFile("/proc/" + pid + "/stat")
			if err != nil || !strings.Contains(string(stat), ") S ") {
				return false
			}
			found = true
		}
	}
	return found
}
