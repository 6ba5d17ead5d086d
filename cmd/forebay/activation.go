package main

import (
	"os"
	"strconv"
	"syscall"

	"forebay/config"
)

// firstActivated is the descriptor of the first socket that a service manager passes (sd_listen_fds(3)).
const firstActivated = 3

// takeActivation returns how many sockets a service manager has passed. The variables that say so are not for the workers.
func takeActivation() int {
	n, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) || err != nil {
		n = 0
	}
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		_ = os.Unsetenv(name) // fails only for names that are none
	}
	for i := range n {
		syscall.CloseOnExec(firstActivated + i)
	}
	return n
}

// bound is the configuration of a reading with the sockets that were passed, where no address was given on purpose.
func bound(reading config.Reading, activated int) config.Config {
	cfg := reading.Config
	if _, given := reading.Origins["bind"]; given || activated == 0 {
		return cfg
	}
	cfg.Proxy.Bind = nil
	for i := range activated {
		cfg.Proxy.Bind = append(cfg.Proxy.Bind, "fd://"+strconv.Itoa(firstActivated+i))
	}
	return cfg
}
