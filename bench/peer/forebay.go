package peer

import (
	"context"
	"strconv"
)

// Forebay is this project's server, with its defaults but for the access log.
type Forebay struct{ stack }

func newForebay(name string, kit Kit) Peer {
	return &Forebay{stack{name: name, kit: kit}}
}

// Start starts one process, which starts its workers.
func (f *Forebay) Start(ctx context.Context, scenario Scenario) (err error) {
	f.settings = Settings{Notes: []string{
		"forebay's access log is switched off: its default writes a line for each request. nginx's is off too, and gunicorn's by default.",
	}}
	if f.address, err = freeAddress(ctx); err != nil {
		return err
	}
	return f.launch(f.name, append(f.command(scenario), scenario.App)...)
}

func (f *Forebay) command(scenario Scenario) []string {
	argv := []string{
		f.kit.Forebay, "-w", strconv.Itoa(f.kit.Workers), "--threads", strconv.Itoa(f.kit.Threads), "-b", f.address,
		"--access-logfile", "", "--python", f.kit.Python, "--chdir", f.kit.apps(),
	}
	if scenario.Patient {
		argv = append(argv, "--head-timeout", patience, "--body-timeout", patience, "--body-min-rate", "0",
			"--send-timeout", patience, "--keep-alive", patience)
	}
	return argv
}
