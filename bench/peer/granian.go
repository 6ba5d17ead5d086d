package peer

// newGranian makes granian with as many threads as all others and what else makes it fast.
func newGranian(name string, kit Kit) Peer {
	command := func(kit Kit, _, address string, scenario Scenario) []string {
		_, threads := kit.size()
		return granianCommand(kit, address, scenario, "--blocking-threads", threads, "--http", "1", "--no-ws", "--runtime-mode", "mt",
			"--runtime-threads", "2", "--backlog", "2048", "--backpressure", "1024")
	}
	return &single{stack: stack{name: name, kit: kit}, command: command, notes: []string{
		"granian's settings were found by trials on a machine with two cores: its multi-threaded runtime with two threads, HTTP/1 alone, no WebSockets. " +
			"One thread for each process (--blocking-threads 1), as in its own benchmarks, would be faster where the application never waits, " +
			"and serve one request at a time where it does.",
	}}
}

// newGranianDefaults makes granian with its defaults.
func newGranianDefaults(name string, kit Kit) Peer {
	command := func(kit Kit, _, address string, scenario Scenario) []string {
		return granianCommand(kit, address, scenario)
	}
	return &single{stack: stack{name: name, kit: kit}, command: command, notes: []string{
		"granian-defaults has as many processes as the others, but up to hundreds of threads in each, as its defaults are: that favours it where " +
			"the application waits.",
	}}
}

func granianCommand(kit Kit, address string, scenario Scenario, more ...string) []string {
	host, port := hostPort(address)
	workers, _ := kit.size()
	argv := []string{
		script(kit, "granian"), "--interface", "wsgi", "--host", host, "--port", port, "--workers", workers, "--working-dir", kit.apps(scenario),
	}
	if scenario.Files != "" {
		argv = append(argv, "--static-path-route", "/static", "--static-path-mount", scenario.Files)
	}
	return append(append(argv, more...), scenario.App)
}
