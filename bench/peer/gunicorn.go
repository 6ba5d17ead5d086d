package peer

import (
	"context"
	"path/filepath"
	"strconv"
)

// Gunicorn is gunicorn's threaded worker on a TCP port, with nothing before it.
type Gunicorn struct{ stack }

func newGunicorn(name string, kit Kit) Peer {
	return &Gunicorn{stack{name: name, kit: kit}}
}

// Start starts the arbiter, which starts its workers.
func (g *Gunicorn) Start(ctx context.Context, scenario Scenario) (err error) {
	g.settings = Settings{Notes: []string{
		"gunicorn without nginx favours gunicorn: it saves the hop, and neither buffers requests nor bears slow clients.",
		pureParser,
	}}
	if g.address, err = freeAddress(ctx); err != nil {
		return err
	}
	return g.launch(g.name, gunicornCommand(g.kit, g.address, scenario)...)
}

const pureParser = "gunicorn parses with Python, as `pip install gunicorn` has it: its optional C parser (gunicorn_h1c) is not installed."

func gunicornCommand(kit Kit, bind string, scenario Scenario) []string {
	argv := []string{
		filepath.Join(filepath.Dir(kit.Python), "gunicorn"),
		"-w", strconv.Itoa(kit.Workers), "--threads", strconv.Itoa(kit.Threads), "-k", "gthread", "-b", bind,
		"--chdir", kit.apps(scenario),
	}
	if scenario.Patient {
		argv = append(argv, "--keep-alive", "600")
	}
	if scenario.MaxRequests > 0 {
		argv = append(argv, "--max-requests", strconv.Itoa(scenario.MaxRequests))
	}
	return append(argv, scenario.App)
}
