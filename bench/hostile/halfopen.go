package hostile

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"forebay/bench/crowd"
	"forebay/bench/pace"
	"forebay/bench/peer"
)

const (
	// halfOpenClients against halfOpenThreads of one worker: one more than there are threads.
	halfOpenClients = 3
	halfOpenThreads = 2
	// halfOpenRate is how many others come in a second, each on a new connection.
	halfOpenRate = 5
	// halfOpenSettle is how long the few may take to come.
	halfOpenSettle = 5 * time.Second
)

// Wait is how long others waited beside a few clients of one kind, or beside none.
type Wait struct {
	Peer string       `json:"peer"`
	Kind string       `json:"kind"` // empty: nobody else was there
	Got  pace.Summary `json:"got"`
	Sent int          `json:"sent"`
}

// beside names who else was there.
func (w Wait) beside() string {
	if w.Kind == "" {
		return "nobody"
	}
	return strconv.Itoa(halfOpenClients) + " × " + w.Kind
}

// halfOpen measures the second table: one worker with two threads and the peers' own deadlines.
func (b *bench) halfOpen(ctx context.Context, found *Report) error {
	small := *b
	small.kit.Workers, small.kit.Threads = 1, halfOpenThreads
	for _, of := range b.opts.HalfOpen {
		for _, kind := range append([]string{""}, b.opts.Kinds...) {
			wait, err := small.await(ctx, found, of, kind)
			if err != nil {
				return fmt.Errorf("%s beside %s: %w", of, wait.beside(), err)
			}
			peer.Progress(fmt.Sprintf("%s beside %s: %d of %d answered, the slowest after %v",
				of, wait.beside(), wait.Got.Answered, wait.Sent, wait.Got.Max.Round(time.Millisecond)))
			found.Waits = append(found.Waits, wait)
		}
	}
	return nil
}

// await measures how long others wait for one peer beside one kind of clients.
func (b *bench) await(ctx context.Context, found *Report, of, kind string) (Wait, error) {
	wait := Wait{Peer: of, Kind: kind}
	one := peer.New(of, b.kit)
	defer one.Stop()
	if err := peer.Start(ctx, one, peer.Slow); err != nil {
		return wait, err
	}
	found.keepSmall(one)
	if kind != "" {
		clients, err := b.bring(ctx, one, kind)
		if err != nil {
			return wait, err
		}
		defer clients.Stop()
	}
	others := b.fast(one)
	others.Rate, others.Duration, others.Fresh = halfOpenRate, b.opts.WaitDuration, true
	others.Connections = others.Requests() // nobody waits for another one's answer
	got, err := others.Run(ctx)
	wait.Got, wait.Sent = got.Summary(), others.Requests()
	return wait, err
}

// bring starts the few and returns when they have come, or when they have had the time.
func (b *bench) bring(ctx context.Context, one peer.Peer, name string) (*crowd.Process, error) {
	kind, err := crowd.Find(name)
	if err != nil {
		return nil, err
	}
	clients, err := crowd.Start(b.crowd, kind, address(one), halfOpenClients)
	if err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, halfOpenSettle)
	defer cancel()
	if err := clients.Await(waiting); err != nil {
		clients.Stop()
		return nil, err
	}
	return clients, nil
}
