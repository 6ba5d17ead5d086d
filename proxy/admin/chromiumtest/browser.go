// Package chromiumtest runs a real Chromium for tests, without a window, and drives it by its DevTools protocol over a pipe.
// One browser serves many tabs; each tab has cookies and storage of its own.
package chromiumtest

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
)

// patience bounds every wait: none comes near it unless something hangs.
const patience = 30 * time.Second

// names are those under which distributions install it.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// T is what a *testing.T has that is needed here.
type T interface {
	require.TestingT
	Helper()
	Cleanup(end func())
	Context() context.Context
	Skip(args ...any)
}

// Browser is a Chromium that runs until the end of the test. Safe for concurrent use.
type Browser struct {
	wire *wire
}

// Start runs a browser until the end of the test. Without the program the test is skipped.
func Start(t T) *Browser {
	t.Helper()
	program := find()
	if program == "" {
		t.Skip("chromium is not installed")
	}
	profile, err := os.MkdirTemp("", "chromium-")
	require.NoError(t, err)
	toRead, toWrite, err := os.Pipe()
	require.NoError(t, err)
	fromRead, fromWrite, err := os.Pipe()
	require.NoError(t, err)

	// The pipe is descriptors 3 and 4 of the browser, which is its own process group, as it has many processes.
	cmd := exec.Command(program, flags(profile)...) //nolint:noctx // it is ended by its pipe, and by force below
	cmd.ExtraFiles = []*os.File{toRead, fromWrite}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	_, _ = toRead.Close(), fromWrite.Close() // the browser has them

	wire := newWire(toWrite, fromRead)
	var reading sync.WaitGroup
	reading.Go(wire.read) // ends when the browser has
	t.Cleanup(func() {
		_ = toWrite.Close() // a browser whose pipe is closed ends
		overdue := time.AfterFunc(patience, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
		_ = cmd.Wait() // how it ended says nothing about the test
		overdue.Stop()
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // helpers that it left
		_ = fromRead.Close()
		reading.Wait()
		_ = os.RemoveAll(profile) // in the system's temporary directory at worst
	})
	return &Browser{wire: wire}
}

func find() string {
	for _, name := range names {
		if program, err := exec.LookPath(name); err == nil {
			return program
		}
	}
	return ""
}

func flags(profile string) []string {
	return []string{
		"--headless=new", "--remote-debugging-pipe", "--user-data-dir=" + profile,
		// Root may not have a sandbox, and the pages are our own.
		"--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-extensions", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--metrics-recording-only", "--mute-audio", "--hide-scrollbars", "--no-proxy-server",
		"about:blank",
	}
}
