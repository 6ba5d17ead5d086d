package peer

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakePeer is a peer without a server of its own.
type fakePeer struct {
	stack
	fault error // of Start
}

func (f *fakePeer) Start(context.Context, Scenario) error { return f.fault }

func serve(t *testing.T, handler http.HandlerFunc) Peer {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &fakePeer{stack: stack{name: "fake", address: strings.TrimPrefix(server.URL, "http://")}}
}

func TestAPeerThatAnswersLateIsAwaited(t *testing.T) {
	asked := atomic.Int32{}
	peer := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		assert.Equal(t, "/there", r.URL.Path)
		_, _ = io.WriteString(w, "right")
	})
	require.NoError(t, awaitAnswer(t.Context(), peer, Scenario{Path: "/there", Body: "right"}))
	assert.EqualValues(t, 3, asked.Load())
}

func TestAPeerWithAnotherAnswerIsNotMeasured(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	peer := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "wrong")
		time.AfterFunc(100*time.Millisecond, cancel)
	})
	err := awaitAnswer(ctx, peer, Scenario{Path: "/", Body: "right"})
	require.ErrorContains(t, err, "fake gave no right answer")
}

func TestAPeerThatDiesIsNotAwaited(t *testing.T) {
	p := startShell(t, "echo out of luck; exit 1")
	address, err := freeAddress(t.Context())
	require.NoError(t, err)
	peer := &fakePeer{stack: stack{name: "fake", address: address, processes: []*process{p}}}
	assert.ErrorContains(t, awaitAnswer(t.Context(), peer, Hello), "out of luck")
}

func TestEveryPeerOfferedCanBeMade(t *testing.T) {
	for _, name := range Names() {
		peer := New(name, Kit{})
		assert.Equal(t, name, peer.Name())
		assert.Empty(t, peer.PIDs())
		require.NoError(t, peer.Alive())
		peer.Stop()
	}
	assert.Subset(t, Names(), Defaults)
	assert.Equal(t, "forebay", Defaults[0], "the ratios are forebay's over the others'")
}

func TestTunedNginxKeepsConnections(t *testing.T) {
	plain, err := front{Address: "127.0.0.1:1"}.config(Kit{}, Hello)
	require.NoError(t, err)
	tuned, err := front{Address: "127.0.0.1:1", Tuned: true}.config(Kit{}, Hello)
	require.NoError(t, err)
	for _, setting := range []string{"keepalive 64;", "proxy_http_version 1.1;", `proxy_set_header Connection "";`} {
		assert.NotContains(t, plain, setting)
		assert.Contains(t, tuned, setting)
	}
	assert.Contains(t, plain, "access_log off;")
}

func TestCommandsCanBeTypedAgain(t *testing.T) {
	kit := Kit{Root: "/home/me/forebay", Temp: "/tmp/bench-1"}
	got := kit.command([]string{"/tmp/bench-1/forebay", "--access-logfile", "", "--chdir", kit.apps(Hello), "a:b('c d')"})
	assert.Equal(t, `TEMP/forebay --access-logfile '' --chdir bench/apps 'a:b('\''c d'\'')'`, got)
}

var errPeer = errors.New("peer fault")

func TestAPeerThatDoesNotStartIsAnError(t *testing.T) {
	require.ErrorIs(t, Start(t.Context(), &fakePeer{fault: errPeer}, Hello), errPeer)
}

func TestPatientPeersHaveLongDeadlines(t *testing.T) {
	patient := Hello
	patient.Patient = true
	forebay := &Forebay{stack{address: "127.0.0.1:1"}}
	assert.NotContains(t, forebay.command(Hello), "--head-timeout")
	assert.Subset(t, forebay.command(patient), []string{"--head-timeout", "--body-timeout", "--body-min-rate", "--send-timeout", "--keep-alive"})
	for _, tuned := range []bool{false, true} {
		nginx := front{Address: "127.0.0.1:1", Tuned: tuned}
		hasty, err := nginx.config(Kit{}, Hello)
		require.NoError(t, err)
		assert.NotContains(t, hasty, "10m")
		text, err := nginx.config(Kit{}, patient)
		require.NoError(t, err)
		for _, setting := range []string{"client_header_timeout 10m;", "client_body_timeout 10m;", "send_timeout 10m;", "keepalive_timeout 10m;"} {
			assert.Contains(t, text, setting)
		}
	}
}

func TestScenariosReachTheCommands(t *testing.T) {
	ledger := Scenario{App: "ledger:application", Dir: "/tmp/app", MaxRequests: 200}
	kit := Kit{Python: "/venv/bin/python"}
	for name, argv := range map[string][]string{
		"forebay":  (&Forebay{stack{kit: kit}}).command(ledger),
		"gunicorn": gunicornCommand(kit, "127.0.0.1:1", ledger),
	} {
		command := strings.Join(argv, " ")
		assert.Contains(t, command, "--max-requests 200", name)
		assert.Contains(t, command, "--chdir /tmp/app", name)
	}
}

// launched is a peer whose supervisor is a shell with this script.
func launched(t *testing.T, script string) *fakePeer {
	t.Helper()
	one := &fakePeer{stack: stack{name: "fake", kit: Kit{Temp: t.TempDir()}}}
	require.NoError(t, one.launch("fake", "/bin/sh", "-c", script))
	t.Cleanup(one.Stop)
	return one
}

// awaitLog returns when the peer has written this and nothing else.
func awaitLog(t *testing.T, one Peer, want string) {
	t.Helper()
	require.Eventually(t, func() bool {
		log, err := one.Log()
		return err == nil && log == want
	}, time.Minute, time.Millisecond)
}

func TestASupervisorIsRevived(t *testing.T) {
	one := launched(t, "echo once more; exec tail -f /dev/null")
	revived, err := one.Revive()
	require.NoError(t, err)
	assert.False(t, revived, "it runs")
	awaitLog(t, one, "once more\n")
	first := one.Supervisor()
	assert.True(t, runs(first))
	require.NoError(t, syscall.Kill(first, syscall.SIGKILL))
	<-one.processes[0].done
	assert.False(t, runs(first))
	revived, err = one.Revive()
	require.NoError(t, err)
	assert.True(t, revived)
	assert.NotEqual(t, first, one.Supervisor())
	awaitLog(t, one, "once more\nonce more\n")
}

func TestWorkersArePythons(t *testing.T) {
	const script = `python3 -c 'import time; print("here", flush=True); time.sleep(600)' & tail -f /dev/null & wait`
	one := launched(t, script)
	t.Cleanup(func() { _ = syscall.Kill(-one.Supervisor(), syscall.SIGKILL) }) // the shell's children are its group's
	awaitLog(t, one, "here\n")
	workers, err := one.Workers()
	require.NoError(t, err)
	assert.Len(t, workers, 1)
}

func TestTheSupervisorIsWhomThePIDFileNames(t *testing.T) {
	one := &Forebay{stack{name: "forebay", kit: Kit{Temp: t.TempDir()}}}
	require.NoError(t, one.launch("forebay", "/bin/sh", "-c", "exec tail -f /dev/null"))
	t.Cleanup(one.Stop)
	assert.Equal(t, one.stack.Supervisor(), one.Supervisor(), "there is no file")
	successor := startShell(t, "exec tail -f /dev/null")
	require.NoError(t, os.WriteFile(one.pidFile(), []byte(strconv.Itoa(successor.pid())+"\n"), 0o600))
	assert.Equal(t, successor.pid(), one.Supervisor())
	revived, err := one.Revive()
	require.NoError(t, err)
	assert.False(t, revived)
	one.Stop()
	<-successor.done
}
