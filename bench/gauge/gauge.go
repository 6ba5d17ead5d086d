// Package gauge measures what the processes of a peer take of the machine while something is done with it.
package gauge

import (
	"errors"
	"time"

	"forebay/bench/machine"
	"forebay/bench/peer"
)

// Cost is what was taken.
type Cost struct {
	// CPU is what all processes of the peer used, and PSS what they held when the work had just ended.
	CPU time.Duration `json:"cpu_ns"`
	PSS int64         `json:"pss_bytes"`
	// Switches is how often their threads gave up a CPU, by their will or not.
	Switches int64 `json:"context_switches"`
	// Others is the part of the machine, between 0 and 1, that worked neither for the peer nor for what loads it.
	Others float64 `json:"others"`
}

// Around measures while work is done, which says how much CPU time it took itself.
func Around(one peer.Peer, work func() (own time.Duration, err error)) (Cost, error) {
	idle, err := readMeters(one)
	if err != nil {
		return Cost{}, err
	}
	own, err := work()
	if err != nil {
		return Cost{}, errors.Join(err, one.Alive())
	}
	loaded, err := readMeters(one)
	if err != nil {
		return Cost{}, err
	}
	pss, err := machine.ReadPSS(one.PIDs())
	if err != nil {
		return Cost{}, err
	}
	cpu, err := machine.CPUBetween(idle.usage, loaded.usage)
	return Cost{
		CPU: cpu, PSS: pss, Switches: machine.SwitchesBetween(idle.usage, loaded.usage),
		Others: machine.OthersShare(idle.total, loaded.total, cpu+own),
	}, err
}

// meters are read before and after.
type meters struct {
	usage map[int]machine.Usage
	total machine.Time
}

func readMeters(one peer.Peer) (meters, error) {
	if err := one.Alive(); err != nil {
		return meters{}, err
	}
	total, err := machine.ReadTime()
	if err != nil {
		return meters{}, err
	}
	usage, err := machine.ReadUsage(one.PIDs())
	return meters{usage: usage, total: total}, err
}
