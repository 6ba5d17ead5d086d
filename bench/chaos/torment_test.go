package chaos

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/bench/peer"
)

const patience = 20 * time.Second

// victimNotes and victimSource are set for the test binary where it is to be a victim.
const (
	victimNotes  = "TEST_VICTIM_NOTES"
	victimSource = "TEST_VICTIM_SOURCE"
)

func TestMain(m *testing.M) {
	if notes := os.Getenv(victimNotes); notes != "" {
		suffer(notes, os.Getenv(victimSource))
	}
	os.Exit(m.Run())
}

// suffer writes down the signals that come, each with what the application was like, until the process is killed.
func suffer(notes, source string) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGUSR2)
	text := "ready\n"
	for {
		if err := os.WriteFile(notes, []byte(text), 0o600); err != nil {
			panic(err)
		}
		switch <-signals {
		case syscall.SIGHUP:
			text += "HUP"
		case syscall.SIGUSR2:
			text += "USR2"
		}
		if python, err := os.ReadFile(source); err != nil || strings.HasPrefix(string(python), "def (") {
			text += " broken"
		}
		text += "\n"
	}
}

// victim is a peer whose supervisor writes down the signals that it gets.
type victim struct {
	peer.Peer
	process *exec.Cmd
	notes   string
	workers []int
	revived int
}

func (v *victim) Name() string            { return "victim" }
func (v *victim) Supervisor() int         { return v.process.Process.Pid }
func (v *victim) Workers() ([]int, error) { return v.workers, nil }
func (v *victim) Revive() (bool, error)   { v.revived++; return v.revived == 1, nil }

// newVictim starts one that looks at source when it gets a signal.
func newVictim(t *testing.T, source string) *victim {
	t.Helper()
	v := &victim{notes: filepath.Join(t.TempDir(), "notes")}
	v.process = exec.CommandContext(t.Context(), os.Args[0])
	v.process.Env = append(os.Environ(), victimNotes+"="+v.notes, victimSource+"="+source)
	require.NoError(t, v.process.Start())
	t.Cleanup(func() {
		_ = v.process.Process.Kill() // it has no other end
		_ = v.process.Wait()
	})
	v.await(t, "ready\n")
	return v
}

func (v *victim) await(t *testing.T, want string) {
	t.Helper()
	require.Eventually(t, func() bool {
		text, _ := os.ReadFile(v.notes) // it is not there yet
		return string(text) == want
	}, patience, time.Millisecond, want)
}

func newTormentor(t *testing.T) (*tormentor, *victim) {
	t.Helper()
	source := filepath.Join(t.TempDir(), "ledger.py")
	require.NoError(t, os.WriteFile(source, []byte("right = True\n"), 0o600))
	v := newVictim(t, source)
	return &tormentor{victim: v, source: source, random: random(1), upgrades: true, done: map[Torment]int{}}, v
}

func TestTormentsReachTheSupervisor(t *testing.T) {
	tormentor, victim := newTormentor(t)
	require.NoError(t, tormentor.do(t.Context(), Reload))
	victim.await(t, "ready\nHUP\n")
	require.NoError(t, tormentor.do(t.Context(), Fault))
	victim.await(t, "ready\nHUP\nHUP broken\n")
	right, err := os.ReadFile(tormentor.source)
	require.NoError(t, err)
	assert.Equal(t, "right = True\n", string(right), "it is mended")
	require.NoError(t, tormentor.do(t.Context(), Upgrade))
	victim.await(t, "ready\nHUP\nHUP broken\nUSR2\n")
	tormentor.upgrades = false
	require.NoError(t, tormentor.do(t.Context(), Upgrade))
	assert.Equal(t, map[Torment]int{Reload: 1, Fault: 1, Upgrade: 1}, tormentor.done)
}

func TestAKillEndsAWorker(t *testing.T) {
	tormentor, victim := newTormentor(t)
	require.NoError(t, tormentor.do(t.Context(), Kill), "there is no worker just now")
	assert.Empty(t, tormentor.done)
	worker := exec.CommandContext(t.Context(), "tail", "-f", os.DevNull)
	require.NoError(t, worker.Start())
	victim.workers = []int{worker.Process.Pid}
	require.NoError(t, tormentor.do(t.Context(), Kill))
	require.ErrorContains(t, worker.Wait(), "killed")
	assert.Equal(t, map[Torment]int{Kill: 1}, tormentor.done)
}

func TestThePlanIsCarriedOut(t *testing.T) {
	tormentor, victim := newTormentor(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- tormentor.run(ctx, []event{{0, Reload}, {reviveEvery + 50*time.Millisecond, Upgrade}})
	}()
	victim.await(t, "ready\nHUP\nUSR2\n")
	cancel()
	require.NoError(t, <-ended)
	assert.Equal(t, map[Torment]int{Reload: 1, Upgrade: 1, Revival: 1}, tormentor.done)
}
