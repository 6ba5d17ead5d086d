package hostile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"forebay/bench/crowd"
	"forebay/bench/machine"
	"forebay/bench/pace"
	"forebay/bench/peer"
)

// Trial is one measurement of one peer with clients of one kind.
type Trial struct {
	Peer string `json:"peer"`
	Kind string `json:"kind"`
	// Alone and With are what the fast clients got before the others came and while they were there.
	Alone Phase `json:"alone"`
	With  Phase `json:"with"`
	// Control is what other fast clients got meanwhile from a second peer of the same kind, to which nobody else came.
	Control pace.Summary `json:"control"`
	// SettledAfter is how long the others took to come, and CutBefore how many of them were cut off meanwhile.
	SettledAfter time.Duration `json:"settled_after_ns"`
	CutBefore    int           `json:"cut_before"`
	// Clients is how the others fared in all, and Open what the kernel saw of their connections at the end.
	Clients crowd.Status    `json:"clients"`
	Open    machine.Sockets `json:"open"`
	// PSS is by how much the memory of all processes of the peer has grown, in bytes.
	PSS int64 `json:"pss_growth_bytes"`
}

// Phase is a time during which the fast clients were measured.
type Phase struct {
	pace.Summary
	// Server, Crowd, Control and Others are the parts of one CPU that the peer, the slow clients, the second peer and
	// everybody else on the machine took meanwhile. The fast clients count among the others.
	Server  float64 `json:"server_cpus"`
	Crowd   float64 `json:"crowd_cpus"`
	Control float64 `json:"control_cpus"`
	Others  float64 `json:"others_cpus"`
}

// company is whose work is told apart from that of others: their first processes.
type company struct{ server, crowd, control []int }

// measurePhase measures the fast clients in that company.
func measurePhase(ctx context.Context, fast pace.Load, with company) (Phase, error) {
	early, err := with.work()
	if err != nil {
		return Phase{}, err
	}
	got, err := fast.Run(ctx)
	if err != nil {
		return Phase{}, err
	}
	late, err := with.work()
	if err != nil {
		return Phase{}, err
	}
	phase := Phase{Summary: got.Summary()}
	return phase, phase.share(early, late)
}

// work is what has been done until a moment.
type work struct {
	at                     time.Time
	server, crowd, control map[int]machine.Usage
	machine                machine.Time
}

func (c company) work() (w work, err error) {
	var errs [4]error
	w.at = time.Now()
	w.server, errs[0] = machine.ReadUsage(c.server)
	w.crowd, errs[1] = machine.ReadUsage(c.crowd)
	w.control, errs[2] = machine.ReadUsage(c.control)
	w.machine, errs[3] = machine.ReadTime()
	return w, errors.Join(errs[:]...)
}

// share works out who took how much of the CPUs between two moments.
func (p *Phase) share(early, late work) error {
	server, err1 := machine.CPUBetween(early.server, late.server)
	crowd, err2 := machine.CPUBetween(early.crowd, late.crowd)
	control, err3 := machine.CPUBetween(early.control, late.control)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	elapsed := late.at.Sub(early.at).Seconds()
	p.Server, p.Crowd, p.Control = server.Seconds()/elapsed, crowd.Seconds()/elapsed, control.Seconds()/elapsed
	p.Others = max(0, late.machine.Busy(early.machine).Seconds()/elapsed-p.Server-p.Crowd-p.Control)
	return nil
}

// count reads what the others have cost and how they stand.
func (t *Trial) count(one peer.Peer, clients *crowd.Process, before int64) (err error) {
	t.Clients = clients.Status()
	if t.Open, err = machine.ReadSockets(address(one)); err != nil {
		return err
	}
	after, err := machine.ReadPSS(one.PIDs())
	t.PSS = after - before
	return err
}

// others is how much everybody else was at work, at the worst of the two times.
func (t Trial) others() float64 { return max(t.Alone.Others, t.With.Others) }

// ratio is how much longer the slowest 1 % of the fast requests took beside the others than without them.
func (t Trial) ratio() float64 { return over(t.With.P99, t.Alone.P99) }

// paired is how much longer they took than those of the second peer at the same time: what the machine did meanwhile has
// met both.
func (t Trial) paired() float64 { return over(t.With.P99, t.Control.P99) }

// over is a divided by b, and 0 where nothing was answered.
func over(a, b time.Duration) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// perClient is the growth of the peer's memory for each connection that it holds, in KiB; 0 where it holds none.
func (t Trial) perClient() float64 {
	if t.Open.Accepted == 0 {
		return 0
	}
	return float64(t.PSS) / 1024 / float64(t.Open.Accepted)
}

func (t Trial) String() string {
	return fmt.Sprintf("%s, %s: p99 %.2f ms alone, %.2f ms with, %.2f ms control; %d failures; %.1f KiB for each of %d connections; %d cut; others %.2f",
		t.Peer, t.Kind, milliseconds(t.Alone.P99), milliseconds(t.With.P99), milliseconds(t.Control.P99), t.Alone.Failures()+t.With.Failures(),
		t.perClient(), t.Open.Accepted, t.Clients.Cuts(), t.others())
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }
