package peer

import "path/filepath"

// The peers of this file have no processes of their own; bench/apps/prefork.py forks them.

func newWaitress(name string, kit Kit) Peer {
	return newPreforked(name, kit, "waitress has one process: a program of ours forks it on one socket, lets it poll instead of select, and has it take "+
		"more than 100 connections.")
}

func newCheroot(name string, kit Kit) Peer {
	return newPreforked(name, kit, "cheroot has one process: a program of ours forks it, the kernel divides the connections among the processes "+
		"(SO_REUSEPORT), and it may keep more than 10 of them.")
}

func newBjoern(name string, kit Kit) Peer {
	return newPreforked(name, kit, "bjoern has one process, which a program of ours forks, and no threads: it serves one request of a process at a time. "+
		"That favours it where the application never waits, and the others where it does.")
}

func newFastWSGI(name string, kit Kit) Peer {
	return newPreforked(name, kit, "fastwsgi has no threads: it serves one request of a process at a time. That favours it where the application never waits, "+
		"and the others where it does. Its release calls itself an alpha version.")
}

func newPreforked(name string, kit Kit, note string) Peer {
	command := func(kit Kit, _, address string, scenario Scenario) []string {
		host, port := hostPort(address)
		workers, threads := kit.size()
		program := filepath.Join(kit.Root, "bench", "apps", "prefork.py")
		return []string{kit.Python, program, name, kit.apps(scenario), scenario.App, host, port, workers, threads}
	}
	return &single{stack: stack{name: name, kit: kit}, command: command, notes: []string{note}}
}
