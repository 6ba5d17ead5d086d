package peer

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// UWSGI is uWSGI's own HTTP server, in the workers themselves.
func newUWSGI(name string, kit Kit) Peer {
	command := func(kit Kit, _, address string, scenario Scenario) []string {
		argv := append(uwsgiCommand(kit, scenario), "--http-socket", address, "--add-header", "Connection: close")
		if scenario.Files != "" {
			argv = append(argv, "--static-map", "/static="+scenario.Files)
		}
		return argv
	}
	return &single{stack: stack{name: name, kit: kit}, command: command, notes: []string{
		"uWSGI's http-socket has no keep-alive, which is told to the client by a field of ours, and holds a thread for each connection; " +
			"its documentation puts it behind a proxy. That favours the others wherever connections stay.",
		maintained,
	}}
}

const maintained = "uWSGI is in maintenance mode; its logging of requests is switched off."

// uwsgiCommand has what uWSGI's documentation advises for any application (things to know, best practices).
func uwsgiCommand(kit Kit, scenario Scenario) []string {
	workers, threads := kit.size()
	argv := []string{
		script(kit, "uwsgi"), "--master", "--processes", workers, "--threads", threads, "--enable-threads", "--thunder-lock",
		"--single-interpreter", "--need-app", "--die-on-term", "--disable-logging", "--listen", strconv.Itoa(backlog()),
		"--pythonpath", kit.apps(scenario), "--module", scenario.App,
	}
	if scenario.MaxRequests > 0 {
		argv = append(argv, "--max-requests", strconv.Itoa(scenario.MaxRequests))
	}
	return argv
}

// wantedBacklog is how many connections may wait to be accepted.
const wantedBacklog = 1024

// backlog is as much of that as the kernel allows: uWSGI refuses to start with more.
func backlog() int {
	text, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	if err != nil {
		return wantedBacklog
	}
	most, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return wantedBacklog
	}
	return min(most, wantedBacklog)
}

// NginxUWSGI is nginx before uWSGI, with uWSGI's own protocol on a unix socket between them.
type NginxUWSGI struct{ stack }

func newNginxUWSGI(name string, kit Kit) Peer {
	return &NginxUWSGI{stack{name: name, kit: kit}}
}

// Start starts both servers; nginx answers 502 until uWSGI has made its socket.
func (n *NginxUWSGI) Start(ctx context.Context, scenario Scenario) (err error) {
	n.settings = Settings{Notes: []string{maintained, twoFronts}}
	if n.address, err = freeAddress(ctx); err != nil {
		return err
	}
	socket := filepath.Join(n.kit.dir(n.name), "uwsgi.sock")
	if err := n.launch(n.name+"'s uwsgi", append(uwsgiCommand(n.kit, scenario), "--socket", socket)...); err != nil {
		return err
	}
	front := front{Address: n.address, Socket: socket, UWSGI: true, Tuned: true}
	return n.launchNginx(front, scenario)
}
