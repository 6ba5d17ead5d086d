package peer

import (
	"os"
	"path/filepath"
	"strings"
)

// newModWSGI makes Apache with mod_wsgi's daemon processes, as mod_wsgi-express sets it up.
func newModWSGI(name string, kit Kit) Peer {
	return &single{stack: stack{name: name, kit: kit}, command: modWSGICommand, notes: []string{
		"mod_wsgi-express runs Apache's event MPM with room for 200 requests at a time, all of it from the start, so that no process comes or goes " +
			"during a run; its default is room for one and a half times as many as there are threads.",
	}}
}

func modWSGICommand(kit Kit, dir, address string, scenario Scenario) []string {
	module, callable, _ := strings.Cut(scenario.App, ":")
	host, port := hostPort(address)
	workers, threads := kit.size()
	argv := append(asOrdinaryUser(), script(kit, "mod_wsgi-express"), "start-server", "--application-type", "module", "--callable-object", callable,
		"--host", host, "--port", port, "--processes", workers, "--threads", threads, "--server-mpm", "event", "--max-clients", "200",
		"--initial-workers", "1.0", "--maximum-spare-workers", "1.0", "--server-root", filepath.Join(dir, "root"), "--log-to-terminal", "--locale", "C.UTF-8",
		"--working-directory", kit.apps(scenario), "--python-path", kit.apps(scenario))
	if scenario.Files != "" {
		argv = append(argv, "--url-alias", "/static", scenario.Files, "--enable-sendfile")
	}
	return append(argv, module)
}

// asOrdinaryUser comes before the command of a server that does not serve as root, and that has to read what is root's.
func asOrdinaryUser() []string {
	if os.Geteuid() != 0 {
		return nil
	}
	return []string{"unshare", "--user", "--map-user=1000", "--map-group=1000"}
}
