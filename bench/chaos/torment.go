package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"forebay/bench/peer"
)

// tormentor does to one peer what is planned.
type tormentor struct {
	victim peer.Peer
	source string // the application's file
	random *rand.Rand
	// upgrades says that the victim's binary can be upgraded by SIGUSR2; to gunicorn that signal means something else.
	upgrades bool
	done     map[Torment]int
}

// reviveEvery is how often it is looked whether the supervisor is still there.
const reviveEvery = 100 * time.Millisecond

// run does what is planned, each at its time, until all is done or ctx ends. A supervisor that has ended is started again,
// as a service manager would do it, and counted.
func (t *tormentor) run(ctx context.Context, events []event) error {
	begin := time.Now()
	watch := time.NewTicker(reviveEvery)
	defer watch.Stop()
	for {
		var due <-chan time.Time
		if len(events) > 0 {
			due = time.After(time.Until(begin.Add(events[0].at)))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-watch.C:
			if err := t.revive(); err != nil {
				return err
			}
		case <-due:
			if err := t.do(ctx, events[0].what); err != nil {
				return fmt.Errorf("%s of %s: %w", events[0].what, t.victim.Name(), err)
			}
			events = events[1:]
		}
	}
}

func (t *tormentor) revive() error {
	revived, err := t.victim.Revive()
	if revived {
		t.done[Revival]++
	}
	return err
}

func (t *tormentor) do(ctx context.Context, what Torment) error {
	switch what {
	case Kill:
		return t.kill()
	case Reload:
		t.signal(syscall.SIGHUP, what)
	case Fault:
		return t.fault(ctx)
	case Upgrade:
		if t.upgrades {
			t.signal(syscall.SIGUSR2, what)
		}
	case Revival: // it is not planned
	}
	return nil
}

// kill kills one of the workers, whichever the numbers name. There may be none just now.
func (t *tormentor) kill() error {
	workers, err := t.victim.Workers()
	if err != nil || len(workers) == 0 {
		return err
	}
	if syscall.Kill(workers[t.random.IntN(len(workers))], syscall.SIGKILL) == nil {
		t.done[Kill]++
	}
	return nil
}

// signal sends a signal to the supervisor. That it has ended is seen and counted elsewhere.
func (t *tormentor) signal(signal syscall.Signal, as Torment) {
	if syscall.Kill(t.victim.Supervisor(), signal) == nil {
		t.done[as]++
	}
}

// fault reloads while the application has a syntax error, and then mends it.
func (t *tormentor) fault(ctx context.Context) error {
	right, err := os.ReadFile(t.source)
	if err != nil {
		return err
	}
	if err := os.WriteFile(t.source, append([]byte("def (:\n"), right...), 0o600); err != nil {
		return err
	}
	t.signal(syscall.SIGHUP, Fault)
	select {
	case <-ctx.Done():
	case <-time.After(faultLasts):
	}
	return os.WriteFile(t.source, right, 0o600)
}
