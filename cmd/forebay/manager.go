package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// manager is the service manager that has started us, if it wants to hear how we are: systemd with Type=notify or
// notify-reload. To one that does not nothing is said.
type manager struct {
	log      *slog.Logger
	watchdog time.Duration // how often it wants a sign of life; 0: not at all
	states   chan string   // on their way to it; nil if nobody listens
}

// waitingStates is how many states may be on their way to a service manager that is slow to take them.
const waitingStates = 16

func newManager(log *slog.Logger) *manager {
	m := &manager{log: log}
	interval, err := daemon.SdWatchdogEnabled(true)
	if err != nil {
		log.Warn("watchdog not understood", "error", err)
	}
	m.watchdog = interval / 2 // sd_watchdog_enabled(3) advises half of it
	if os.Getenv("NOTIFY_SOCKET") != "" {
		m.states = make(chan string, waitingStates)
		go m.send() // ends with the process
	}
	return m
}

// send sends what is said, in its order. A manager that does not read holds up nobody else.
func (m *manager) send() {
	for state := range m.states {
		if _, err := daemon.SdNotify(false, state); err != nil {
			m.log.Warn("service manager not reached", "error", err)
		}
	}
}

// environ is what a successor needs to know of the manager and we have taken out of the environment.
func (m *manager) environ() []string {
	if m.watchdog <= 0 {
		return nil
	}
	return []string{fmt.Sprintf("WATCHDOG_USEC=%d", 2*m.watchdog/time.Microsecond)}
}

// notify sends a state, as sd_notify(3) has them. It does not block.
func (m *manager) notify(state string) {
	if m.states == nil {
		return
	}
	select {
	case m.states <- state:
	default:
		m.log.Warn("service manager does not listen", "state", firstLine(state))
	}
}

// ready says that we serve, at first or again.
func (m *manager) ready(status string) { m.notify(daemon.SdNotifyReady + "\nSTATUS=" + status) }

// reloading says that a reload has begun, which ends with ready.
func (m *manager) reloading() {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		m.log.Warn("clock not read", "error", err)
		return
	}
	m.notify(fmt.Sprintf("%s\nMONOTONIC_USEC=%d", daemon.SdNotifyReloading, now.Nano()/int64(time.Microsecond)))
}

// guard gives signs of life for as long as alive, which may block, comes back in time, until ctx ends.
func (m *manager) guard(ctx context.Context, alive func()) {
	if m.watchdog <= 0 {
		return
	}
	tick := time.NewTicker(m.watchdog)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			alive()
			m.notify(daemon.SdNotifyWatchdog)
		}
	}
}
