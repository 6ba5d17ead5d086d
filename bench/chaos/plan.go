package chaos

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Plan says what a peer suffers, and how often. Zero is never.
type Plan struct {
	Kill     time.Duration `json:"kill_every_ns"`
	Reload   time.Duration `json:"reload_every_ns"`
	Fault    bool          `json:"one_reload_with_a_fault"`
	Upgrades int           `json:"upgrades"`
}

// Torment is one kind of what happens to a peer.
type Torment string

// The torments.
const (
	Kill    Torment = "kill"            // a worker is killed with -9
	Reload  Torment = "reload"          // SIGHUP
	Fault   Torment = "faulty reload"   // SIGHUP while the application has a syntax error
	Upgrade Torment = "upgrade"         // SIGUSR2, for servers whose binary can be replaced so
	Revival Torment = "server restarts" // nobody planned it: the supervisor had ended
)

// event is a torment at its time, counted from the begin.
type event struct {
	at   time.Duration
	what Torment
}

const (
	// jitter moves kills so that they do not always meet the same moment of whatever has a rhythm of its own.
	jitter = 100 * time.Millisecond
	// reloadAfter and faultAfter are when reloads come after the kill of their second: at once, or not quite.
	reloadAfter = 500 * time.Millisecond
	faultAfter  = 150 * time.Millisecond
	// faultLasts is how long the application has its syntax error: until the next kill has not come yet, so that the
	// server itself need not start a worker meanwhile.
	faultLasts = 700 * time.Millisecond
)

// events are all that is planned within the duration, in order. The same numbers make the same plan.
func (p Plan) events(duration time.Duration, random *rand.Rand) []event {
	var all []event
	for at := p.Kill; p.Kill > 0 && at < duration; at += p.Kill {
		moved := at + time.Duration(random.Int64N(int64(2*jitter))) - jitter
		all = append(all, event{moved, Kill})
	}
	faulty := p.faulty(duration)
	for i, at := 1, p.Reload; p.Reload > 0 && at+reloadAfter < duration; i, at = i+1, at+p.Reload {
		if i == faulty {
			all = append(all, event{at + faultAfter, Fault})
			continue
		}
		all = append(all, event{at + reloadAfter, Reload})
	}
	for i := range p.Upgrades {
		all = append(all, event{duration * time.Duration(i+1) / time.Duration(p.Upgrades+1), Upgrade})
	}
	slices.SortStableFunc(all, func(a, b event) int { return int(a.at - b.at) })
	return all
}

// faulty is which of the reloads, counted from 1, has the fault: the one in the middle. 0 is none.
func (p Plan) faulty(duration time.Duration) int {
	if !p.Fault || p.Reload == 0 {
		return 0
	}
	return int((duration/p.Reload + 1) / 2)
}
