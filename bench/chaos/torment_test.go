package chaos

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"forebay/bench/peer"
)

const patience = 20 * time.Second

// shellVictim is a peer whose supervisor is a shell that writes down the signals it gets.
type shellVictim struct {
	peer.Peer
	shell   *exec.Cmd
	notes   string
	workers []int
	revived int
}

func (v *shellVictim) Name() string            { return "victim" }
func (v *shellVictim) Supervisor() int         { return v.shell.Process.Pid }
func (v *shellVictim) Workers() ([]int, error) { return v.workers, nil }
func (v *shellVictim) Revive() (bool, error)   { v.revived++; return v.revived == 1, nil }

// newVictim starts a shell that appends to its notes what the trap says, and that the application could be loaded or not.
func newVictim(t *testing.T, source string) *shellVictim {
	t.Helper()
	v := &shellVictim{notes: filepath.Join(t.TempDir(), "notes")}
	script := `note() { if grep -q "^def (" "$1"; then echo "$2 broken" >>"$0"; else echo "$2" >>"$0"; fi; }
trap 'note "$1" HUP' HUP; trap 'note "$1" USR2' USR2; echo ready >>"$0"; while :; do sleep 0.01; done`
	v.shell = exec.CommandContext(t.Context(), "/bin/sh", "-c", script, v.notes, source)
	require.NoError(t, v.shell.Start())
	t.Cleanup(func() {
		_ = v.shell.Process.Kill() // it has no other end
		_ = v.shell.Wait()
	})
	v.await(t, "ready\n")
	return v
}

func (v *shellVictim) await(t *testing.T, want string) {
	t.Helper()
	require.Eventually(t, func() bool {
		text, _ := os.ReadFile(v.notes) // it is not there yet
		return string(text) == want
	}, patience, time.Millisecond, want)
}

func newTormentor(t *testing.T) (*tormentor, *shellVictim) {
	t.Helper()
	source := filepath.Join(t.TempDir(), "ledger.py")
	require.NoError(t, os.WriteFile(source, []byte("right = True\n"), 0o600))
	victim := newVictim(t, source)
	return &tormentor{victim: victim, source: source, random: random(1), upgrades: true, done: map[Torment]int{}}, victim
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
