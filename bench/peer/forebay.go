package peer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
	argv := f.command(scenario)
	if scenario.Config != "" {
		file, err := f.configure(scenario.Config)
		if err != nil {
			return err
		}
		argv = append(argv, "-c", file)
	}
	return f.launch(f.name, append(argv, scenario.App)...)
}

func (f *Forebay) command(scenario Scenario) []string {
	argv := []string{
		f.kit.Forebay, "-w", strconv.Itoa(f.kit.Workers), "--threads", strconv.Itoa(f.kit.Threads), "-b", f.address,
		"--access-logfile", "", "--python", f.kit.Python, "--chdir", f.kit.apps(scenario), "--pid", f.pidFile(),
	}
	if scenario.Patient {
		argv = append(argv, "--head-timeout", patience, "--body-timeout", patience, "--body-min-rate", "0",
			"--send-timeout", patience, "--keep-alive", patience)
	}
	if scenario.Files != "" {
		argv = append(argv, "--static", "/static/="+scenario.Files)
	}
	if scenario.MaxRequests > 0 {
		argv = append(argv, "--max-requests", strconv.Itoa(scenario.MaxRequests))
	}
	return argv
}

// configure writes the file with the settings that the scenario adds.
func (f *Forebay) configure(text string) (file string, err error) {
	dir := f.kit.dir(f.name)
	file = filepath.Join(dir, "forebay.toml")
	if err = os.MkdirAll(dir, 0o700); err == nil {
		err = os.WriteFile(file, []byte(text), 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("write forebay's configuration: %w", err)
	}
	f.settings.Files = map[string]string{"forebay.toml": f.kit.Hide(text)}
	return file, nil
}

func (f *Forebay) pidFile() string { return filepath.Join(f.kit.dir(f.name), "forebay.pid") }

// Supervisor is the process that the PID file names, as long as that is there: after an upgrade it is another one than
// we have started.
func (f *Forebay) Supervisor() int {
	text, err := os.ReadFile(f.pidFile())
	if err != nil {
		return f.stack.Supervisor()
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return f.stack.Supervisor()
	}
	return pid
}

// Workers are those of the supervisor, whoever that is now.
func (f *Forebay) Workers() ([]int, error) { return pythonsOf(f.Supervisor()) }

// Revive does nothing as long as there is a supervisor.
func (f *Forebay) Revive() (bool, error) {
	if runs(f.Supervisor()) {
		return false, nil
	}
	return f.stack.Revive()
}

// Stop ends the successor first, if an upgrade has made one.
func (f *Forebay) Stop() {
	if pid := f.Supervisor(); pid != f.stack.Supervisor() {
		stopStranger(pid)
	}
	f.stack.Stop()
}
